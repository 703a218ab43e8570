//! The bytes of a file are given out, or the file is dissolved before anybody has them (P4, P6, P9, P10).

use purser_domain::{
    bank_files::OrderState,
    ids::BankFileId,
    withdrawals::{FailureClass, GateCode},
};
use purser_storage::Value;

use super::{
    BankFileRow, BankOrderRow, OUTCOME,
    collect::unknown_file,
    fix::not_ready,
    hold_back::{Carried, RAIL, stopped},
    queries::ORDERS,
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::ready,
    tx::{Needs, Tx},
    withdrawals::{Look, RailRow, look, want_look},
};

/// Most withdrawals that a refusal names.
const NAMED: usize = 10;

/// Declares what [`wrong_orders`] and [`dissolve`] read.
pub(super) fn want_orders(needs: &mut Needs<'_>, orders: &[Carried]) {
    for order in orders {
        needs.row::<BankOrderRow>(order.reference.clone());
        want_look(needs, &order.located, order.destination);
    }
}

fn waiting(tx: &Tx, file: &BankFileRow, order: &Carried) -> Option<BankOrderRow> {
    let waits = |row: &BankOrderRow| row.file == file.id && row.state() == OrderState::Waiting;
    tx.get::<BankOrderRow>(&order.reference).cloned().filter(waits)
}

/// Declares what [`is_whole`] reads.
pub(super) fn want_whole(needs: &mut Needs<'_>, file: BankFileId) {
    needs.list::<BankOrderRow>(&ORDERS, &[Value::Bytes(&file.0.0)]);
}

/// Whether every order in a file's bytes still waits in it. What was paid, refused or settled by inquiry since, or is in
/// another file by now, would be paid once more.
pub(super) fn is_whole(tx: &Tx, file: &BankFileRow) -> bool {
    let waits = |row: &&BankOrderRow| row.file == file.id && row.state() == OrderState::Waiting;
    i64::try_from(tx.rows::<BankOrderRow>().filter(waits).count()).is_ok_and(|count| count == file.orders)
}

/// Whether people found out about an order of a file that it never arrived: then its bytes go nowhere any more.
fn has_lost(tx: &Tx, file: &BankFileRow) -> bool {
    let lost = |row: &BankOrderRow| row.file == file.id && row.failure == FailureClass::NotArrived.name();
    tx.rows::<BankOrderRow>().any(lost)
}

/// An order in a file's bytes was settled otherwise.
pub(super) fn outdated(file: &BankFileRow) -> Rejection {
    let way = if file.given_at.is_none() {
        "dissolve the file, and its other orders go into the next one"
    } else {
        "it must not go to the bank any more; if the bank has it, note it as sent, else settle its other orders by inquiry"
    };
    let text = format!("an order in this file was paid, refused or settled since the file was made: {way}");
    Rejection::new(OUTDATED, text)
}

/// Code of a file whose bytes say too much.
pub(super) const OUTDATED: &str = "bank_file_outdated";

/// Orders that wait in a file whose payees may not be paid now, each with why.
pub(super) fn wrong_orders(
    tx: &Tx,
    ctx: &Ctx,
    file: &BankFileRow,
    orders: &[Carried],
) -> Vec<(BankOrderRow, (GateCode, Look))> {
    let wrong = orders.iter().filter_map(|carried| {
        let order = waiting(tx, file, carried)?;
        let no = look(tx, ctx, &carried.located, carried.destination).err()?;
        Some((order, no))
    });
    wrong.collect()
}

/// Takes a file apart whose bytes nobody has: its orders go into the next one by themselves, under its own message id.
pub(super) fn dissolve(
    tx: &mut Tx,
    ctx: &Ctx,
    mut file: BankFileRow,
    orders: &[Carried],
    why: &str,
) -> BankFileRow {
    for carried in orders {
        let Some(mut order) = waiting(tx, &file, carried) else { continue };
        order.enter(OrderState::Deferred, None, ctx.now);
        let job = tx.new_id();
        tx.job(ready(job, OUTCOME, &order.reference, ctx.now, Facts::new()));
        tx.put(order);
    }
    tx.event("bank_file.dissolved", None, &file.id.to_string(), file.facts().text("code", why));
    "void".clone_into(&mut file.state);
    (file.orders, file.amount) = (0, 0);
    // It names payees, and nobody needs it any more.
    file.content.clear();
    file.version += 1;
    tx.put(file.clone());
    file
}

