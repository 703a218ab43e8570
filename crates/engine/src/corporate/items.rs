//! What a corporate payee is to be paid for, written as it is booked.

use purser_domain::{
    corporate::Amounts,
    earnings::{AccountRole, Decision, PayeeKind, PostingKind},
    ids::{PartyId, StatementId, StatementLineId, Uid},
};

use super::{
    ItemRow,
    rows::{LINE, ORDER},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    parties::{PartyRow, unknown_party},
    tx::{Needs, Tx},
};

/// Longest note of a line, in characters.
const NOTE_MAX: usize = 200;

/// Writes the item of an order whose income went to the earnings of a corporate payee; nothing for everybody else's.
/// It needs no declaration: an order is booked once, which its own row guards.
pub(crate) fn booked(tx: &mut Tx, ctx: &Ctx, decision: &Decision) {
    let order = &decision.order;
    let to_earnings = decision.postings.iter().any(|posting| posting.to == AccountRole::PayeeEarnings);
    let (Some(settlement), true) = (order.settlement, to_earnings) else { return };
    if order.kind == PayeeKind::Independent {
        return;
    }
    let collected = decision
        .postings
        .iter()
        .filter(|posting| posting.kind == PostingKind::OwedCollected)
        .fold(0i64, |sum, posting| sum.saturating_add(posting.amount_minor));
    let amounts = Amounts {
        gross_minor: if settlement.compensation_minor > 0 { 0 } else { order.amount_minor },
        service_fee_minor: settlement.service_fee_minor,
        compensation_minor: settlement.compensation_minor,
        adjustment_minor: -collected,
    };
    put(tx, ctx, order.id.0, order.payee, ORDER, amounts, String::new());
}

fn put(tx: &mut Tx, ctx: &Ctx, item: Uid, payee: PartyId, kind: &str, amounts: Amounts, note: String) {
    let Some(net) = amounts.net_minor() else { return };
    tx.put(ItemRow {
        item,
        payee,
        kind: kind.to_owned(),
        gross: amounts.gross_minor,
        service_fee: amounts.service_fee_minor,
        compensation: amounts.compensation_minor,
        adjustment: amounts.adjustment_minor,
        net,
        booked_at: ctx.now,
        month: String::new(),
        statement: StatementId(Uid::NIL),
        note,
    });
}

/// Money in a corporate payee's balance, or taken from it, that no order explains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLine {
    /// Who is paid.
    pub payee: PartyId,
    /// Above zero: to be paid; below: to be deducted. Minor units.
    pub amount_minor: i64,
    /// What it is about, for the payee.
    pub note: String,
}

/// Adds a line in the commit of the command that booked the money: a programme's result, an adjustment. It is listed
/// with its month like an order. Nothing has to be declared before.
pub fn add_line(tx: &mut Tx, ctx: &Ctx, line: NewLine) -> Uid {
    let StatementLineId(id) = tx.new_id();
    let amounts = Amounts { adjustment_minor: line.amount_minor, ..Amounts::default() };
    put(tx, ctx, id, line.payee, LINE, amounts, line.note);
    id
}

/// Staff adds a line: for money that a corporate payee has from before it was one, or a correction.
///
/// Rejections in order: `party_unknown`, `settlement_not_corporate`, `settlement_line_zero`,
/// `settlement_line_note`.
pub struct AddLine {
    /// Who is paid.
    pub payee: PartyId,
    /// Above zero: to be paid; below: to be deducted. Minor units.
    pub amount_minor: i64,
    /// What it is about, for the payee.
    pub note: String,
}

impl Command for AddLine {
    type Output = ItemRow;

    fn name(&self) -> &'static str {
        "settlement.add_line"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<PartyRow>(self.payee);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<ItemRow, Rejection> {
        let party = tx.get::<PartyRow>(&self.payee).cloned().ok_or_else(|| unknown_party(self.payee))?;
        if !super::is_corporate(&party) {
            let no = purser_domain::corporate::Rejection::NotCorporate;
            return Err(Rejection::new(no.code(), no.to_string()));
        }
        if self.amount_minor == 0 {
            let text = "a line adds something or takes something";
            return Err(Rejection::new("settlement_line_zero", text).at("/amount_minor"));
        }
        let length = self.note.trim().chars().count();
        if length == 0 || length > NOTE_MAX || self.note.chars().any(char::is_control) {
            let text = "say what it is about, in 1 to 200 printable characters";
            return Err(Rejection::new("settlement_line_note", text).at("/note"));
        }
        let line = NewLine { payee: self.payee, amount_minor: self.amount_minor, note: self.note.clone() };
        let id = add_line(tx, ctx, line);
        tx.get::<ItemRow>(&id).cloned().ok_or_else(|| Rejection::new("amount_out_of_range", "no such amount"))
    }

    fn audit(&self, output: &ItemRow) -> (String, Facts) {
        (self.payee.to_string(), Facts::new().text("line", output.id()).int("amount_minor", output.net))
    }
}
