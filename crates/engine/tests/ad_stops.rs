//! When delivery was off, whoever asks and however late, on both databases: clicks from before a resumption and from while a
//! budget was used up (A5), grants that expire before anybody books it (A1, A4), alerts (A10), and books of before (A3, A12).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod clicks;
mod support;

use std::collections::BTreeMap;

use clicks::{CNY, Came, charge, click, proven, stored, verified};
use purser_domain::{
    ads::campaign::{Change, KeywordChange},
    ids::{AdGrantId, CampaignId, PartyId},
    ledger::{AccountKind, AccountRef, Step},
    parties::{AccountClass, LegalForm, Profile, Role, Roles},
    payments::Method,
    time::{HOUR, MINUTE, SECOND, Timestamp, Zone},
};
use purser_engine::{
    Writer,
    ads::{
        self, AccountChange, AdAccountRow, AdMoment, CampaignEdit, ChangeAdAccount, ChangeCampaigns,
        CreateCampaign, CreditInvalidClicks, ExpireGrants, GiveGrant, PayArrears, ResumeCampaigns,
    },
    feed, invariants,
    parties::RegisterParty,
    payments::{AssignPayment, LocatedPayment, RecordPayment, RefundBalance},
    rules::RulesSource,
};
use purser_storage::migrate::MIGRATIONS;
use support::{Books, balance, clearing, post, run};

/// An advertiser.
fn registered(writer: &mut Writer) -> PartyId {
    let profile = Profile {
        external_id: "adv".to_owned(),
        display_name: "Advertiser".to_owned(),
        roles: Roles::NONE.with(Role::Advertiser),
        legal_form: LegalForm::Enterprise,
        class: AccountClass::Ordinary,
        metadata: BTreeMap::new(),
    };
    run(writer, RegisterParty(profile)).unwrap().id
}

fn create(writer: &mut Writer, party: PartyId, name: &str, budget: Option<i64>) -> CampaignId {
    let keyword =
        KeywordChange { text: "shoes".to_owned(), bid_minor: Some(5_000), on: None, removed: false };
    let command = CreateCampaign {
        party,
        external_id: name.to_owned(),
        name: name.to_owned(),
        wish: Change { budget_minor: Some(budget), ..Change::default() },
        keywords: vec![keyword],
    };
    run(writer, command).unwrap().id
}

fn own(party: PartyId, kind: AccountKind) -> AccountRef {
    AccountRef::party(party, kind, CNY)
}

fn pay(writer: &mut Writer, party: PartyId, minor: i64) {
    post(writer, Step::Post, &clearing(), &own(party, AccountKind::AdCash), minor);
    run(writer, Came(party)).unwrap();
}

fn give(books: &Books, writer: &mut Writer, party: PartyId, minor: i64, lasts: i64) -> AdGrantId {
    let now = books.clock.business();
    let grant = GiveGrant {
        party,
        external_id: format!("g{}", now.0),
        amount_minor: minor,
        expires_at: now.plus(lasts),
        reason: "welcome".to_owned(),
        asked_by: String::new(),
    };
    run(writer, grant).unwrap().id
}

fn resume(writer: &mut Writer, party: PartyId, campaign: Option<CampaignId>) {
    assert!(run(writer, ResumeCampaigns { party, campaign }).unwrap().changed);
}

fn expire(books: &Books, writer: &mut Writer) {
    let plan = ExpireGrants::plan(books.reader().as_mut(), books.clock.business()).unwrap();
    run(writer, plan).unwrap();
}

/// The status of a campaign, and since when the account says that it is stopped.
fn stands(books: &Books, party: PartyId, id: CampaignId) -> (&'static str, Option<Timestamp>) {
    let (zone, rules) = (Zone::shanghai(), RulesSource::builtin());
    let rules = rules.load(books.reader().as_mut()).unwrap();
    let now = books.clock.business();
    let moment = AdMoment { now, zone: &zone, currency: CNY, view: rules.policy.now(now) };
    let mut reader = books.reader();
    let row = ads::campaign(reader.as_mut(), id).unwrap().unwrap();
    let views = ads::campaign_views(reader.as_mut(), party, vec![row], &moment).unwrap();
    let account = ads::ad_account(reader.as_mut(), party, &moment).unwrap();
    (views[0].status.name(), account.row.stopped_at)
}

