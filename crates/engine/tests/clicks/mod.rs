//! Advertisers, campaigns and clicks for the tests of the advertising account.
#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::Arc;

use purser_domain::{
    ads::price::Pricing,
    ids::{AdGrantId, CampaignId, PartyId},
    ledger::{AccountKind, AccountRef, Owner, Step},
    money::Currency,
    time::{HOUR, Timestamp, Zone},
};
use purser_engine::{
    Command, Ctx, Needs, Rejection, Session, Tx, Writer,
    ads::{
        AdAccountRow, AdCampaignRow, AdGrantRow, AdKeywordRow, ChargeClicks, ClickItem, CreditInvalidClicks,
        campaign_id, money_came, want,
    },
    invariants,
    verify::{Report, VerifiedState, verify_full},
};
use purser_storage::{Keys, Lock, Record, Statement};

use super::support::{Books, balance, clearing, party, post, run};

pub(crate) const CNY: Currency = Currency::CNY;

pub(crate) fn cash(n: u8) -> AccountRef {
    AccountRef::party(party(n), AccountKind::AdCash, CNY)
}

pub(crate) fn arrears(n: u8) -> AccountRef {
    AccountRef::party(party(n), AccountKind::AdArrears, CNY)
}

pub(crate) fn revenue() -> AccountRef {
    AccountRef::platform(AccountKind::RevenueAds, CNY)
}

pub(crate) fn grant(n: u8, id: AdGrantId) -> AccountRef {
    AccountRef {
        owner: Owner::Party(party(n)),
        kind: AccountKind::AdGrant,
        qualifier: id.to_string(),
        currency: CNY,
    }
}

/// Rows as a test wants them.
#[derive(Clone, Default)]
pub(crate) struct Plant {
    pub(crate) accounts: Vec<AdAccountRow>,
    pub(crate) campaigns: Vec<AdCampaignRow>,
    pub(crate) keywords: Vec<AdKeywordRow>,
    pub(crate) grants: Vec<AdGrantRow>,
}

impl Command for Plant {
    type Output = ();
    fn name(&self) -> &'static str {
        "test.plant"
    }
    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.accounts.iter().for_each(|row| needs.row::<AdAccountRow>(row.party));
        self.campaigns.iter().for_each(|row| needs.row::<AdCampaignRow>(row.id));
        self.keywords.iter().for_each(|row| needs.row::<AdKeywordRow>((row.campaign, row.id)));
        self.grants.iter().for_each(|row| needs.row::<AdGrantRow>((row.party, row.id)));
    }
    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        self.accounts.iter().cloned().for_each(|row| tx.put(row));
        self.campaigns.iter().cloned().for_each(|row| tx.put(row));
        self.keywords.iter().cloned().for_each(|row| tx.put(row));
        self.grants.iter().cloned().for_each(|row| tx.put(row));
        Ok(())
    }
    fn audited(&self) -> bool {
        false
    }
}

/// A payment came in.
#[derive(Clone, Copy)]
pub(crate) struct Came(pub(crate) PartyId);

impl Command for Came {
    type Output = ();
    fn name(&self) -> &'static str {
        "test.came"
    }
    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        want(needs, self.0, ctx);
    }
    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        money_came(tx, ctx, self.0)
    }
    fn audited(&self) -> bool {
        false
    }
}

pub(crate) fn campaign(n: u8, name: &str, budget: i64, now: Timestamp) -> AdCampaignRow {
    AdCampaignRow {
        id: campaign_id(party(n), name),
        party: party(n),
        external_id: name.to_owned(),
        name: name.to_owned(),
        budget,
        schedule: String::new(),
        active: true,
        switched_at: now,
        starts_on: None,
        ends_on: None,
        keywords: 0,
        resumed_stop: 0,
        resumed_at: None,
        resumed_before: String::new(),
        // Before this group: a campaign is not charged in the group that creates it.
        created_at: now.plus(-HOUR),
        version: 1,
    }
}

