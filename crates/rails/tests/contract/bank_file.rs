//! The bank-file rail and a bank of our own: files and messages go by hand, as they do between people.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use purser_domain::{ids::JobId, time::Zone, withdrawals::RailOutcome};
use purser_engine::{
    bank_files::{
        CloseBankFile, FIX, GiveOutBankFile, OUTCOME, TakeInBankMessage, bank_file, bank_file_page,
        bank_order, carried_by, content_of, run_fix,
    },
    jobs::{Claimed, Hands, Registry, due, run_due},
    ports::{BankMessageReader as _, Payee, Rail, Seal},
};
use purser_rails::bank_file::{
    BankFileRail, Debtor, Messages, Pain001,
    bank::{Bank, ReadFile, ReadOrder, read_file},
};

use crate::{
    bench::Bench,
    suite::{Books, Fault, World},
};

const ACCOUNT: &str = "6232810000000017";

/// Seals by writing backwards: enough for a test that looks at nothing stored.
struct Backwards;

impl Seal for Backwards {
    fn seal(&self, purpose: &str, clear: &str) -> Result<String, String> {
        Ok(format!("{purpose}|{clear}").chars().rev().collect())
    }

    fn open(&self, purpose: &str, sealed: &str) -> Result<String, String> {
        let text: String = sealed.chars().rev().collect();
        text.strip_prefix(&format!("{purpose}|")).map(str::to_owned).ok_or_else(|| "another place".to_owned())
    }

    fn index(&self, _purpose: &str, clear: &str) -> String {
        clear.len().to_string()
    }
}

pub(crate) struct BankFiles {
    seal: Arc<dyn Seal>,
    rail: BankFileRail,
    format: Pain001,
    reader: Messages,
    bank: Option<Bank>,
    delivered: BTreeSet<String>,
    waiting: Vec<(u32, ReadOrder)>,
    held: BTreeMap<String, u32>,
    told: BTreeSet<JobId>,
    seen: BTreeSet<String>,
    funded: bool,
    messages: u32,
}

impl BankFiles {
    pub(crate) fn new() -> Self {
        let seal: Arc<dyn Seal> = Arc::new(Backwards);
        let debtor = Debtor {
            name: "平台 Platform".to_owned(),
            account: ACCOUNT.to_owned(),
            bank_code: "102100099996".to_owned(),
            words: "提现".to_owned(),
        };
        Self {
            rail: BankFileRail::new(Arc::clone(&seal)),
            seal,
            format: Pain001 { debtor, zone: Zone::shanghai() },
            reader: Messages { account: Some(ACCOUNT.to_owned()) },
            bank: None,
            delivered: BTreeSet::new(),
            waiting: Vec::new(),
            held: BTreeMap::new(),
            told: BTreeSet::new(),
            seen: BTreeSet::new(),
            funded: false,
            messages: 0,
        }
    }

    fn take_in(&self, bench: &mut Bench, text: &str) {
        let message = self.reader.read(text.as_bytes()).unwrap();
        bench.hands().call(TakeInBankMessage { message }).unwrap();
    }

    fn id(&mut self) -> String {
        self.messages += 1;
        format!("M{}", self.messages)
    }

