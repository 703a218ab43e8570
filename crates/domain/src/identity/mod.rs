//! Who somebody is, and how it is known (spec P6–P9, X4–X8): validators of what people type, one-time codes,
//! verification of a real identity, payout accounts and their holders, masks.
//!
//! **Invariant:** nothing here returns or shows a personal number except in the form that was given; what people see
//! is made by [`mask`].

mod account;
mod bank_card;
mod bins;
mod claim;
mod cnaps;
mod code;
mod id_card;
pub mod mask;
mod name;
mod person;
mod phone;
mod uscc;

pub use account::{
    AccountKind, AccountRejection, Bound, Confirm, Holder, NewAccount, ReadAccount, Warning, account_number,
    holder_of, read_account,
};
pub use bank_card::{Card, CardIssue, CardType, Issuer, issuer_of, luhn_holds, read_card};
pub use bins::BANKS;
pub use claim::{
    ClaimKind, ClaimRejection, ClaimState, ReadClaim, Standing, Verdict, read_claim, submit, void,
};
pub use cnaps::{check_digit as cnaps_check_digit, is_cnaps};
pub use code::{
    CodeOutcome, CodeRejection, CodeTerms, Entered, IssueRefusal, Issued, Purpose, Quota, check_code, issue,
};
pub use id_card::{IdCard, IdCardIssue, check_character as id_check_character, read_id_card};
pub use name::{NAME_MAX, NAME_MIN, ORGANISATION_MAX, comparable, read_name, read_organisation};
pub use person::{PEOPLE_MAX, PersonRejection, PersonRole};
pub use phone::{PhoneIssue, is_virtual, read_phone};
pub use uscc::{UsccIssue, check_character as uscc_check_character, read_uscc};

/// Text as people type it: full-width forms become plain ones (NFKC), blanks at the ends go.
fn plain(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    text.nfkc().collect::<String>().trim().to_owned()
}

/// Digits as people type them: plain, and without the blanks and hyphens that group them.
fn digits(text: &str) -> String {
    plain(text).chars().filter(|c| !matches!(c, ' ' | '-')).collect()
}
