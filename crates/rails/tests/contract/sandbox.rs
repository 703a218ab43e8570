//! The sandbox rail and its world in the engine.

use std::collections::BTreeSet;

use purser_domain::{
    ids::JobId,
    withdrawals::{FailureClass, RailOutcome},
};
use purser_engine::{
    facts::Fact,
    jobs::due,
    ports::{Payee, Rail},
    sandbox::{CALLBACK, ReturnPayout, sandbox_payout},
};
use purser_rails::SandboxRail;

use crate::{
    bench::Bench,
    suite::{Books, Fault, World},
};

#[derive(Default)]
pub(crate) struct Sandbox {
    rail: SandboxRail,
    heard: BTreeSet<JobId>,
}

impl World for Sandbox {
    fn name(&self) -> &'static str {
        "sandbox"
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
            Fault::FundsShort => "funds_short",
            Fault::FundsFailed => "funds_failed",
            Fault::Throttled => "throttled",
            Fault::StaleQuery => "stale_query",
            Fault::DefiniteFailure => "fail",
        };
        Payee { kind: "sandbox".to_owned(), number: format!("c1.{fate}"), ..Payee::default() }
    }

    fn pass(&mut self, bench: &mut Bench) -> Vec<(String, RailOutcome)> {
        let (now, machine) = (bench.clock.business(), bench.clock.machine());
        let jobs = due(bench.reads.as_mut(), now, machine, 100).unwrap();
        let mut said = Vec::new();
        for job in jobs.into_iter().filter(|job| job.kind == CALLBACK && self.heard.insert(job.id)) {
            let reference = job.payload.get_text("reference").unwrap();
            let outcome = if job.payload.get("return") == Some(Fact::Flag(true)) {
                bench.hands().call(ReturnPayout(reference.clone())).unwrap();
                RailOutcome::Bounced { class: FailureClass::PayeeFixable, code: "RETURNED".to_owned() }
            } else {
                RailOutcome::Paid { rail_fee_minor: 0 }
            };
            said.push((reference, outcome));
        }
        said
    }

    fn fund(&mut self, _bench: &mut Bench) {}

    fn books(&mut self, bench: &mut Bench, reference: &str) -> Books {
        let row = sandbox_payout(bench.reads.as_mut(), reference).unwrap();
        row.map_or(Books::default(), |row| Books {
            paid: u32::try_from(row.paid).unwrap(),
            returned: u32::try_from(row.returned).unwrap(),
        })
    }
}