/// An advertiser with a campaign and so much cash.
pub(crate) fn advertiser(
    books: &Books,
    writer: &mut Writer,
    n: u8,
    cash_minor: i64,
    budget: i64,
) -> CampaignId {
    let now = books.clock.business();
    let row = campaign(n, "c", budget, now);
    let id = row.id;
    let account = AdAccountRow::new(party(n), now);
    run(writer, Plant { accounts: vec![account], campaigns: vec![row], ..Plant::default() }).unwrap();
    pay(writer, n, cash_minor);
    id
}

/// Money comes in: arrears first (A3).
pub(crate) fn pay(writer: &mut Writer, n: u8, amount: i64) {
    let owed = balance(writer, &arrears(n)).0.min(amount);
    if owed > 0 {
        post(writer, Step::Post, &clearing(), &arrears(n), owed);
    }
    if amount > owed {
        post(writer, Step::Post, &clearing(), &cash(n), amount - owed);
    }
    run(writer, Came(party(n))).unwrap();
}

pub(crate) fn click(id: &str, campaign: CampaignId, at: Timestamp, price: i64) -> ClickItem {
    ClickItem {
        click_id: id.into(),
        campaign,
        party: None,
        keyword: None,
        at,
        pricing: Pricing::Given(price),
    }
}

/// What became of clicks: the amount, `again` for a replay, or the code.
pub(crate) fn charge(writer: &mut Writer, clicks: Vec<ClickItem>) -> Vec<String> {
    let outcomes = run(writer, ChargeClicks::bulk(clicks)).unwrap();
    let text = |outcome: purser_engine::ads::ClickOutcome| match outcome {
        Ok(click) if click.replayed => format!("{} again", click.amount_minor),
        Ok(click) => click.amount_minor.to_string(),
        Err(no) => no.code.to_owned(),
    };
    outcomes.into_iter().map(text).collect()
}

pub(crate) fn credit(writer: &mut Writer, n: u8, clicks: &[&str]) -> Vec<String> {
    let clicks = clicks.iter().map(|click| Arc::from(*click)).collect();
    let command = CreditInvalidClicks { party: party(n), clicks, reason: "robots".to_owned() };
    let text = |outcome: purser_engine::ads::InvalidOutcome| match outcome {
        Ok((credited, lost)) => format!("{credited} lost {lost}"),
        Err(no) => no.code.to_owned(),
    };
    run(writer, command).unwrap().into_iter().map(text).collect()
}

pub(crate) fn stored<T: Record>(books: &Books, key: &T::Key) -> Option<T> {
    let mut found = None;
    let mut reader = books.reader();
    reader
        .load(T::TABLE, &Keys::<T>(std::slice::from_ref(key)), Lock::None, &mut |row| {
            found = Some(T::read(row));
        })
        .unwrap();
    found
}

pub(crate) fn account(books: &Books, n: u8) -> AdAccountRow {
    stored::<AdAccountRow>(books, &party(n)).unwrap()
}

pub(crate) fn verified(books: &Books) -> Report {
    verify_full(books.reader().as_mut(), &Zone::shanghai(), &invariants::all(), &mut |_| {}).unwrap()
}

pub(crate) fn proven(books: &Books) -> VerifiedState {
    let report = verified(books);
    assert!(report.first().is_none(), "{:?}", report.first());
    report.verified.unwrap()
}

/// Changes the books behind the program's back.
pub(crate) fn tamper(writer: &mut Writer, sql: &str) {
    // Bytes are written in another way on each database.
    let sql = match writer.session().engine() {
        "sqlite" => sql.to_owned(),
        _ => sql.replace("x'", "'\\x"),
    };
    let sql: &'static str = Box::leak(sql.into_boxed_str());
    let statement = Box::leak(Box::new(Statement { name: "test.tamper", sql }));
    let session: &mut dyn Session = writer.session();
    session.begin().unwrap();
    assert_eq!(session.execute(statement, &[]).unwrap(), 1, "{sql}");
    session.commit().unwrap();
}
