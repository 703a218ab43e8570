//! What the outside world looks like from here (P10). Rails implement this; nothing else in the engine knows one.

use purser_domain::{
    bank_files::{AccountClass, BankMessage},
    identity::{ClaimKind, Verdict},
    ids::{CodeId, PartyId, Uid},
    money::Currency,
    reconcile::{Head, Line},
    time::Timestamp,
    withdrawals::RailOutcome,
};

mod collect;

pub use crate::jobs::{Hands, RunError};
pub use collect::{
    Closing, CollectOrder, Collected, Collector, PageCashier, RailPayment, RefundOrder, TradeNotice,
};

/// Where the money of a payment order goes, in the clear: it lives only between the vault and the rail (P9).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Payee {
    /// Kind of the payout account: `sandbox`, `alipay`, `personal_card`, `corporate`.
    pub kind: String,
    /// The payee's number: card, account or login id; for the sandbox the outcome it stands for.
    pub number: String,
    /// Name of the holder; empty where the kind has none.
    pub holder: String,
    /// Name of the bank; empty where it is not known.
    pub bank: String,
    /// Clearing code of the branch (CNAPS); empty where it is not known.
    pub cnaps: String,
}

// Logs and panics must not show a person's numbers, so the derived form is out of the question.
impl std::fmt::Debug for Payee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Payee").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// One payment order to a rail. The same reference always carries the same amount and payee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutOrder {
    /// The rail's idempotency key.
    pub reference: String,
    /// Net amount, minor units.
    pub amount_minor: i64,
    /// Who gets it.
    pub payee: Payee,
    /// An earlier attempt under this reference may have reached the rail, so that a refusal which does not look at
    /// the order says nothing about it.
    pub again: bool,
}

/// A way for money to leave (P10).
///
/// Both calls may be repeated at any time with the same reference. `Unknown` is an answer that leaves the outcome open. A
/// lost reply is [`RunError::Unanswered`], after which the order is asked about as after `Unknown`; every other
/// [`RunError`] says that nothing was sent, [`RunError::Unreached`] that nothing could be.
pub trait Rail: Send {
    /// Name, as policy and payout accounts know it.
    fn name(&self) -> &'static str;

    /// Gives an order to the rail.
    ///
    /// # Errors
    /// Nothing was sent, or [`RunError::Unanswered`].
    fn send(&mut self, order: &PayoutOrder, hands: &mut Hands<'_>) -> Result<RailOutcome, RunError>;

    /// Asks what became of an order; it carries what it was sent with.
    ///
    /// # Errors
    /// Nothing was learned: try again later.
    fn query(&mut self, order: &PayoutOrder, hands: &mut Hands<'_>) -> Result<RailOutcome, RunError>;

    /// Looks whether the rail can be reached. A rail without an outside always can.
    ///
    /// # Errors
    /// Not now.
    fn probe(&mut self, _hands: &mut Hands<'_>) -> Result<(), RunError> {
        Ok(())
    }
}

/// What a rail says about an order without being asked, once its signature was found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RailNotice {
    /// The order's reference.
    pub reference: String,
    /// The amount that the rail names, minor units.
    pub amount_minor: i64,
    /// What became of it.
    pub outcome: RailOutcome,
}

/// A message that is no notice of this rail; `code` is stable and says why, without anything of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {text}")]
pub struct NoticeRefused {
    /// Stable code.
    pub code: &'static str,
    /// What is wrong and what would be right.
    pub text: &'static str,
}

/// Reads what a rail sends to the notify route (P10).
pub trait NoticeReader: Send + Sync {
    /// Name of the rail.
    fn rail(&self) -> &'static str;

    /// Checks and reads a message. `None`: a good message about something else, which only needs to be acknowledged.
    ///
    /// # Errors
    /// Why it is not believed.
    fn read(&self, body: &[u8]) -> Result<Option<RailNotice>, NoticeRefused>;

    /// The bytes that tell the rail whether the message was taken in.
    fn answer(&self, taken: bool) -> &'static str;
}

/// Seals what nobody may read in the books: personal numbers, and files that contain them (P9).
pub trait Seal: Send + Sync {
    /// Seals `clear`; `purpose` names the column, and a value sealed for one is not opened for another.
    ///
    /// # Errors
    /// In words without any of the content.
    fn seal(&self, purpose: &str, clear: &str) -> Result<String, String>;

    /// Opens what was sealed for the same purpose.
    ///
    /// # Errors
    /// In words without any of the content.
    fn open(&self, purpose: &str, sealed: &str) -> Result<String, String>;

    /// A keyed index that recognises the same value again.
    fn index(&self, purpose: &str, clear: &str) -> String;
}

/// A message to an address of the platform (P15).
#[derive(Debug, Clone, Copy)]
pub struct WebhookMessage<'m> {
    /// Where to.
    pub url: &'m str,
    /// The same for the same event, always.
    pub id: &'m str,
    /// What is said, as JSON.
    pub body: &'m str,
    /// When it is said; machine time.
    pub at: Timestamp,
    /// What it is signed with: the secret of now, and while it is being replaced the one before.
    pub secrets: &'m [[u8; 32]],
}

/// What came of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Posted {
    /// The HTTP status, where one came back.
    pub status: Option<u16>,
    /// Empty when it was taken (2xx); otherwise why not, without anything of its content.
    pub error: String,
    /// How long the endpoint asks to be left alone, seconds.
    pub retry_after: Option<i64>,
}

impl Posted {
    /// The endpoint says that it will never take anything again.
    pub fn gone(&self) -> bool {
        self.status == Some(410)
    }
}

