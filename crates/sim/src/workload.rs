//! Random commands over a small world, so that ids, keys, holds and accounts meet each other often.

use purser_domain::{
    ids::{AccountId, JobId, PartyId, TransferId, Uid},
    ledger::{AccountKind, AccountRef, Owner, Step, TransferRequest},
    money::Currency,
    time::{MINUTE, Timestamp},
};
use purser_engine::{
    AnyJob, Command, Ctx, Job, Meta, Needs, Rejection, Reply, Tx,
    facts::Facts,
    ledger::{OpenAccounts, PostTransfers, TransferOutcome},
    rows::{JobRow, JobState, Meta as MetaRow},
};

use crate::{
    desk::{Batch, START},
    rng::Rng,
};

/// Number of accounts in the world.
pub const ACCOUNTS: usize = 11;

/// The `index`-th account of the world: floored and not, on both sides of the books, one in another currency.
pub fn account(index: usize) -> AccountRef {
    let party = |n: u8| PartyId(Uid([n + 1; 16]));
    match index {
        0 => AccountRef::platform(AccountKind::ClientsClearing, Currency::CNY),
        1 => AccountRef::platform(AccountKind::PlatformFunds, Currency::CNY),
        2 => AccountRef::float("sandbox", Currency::CNY),
        3 => AccountRef::float("alipay", Currency::CNY),
        4 => AccountRef::platform(AccountKind::ExpenseRailFee, Currency::CNY),
        5 => AccountRef::party(party(0), AccountKind::Earnings, "USD".parse().unwrap_or(Currency::CNY)),
        n => AccountRef::party(party(u8::try_from(n).unwrap_or(0)), AccountKind::Earnings, Currency::CNY),
    }
}

/// Where an account id stands in the world.
pub fn account_index(id: AccountId) -> Option<usize> {
    (0..ACCOUNTS).find(|index| account(*index).id() == id)
}

/// What a command does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Transfers; `declared` accounts are opened by their first transfer.
    Post {
        /// In order.
        items: Vec<TransferRequest>,
        /// All or none.
        atomic: bool,
        /// Whether the command says what the accounts are, or only their ids.
        declared: bool,
    },
    /// Opens an account ahead of its first transfer.
    Open(usize),
    /// Closes or reopens an account; rejected when it does not exist.
    Close(usize, bool),
    /// Counts in a row of its own, leaves an event and a job; when rejected, only the attempt is kept.
    Tally {
        /// Which counter.
        name: u8,
        /// Whether the command is rejected.
        reject: bool,
    },
}

/// A command with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Idempotency key, if any.
    pub key: Option<u8>,
    /// Tells the bodies sent under one key apart.
    pub variant: u8,
    /// Decide, answer, keep nothing.
    pub dry_run: bool,
    /// What it does.
    pub body: Body,
}

impl Spec {
    /// A command that follows from a number. Those with a key follow from the key, mostly: repeats are retries,
    /// and now and then a key comes with another body.
    pub fn from_seed(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let key = (!rng.one_in(4)).then(|| u8::try_from(rng.below(64)).unwrap_or(0));
        let variant = u8::from(rng.one_in(12));
        let dry_run = rng.one_in(15);
        let mut rng = match key {
            Some(key) => Rng::new(u64::from(key) * 2 + u64::from(variant) + 1_000_003),
            None => rng,
        };
        Self { key, variant, dry_run, body: body(&mut rng) }
    }

    /// The job that runs it; its answer goes to the next slot of `batch`.
    pub fn job(&self, batch: &mut Batch) -> Box<dyn AnyJob> {
        let meta = Meta {
            client: Uid([9; 16]),
            key: self.key.map(|key| format!("key-{key}")),
            body_hash: [self.variant; 32],
            actor: "key:sim".to_owned(),
            dry_run: self.dry_run,
            origin: None,
        };
        let done = batch.slot();
        match self.body.clone() {
            Body::Post { items, atomic, declared } => {
                let accounts = if declared { (0..ACCOUNTS).map(account).collect() } else { Vec::new() };
                let command = PostTransfers { transfers: items, atomic, accounts };
                Job::new(command, meta, |outcome| reply(outcome, |items| say_items(items)), done)
            }
            Body::Open(index) => {
                let account = account(index);
                let opened = purser_domain::ledger::Account::open(&account);
                let command = OpenAccounts(vec![(opened, account)]);
                Job::new(command, meta, |outcome| reply(outcome, |()| "opened".into()), done)
            }
            Body::Close(index, closed) => {
                let command = CloseAccount { id: account(index).id(), closed };
                Job::new(command, meta, |outcome| reply(outcome, |()| "set".into()), done)
            }
            Body::Tally { name, reject } => Job::new(
                Tally { name, reject },
                meta,
                |outcome| reply(outcome, |count: &i64| format!("tally {count}")),
                done,
            ),
        }
    }
}

fn reply<T>(outcome: &Result<T, Rejection>, say: impl Fn(&T) -> String) -> Reply {
    let (status, body) = match outcome {
        Ok(output) => (200, say(output)),
        Err(rejection) => {
            (422, format!("{}{}", rejection.code, rejection.field.as_deref().unwrap_or_default()))
        }
    };
    Reply { status, body: body.into_bytes(), replayed: false }
}

