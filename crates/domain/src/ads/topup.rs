//! How much to top up (A2).

/// What a suggestion looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopUpFacts {
    /// What is owed, minor units.
    pub arrears_minor: i64,
    /// Daily budgets of the campaigns that are switched on, together, minor units.
    pub budgets_minor: i64,
    /// Mean spend of a day, minor units.
    pub daily_minor: i64,
    /// Money came before.
    pub paid_before: bool,
}

/// Policy of top-ups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopUpTerms {
    /// Days that a suggestion covers.
    pub days: u32,
    /// The least of a first top-up, minor units.
    pub first_minimum_minor: i64,
    /// The least of later ones, minor units.
    pub minimum_minor: i64,
    /// The most of one payment order, minor units.
    pub maximum_minor: i64,
}

/// What is proposed to an advertiser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suggestion {
    /// The least that can be paid now, minor units; less than the arrears may be paid.
    pub minimum_minor: i64,
    /// What is suggested, minor units, whole yuan.
    pub suggested_minor: i64,
}

/// Arrears and so many days of budgets, without budgets of mean spend; rounded up to the yuan, and within what one
/// payment order takes.
pub fn suggest(facts: &TopUpFacts, terms: &TopUpTerms) -> Suggestion {
    let minimum_minor = if facts.paid_before { terms.minimum_minor } else { terms.first_minimum_minor };
    let day = if facts.budgets_minor > 0 { facts.budgets_minor } else { facts.daily_minor.max(0) };
    let wanted = i128::from(facts.arrears_minor.max(0)) + i128::from(day) * i128::from(terms.days);
    let yuan = (wanted + 99) / 100 * 100;
    let wanted = i64::try_from(yuan).unwrap_or(i64::MAX);
    let most = terms.maximum_minor.max(minimum_minor);
    Suggestion { minimum_minor, suggested_minor: wanted.clamp(minimum_minor, most) }
}