fn told(books: &Books, party: PartyId, kind: &str) -> usize {
    let rows = feed::events(books.reader().as_mut(), feed::Places::default(), 1_000).unwrap().0;
    rows.iter().filter(|row| row.party == party && row.kind == kind).count()
}

#[test]
fn a_late_click_from_before_an_earlier_resumption_is_refused_a4_a5() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = registered(&mut writer);
        let (one, two) = (create(&mut writer, party, "one", None), create(&mut writer, party, "two", None));
        pay(&mut writer, party, 1_000);
        let began = books.clock.business();
        let hour = |n: i64| began.plus(n * HOUR);
        // Stopped after an hour, paid after two; the first is resumed after three, the second never.
        books.advance(HOUR);
        assert_eq!(charge(&mut writer, vec![click("a", one, hour(1), 1_000)]), ["1000"]);
        books.advance(HOUR);
        pay(&mut writer, party, 1_000);
        books.advance(HOUR);
        resume(&mut writer, party, Some(one));
        // The same once more; then all are resumed.
        books.advance(HOUR);
        assert_eq!(charge(&mut writer, vec![click("b", one, hour(4), 1_000)]), ["1000"]);
        books.advance(HOUR);
        pay(&mut writer, party, 10_000);
        books.advance(HOUR);
        resume(&mut writer, party, Some(one));
        books.advance(HOUR);
        resume(&mut writer, party, None);
        books.advance(HOUR);
        let late = |name: &str, id, quarters: i64| click(name, id, began.plus(quarters * 15 * MINUTE), 10);
        let clicks = vec![
            late("before", one, 3),
            late("off", one, 7),
            late("paid-not-resumed", one, 10),
            late("resumed", one, 14),
            late("off-again", one, 22),
            late("resumed-again", one, 26),
            late("never-resumed-in-between", two, 14),
            late("nor-here", two, 26),
            late("with-all", two, 30),
        ];
        assert_eq!(
            charge(&mut writer, clicks),
            [
                "10",
                "campaign_stopped",
                "campaign_stopped",
                "10",
                "campaign_stopped",
                "10",
                "campaign_stopped",
                "campaign_stopped",
                "10"
            ]
        );
        proven(books);
    });
}

#[test]
fn a_late_click_from_while_a_budget_was_used_up_is_refused_a5() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = registered(&mut writer);
        let id = create(&mut writer, party, "one", Some(3_000));
        pay(&mut writer, party, 100_000);
        books.advance(HOUR);
        let now = books.clock.business();
        assert_eq!(charge(&mut writer, vec![click("a", id, now, 3_000)]), ["3000"]);
        books.advance(HOUR);
        let change = Change { budget_minor: Some(Some(9_000)), ..Change::default() };
        let item = CampaignEdit { campaign: id, if_version: None, change };
        run(&mut writer, ChangeCampaigns { party, items: vec![item], single: true }).unwrap();
        books.advance(HOUR);
        let clicks = vec![
            click("in-flight", id, now.plus(59 * SECOND), 10),
            click("used-up", id, now.plus(30 * MINUTE), 10),
            click("raised", id, now.plus(90 * MINUTE), 10),
        ];
        assert_eq!(charge(&mut writer, clicks), ["10", "campaign_stopped", "10"]);
        proven(books);
    });
}

#[test]
fn a_grant_that_expires_stops_delivery_at_its_instant_whether_booked_or_not_a1_a4() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = registered(&mut writer);
        let id = create(&mut writer, party, "one", None);
        let now = books.clock.business();
        give(books, &mut writer, party, 500, HOUR);
        books.advance(1);
        give(books, &mut writer, party, 500, 2 * HOUR);
        let ends = now.plus(2 * HOUR + 1);
        assert_eq!(stands(books, party, id), ("running", None));
        books.advance(HOUR);
        assert_eq!(stands(books, party, id), ("running", None), "there is the other one");
        books.advance(HOUR);
        // Nothing has booked it yet, and it is true all the same.
        assert_eq!(stands(books, party, id), ("no_balance", Some(ends)));
        assert_eq!(told(books, party, "ads.stopped"), 0);
        books.advance(10 * MINUTE);
        let late = charge(&mut writer, vec![click("late", id, ends.plus(61 * SECOND), 10)]);
        assert_eq!(late, ["campaign_stopped"], "nobody owes for what was never shown");
        // One on its way is owed, and books the stop at its instant.
        let in_flight = charge(&mut writer, vec![click("in-flight", id, ends.plus(30 * SECOND), 10)]);
        assert_eq!(in_flight, ["10"]);
        assert_eq!(stands(books, party, id), ("arrears", Some(ends)));
        assert_eq!(told(books, party, "ads.stopped"), 1);
        expire(books, &mut writer);
        assert_eq!(stands(books, party, id), ("arrears", Some(ends)));
        assert_eq!((told(books, party, "ads.stopped"), told(books, party, "ads.grant_expired")), (1, 2));
        proven(books);
    });
}

