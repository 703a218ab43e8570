//! The commands of a run, and what their answers look like as text.

use std::sync::Arc;

use purser_domain::{
    ads::{
        campaign::{Change, KeywordChange, keyword_text},
        price::Pricing,
    },
    ids::{CampaignId, KeywordId, PartyId, PaymentOrderId, Uid},
    metadata::Metadata,
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role},
    payments::{self, Method, Purpose},
    time::Timestamp,
};
use purser_engine::{
    AnyJob, Command, Job, Meta, Rejection, Reply,
    ads::{
        AccountChange, CampaignEdit, ChangeAdAccount, ChangeCampaigns, ChangeKeywords, ChargeClicks,
        ClickItem, ClickOutcome, CloseAdDays, CreateCampaign, CreditInvalidClicks, EditOutcome, ExpireGrants,
        GiveGrant, InvalidOutcome, KeywordOutcome, ResumeCampaigns, campaign_id, keyword_id,
    },
    parties::{RegisterParty, party_id},
    payments::{CreatePaymentOrder, LocatedOrder, RecordPayment, Recorded},
    rules::EnterSandbox,
};

use crate::{delivery::Market, desk::Batch};

/// The keyword that a click names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// None.
    Unnamed,
    /// A word of the market; the campaign may not have it.
    Named(&'static str),
    /// An id of nothing.
    Unknown,
}

/// A click as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its id.
    pub id: String,
    /// Place of its campaign; beyond the last there is none.
    pub campaign: usize,
    /// Place of the advertiser whose it is said to be.
    pub party: Option<usize>,
    /// The keyword.
    pub word: Word,
    /// When.
    pub at: Timestamp,
    /// How its price is found.
    pub pricing: Pricing,
}

/// One command. Amounts are minor units; advertisers and campaigns are places in the market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Clicks, item by item.
    Clicks(Vec<Item>),
    /// One click, whose refusal is the command's.
    Click(Item),
    /// A payment with a number of its own comes in.
    Pay {
        /// Who pays.
        advertiser: usize,
        /// How much.
        amount_minor: i64,
        /// The rail's number of it.
        number: u64,
    },
    /// A grant.
    Grant {
        /// Who gets it.
        advertiser: usize,
        /// Its number.
        number: u64,
        /// How much.
        amount_minor: i64,
        /// Until when.
        expires_at: Timestamp,
    },
    /// The job that ends grants.
    Expire,
    /// The job that closes days.
    CloseDays,
    /// Another daily budget, or none.
    Budget(usize, Option<i64>),
    /// The advertiser's switch of a campaign.
    Switch(usize, bool),
    /// A keyword: another bid, its switch.
    Bid {
        /// Campaign.
        campaign: usize,
        /// Word.
        word: &'static str,
        /// Bid.
        bid_minor: Option<i64>,
        /// Switch.
        on: Option<bool>,
        /// Taken away.
        removed: bool,
    },
    /// Resume one campaign, or all; the advertiser need not be the campaign's.
    Resume(usize, Option<usize>),
    /// Clicks of an advertiser were invalid.
    Invalid(usize, Vec<String>),
    /// Resuming by itself, and an alert.
    Settings(usize, bool, i64),
}

impl Act {
    /// Whether the command is remembered by a key of its own: all but clicks, which are by their ids, and jobs.
    pub const fn is_keyed(&self) -> bool {
        !matches!(self, Self::Clicks(_) | Self::Click(_) | Self::Expire | Self::CloseDays)
    }
}

/// The market as the books know it.
#[derive(Debug, Clone)]
pub struct World {
    /// Who advertises what.
    pub market: Market,
    orders: Vec<PaymentOrderId>,
}

/// The text of an accepted command's answer, and the code of a refused one.
fn job<C: Command>(
    command: C,
    key: Option<&str>,
    batch: &mut Batch,
    say: impl Fn(&C::Output) -> String + Send + 'static,
) -> Box<dyn AnyJob> {
    let meta = Meta { client: Uid([9; 16]), key: key.map(str::to_owned), ..Meta::system() };
    let render = move |outcome: &Result<C::Output, Rejection>| {
        let (status, text) = match outcome {
            Ok(output) => (200, say(output)),
            Err(no) => (422, no.code.to_owned()),
        };
        Reply { status, body: text.into_bytes(), replayed: false }
    };
    Job::new(command, meta, render, batch.slot())
}

fn say_click(outcome: &ClickOutcome) -> String {
    match outcome {
        Ok(click) if click.replayed => format!("{} again", click.amount_minor),
        Ok(click) => click.amount_minor.to_string(),
        Err(no) => no.code.to_owned(),
    }
}

fn say_invalid(outcome: &InvalidOutcome) -> String {
    match outcome {
        Ok((credited, lost)) => format!("{credited} lost {lost}"),
        Err(no) => no.code.to_owned(),
    }
}

fn say_payment(done: &Recorded) -> String {
    format!("arrears {} cash {} new {}", done.payment.arrears, done.payment.cash, done.new)
}