/// Carries messages to addresses of the platform (P15).
pub trait Courier: Send {
    /// Delivers once; whatever goes wrong is an answer, too.
    fn post(&mut self, message: &WebhookMessage<'_>) -> Posted;
}

/// A line of a file of payment orders, in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentLine {
    /// End-to-end id.
    pub reference: String,
    /// Minor units.
    pub amount_minor: i64,
    /// Who gets it.
    pub payee: Payee,
}

/// A block of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePart {
    /// Its id, unique.
    pub id: String,
    /// Kind of the accounts in it.
    pub class: AccountClass,
    /// Its lines, at least one.
    pub lines: Vec<PaymentLine>,
}

/// A file of payment orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentFile {
    /// Its message id, unique.
    pub id: String,
    /// When it closed.
    pub made_at: Timestamp,
    /// Currency of all its lines.
    pub currency: Currency,
    /// Its blocks, at least one.
    pub parts: Vec<FilePart>,
}

/// Writes files of payment orders as a bank reads them.
pub trait BankFormat: Send + Sync {
    /// The text, whose UTF-8 is the file: the same orders always give the same.
    fn render(&self, file: &PaymentFile) -> String;

    /// Ending of file names, without the dot.
    fn extension(&self) -> &'static str;
}

/// Why a file could not be put out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderError {
    /// What went wrong; nothing personal.
    pub text: String,
    /// The file may be there all the same, and may have been taken.
    pub placed: bool,
}

/// Where files go out: a folder that the bank's own client reads.
pub trait Outbox: Send + Sync {
    /// Puts a file there, whole or not at all, and durably. The same name and bytes again is the same file.
    ///
    /// # Errors
    /// Nothing is there under the name, or something else is; with [`FolderError::placed`] the file itself may be.
    fn put(&self, name: &str, content: &[u8]) -> Result<(), FolderError>;

    /// Whether a file with this name and these bytes is there.
    ///
    /// # Errors
    /// It cannot be seen, or something else is there under the name.
    fn has(&self, name: &str, content: &[u8]) -> Result<bool, FolderError>;
}

/// A message of the bank that cannot be read; `code` is stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {text}")]
pub struct MessageRefused {
    /// Stable code.
    pub code: &'static str,
    /// What is wrong and what would be right; nothing personal.
    pub text: String,
    /// Where in the message: a path of elements; empty for the whole.
    pub at: String,
}

/// Reads messages of a bank (P10).
pub trait BankMessageReader: Send + Sync {
    /// Reads one.
    ///
    /// # Errors
    /// Why it cannot be taken in.
    fn read(&self, bytes: &[u8]) -> Result<BankMessage, MessageRefused>;
}

/// Reads statements of a rail, line by line: a file may have millions (P13).
pub trait StatementReader: Send + Sync {
    /// Reads one through and gives each line to `each`, in their order; what the statement says of itself comes at the end.
    /// Reading goes on while `each` says so.
    ///
    /// # Errors
    /// Why it cannot be taken in. Lines that were given before count for nothing then.
    fn read(
        &self,
        source: &mut dyn std::io::Read,
        each: &mut dyn FnMut(Line) -> bool,
    ) -> Result<Head, MessageRefused>;
}

/// A message to a phone (P8, P15), in the clear: it lives only between the vault and the sender.
#[derive(Clone, PartialEq, Eq)]
pub struct TextMessage {
    /// Sending the same again is sending it once, where the service can tell.
    pub reference: Uid,
    /// Whom it concerns.
    pub party: PartyId,
    /// What the code is for; of a notice the event that it tells of.
    pub purpose: String,
    /// Number.
    pub to: String,
    /// The code; `None`: a notice.
    pub code: Option<String>,
    /// The whole text in Chinese.
    pub text_zh: String,
    /// The same in English.
    pub text_en: String,
    /// Amount and currency that a notice is about, as text.
    pub about: Vec<(&'static str, String)>,
    /// What people see of the number.
    pub masked: String,
}

impl TextMessage {
    /// The reference as it is shown: `otc_…` of a code, `ntc_…` of a notice.
    pub fn id(&self) -> String {
        message_id(self.reference, self.code.is_some())
    }
}

/// See [`TextMessage::id`].
pub fn message_id(reference: Uid, is_code: bool) -> String {
    if is_code { CodeId(reference).to_string() } else { reference.with_prefix("ntc") }
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The service has it.
    Taken,
    /// The service will not take this message, however often it is asked: its stable code.
    Refused(String),
}

impl std::fmt::Debug for TextMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextMessage").field("reference", &self.reference).finish_non_exhaustive()
    }
}

/// A way for messages to reach phones (P8). At least once: a lost answer is an error, and the message goes again.
pub trait Sender: Send {
    /// Hands a message over.
    ///
    /// # Errors
    /// It may not have been taken: try again later. The text is shown to staff: nothing personal.
    fn send(&mut self, message: &TextMessage, hands: &mut Hands<'_>) -> Result<Sent, RunError>;
}

/// Who somebody claims to be (P7), in the clear: it lives only between the vault and the verifier.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityClaim {
    /// The same however often this claim is asked about.
    pub reference: Uid,
    /// Person or enterprise.
    pub kind: ClaimKind,
    /// Real or registered name.
    pub name: String,
    /// Identity number, or unified social credit code.
    pub number: String,
}

impl std::fmt::Debug for IdentityClaim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdentityClaim").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Somebody who knows whether a name and a number belong together (P7).
pub trait Verifier: Send {
    /// Asks.
    ///
    /// # Errors
    /// Nothing was learned: try again later. The text is shown to staff: nothing personal.
    fn verify(&mut self, claim: &IdentityClaim, hands: &mut Hands<'_>) -> Result<Verdict, RunError>;
}
