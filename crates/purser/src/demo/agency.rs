//! An agency of the demo: its creators' orders settle to it, and it is paid by statements (X14, X16); and a creator of the
//! programme, whose months are closed and published (X15). Dice of their own, so that the others' year stays what it was.

use anyhow::{Result, bail};
use purser_domain::{
    earnings::TaskType,
    ids::{PartyId, StaffId, StatementId, Uid},
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role},
    time::{Date, HOUR, Month, Timestamp},
};
use purser_engine::{
    Executor, Meta,
    agencies::SignCreator,
    call,
    corporate::{Act, ActOnStatement, Choice, GenerateStatement, InvoiceInput, ListMonth},
    earnings::{OrderReport, ReportTaskOrders, Reported},
    parties::{RegisterParty, party_id},
    programme::{BeginPublication, EnrolCreators, Enrolment, ImportTerms, TendMonths, TermsItem},
    withdrawals::BindPayoutAccount,
};
use purser_storage::Session;

use super::cast::Dice;

/// The agency whom a visitor may be.
pub(crate) const AGENCY: &str = "agency-01";
/// Its shown name, which stands on its invoices too.
pub(crate) const NAME: &str = "星河文化 1 部";
/// Its credit code, made up.
const CODE: &str = "91110000600037341L";
const CREATORS: [&str; 3] = ["晚风小厨", "北纬手作", "阿橘开箱"];
/// The creator of the programme.
pub(crate) const MEMBER: &str = "creator-007";
/// Day of the month on which the agency settles what was listed, and on which its papers are accepted.
const SETTLES_ON: i8 = 12;
const PAID_ON: i8 = 14;
/// Day on which the programme's months are published.
const PUBLISHED_ON: i8 = 5;

pub(super) struct Agency {
    dice: Dice,
    party: PartyId,
    creators: Vec<PartyId>,
    number: u32,
    submitted: Option<StatementId>,
}

impl Agency {
    /// The agency signs its creators, and a creator joins the programme.
    pub(super) fn open(desk: &mut Executor, at: Timestamp, today: Date) -> Result<Self> {
        let party = party_id(AGENCY);
        call(desk, BindPayoutAccount::sandbox(party, &format!("{AGENCY}.ok")), Meta::system())??;
        let mut creators = Vec::new();
        for (n, name) in CREATORS.iter().enumerate() {
            let profile = Profile {
                external_id: format!("signed-{}", n + 1),
                display_name: (*name).to_owned(),
                roles: [Role::Creator].into_iter().collect(),
                legal_form: LegalForm::Individual,
                class: AccountClass::Ordinary,
                metadata: std::collections::BTreeMap::new(),
            };
            let creator = call(desk, RegisterParty(profile), Meta::system())??.id;
            let contact = "商务 王敏 / Wang Min, business".to_owned();
            let signed = SignCreator { creator, agency: party, from: at, to: None, contact };
            call(desk, signed, Meta::system())??;
            creators.push(creator);
        }
        let member = Enrolment { creator: party_id(MEMBER), from_on: today, to_on: None };
        let outcomes = call(desk, EnrolCreators { items: vec![member], single: true }, Meta::system())??;
        if let Some(no) = outcomes.into_iter().find_map(Result::err) {
            bail!("the programme of the demo took nobody: {}", no.message);
        }
        Ok(Self { dice: Dice::new(20_250_703), party, creators, number: 0, submitted: None })
    }

