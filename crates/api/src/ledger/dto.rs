//! What transfers and accounts look like in JSON.

use std::fmt;

use purser_domain::{
    ids::{AccountId, PartyId, TransferId, Uid},
    ledger::{
        Account, AccountKind, AccountRef, Owner, Posted, Refusal, Side, Step, Transfer, TransferKind,
        TransferRequest,
    },
    money::Currency,
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};
use utoipa::ToSchema;

use super::subject::subject;
use crate::edge::{Amount, Instant};

/// An account by what it is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountName {
    /// `platform`, or the id of a party.
    pub(crate) owner: String,
    /// Kind, like `earnings` or `clients.clearing`.
    pub(crate) kind: String,
    /// Which one, for kinds that come in several: rail or grant.
    #[serde(default)]
    pub(crate) qualifier: String,
}

/// An account: its id, or what it is. Named accounts are opened by their first transfer.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum AccountSpec {
    /// By id, `acc_…`.
    Id(String),
    /// By what it is.
    Name(AccountName),
}

impl<'de> Deserialize<'de> for AccountSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = AccountSpec;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an account: its id (`acc_…`), or an object of owner, kind and qualifier")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<AccountSpec, E> {
                Ok(AccountSpec::Id(text.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AccountSpec, A::Error> {
                AccountName::deserialize(MapAccessDeserializer::new(map)).map(AccountSpec::Name)
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// What a transfer does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Moves money now.
    #[default]
    Post,
    /// Reserves it until settled or released.
    Hold,
    /// Moves what `hold` reserved, wholly or in part.
    Settle,
    /// Gives back what `hold` reserved, wholly or in part.
    Release,
    /// Moves the money of `transfer` back, whole.
    Reverse,
}

/// A transfer to make.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTransfer {
    /// Your own id (`tr_…`), which makes the transfer happen once; made when absent.
    pub(crate) id: Option<String>,
    /// What to do; `post` when absent.
    #[serde(default)]
    pub(crate) action: Action,
    /// Account to debit: `post` and `hold` only.
    #[schema(inline)]
    pub(crate) debit: Option<AccountSpec>,
    /// Account to credit: `post` and `hold` only.
    #[schema(inline)]
    pub(crate) credit: Option<AccountSpec>,
    /// Minor units, above zero; not for `reverse`.
    #[schema(value_type = Option<i64>, minimum = 1)]
    pub(crate) amount_minor: Option<Amount>,
    /// Currency; the deployment's when absent.
    pub(crate) currency: Option<String>,
    /// The hold: `settle` and `release` only.
    pub(crate) hold: Option<String>,
    /// The transfer to take back: `reverse` only.
    pub(crate) transfer: Option<String>,
    /// When a hold ends by itself: `hold` only.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) expires_at: Option<Instant>,
}

/// Several transfers.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTransfers {
    /// In order; at most what policy `bulk.items` says.
    pub(crate) transfers: Vec<NewTransfer>,
    /// All or none; otherwise every item has its own outcome.
    #[serde(default)]
    pub(crate) atomic: bool,
}

/// A request that was read, before its accounts are known.
pub(crate) struct Draft {
    pub(crate) request: TransferRequest,
    pub(crate) names: Vec<AccountRef>,
}

/// What is wrong with an item: field and reason.
pub(crate) type Wrong = (&'static str, String);

struct Reader<'a> {
    currency: Currency,
    names: Vec<AccountRef>,
    item: &'a NewTransfer,
}

