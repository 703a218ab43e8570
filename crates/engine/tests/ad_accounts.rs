//! The advertising account around its clicks, on both databases: alerts and reports (A10), run-out (A1), budgets raised
//! (A5), suspension (A4).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::collections::BTreeMap;

use purser_domain::{
    ads::{
        campaign::{Change, KeywordChange},
        price::Pricing,
    },
    ids::{CampaignId, PartyId},
    ledger::{AccountKind, AccountRef, Step},
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role, Roles},
    time::{DAY, Date, HOUR, Timestamp, Zone},
};
use purser_engine::{
    Command, Ctx, Needs, Rejection, Session, Tx, Writer,
    ads::{
        self, AccountChange, AdMoment, CampaignEdit, ChangeAdAccount, ChangeCampaigns, ChargeClicks,
        ClickItem, CreateCampaign, ReportFigures, ResumeCampaigns, keyword_id, whole_account,
    },
    feed, invariants,
    parties::RegisterParty,
    rules::RulesSource,
    verify::verify_full,
};
use support::{Books, clearing, post, run};

/// Money came in by a transfer.
#[derive(Clone, Copy)]
struct Came(PartyId);

impl Command for Came {
    type Output = ();
    fn name(&self) -> &'static str {
        "test.came"
    }
    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        ads::want(needs, self.0, ctx);
    }
    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        ads::money_came(tx, ctx, self.0)
    }
    fn audited(&self) -> bool {
        false
    }
}

fn own(party: PartyId, kind: AccountKind) -> AccountRef {
    AccountRef::party(party, kind, Currency::CNY)
}

fn pay(writer: &mut Writer, party: PartyId, arrears: i64, cash: i64) {
    for (kind, amount) in [(AccountKind::AdArrears, arrears), (AccountKind::AdCash, cash)] {
        if amount > 0 {
            post(writer, Step::Post, &clearing(), &own(party, kind), amount);
        }
    }
    run(writer, Came(party)).unwrap();
}

fn advertiser(writer: &mut Writer) -> PartyId {
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

fn create(
    writer: &mut Writer,
    party: PartyId,
    name: &str,
    budget: Option<i64>,
) -> Result<CampaignId, Rejection> {
    let keyword = |text: &str| KeywordChange {
        text: text.to_owned(),
        bid_minor: Some(5_000),
        on: None,
        removed: false,
    };
    let command = CreateCampaign {
        party,
        external_id: name.to_owned(),
        name: name.to_owned(),
        wish: Change { budget_minor: Some(budget), ..Change::default() },
        keywords: vec![keyword("boots"), keyword("shoes")],
    };
    run(writer, command).map(|row| row.id)
}

fn charge(
    writer: &mut Writer,
    campaign: CampaignId,
    word: &str,
    name: &str,
    at: Timestamp,
    price: i64,
) -> String {
    let click = ClickItem {
        click_id: name.into(),
        campaign,
        party: None,
        keyword: Some(keyword_id(campaign, word)),
        at,
        pricing: Pricing::Given(price),
    };
    let outcome = run(writer, ChargeClicks::bulk(vec![click])).unwrap().pop().unwrap();
    outcome.map_or_else(|no| no.code.to_owned(), |click| click.amount_minor.to_string())
}

/// Reads at the present moment.
fn read<T>(books: &Books, read: impl FnOnce(&mut dyn Session, &AdMoment<'_>) -> T) -> T {
    let (zone, rules) = (Zone::shanghai(), RulesSource::builtin());
    let rules = rules.load(books.reader().as_mut()).unwrap();
    let now = books.clock.business();
    let moment = AdMoment { now, zone: &zone, currency: Currency::CNY, view: rules.policy.now(now) };
    read(books.reader().as_mut(), &moment)
}

fn status(books: &Books, id: CampaignId) -> &'static str {
    read(books, |session, moment| {
        let row = ads::campaign(session, id).unwrap().unwrap();
        let party = row.party;
        ads::campaign_views(session, party, vec![row], moment).unwrap().pop().unwrap().status.name()
    })
}

fn told(books: &Books, party: PartyId, kind: &str) -> usize {
    let rows = feed::messages(books.reader().as_mut(), party, false, feed::NEWEST, 100).unwrap();
    rows.iter().filter(|row| row.kind == kind).count()
}

fn proven(books: &Books) {
    let zone = Zone::shanghai();
    let report = verify_full(books.reader().as_mut(), &zone, &invariants::all(), &mut |_| {}).unwrap();
    assert!(report.first().is_none(), "{:?}", report.first());
}

fn today(books: &Books) -> Date {
    Zone::shanghai().date(books.clock.business())
}

#[test]
fn reports_add_up_by_hour_day_campaign_and_keyword_a10() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = advertiser(&mut writer);
        pay(&mut writer, party, 0, 10_000);
        let one = create(&mut writer, party, "one", None).unwrap();
        let two = create(&mut writer, party, "two", None).unwrap();
        books.advance(2 * HOUR);
        let now = books.clock.business();
        assert_eq!(charge(&mut writer, one, "shoes", "a", now, 100), "100");
        assert_eq!(charge(&mut writer, one, "boots", "b", now, 50), "50");
        assert_eq!(charge(&mut writer, one, "shoes", "c", now.plus(-HOUR), 30), "30");
        assert_eq!(charge(&mut writer, two, "shoes", "d", now, 7), "7");
        let span = (today(books), today(books));
        let instants = (now.plus(-DAY), now.plus(DAY));
        let sums = |figures: ReportFigures| (figures.clicks, figures.spend_minor);
        read(books, |session, moment| {
            let hours = ads::report_hours(session, one, instants).unwrap();
            let hours: Vec<_> =
                hours.into_iter().map(|(hour, figures)| (now.0 - hour.0, sums(figures))).collect();
            assert_eq!(hours, [(HOUR, (1, 30)), (0, (2, 150))]);
            let all = ads::report_hours(session, whole_account(party), instants).unwrap();
            assert_eq!(sums(all.last().unwrap().1), (3, 157), "of all campaigns");
            let days = ads::report_days(session, whole_account(party), span).unwrap();
            assert_eq!(days.iter().map(|(_, figures)| sums(*figures)).collect::<Vec<_>>(), [(4, 187)]);
            let mut campaigns: Vec<_> = ads::report_campaigns(session, party, span, None, 10)
                .unwrap()
                .into_iter()
                .map(|(row, figures)| (row.external_id, sums(figures)))
                .collect();
            campaigns.sort_unstable();
            assert_eq!(campaigns, [("one".to_owned(), (3, 180)), ("two".to_owned(), (1, 7))]);
            let mut words = Vec::new();
            let mut after = None;
            loop {
                // A page of one: the next one begins behind it.
                let page = ads::report_keywords(session, one, span, after, 1).unwrap();
                let Some((keyword, row, figures)) = page.into_iter().next() else { break };
                words.push((row.unwrap().word, sums(figures)));
                after = Some(keyword);
            }
            words.sort_unstable();
            assert_eq!(words, [("boots".to_owned(), (1, 50)), ("shoes".to_owned(), (2, 130))]);
            let view = ads::ad_account(session, party, moment).unwrap();
            assert_eq!((view.spend.today_minor, view.cash_minor), (187, 9_813));
            // 11 hours of the day are over: at that pace the balance lasts for some weeks.
            let pace = view.spend.pace_minor();
            let left = view.run_out_at.unwrap().0 - moment.now.0;
            assert_eq!(left, i64::try_from(i128::from(9_813) * i128::from(DAY) / i128::from(pace)).unwrap());
        });
        proven(books);
    });
}

