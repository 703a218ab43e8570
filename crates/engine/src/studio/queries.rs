//! Where a party's upgrade stands.

use purser_domain::{
    ids::PartyId,
    parties::LegalForm,
    policy::{PolicyView, keys},
    studio::window,
    time::Date,
};
use purser_storage::{Fault, Keys, Lock, Record as _, Session};

use super::StudioRow;
use crate::{
    cases::CaseRow,
    feed::one,
    parties::{self, PartyRow},
    withdrawals::UsageRow,
};

/// Where a party's upgrade stands (X9, X10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudioStanding {
    /// The party.
    pub party: PartyRow,
    /// A studio already.
    pub upgraded: bool,
    /// The next withdrawal needs a studio.
    pub required: bool,
    /// Withdrawals of the current and the civil months before it, paid and in flight, in minor units.
    pub rolling_minor: i64,
    /// The sum from which a studio is needed.
    pub threshold_minor: i64,
    /// Over how many civil months.
    pub window_months: u32,
    /// Most that an upgraded creator withdraws in a civil day, gross.
    pub daily_cap_minor: i64,
    /// Working days for a decision.
    pub decision_days: u32,
    /// The last application and its case.
    pub application: Option<(StudioRow, CaseRow)>,
}

/// Where a party's upgrade stands; `None` when there is no such party.
///
/// # Errors
/// Storage faults.
pub fn standing(
    session: &mut dyn Session,
    party: PartyId,
    view: PolicyView<'_>,
    today: Date,
) -> Result<Option<StudioStanding>, Fault> {
    let Some(row) = parties::party(session, party)? else { return Ok(None) };
    let window_months = view.value(keys::STUDIO_WINDOW_MONTHS);
    let mut periods: Vec<_> = window(today, window_months).into_iter().map(|month| (party, month)).collect();
    periods.sort_unstable();
    let mut rolling: i64 = 0;
    session.load(UsageRow::TABLE, &Keys::<UsageRow>(&periods), Lock::None, &mut |source| {
        rolling = rolling.saturating_add(UsageRow::read(source).amount);
    })?;
    let application = match one::<StudioRow>(session, party)? {
        Some(studio) => one::<CaseRow>(session, studio.case_id)?.map(|case| (studio, case)),
        None => None,
    };
    let threshold_minor = view.value(keys::STUDIO_THRESHOLD);
    let form = row.party().profile.legal_form;
    Ok(Some(StudioStanding {
        upgraded: form == LegalForm::Studio,
        required: form == LegalForm::Individual && rolling >= threshold_minor,
        party: row,
        rolling_minor: rolling,
        threshold_minor,
        window_months,
        daily_cap_minor: view.value(keys::DAILY_CAP_UPGRADED),
        decision_days: view.value(keys::STUDIO_DECISION),
        application,
    }))
}