impl Reader<'_> {
    fn account(&mut self, spec: Option<&AccountSpec>, field: &'static str) -> Result<AccountId, Wrong> {
        match spec {
            None => Err((field, "missing: which account?".to_owned())),
            Some(AccountSpec::Id(text)) => {
                text.parse().map_err(|e: purser_domain::ids::IdError| (field, e.to_string()))
            }
            Some(AccountSpec::Name(name)) => {
                let reference = reference(name, self.currency).map_err(|text| (field, text))?;
                let id = reference.id();
                self.names.push(reference);
                Ok(id)
            }
        }
    }

    fn named(text: Option<&String>, field: &'static str) -> Result<TransferId, Wrong> {
        let text = text.ok_or_else(|| (field, "missing: which one?".to_owned()))?;
        text.parse().map_err(|e: purser_domain::ids::IdError| (field, e.to_string()))
    }

    /// Fields that mean nothing for the action are refused, not ignored.
    fn check_fields(&self) -> Result<(), Wrong> {
        let item = self.item;
        let moves = matches!(item.action, Action::Post | Action::Hold);
        let ends = matches!(item.action, Action::Settle | Action::Release);
        let rules = [
            ("/debit", item.debit.is_some(), moves),
            ("/credit", item.credit.is_some(), moves),
            ("/amount_minor", item.amount_minor.is_some(), item.action != Action::Reverse),
            ("/hold", item.hold.is_some(), ends),
            ("/transfer", item.transfer.is_some(), item.action == Action::Reverse),
            ("/expires_at", item.expires_at.is_some(), item.action == Action::Hold),
        ];
        match rules.into_iter().find(|(_, given, allowed)| *given && !allowed) {
            Some((field, ..)) => Err((field, "this action does not take this field".to_owned())),
            None => Ok(()),
        }
    }
}

/// The account that a name stands for.
pub(crate) fn reference(name: &AccountName, currency: Currency) -> Result<AccountRef, String> {
    let owner = if name.owner == "platform" {
        Owner::Platform
    } else {
        Owner::Party(name.owner.parse::<PartyId>().map_err(|e| e.to_string())?)
    };
    let kind = AccountKind::from_name(&name.kind).ok_or_else(|| {
        let all: Vec<_> = AccountKind::ALL.iter().map(|kind| kind.name()).collect();
        format!("no account kind `{}`: it is one of {}", name.kind, all.join(", "))
    })?;
    if name.qualifier.len() > 64 || !name.qualifier.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("a qualifier has at most 64 visible ASCII characters".to_owned());
    }
    Ok(AccountRef { owner, kind, qualifier: name.qualifier.clone(), currency })
}

/// Reads an item. Settlements, releases and reversals leave the accounts nil: the caller looks them up.
pub(crate) fn read(
    item: &NewTransfer,
    currency: Currency,
    new_id: impl Fn() -> TransferId,
) -> Result<Draft, Wrong> {
    let mut reader = Reader { currency, names: Vec::new(), item };
    reader.check_fields()?;
    let books = currency;
    let given = item.currency.as_deref().unwrap_or(books.code());
    let currency: Currency =
        given.parse().map_err(|_| ("/currency", format!("`{given}` is not a currency code like CNY")))?;
    if currency != books {
        return Err(("/currency", format!("this deployment keeps its books in {books}")));
    }
    let nil = AccountId(Uid::NIL);
    let (step, debit, credit) = match item.action {
        Action::Post | Action::Hold => {
            let debit = reader.account(item.debit.as_ref(), "/debit")?;
            let credit = reader.account(item.credit.as_ref(), "/credit")?;
            let expires_at = item.expires_at.map(|at| at.0);
            let step = if item.action == Action::Hold { Step::Hold { expires_at } } else { Step::Post };
            (step, debit, credit)
        }
        Action::Settle => (Step::Settle { hold: Reader::named(item.hold.as_ref(), "/hold")? }, nil, nil),
        Action::Release => (Step::Release { hold: Reader::named(item.hold.as_ref(), "/hold")? }, nil, nil),
        Action::Reverse => {
            let transfer = Reader::named(item.transfer.as_ref(), "/transfer")?;
            (Step::Reverse { transfer }, nil, nil)
        }
    };
    let amount_minor = match (item.action, item.amount_minor) {
        (Action::Reverse, _) => 0,
        (_, Some(amount)) => amount.0,
        (_, None) => return Err(("/amount_minor", "missing: how much?".to_owned())),
    };
    let id = match (&item.id, step) {
        (None, Step::Reverse { transfer }) => TransferRequest::reversal_id(transfer),
        (None, _) => new_id(),
        (Some(_), _) => Reader::named(item.id.as_ref(), "/id")?,
    };
    let kind = if item.action == Action::Reverse { TransferKind::Reversal } else { TransferKind::Manual };
    let request = TransferRequest {
        id,
        step,
        debit,
        credit,
        amount_minor,
        currency,
        kind: kind.code(),
        reference: Uid::NIL,
    };
    Ok(Draft { request, names: reader.names })
}