#[test]
fn a_raised_budget_brings_a_campaign_back_at_once_and_the_next_day_by_itself_a5() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = advertiser(&mut writer);
        pay(&mut writer, party, 0, 50_000);
        let id = create(&mut writer, party, "one", Some(3_000)).unwrap();
        books.advance(2 * HOUR);
        let now = books.clock.business();
        for (click, price) in [("a", 500), ("b", 2_500)] {
            assert_eq!(charge(&mut writer, id, "shoes", click, now, price), price.to_string());
        }
        assert_eq!(status(books, id), "daily_budget");
        let change = Change { budget_minor: Some(Some(5_000)), ..Change::default() };
        let item = CampaignEdit { campaign: id, if_version: None, change };
        run(&mut writer, ChangeCampaigns { party, items: vec![item], single: true }).unwrap();
        assert_eq!(status(books, id), "running");
        assert_eq!(charge(&mut writer, id, "shoes", "c", now, 2_000), "2000");
        assert_eq!(status(books, id), "daily_budget");
        books.advance(DAY);
        assert_eq!(status(books, id), "running", "back by itself the next day");
        proven(books);
    });
}

#[test]
fn a_low_balance_is_told_once_and_old_arrears_suspend_a4_a10() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = advertiser(&mut writer);
        pay(&mut writer, party, 0, 1_000);
        let id = create(&mut writer, party, "one", None).unwrap();
        let change = AccountChange { low_minor: Some(600), ..AccountChange::default() };
        run(&mut writer, ChangeAdAccount { party, if_version: None, change }).unwrap();
        books.advance(2 * HOUR);
        let now = books.clock.business();
        for (click, price, expected) in [("a", 300, 0), ("b", 200, 1), ("c", 100, 1)] {
            assert_eq!(charge(&mut writer, id, "shoes", click, now, price), price.to_string());
            assert_eq!(told(books, party, "ads.balance_low"), expected, "after {click}");
        }
        // The click that uses the balance up is charged wholly: what lacks is owed, and delivery stops.
        assert_eq!(charge(&mut writer, id, "shoes", "d", now, 450), "450");
        assert_eq!(status(books, id), "arrears");
        let resume = |writer: &mut Writer| run(writer, ResumeCampaigns { party, campaign: Some(id) });
        assert_eq!(resume(&mut writer).unwrap_err().code, "arrears_outstanding");
        assert!(create(&mut writer, party, "two", None).is_ok(), "not suspended yet");
        books.advance(7 * DAY);
        assert_eq!(status(books, id), "suspended");
        assert_eq!(resume(&mut writer).unwrap_err().code, "ad_account_suspended");
        assert_eq!(create(&mut writer, party, "three", None).unwrap_err().code, "ad_account_suspended");
        pay(&mut writer, party, 50, 0);
        assert_eq!(status(books, id), "no_balance", "normal again once nothing is owed");
        pay(&mut writer, party, 0, 2_000);
        assert_eq!(status(books, id), "to_be_resumed");
        assert!(resume(&mut writer).unwrap().changed);
        assert_eq!(status(books, id), "running");
        proven(books);
    });
}