#[test]
fn the_job_books_the_stop_at_the_end_of_the_last_grant_a1_a4() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = registered(&mut writer);
        let id = create(&mut writer, party, "one", None);
        let now = books.clock.business();
        give(books, &mut writer, party, 500, HOUR);
        books.advance(1);
        give(books, &mut writer, party, 500, 2 * HOUR);
        let next = ExpireGrants::next(books.reader().as_mut(), now).unwrap();
        assert_eq!(next, Some(now.plus(HOUR)));
        books.advance(3 * HOUR);
        let ends = now.plus(2 * HOUR + 1);
        let before = stands(books, party, id);
        // Both are ended by one command: the stop is that of the later one.
        expire(books, &mut writer);
        assert_eq!(
            (before, stands(books, party, id)),
            (("no_balance", Some(ends)), ("no_balance", Some(ends)))
        );
        assert_eq!(told(books, party, "ads.stopped"), 1);
        assert_eq!(ExpireGrants::next(books.reader().as_mut(), books.clock.business()).unwrap(), None);
        let clicks = vec![
            click("paid-by-the-grant-that-is-gone", id, ends.plus(-MINUTE), 10),
            click("late", id, ends.plus(2 * MINUTE), 10),
        ];
        assert_eq!(charge(&mut writer, clicks), ["10", "campaign_stopped"]);
        proven(books);
    });
}

#[test]
fn an_alert_is_told_again_after_a_grant_or_a_credit_lifted_the_balance_a10() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = registered(&mut writer);
        let id = create(&mut writer, party, "one", None);
        pay(&mut writer, party, 1_000);
        let change = AccountChange { low_minor: Some(500), ..AccountChange::default() };
        run(&mut writer, ChangeAdAccount { party, if_version: None, change }).unwrap();
        let low = |books: &Books| told(books, party, "ads.balance_low");
        let now = books.clock.business();
        assert_eq!(charge(&mut writer, vec![click("a", id, now, 600)]), ["600"]);
        assert_eq!(low(books), 1);
        // 400 of cash: a grant lifts it, and its end lowers it again.
        give(books, &mut writer, party, 300, HOUR);
        assert_eq!(charge(&mut writer, vec![click("b", id, now, 100)]), ["100"]);
        assert_eq!(low(books), 1, "600 are left");
        books.advance(2 * HOUR);
        expire(books, &mut writer);
        assert_eq!(low(books), 2, "400 are left");
        // A credit lifts it, a click lowers it.
        let undone = CreditInvalidClicks { party, clicks: vec!["a".into()], reason: "robots".to_owned() };
        assert!(run(&mut writer, undone).unwrap()[0].is_ok());
        assert_eq!(low(books), 2);
        let now = books.clock.business();
        assert_eq!(charge(&mut writer, vec![click("c", id, now, 700)]), ["700"]);
        assert_eq!(low(books), 3);
        proven(books);
    });
}

/// Money comes by a transfer that staff say whose it is.
fn paid(writer: &mut Writer, party: PartyId, name: &str, amount_minor: i64) {
    let record = RecordPayment {
        method: Method::Sandbox,
        rail_payment: name.to_owned(),
        order: None,
        amount_minor,
        paid_at: None,
        note: String::new(),
        from_rail: true,
        lease: None,
    };
    let payment = LocatedPayment::from(&run(writer, record).unwrap().payment);
    run(writer, AssignPayment { payment, party, order: None }).unwrap();
}