/// Gives a file out to whoever brings it to the bank. From the first time on its bytes are fixed for good. What is with
/// the bank already may be looked at at any time.
///
/// Rejections in order: `bank_file_unknown`, `bank_file_outdated`, `bank_file_not_ready`, the code of what stops every file (`payouts_stopped`,
/// `rail_stopped`, `rail_unhealthy`), `bank_file_held_back` (a payee in it may not be paid now).
pub struct GiveOutBankFile {
    /// Which.
    pub id: BankFileId,
    /// The payouts of its orders.
    pub orders: Vec<Carried>,
}

impl Command for GiveOutBankFile {
    type Output = BankFileRow;

    fn name(&self) -> &'static str {
        "bank_file.give_out"
    }

    fn weight(&self) -> usize {
        self.orders.len().max(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<BankFileRow>(self.id);
        needs.row::<RailRow>(RAIL.to_owned());
        want_orders(needs, &self.orders);
        want_whole(needs, self.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<BankFileRow, Rejection> {
        let file = tx.get::<BankFileRow>(&self.id).cloned().ok_or_else(unknown_file)?;
        match file.state.as_str() {
            "sent" if has_lost(tx, &file) => return Err(outdated(&file)),
            "sent" => return Ok(file),
            "ready" if !is_whole(tx, &file) => return Err(outdated(&file)),
            "ready" => {}
            _ => return Err(not_ready()),
        }
        if let Some(code) = stopped(tx, ctx) {
            return Err(Rejection::new(code.code(), code.en()));
        }
        let wrong = wrong_orders(tx, ctx, &file, &self.orders);
        if !wrong.is_empty() {
            return Err(held_back(&file, &wrong));
        }
        // Also when somebody had it before: whoever wrote it into a folder and failed must see that it was had since.
        let given_at = file.given_at.or(Some(ctx.now));
        let file = BankFileRow { given_at, version: file.version + 1, ..file };
        tx.put(file.clone());
        Ok(file)
    }

    fn audit(&self, output: &BankFileRow) -> (String, Facts) {
        (output.id.to_string(), output.facts())
    }
}

fn held_back(file: &BankFileRow, wrong: &[(BankOrderRow, (GateCode, Look))]) -> Rejection {
    let named =
        wrong.iter().take(NAMED).map(|(order, (code, _))| format!("{} ({})", order.reference, code.code()));
    let named: Vec<String> = named.collect();
    let more = match wrong.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let way = if file.given_at.is_none() {
        "dissolve the file, and its other orders go into the next one; or lift what holds these back"
    } else {
        "its bytes were given out before: note the file as sent if the bank has it, else lift what holds these back"
    };
    let text = format!("payees in this file may not be paid now: {}{more}; {way}", named.join(", "));
    let facts = Facts::new()
        .text("withdrawals", named.join(", "))
        .int("count", i64::try_from(wrong.len()).unwrap_or(i64::MAX))
        .flag("given_out", file.given_at.is_some());
    Rejection::new("bank_file_held_back", text).with(facts)
}

/// Takes a file apart that is ready and that nobody has had: what may be paid goes into the next file by itself.
///
/// Rejections in order: `bank_file_unknown`, `bank_file_not_ready`, `bank_file_given_out` (somebody may have its bytes: a
/// second file with the same orders could pay them twice). One that is dissolved stays so.
pub struct DissolveBankFile {
    /// Which.
    pub id: BankFileId,
    /// The payouts of its orders.
    pub orders: Vec<Carried>,
}

impl Command for DissolveBankFile {
    type Output = BankFileRow;

    fn name(&self) -> &'static str {
        "bank_file.dissolve"
    }

    fn weight(&self) -> usize {
        self.orders.len().max(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<BankFileRow>(self.id);
        want_orders(needs, &self.orders);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<BankFileRow, Rejection> {
        let file = tx.get::<BankFileRow>(&self.id).cloned().ok_or_else(unknown_file)?;
        match (file.state.as_str(), file.given_at) {
            ("void", _) => Ok(file),
            ("ready", None) => Ok(dissolve(tx, ctx, file, &self.orders, "staff")),
            ("ready" | "sent", _) => {
                let text = "somebody may have the bytes of this file: another one with its orders could pay them twice";
                Err(Rejection::new("bank_file_given_out", text))
            }
            _ => Err(not_ready()),
        }
    }

    fn audit(&self, output: &BankFileRow) -> (String, Facts) {
        (output.id.to_string(), output.facts())
    }
}