/// Outcomes of the items of a list, as the answer says them.
pub fn say_items(items: &[TransferOutcome]) -> String {
    let words: Vec<&str> = items
        .iter()
        .map(|item| match item {
            Ok(purser_domain::ledger::Posted::New) => "new",
            Ok(purser_domain::ledger::Posted::Replayed) => "replayed",
            Err(refusal) => refusal.code(),
        })
        .collect();
    words.join(" ")
}

fn body(rng: &mut Rng) -> Body {
    match rng.below(20) {
        0 => Body::Open(rng.index(ACCOUNTS)),
        1 => Body::Close(rng.index(ACCOUNTS), rng.one_in(3)),
        2..=4 => Body::Tally { name: u8::try_from(rng.below(3)).unwrap_or(0), reject: rng.one_in(2) },
        _ => {
            let count = if rng.one_in(10) { 70 } else { 1 + rng.index(6) };
            let items = (0..count).map(|_| item(rng)).collect();
            Body::Post { items, atomic: rng.one_in(3), declared: !rng.one_in(3) }
        }
    }
}

/// Ids in order of their numbers, so that some are above the newest one in the books and some below.
pub fn transfer_id(number: u64) -> TransferId {
    let mut bytes = [1; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    TransferId(Uid(bytes))
}

fn item(rng: &mut Rng) -> TransferRequest {
    let number = rng.below(400);
    let named = transfer_id(rng.below(400));
    let mut id = transfer_id(number);
    let verb = rng.below(12);
    let step = match verb {
        0..=6 => Step::Post,
        7 | 8 => {
            let expires_at = rng.one_in(3).then(|| START.plus(rng.below(60).cast_signed() * MINUTE));
            Step::Hold { expires_at }
        }
        9 => Step::Settle { hold: named },
        10 => Step::Release { hold: named },
        _ => {
            id = TransferRequest::reversal_id(named);
            Step::Reverse { transfer: named }
        }
    };
    // Mostly money comes in from the accounts without a floor, or the world stays poor.
    let debit = if rng.one_in(2) { 0 } else { rng.index(ACCOUNTS) };
    let amount_minor = match rng.below(40) {
        0 => i64::MAX,
        1 => 0,
        n => 1 + n.cast_signed() * 5,
    };
    let named_only = verb > 8;
    let side = |index: usize| if named_only { AccountId(Uid::NIL) } else { account(index).id() };
    TransferRequest {
        id,
        step,
        debit: side(debit),
        credit: side(rng.index(ACCOUNTS)),
        amount_minor,
        currency: Currency::CNY,
        kind: 1,
        reference: Uid::NIL,
    }
}

/// Closes an account for new transfers, or opens it again.
pub struct CloseAccount {
    /// Which.
    pub id: AccountId,
    /// Closed from now on.
    pub closed: bool,
}

impl Command for CloseAccount {
    type Output = ();
    fn name(&self) -> &'static str {
        "sim.close_account"
    }
    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.account_id(self.id);
    }
    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        if tx.account(self.id).is_none() {
            return Err(Rejection::new("account_unknown", "there is no such account"));
        }
        tx.set_account_closed(self.id, self.closed);
        Ok(())
    }
}

/// Counts accepted commands, and keeps the number of attempts of rejected ones.
pub struct Tally {
    /// Which counter.
    pub name: u8,
    /// Whether it is rejected.
    pub reject: bool,
}

fn count_of(tx: &Tx, name: &str) -> i64 {
    tx.get::<MetaRow>(&name.to_owned()).and_then(|row| row.value.parse().ok()).unwrap_or(0)
}

impl Command for Tally {
    type Output = i64;
    fn name(&self) -> &'static str {
        "sim.tally"
    }
    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<MetaRow>(format!("tally-{}", self.name));
        needs.row::<MetaRow>(format!("attempts-{}", self.name));
        needs.row::<JobRow>(JobId(Uid([self.name; 16])));
    }
    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<i64, Rejection> {
        let (tally, attempts) = (format!("tally-{}", self.name), format!("attempts-{}", self.name));
        let count = count_of(tx, &tally) + 1;
        tx.put(MetaRow { name: tally, value: count.to_string() });
        let party = PartyId(Uid([self.name; 16]));
        tx.event("sim.tally", Some(party), &tally_subject(self.name), Facts::new().int("count", count));
        tx.job(job(self.name, count, ctx.now));
        if !self.reject {
            return Ok(count);
        }
        tx.keep_when_rejected(move |tx| {
            let value = (count_of(tx, &attempts) + 1).to_string();
            tx.put(MetaRow { name: attempts, value });
        });
        Err(Rejection::new("tally_refused", "the wrong code, say"))
    }
}

fn tally_subject(name: u8) -> String {
    format!("tally {name}")
}

fn job(name: u8, count: i64, now: Timestamp) -> JobRow {
    JobRow {
        id: JobId(Uid([name; 16])),
        kind: "sim".to_owned(),
        subject: Owner::Platform.uid().with_prefix("pty"),
        due_at: now,
        state: JobState::Ready,
        attempts: count,
        token: 0,
        lease_until: Timestamp(0),
        last_run_at: None,
        last_error: None,
        payload: Facts::new(),
    }
}