/// The field that a refusal is about.
pub(crate) fn field_of(refusal: &str) -> Option<&'static str> {
    let field = match refusal {
        "amount_not_positive" | "hold_exceeded" => "/amount_minor",
        "id_reused" => "/id",
        "hold_unknown" | "hold_settled" | "hold_released" | "hold_expired" => "/hold",
        "transfer_unknown" | "not_reversible" => "/transfer",
        "debit_account_unknown" | "debit_account_closed" | "debit_insufficient_funds" => "/debit",
        "same_account" | "credit_account_unknown" | "credit_account_closed" | "credit_insufficient_funds" => {
            "/credit"
        }
        "currency_mismatch" => "/currency",
        "expiry_in_past" => "/expires_at",
        _ => return None,
    };
    Some(field)
}

/// A transfer that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TransferMade {
    /// Id.
    id: String,
    /// `new`, or `known` when a transfer with this id and content was made before.
    outcome: &'static str,
    /// Debited account; null where it is the one of the hold or transfer.
    debit: Option<String>,
    /// Credited account; likewise.
    credit: Option<String>,
    /// Minor units; null for a reversal, which takes the old amount.
    amount_minor: Option<i64>,
    /// Currency.
    currency: String,
    /// Nothing was kept: it was a dry run.
    dry_run: bool,
}

impl TransferMade {
    pub(crate) fn of(request: &TransferRequest, posted: Posted, dry_run: bool) -> Self {
        let account = |id: AccountId| (!id.0.is_nil()).then(|| id.to_string());
        Self {
            id: request.id.to_string(),
            outcome: if posted == Posted::New { "new" } else { "known" },
            debit: account(request.debit),
            credit: account(request.credit),
            amount_minor: (request.amount_minor > 0).then_some(request.amount_minor),
            currency: request.currency.to_string(),
            dry_run,
        }
    }
}

/// What became of one item.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TransferItem {
    /// Position in the request.
    index: usize,
    /// The transfer; null when it was refused.
    transfer: Option<TransferMade>,
    /// Why not; null when it was made.
    error: Option<ItemError>,
}

/// Why an item was refused.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ItemError {
    /// Stable machine code.
    pub(crate) code: String,
    /// What is wrong.
    pub(crate) detail: String,
    /// JSON pointer into the item.
    pub(crate) pointer: Option<String>,
}

impl TransferItem {
    pub(crate) fn made(
        index: usize,
        request: &TransferRequest,
        outcome: Result<Posted, Refusal>,
        dry: bool,
    ) -> Self {
        match outcome {
            Ok(posted) => Self { index, transfer: Some(TransferMade::of(request, posted, dry)), error: None },
            Err(refusal) => {
                let pointer = field_of(refusal.code()).map(str::to_owned);
                let error =
                    ItemError { code: refusal.code().to_owned(), detail: refusal.to_string(), pointer };
                Self { index, transfer: None, error: Some(error) }
            }
        }
    }

    pub(crate) fn wrong(index: usize, error: ItemError) -> Self {
        Self { index, transfer: None, error: Some(error) }
    }
}

impl ItemError {
    pub(crate) fn invalid((field, detail): &Wrong) -> Self {
        let pointer = Some((*field).to_owned());
        Self { code: "invalid_input".to_owned(), detail: detail.clone(), pointer }
    }
}

