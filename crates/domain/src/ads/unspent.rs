//! Whose money a balance is (A12). Cash is used in the order in which it came, so what is left is what came last; money
//! that goes back for clicks takes the place that it had. What is unspent of a top-up follows from that alone.

/// Something that brought money: a payment, or an automatic top-up from the party's own earnings. Minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopUp {
    /// What came: arrears that it paid, and balance.
    pub amount_minor: i64,
    /// Of it, what became balance.
    pub cash_minor: i64,
    /// Of what came, what is neither back where it came from nor on its way there.
    pub rest_minor: i64,
}

impl TopUp {
    /// What may still go back of it at most: what has paid arrears is used up.
    const fn refundable_minor(&self) -> i64 {
        self.cash_minor - (self.amount_minor - self.rest_minor)
    }
}

/// What may go back of each top-up now, minor units: what is unspent of it. The newest come first; `balance_minor` is the
/// cash that is left and not on its way back.
///
/// **Law**: what goes back to payers is never more than what they paid less what of it was spent, and the same holds for
/// every single top-up; together it is never more than the balance.
pub fn unspent(top_ups: &[TopUp], balance_minor: i64) -> Vec<i64> {
    let mut left = balance_minor.max(0);
    let part = |top_up: &TopUp| {
        let own = top_up.rest_minor.clamp(0, left);
        left -= own;
        top_up.refundable_minor().clamp(0, own)
    };
    top_ups.iter().map(part).collect()
}
