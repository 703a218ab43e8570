//! Money that came to and left the platform's float on a day, by hour: read off the float's own ledger lines.

use purser_domain::{
    ledger::AccountRef,
    money::Currency,
    policy::keys,
    time::{Date, Zone},
};
use purser_engine::{Fault, Session, history};
use serde::Serialize;
use utoipa::ToSchema;

/// Most lines of a rail that one answer adds up.
const LINES: usize = 2_000;

/// An hour of a civil day.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
pub(crate) struct FlowHour {
    /// 0 to 23, in the business zone.
    hour: u8,
    /// Came to the float, minor units.
    in_minor: i64,
    /// Left it, minor units.
    out_minor: i64,
}

/// Money that came and left on a civil day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Flow {
    /// Came to the float of all rails, minor units.
    in_minor: i64,
    /// Left it, minor units.
    out_minor: i64,
    /// Every hour of the day.
    hours: Vec<FlowHour>,
    /// All lines of the day were added up; when not, the newest 2,000 of each rail were.
    complete: bool,
}

/// The flow of a day.
pub(super) fn flow(
    session: &mut dyn Session,
    zone: &Zone,
    currency: Currency,
    day: Date,
) -> Result<Flow, Fault> {
    let mut hours: Vec<FlowHour> = (0..24).map(|hour| FlowHour { hour, ..FlowHour::default() }).collect();
    let mut complete = true;
    for rail in keys::RAILS {
        let account = AccountRef::float(rail, currency).id();
        let of_day = history::day(session, zone, account, day)?;
        let (mut from, mut read) = (None, 0);
        loop {
            let page = history::day_page(session, zone, account, &of_day, from, history::MAX_PAGE)?;
            read += page.lines.len();
            for line in &page.lines {
                let hour = usize::try_from(zone.datetime(line.transfer.at).hour()).unwrap_or_default();
                let Some(slot) = hours.get_mut(hour) else { continue };
                slot.in_minor = slot.in_minor.saturating_add(line.change_minor.max(0));
                slot.out_minor = slot.out_minor.saturating_sub(line.change_minor.min(0));
            }
            from = page.next;
            if from.is_none() {
                break;
            }
            if read >= LINES {
                complete = false;
                break;
            }
        }
    }
    let sum = |of: fn(&FlowHour) -> i64| hours.iter().fold(0_i64, |sum, hour| sum.saturating_add(of(hour)));
    Ok(Flow { in_minor: sum(|hour| hour.in_minor), out_minor: sum(|hour| hour.out_minor), hours, complete })
}
