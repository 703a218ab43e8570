//! Sending shops and pay-later orders that a file names.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::mpsc,
};

use anyhow::{Result, bail};
use indicatif::ProgressBar;
use purser_domain::{
    credit::{Component, Source},
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role},
    time::{Timestamp, Zone},
};
use purser_engine::{
    Executor, Failure, Job, Meta, Rejection, Reply, call,
    credit::{OrderEvent, OrderReport, ReportCreditOrders, ReportShops, ShopReport, risk},
    parties::{RegisterParty, party_id},
};

use super::{credit_csv::CreditLine, shops_csv::ShopLine};

/// Items a call.
pub(super) const BATCH: usize = 1_000;

/// How many rows changed something, and which were refused, by line.
pub(super) type Sent = (usize, Vec<(u64, String)>);

fn said(no: &Rejection) -> String {
    format!("{}: {}", no.code, no.message)
}

/// Registers merchants that do not exist yet, and reports their shops.
pub(super) fn send_shops(executor: &mut Executor, lines: &[ShopLine], bar: &ProgressBar) -> Result<Sent> {
    let (mut changed, mut refused) = (0, Vec::new());
    let zone = Zone::shanghai();
    for chunk in lines.chunks(BATCH) {
        register(executor, chunk)?;
        let items = chunk.iter().map(|line| (party_id(&line.merchant_id), statement(line, &zone))).collect();
        let outcomes = call(executor, ReportShops { items, single: false }, Meta::system())??;
        for (line, outcome) in chunk.iter().zip(outcomes) {
            match outcome {
                Ok((_, new)) => changed += usize::from(new),
                Err(no) => refused.push((line.row, said(&no))),
            }
        }
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    Ok((changed, refused))
}

fn statement(line: &ShopLine, zone: &Zone) -> ShopReport {
    let opened_on = zone.date(line.opened_at);
    ShopReport {
        opened_on: Some(opened_on),
        level: Some(line.level),
        components: vec![Component {
            source: Source::CreditEvaluation,
            amount_minor: line.evaluation_minor,
            since: opened_on,
            until: None,
        }],
        ..ShopReport::default()
    }
}

/// Makes merchants, many in a commit. One that exists stays as it is, whatever it is called; that it is no merchant
/// is said when its shop is reported.
fn register(executor: &Executor, lines: &[ShopLine]) -> Result<()> {
    let (sender, receiver) = mpsc::channel();
    for line in lines {
        let profile = Profile {
            external_id: line.merchant_id.clone(),
            display_name: line.merchant_id.clone(),
            roles: [Role::Merchant].into_iter().collect(),
            legal_form: LegalForm::Individual,
            class: AccountClass::Ordinary,
            metadata: BTreeMap::new(),
        };
        let (row, refused, done) = (line.row, sender.clone(), sender.clone());
        executor.submit_waiting(Job::new(
            RegisterParty(profile),
            Meta::system(),
            move |outcome| {
                if let Err(no) = outcome
                    && no.code != "party_conflict"
                {
                    drop(refused.send(Err(Trouble::Refused(row, said(no)))));
                }
                Reply::default()
            },
            move |outcome| drop(done.send(outcome.map(drop).map_err(Trouble::Failed))),
        ));
    }
    drop(sender);
    for outcome in receiver {
        match outcome {
            Ok(()) => {}
            Err(Trouble::Refused(row, text)) => bail!("row {row}: {text}"),
            Err(Trouble::Failed(failure)) => return Err(failure.into()),
        }
    }
    Ok(())
}

/// Why a merchant could not be made.
enum Trouble {
    Refused(u64, String),
    Failed(Failure),
}

/// One event of one row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) at: Timestamp,
    pub(super) line: usize,
    pub(super) event: OrderEvent,
}

/// Everything that happened, in order of time; what happened at once stays in the order of the file.
pub(super) fn in_time_order(lines: &[CreditLine]) -> Vec<Told> {
    let all = lines.iter().enumerate();
    let mut told: Vec<Told> = all
        .flat_map(|(line, row)| row.events().into_iter().map(move |(at, event)| Told { at, line, event }))
        .collect();
    told.sort_by_key(|told| (told.at, told.line));
    told
}

/// Sends events and remembers what became of their rows.
#[derive(Default)]
pub(super) struct Sender {
    changed: BTreeSet<usize>,
    refused: BTreeMap<usize, String>,
}

impl Sender {
    /// Sends events in order.
    pub(super) fn send(
        &mut self,
        executor: &mut Executor,
        lines: &[CreditLine],
        told: &[Told],
        bar: &ProgressBar,
    ) -> Result<()> {
        for chunk in told.chunks(BATCH) {
            let items = chunk.iter().filter_map(|told| lines.get(told.line).map(|line| report(line, told)));
            let command = ReportCreditOrders { items: items.collect(), single: false };
            let outcomes = call(executor, command, Meta::system())??;
            for (told, outcome) in chunk.iter().zip(outcomes) {
                match outcome {
                    Ok((_, false)) => {}
                    Ok((_, true)) => {
                        self.changed.insert(told.line);
                    }
                    // The first refusal of a row is the reason of those after it.
                    Err(no) => {
                        let text = format!("{}: {}", told.event.name(), said(&no));
                        self.refused.entry(told.line).or_insert(text);
                    }
                }
            }
            bar.inc(chunk.len() as u64);
        }
        Ok(())
    }

    /// What became of the rows. One of which a part was refused counts as refused.
    pub(super) fn sent(self, lines: &[CreditLine]) -> Sent {
        let changed = self.changed.iter().filter(|line| !self.refused.contains_key(line)).count();
        let row = |line: usize| lines.get(line).map_or(0, |line| line.row);
        (changed, self.refused.into_iter().map(|(line, text)| (row(line), text)).collect())
    }
}

fn report(line: &CreditLine, told: &Told) -> OrderReport {
    OrderReport {
        order_id: line.order_id.clone(),
        event_id: told.event.name().to_owned(),
        merchant: party_id(&line.merchant_id),
        event: told.event,
        currency: Currency::CNY,
        at: told.at,
        told: risk::Told::default(),
    }
}

/// Sends everything at once, in order of time; the clock stays where it is.
pub(super) fn send_orders(executor: &mut Executor, lines: &[CreditLine], bar: &ProgressBar) -> Result<Sent> {
    let told = in_time_order(lines);
    bar.set_length(told.len() as u64);
    let mut sender = Sender::default();
    sender.send(executor, lines, &told, bar)?;
    bar.finish_and_clear();
    Ok(sender.sent(lines))
}