    /// Orders of its creators, and on two days of the month its statement. The last one is left for the visitor to sign.
    pub(super) fn day(
        &mut self,
        desk: &mut Executor,
        reads: &mut dyn Session,
        at: Timestamp,
        (today, last): (Date, Date),
    ) -> Result<()> {
        // What comes round by itself where a server runs: months are closed, published and listed.
        call(desk, TendMonths::plan(reads)?, Meta::system())??;
        call(desk, ListMonth::plan(reads, at)?, Meta::system())??;
        if self.dice.chance(35) {
            self.order(desk, at)?;
        }
        if today.day() == 1 {
            self.terms(desk, Month::of(today))?;
        }
        if today.day() == PUBLISHED_ON {
            // Staff publish what was drafted; a month without drafts has nothing to publish.
            let before = today.first_of_month().yesterday().unwrap_or(today);
            let _ = call(desk, BeginPublication { month: Month::of(before) }, Meta::system())?;
        }
        if today.day() == SETTLES_ON {
            self.settle(desk, Month::of(today) == Month::of(last))?;
        }
        if today.day() == PAID_ON
            && let Some(id) = self.submitted.take()
        {
            self.act(desk, id, Act::Accept(StaffId(Uid::derive("demo staff", &[]))))?;
        }
        Ok(())
    }

    fn order(&mut self, desk: &mut Executor, at: Timestamp) -> Result<()> {
        let Some(creator) = self.dice.pick(&self.creators).copied() else { return Ok(()) };
        self.number += 1;
        let report = OrderReport {
            external_id: format!("demo-agency-{:04}", self.number),
            creator,
            task_type: if self.dice.chance(30) { TaskType::Live } else { TaskType::Video },
            title: (*self.dice.pick(&["品牌专场", "新品首发", "城市探店"]).unwrap_or(&"品牌专场")).to_owned(),
            metadata: None,
            amount_minor: 100_000 + 10_000 * self.dice.below(90),
            currency: Currency::CNY,
            accepted_at: at.plus(-5 * HOUR),
            status: Reported::Completed(at.plus(-HOUR)),
        };
        let outcomes = call(desk, ReportTaskOrders { items: vec![report], single: false }, Meta::system())??;
        match outcomes.into_iter().find_map(Result::err) {
            Some(no) => bail!("an order of the demo's agency was refused: {}", no.message),
            None => Ok(()),
        }
    }

    /// What the programme takes and adds for the month that begins.
    fn terms(&mut self, desk: &mut Executor, month: Month) -> Result<()> {
        let item = TermsItem {
            creator: party_id(MEMBER),
            month,
            fee_ppm: Some(80_000),
            fee_minor: None,
            incentive_minor: 10_000 + 5_000 * self.dice.below(5),
        };
        call(desk, ImportTerms { items: vec![item] }, Meta::system())??;
        Ok(())
    }

    fn settle(&mut self, desk: &mut Executor, last: bool) -> Result<()> {
        let made = GenerateStatement {
            party: self.party,
            choice: Choice::Everything(None),
            destination: None,
            seller_name: NAME.to_owned(),
            seller_code: CODE.to_owned(),
        };
        let row = match call(desk, made, Meta::system())? {
            Ok(row) => row,
            // A month without orders has no statement.
            Err(no) if no.code == "settlement_orders_empty" => return Ok(()),
            Err(no) => bail!("the demo's agency could not be settled with: {}", no.message),
        };
        if last {
            return Ok(());
        }
        self.act(desk, row.id, Act::Sign("王敏".to_owned(), None))?;
        let invoice = InvoiceInput {
            number: format!("{:08}", 25_000_000 + self.number),
            kind: "special".to_owned(),
            item: "information_service".to_owned(),
            tax_percent: 6,
            amount_minor: row.payable,
            seller_name: NAME.to_owned(),
            seller_code: CODE.to_owned(),
        };
        self.act(desk, row.id, Act::Submit(invoice))?;
        self.submitted = Some(row.id);
        Ok(())
    }

    fn act(&self, desk: &mut Executor, id: StatementId, act: Act) -> Result<()> {
        match call(desk, ActOnStatement { id, act, if_version: None }, Meta::system())? {
            Ok(_) => Ok(()),
            Err(no) => bail!("a statement of {} in the demo was refused: {}", self.party, no.message),
        }
    }
}
