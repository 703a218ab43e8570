//! Which rail carries a payout (P10): by kind of account and amount as policy lists them, and by the rails' health.

/// A rail that policy names for the kind of payout account, in the order of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Some server can reach it, and it may carry this kind here.
    pub connected: bool,
    /// Its kill switch is on.
    pub stopped: bool,
    /// It answers.
    pub healthy: bool,
    /// Largest amount that is routed to it, in minor units.
    pub most_minor: i64,
}

/// The position of the rail that carries `amount_minor`: the first that is healthy, else the first that is merely
/// broken, else the first that is switched off; those wait until it is back. `None`: nobody carries it.
pub fn route(candidates: &[Candidate], amount_minor: i64) -> Option<usize> {
    let fits = |candidate: &Candidate| candidate.connected && amount_minor <= candidate.most_minor;
    let rank = |candidate: &Candidate| (candidate.stopped, !candidate.healthy);
    let fitting = candidates.iter().enumerate().filter(|(_, candidate)| fits(candidate));
    fitting.min_by_key(|(position, candidate)| (rank(candidate), *position)).map(|(position, _)| position)
}
