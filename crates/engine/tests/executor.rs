//! Several writers on one queue (P22): what was accepted is answered without anybody else's help.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::{sync::mpsc, time::Duration};

use purser_engine::{Command, Ctx, Job, Limits, Meta, Needs, Rejection, Reply, Tx, start};
use support::Books;

/// A command of so many items that does nothing.
struct Heavy(usize);

impl Command for Heavy {
    type Output = ();
    fn name(&self) -> &'static str {
        "test.heavy"
    }
    fn weight(&self) -> usize {
        self.0
    }
    fn needs(&self, _needs: &mut Needs<'_>, _ctx: &Ctx) {}
    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        tx.event("test.heavy", None, "it", purser_engine::facts::Facts::new());
        Ok(())
    }
}

#[test]
fn a_command_that_a_full_group_left_over_waits_for_no_other_p22() {
    Books::each(|books| {
        let writers =
            if books.is_shared() { vec![books.writer(), books.writer()] } else { vec![books.writer()] };
        let (executor, running) = start(writers, Limits { items: 1_000, ..Limits::default() });
        for _ in 0..20 {
            let (sender, answered) = mpsc::channel();
            for _ in 0..3 {
                let sender = sender.clone();
                let done = move |_| sender.send(()).unwrap();
                executor.submit(Job::new(Heavy(600), Meta::system(), |_| Reply::default(), done));
            }
            for _ in 0..3 {
                answered.recv_timeout(Duration::from_secs(60)).unwrap();
            }
        }
        drop(executor);
        running.join();
    });
}
