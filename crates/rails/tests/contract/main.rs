//! What every rail promises, fault by fault (P10). A rail joins by a `World`: the rail, and the outside it talks to.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod alipay;
mod bank_file;
#[path = "../support/bench.rs"]
mod bench;
mod sandbox;
mod suite;

use std::{fmt::Write as _, fs, path::Path};

use suite::{Fault, World, keeps};

/// Every rail with its outside. Add yours here; the suite and the table in the docs follow.
fn worlds() -> Vec<Box<dyn World>> {
    vec![
        Box::new(sandbox::Sandbox::default()),
        Box::new(alipay::Alipay::new()),
        Box::new(bank_file::BankFiles::new()),
    ]
}

#[test]
fn every_rail_keeps_the_contract_p10() {
    let mut text = String::from(HEAD);
    let mut worlds = worlds();
    let names: Vec<&str> = worlds.iter().map(|world| world.name()).collect();
    writeln!(text, "| fault | what happens | {} |", names.join(" | ")).unwrap();
    writeln!(text, "|---|---|{}", "---|".repeat(names.len())).unwrap();
    for fault in Fault::ALL {
        write!(text, "| {} | {} |", fault.name(), fault.story()).unwrap();
        for world in &mut worlds {
            write!(text, " {} |", keeps(world.as_mut(), fault)).unwrap();
        }
        text.push('\n');
    }
    text.push_str(TAIL);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/internals/rail-contract.md");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&file, &text).unwrap();
    }
    let shown = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        shown == text,
        "{} is not what the rails do (UPDATE_EXPECT=1 rewrites it):\n{text}",
        file.display()
    );
}

const HEAD: &str = "\
# What every rail promises

Every rail passes the same suite (`crates/rails/tests/contract`), which wrote this table. Each cell was played through
the real rail against an outside with books of its own, once as one order and once cut into three slices; it says where
the withdrawal ended, how often money left for an order, and how often it came back.

";

const TAIL: &str = "
What the suite checks besides, for every cell:

- The same reference always carries the same amount and payee; a second one is made for a slice only after the rail
  recorded that the first failed.
- What left by the outside's books is what left by Purser's, to the fen; no order is paid twice.
- Every hold is placed once and then settled once or released once.
- While the outcome is unknown nothing is released.
- When everything is over, sending the identical order once more moves nothing.
";