fn say_edit(outcomes: &[EditOutcome]) -> String {
    let word = |outcome: &EditOutcome| match outcome {
        Ok((_, true)) => "changed".to_owned(),
        Ok((_, false)) => "same".to_owned(),
        Err(no) => no.code.to_owned(),
    };
    outcomes.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn say_keyword(outcome: &KeywordOutcome) -> String {
    match outcome {
        Ok(Some(row)) => format!("{} {}", row.bid, if row.active { "on" } else { "off" }),
        Ok(None) => "gone".to_owned(),
        Err(no) => no.code.to_owned(),
    }
}

fn say_list<T>(list: &[T], say: impl Fn(&T) -> String) -> String {
    list.iter().map(say).collect::<Vec<_>>().join(" ")
}

impl World {
    /// Around a market; nothing is in the books yet.
    pub fn new(market: Market) -> Self {
        Self { market, orders: Vec::new() }
    }

    /// An advertiser's id.
    pub fn party(&self, advertiser: usize) -> PartyId {
        let name = self.market.advertisers.get(advertiser).map_or("nobody", |one| one.external_id.as_str());
        party_id(name)
    }

    /// A campaign's id; of nothing for a place beyond the last.
    pub fn campaign(&self, campaign: usize) -> CampaignId {
        match self.market.campaigns.get(campaign) {
            Some(one) => campaign_id(self.party(one.advertiser), &one.external_id),
            None => campaign_id(self.party(usize::MAX), "nothing"),
        }
    }

    /// The advertiser of a campaign.
    pub fn owner(&self, campaign: usize) -> usize {
        self.market.campaigns.get(campaign).map_or(usize::MAX, |one| one.advertiser)
    }

    /// A keyword's id.
    pub fn keyword(&self, campaign: usize, word: &str) -> KeywordId {
        keyword_id(self.campaign(campaign), &keyword_text(word))
    }

    /// Books without real money: a command before all others.
    pub fn found(batch: &mut Batch) -> Box<dyn AnyJob> {
        job(EnterSandbox, Some("sandbox"), batch, |()| "sandbox".to_owned())
    }

    /// The advertisers register.
    pub fn registrations(&self, batch: &mut Batch) -> Vec<Box<dyn AnyJob>> {
        let register = |one: &crate::delivery::Advertiser| {
            let profile = Profile {
                external_id: one.external_id.clone(),
                display_name: one.name.clone(),
                roles: [Role::Advertiser].into_iter().collect(),
                legal_form: LegalForm::Enterprise,
                class: AccountClass::Ordinary,
                metadata: std::collections::BTreeMap::new(),
            };
            job(RegisterParty(profile), Some(&one.external_id), batch, |_| "registered".to_owned())
        };
        self.market.advertisers.iter().map(register).collect()
    }

    /// Every advertiser makes the payment order that its money comes in for: the first payment on time, all others once more.
    pub fn payment_orders(&self, batch: &mut Batch) -> Vec<Box<dyn AnyJob>> {
        let make = |advertiser: usize| {
            let request = payments::Request {
                purpose: Purpose::AdTopUp,
                method: Method::Sandbox,
                amount_minor: 50_000,
                currency: Currency::CNY,
            };
            let command = CreatePaymentOrder {
                party: self.party(advertiser),
                request,
                configured: true,
                return_url: String::new(),
                metadata: Metadata::new(),
            };
            job(command, Some(&format!("order-{advertiser}")), batch, |row| row.id.to_string())
        };
        (0..self.market.advertisers.len()).map(make).collect()
    }

    /// Takes note of the orders, as they were answered.
    pub fn know_orders(&mut self, answers: &[String]) {
        self.orders = answers.iter().filter_map(|text| text.parse().ok()).collect();
    }

    /// The campaigns are set up.
    pub fn campaigns(&self, batch: &mut Batch) -> Vec<Box<dyn AnyJob>> {
        let set_up = |(place, one): (usize, &crate::delivery::Campaign)| {
            let command = set_up(self.party(one.advertiser), one);
            job(command, Some(&format!("campaign-{place}")), batch, |_| "created".to_owned())
        };
        self.market.campaigns.iter().enumerate().map(set_up).collect()
    }

    fn item(&self, item: &Item) -> ClickItem {
        let keyword = match item.word {
            Word::Unnamed => None,
            Word::Named(word) => Some(self.keyword(item.campaign, word)),
            Word::Unknown => Some(KeywordId(Uid([7; 16]))),
        };
        ClickItem {
            click_id: Arc::from(item.id.as_str()),
            campaign: self.campaign(item.campaign),
            party: item.party.map(|advertiser| self.party(advertiser)),
            keyword,
            at: item.at,
            pricing: item.pricing,
        }
    }

    fn payment(&self, advertiser: usize, amount_minor: i64, number: u64) -> RecordPayment {
        let id = self.orders.get(advertiser).copied().unwrap_or_default();
        RecordPayment {
            method: Method::Sandbox,
            rail_payment: format!("sim-{number}"),
            order: Some(LocatedOrder { id, party: self.party(advertiser) }),
            amount_minor,
            paid_at: None,
            note: String::new(),
            from_rail: true,
            lease: None,
        }
    }

    fn edit(&self, campaign: usize, change: Change) -> ChangeCampaigns {
        let edit = CampaignEdit { campaign: self.campaign(campaign), if_version: None, change };
        ChangeCampaigns { party: self.party(self.owner(campaign)), items: vec![edit], single: true }
    }

    /// The job that runs a command, under a key where it is remembered by one. `ended` are the grants to end, as a reader
    /// found them.
    pub fn job(&self, act: &Act, key: &str, ended: ExpireGrants, batch: &mut Batch) -> Box<dyn AnyJob> {
        let key = act.is_keyed().then_some(key);
        match act {
            Act::Clicks(items) => {
                let clicks = items.iter().map(|item| self.item(item)).collect();
                job(ChargeClicks::bulk(clicks), key, batch, |list| say_list(list, say_click))
            }
            Act::Click(item) => {
                job(ChargeClicks::single(self.item(item)), key, batch, |list| say_list(list, say_click))
            }
            Act::Pay { advertiser, amount_minor, number } => {
                let command = self.payment(*advertiser, *amount_minor, *number);
                job(command, key, batch, say_payment)
            }
            Act::Grant { advertiser, number, amount_minor, expires_at } => {
                let command = self.grant(*advertiser, *number, *amount_minor, *expires_at);
                job(command, key, batch, |row| format!("given {}", row.amount))
            }
            Act::Expire => job(ended, key, batch, |_| "done".to_owned()),
            Act::CloseDays => job(CloseAdDays { limit: 500 }, key, batch, |_| "done".to_owned()),
            Act::Budget(campaign, budget_minor) => {
                let change = Change { budget_minor: Some(*budget_minor), ..Change::default() };
                job(self.edit(*campaign, change), key, batch, |list| say_edit(list))
            }
            Act::Switch(campaign, on) => {
                let change = Change { on: Some(*on), ..Change::default() };
                job(self.edit(*campaign, change), key, batch, |list| say_edit(list))
            }
            Act::Bid { campaign, word, bid_minor, on, removed } => {
                let wish = KeywordChange {
                    text: (*word).to_owned(),
                    bid_minor: *bid_minor,
                    on: *on,
                    removed: *removed,
                };
                job(self.keywords(*campaign, wish), key, batch, |(_, list)| say_list(list, say_keyword))
            }
            Act::Resume(advertiser, campaign) => {
                let campaign = campaign.map(|campaign| self.campaign(campaign));
                let command = ResumeCampaigns { party: self.party(*advertiser), campaign };
                job(command, key, batch, |done| if done.changed { "resumed" } else { "same" }.to_owned())
            }
            Act::Invalid(advertiser, clicks) => {
                job(self.invalid(*advertiser, clicks), key, batch, |list| say_list(list, say_invalid))
            }
            Act::Settings(advertiser, auto, alert) => {
                job(self.settings(*advertiser, *auto, *alert), key, batch, |_| "set".to_owned())
            }
        }
    }

    fn grant(&self, advertiser: usize, number: u64, amount_minor: i64, expires_at: Timestamp) -> GiveGrant {
        GiveGrant {
            party: self.party(advertiser),
            external_id: format!("grant-{number}"),
            amount_minor,
            expires_at,
            reason: "welcome".to_owned(),
            asked_by: String::new(),
        }
    }

    fn keywords(&self, campaign: usize, wish: KeywordChange) -> ChangeKeywords {
        ChangeKeywords {
            party: self.party(self.owner(campaign)),
            campaign: self.campaign(campaign),
            if_version: None,
            items: vec![wish],
        }
    }

    fn invalid(&self, advertiser: usize, clicks: &[String]) -> CreditInvalidClicks {
        let clicks = clicks.iter().map(|id| Arc::from(id.as_str())).collect();
        CreditInvalidClicks { party: self.party(advertiser), clicks, reason: "robots".to_owned() }
    }

    fn settings(&self, advertiser: usize, auto: bool, alert_minor: i64) -> ChangeAdAccount {
        let resume = Some(if auto { "auto" } else { "manual" }.to_owned());
        let change = AccountChange { resume, low_minor: Some(alert_minor), auto: None, configured: false };
        ChangeAdAccount { party: self.party(advertiser), if_version: None, change }
    }
}

/// The command that sets up a campaign of the market.
pub fn set_up(party: PartyId, one: &crate::delivery::Campaign) -> CreateCampaign {
    let keyword = |bid: &crate::delivery::Bid| KeywordChange {
        text: bid.word.to_owned(),
        bid_minor: Some(bid.bid_minor),
        on: None,
        removed: false,
    };
    CreateCampaign {
        party,
        external_id: one.external_id.clone(),
        name: one.name.clone(),
        wish: Change {
            budget_minor: Some(one.budget_minor),
            schedule: Some(one.windows.clone()),
            ..Change::default()
        },
        keywords: one.bids.iter().map(keyword).collect(),
    }
}