/// What one invariant says of the books.
fn findings(books: &Books, name: &str) -> usize {
    let all = invariants::all();
    let one = all.iter().find(|one| one.name() == name).unwrap();
    one.check(books.reader().as_mut()).unwrap().len()
}

/// Carries out the migration that mends books of before, once more.
fn mend(writer: &mut Writer) {
    let (name, sql) = MIGRATIONS.iter().find(|(name, _)| name.ends_with("ad_books_before")).unwrap();
    writer.session().run_script(sql).unwrap_or_else(|fault| panic!("{name}: {fault}"));
}

#[test]
fn payments_from_before_advertising_accounts_have_their_places_a3_a12() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = registered(&mut writer);
        paid(&mut writer, party, "old", 10_000);
        books.advance(HOUR);
        paid(&mut writer, party, "young", 5_000);
        drop(writer);
        // So the books were when payments were there and advertising accounts were not.
        books.tamper("DELETE FROM ad_top_ups");
        books.tamper("DELETE FROM ad_accounts");
        assert!(verified(books).first().is_some());
        let mut writer = books.writer();
        mend(&mut writer);
        proven(books);
        let row = stored::<AdAccountRow>(books, &party).unwrap();
        assert_eq!((row.topped_up, row.stopped_at, row.arrears_since), (2, None, None));
        mend(&mut writer);
        proven(books);
        // Campaigns run by that money, and what is unspent goes back to its payers, the newest first.
        let id = create(&mut writer, party, "one", None);
        assert_eq!(stands(books, party, id), ("running", None));
        let back = RefundBalance { party, amount_minor: Some(6_000) };
        let done = run(&mut writer, back).unwrap();
        let shares: Vec<i64> = done.refunds.iter().map(|one| one.refund.amount).collect();
        assert_eq!(shares, [5_000, 1_000]);
        proven(books);
    });
}

#[test]
fn a_payment_of_which_too_much_went_back_once_gives_nothing_more_a12() {
    const TOP_UPS: &str = "top-ups = payments, less what went back";
    Books::each(|books| {
        let mut writer = books.writer();
        let party = registered(&mut writer);
        let id = create(&mut writer, party, "one", None);
        paid(&mut writer, party, "first", 1_000);
        books.advance(HOUR);
        let now = books.clock.business();
        assert_eq!(charge(&mut writer, vec![click("a", id, now, 1_500)]), ["1500"]);
        // 500 of it pay arrears; a balance that was posted by hand let all of it go back.
        paid(&mut writer, party, "second", 2_000);
        drop(writer);
        books.tamper("UPDATE payments SET refunded = 2000 WHERE amount = 2000");
        books.tamper("UPDATE ad_top_ups SET rest = 0 WHERE amount = 2000");
        assert_eq!(findings(books, TOP_UPS), 1);
        let mut writer = books.writer();
        mend(&mut writer);
        assert_eq!(findings(books, TOP_UPS), 0);
        // The balance is the other payment's, whatever there is of it.
        let done = run(&mut writer, RefundBalance { party, amount_minor: None }).unwrap();
        let shares: Vec<i64> = done.refunds.iter().map(|one| one.payment.amount).collect();
        assert_eq!(shares, [1_000]);
        // It is said of those alone of which it is true.
        drop(writer);
        books.tamper("UPDATE ad_top_ups SET source = 'exceeded' WHERE amount = 1000");
        assert_eq!(findings(books, TOP_UPS), 1);
    });
}

#[test]
fn a_balance_that_was_posted_by_hand_pays_what_is_owed_beside_it_a3() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = registered(&mut writer);
        let id = create(&mut writer, party, "one", None);
        pay(&mut writer, party, 1_000);
        books.advance(HOUR);
        let now = books.clock.business();
        assert_eq!(charge(&mut writer, vec![click("a", id, now, 1_500)]), ["1500"]);
        post(&mut writer, Step::Post, &clearing(), &own(party, AccountKind::AdCash), 2_000);
        assert!(verified(books).first().is_some());
        let plan = PayArrears::plan(books.reader().as_mut()).unwrap();
        run(&mut writer, plan).unwrap();
        proven(books);
        assert_eq!(balance(&mut writer, &own(party, AccountKind::AdCash)).0, 1_500);
        assert_eq!(stands(books, party, id), ("to_be_resumed", None));
    });
}