    /// Closes what is open, fixes it, and reads it as the bank does.
    fn files(&mut self, bench: &mut Bench) -> Vec<ReadFile> {
        for file in bank_file_page(bench.reads.as_mut(), None, "open", 10).unwrap() {
            bench.hands().call(CloseBankFile { id: file.id }).unwrap();
        }
        let (seal, format) = (Arc::clone(&self.seal), self.format.clone());
        let mut registry = Registry::new().with(FIX, move |job: &Claimed, hands: &mut Hands<'_>| {
            run_fix(seal.as_ref(), &format, false, job, hands)
        });
        let hands = bench.hands();
        run_due(hands.desk, hands.reads, hands.clock, &mut registry).unwrap();
        let mut files = Vec::new();
        for row in bank_file_page(bench.reads.as_mut(), None, "", 200).unwrap() {
            let row = bank_file(bench.reads.as_mut(), row.id).unwrap().unwrap();
            if row.fixed_at.is_some() {
                files.push(read_file(content_of(self.seal.as_ref(), &row).unwrap().as_bytes()).unwrap());
            }
        }
        files
    }

    /// The bank reads a file that it has not had, and answers.
    fn deliver(&mut self, bench: &mut Bench, file: &ReadFile) {
        // Somebody downloads it.
        let id = file.id.parse().unwrap();
        let orders = carried_by(bench.reads.as_mut(), id).unwrap().unwrap_or_default();
        bench.hands().call(GiveOutBankFile { id, orders }).unwrap();
        let fates: Vec<(ReadOrder, String)> = file
            .orders
            .iter()
            .map(|order| (order.clone(), order.account.rsplit('.').next().unwrap().to_owned()))
            .collect();
        let all = |fate: &str| fates.iter().any(|(_, own)| own == fate);
        let visits = self.held.entry(file.id.clone()).or_insert(0);
        *visits += 1;
        if all("lost_request") && *visits == 1 {
            // It never arrived; staff brings the same bytes again.
            return;
        }
        let again = *visits > 1 && all("stale_query");
        if !again {
            self.delivered.insert(file.id.clone());
        }
        if all("stale_query") && *visits == 1 {
            self.delivered.remove(&file.id);
        }
        let bank = self.bank.as_mut().unwrap();
        if !bank.take_file(file) {
            // The bank has it: that says nothing about its orders.
            let id = format!("DU-{}", file.id);
            let report = bank.report(&id, file, Some(("RJCT", "DU01")), &[]);
            self.delivered.insert(file.id.clone());
            self.take_in(bench, &report);
            return;
        }
        let (mut rejected, mut paid) = (Vec::new(), Vec::new());
        for (order, fate) in &fates {
            let first = self.seen.insert(order.reference.clone());
            // Each story begins with an empty account.
            self.funded &= !first;
            match fate.as_str() {
                "fail" => rejected.push((order.reference.as_str(), "RJCT", "AC01")),
                "funds_short" if !self.funded => rejected.push((order.reference.as_str(), "RJCT", "AM04")),
                "throttled" if first => rejected.push((order.reference.as_str(), "RJCT", "TM01")),
                "late_success" => self.waiting.push((3, order.clone())),
                "stale_query" | "lost_reply" => {
                    bank.pay(order);
                    self.waiting.push((4, order.clone()));
                }
                _ => paid.push(order.clone()),
            }
        }
        for order in &paid {
            bank.pay(order);
        }
        let bank = bank.clone();
        if !rejected.is_empty() {
            let id = self.id();
            self.take_in(bench, &bank.report(&id, file, None, &rejected));
        } else if !all("lost_reply") {
            let id = self.id();
            self.take_in(bench, &bank.report(&id, file, Some(("ACSP", "")), &[]));
        }
        self.notify(bench, &bank, &paid, fates.first().map_or("", |(_, fate)| fate.as_str()));
    }

    fn notify(&mut self, bench: &mut Bench, bank: &Bank, paid: &[ReadOrder], fate: &str) {
        let of_paid = |line: &&purser_rails::bank_file::bank::Line| {
            paid.iter().any(|order| order.reference == line.reference)
        };
        let lines: Vec<_> = bank.lines.iter().filter(of_paid).cloned().collect();
        if lines.is_empty() {
            return;
        }
        let id = self.id();
        let notice = bank.notice(&id, &lines);
        let times = if fate == "duplicate_callback" { 3 } else { 1 };
        (0..times).for_each(|_| self.take_in(bench, &notice));
        if fate == "duplicate_callback" {
            // The statement names the same entries once more, and so does another notice.
            let id = self.id();
            self.take_in(bench, &bank.statement(&id));
            let id = self.id();
            self.take_in(bench, &bank.notice(&id, &lines));
        }
        if fate == "bounce" {
            self.waiting.extend(paid.iter().map(|order| (2, order.clone())));
        }
    }

    fn later(&mut self, bench: &mut Bench) {
        let mut due = Vec::new();
        self.waiting.retain_mut(|(rounds, order)| {
            *rounds -= 1;
            if *rounds == 0 {
                due.push(order.clone());
            }
            *rounds > 0
        });
        for order in due {
            let bank = self.bank.as_mut().unwrap();
            if order.account.ends_with(".bounce") {
                assert!(bank.give_back(&order.reference, "AC04"));
            } else {
                bank.pay(&order);
            }
            let (id, bank) = (self.id(), self.bank.clone().unwrap());
            self.take_in(bench, &bank.statement(&id));
        }
    }
}

impl World for BankFiles {
    fn name(&self) -> &'static str {
        "bank-file"
    }

    fn rail(&mut self) -> &mut dyn Rail {
        &mut self.rail
    }

    fn payee(&mut self, fault: Fault) -> Payee {
        let fate = match fault {
            Fault::Nothing | Fault::SentTwice => "ok",
            Fault::LostRequest => "lost_request",
            Fault::LostReply => "lost_reply",
            Fault::LateSuccess => "late_success",
            Fault::DuplicateCallback => "duplicate_callback",
            Fault::Bounce => "bounce",
            Fault::FundsShort | Fault::FundsFailed => "funds_short",
            Fault::Throttled => "throttled",
            Fault::StaleQuery => "stale_query",
            Fault::DefiniteFailure => "fail",
        };
        Payee {
            kind: "personal_card".to_owned(),
            number: format!("6222.{fate}"),
            holder: "阿卜杜拉·买买提".to_owned(),
            bank: "工商银行".to_owned(),
            cnaps: String::new(),
        }
    }

    fn pass(&mut self, bench: &mut Bench) -> Vec<(String, RailOutcome)> {
        let now = bench.clock.business();
        let bank = self.bank.get_or_insert_with(|| Bank::new(ACCOUNT, now, Zone::shanghai()));
        bank.now = now;
        for file in self.files(bench) {
            if !self.delivered.contains(&file.id) {
                self.deliver(bench, &file);
            }
        }
        self.later(bench);
        let (now, machine) = (bench.clock.business(), bench.clock.machine());
        let jobs = due(bench.reads.as_mut(), now, machine, 100).unwrap();
        let mut said = Vec::new();
        for job in jobs.into_iter().filter(|job| job.kind == OUTCOME && self.told.insert(job.id)) {
            let order = bank_order(bench.reads.as_mut(), &job.subject).unwrap().unwrap();
            said.push((order.reference.clone(), order.outcome()));
        }
        said
    }

    fn fund(&mut self, _bench: &mut Bench) {
        self.funded = true;
    }

    fn books(&mut self, _bench: &mut Bench, reference: &str) -> Books {
        let kept = self.bank.as_ref().and_then(|bank| bank.orders.get(reference));
        kept.map_or(Books::default(), |kept| Books { paid: kept.paid, returned: kept.returned })
    }
}