/// What became of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TransfersMade {
    /// Item by item, in order.
    pub(crate) items: Vec<TransferItem>,
    /// Made now.
    pub(crate) made: usize,
    /// Refused.
    pub(crate) refused: usize,
}

/// A line of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TransferLine {
    /// Id.
    id: String,
    /// When.
    at: String,
    /// What it is about.
    kind: &'static str,
    /// `post`, `hold`, `settle`, `release` or `reverse`.
    action: &'static str,
    /// Debited account.
    debit: String,
    /// Credited account.
    credit: String,
    /// Minor units.
    amount_minor: i64,
    /// Posted balance of the debited account afterwards.
    debit_after_minor: i64,
    /// Posted balance of the credited account afterwards.
    credit_after_minor: i64,
    /// The hold or transfer that it names.
    of: Option<String>,
    /// Id of the business object that it is about; null where it is about nothing but itself.
    pub(super) subject: Option<String>,
}

impl From<&Transfer> for TransferLine {
    fn from(line: &Transfer) -> Self {
        let actions = ["post", "hold", "settle", "release", "reverse"];
        Self {
            id: line.id.to_string(),
            at: line.at.to_string(),
            kind: TransferKind::from_code(line.kind).map_or("other", TransferKind::name),
            action: usize::try_from(line.step)
                .ok()
                .and_then(|step| actions.get(step))
                .copied()
                .unwrap_or("other"),
            debit: line.debit.to_string(),
            credit: line.credit.to_string(),
            amount_minor: line.amount_minor,
            debit_after_minor: line.debit_after,
            credit_after_minor: line.credit_after,
            of: (!line.of.is_nil()).then(|| TransferId(line.of).to_string()),
            subject: subject(line),
        }
    }
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountView {
    /// Id.
    id: String,
    /// `platform` or the id of a party; null for accounts that no kind describes.
    owner: Option<String>,
    /// Kind.
    kind: Option<&'static str>,
    /// Which one, for kinds that come in several.
    qualifier: Option<String>,
    /// Currency.
    currency: String,
    /// Side on which the balance grows: `debit` or `credit`.
    side: &'static str,
    /// Whether the available balance is kept above zero.
    floored: bool,
    /// Takes no new transfers.
    closed: bool,
    /// Everything posted, in the normal direction.
    posted_minor: i64,
    /// Reserved by holds that will take from it.
    held_out_minor: i64,
    /// Announced by holds that will add to it.
    held_in_minor: i64,
    /// What may be taken now.
    available_minor: i64,
    /// Ledger lines so far.
    entries: i64,
    /// Instant of the newest line.
    last_at: Option<String>,
}

impl From<&AccountRef> for AccountName {
    fn from(name: &AccountRef) -> Self {
        let owner = match name.owner {
            Owner::Platform => "platform".to_owned(),
            Owner::Party(id) => id.to_string(),
        };
        Self { owner, kind: name.kind.name().to_owned(), qualifier: name.qualifier.clone() }
    }
}

impl AccountView {
    pub(crate) fn of(account: &Account, name: Option<&AccountRef>) -> Self {
        let owner = |owner: Owner| match owner {
            Owner::Platform => "platform".to_owned(),
            Owner::Party(id) => id.to_string(),
        };
        Self {
            id: account.id.to_string(),
            owner: name.map(|n| owner(n.owner)),
            kind: name.map(|n| n.kind.name()),
            qualifier: name.map(|n| n.qualifier.clone()).filter(|q| !q.is_empty()),
            currency: account.currency.to_string(),
            side: if account.side == Side::Debit { "debit" } else { "credit" },
            floored: account.floored,
            closed: account.closed,
            posted_minor: account.posted,
            held_out_minor: account.held_out,
            held_in_minor: account.held_in,
            available_minor: account.available(),
            entries: account.entries,
            last_at: (account.entries > 0).then(|| account.last_at.to_string()),
        }
    }
}
