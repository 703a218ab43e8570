//! Rules and time for commands that only ask: from the books when they are named, else the built-in ones.

use anyhow::Result;
use purser_domain::time::{Date, Timestamp, Zone};
use purser_engine::{clock::Clock, rows::Meta, rules::Rules, rules::RulesSource};
use purser_storage::{Keys, Lock, Record as _, Session};

use super::Stop;
use crate::store::StoreArgs;

/// What a question is answered from.
pub(super) struct Known {
    pub(super) rules: Rules,
    pub(super) clock: Clock,
    /// Whether the clock of these books may be moved.
    pub(super) sandbox: bool,
    pub(super) zone: Zone,
}

/// Reads rules and clock of the books, or takes the built-in ones.
pub(super) fn known(store: &StoreArgs) -> Result<Known> {
    let source = RulesSource::builtin();
    let clock = Clock::system();
    let zone = source.zone.clone();
    if store.data.is_none() && store.database.is_none() {
        return Ok(Known { rules: source.first_rules()?, clock, sandbox: false, zone });
    }
    let mut session = store.place()?.open_reader()?;
    let rules = source.load(session.as_mut())?;
    if let Some(offset) = meta(session.as_mut(), "clock_offset")?.and_then(|text| text.parse().ok()) {
        clock.set_offset(offset);
    }
    let sandbox = meta(session.as_mut(), "mode")?.as_deref() == Some("sandbox");
    Ok(Known { rules, clock, sandbox, zone })
}

fn meta(session: &mut dyn Session, name: &str) -> Result<Option<String>> {
    let mut value = None;
    session.load(Meta::TABLE, &Keys::<Meta>(&[name.to_owned()]), Lock::None, &mut |row| {
        value = Some(Meta::read(row).value);
    })?;
    Ok(value)
}

/// Reads a civil date or an instant; a date stands for its first instant in the business zone.
pub(super) fn instant(text: &str, zone: &Zone) -> Result<Timestamp> {
    if let Ok(date) = text.parse::<Date>()
        && text.len() == 10
    {
        return Ok(zone.start_of(date));
    }
    text.parse().map_err(|_| {
        let hint = "write a date like 2026-03-01 or an instant like 2026-03-01T09:30:00+08:00";
        Stop::Usage(format!("`{text}` is neither a date nor an instant: {hint}")).into()
    })
}

/// Reads a civil date.
pub(super) fn date(text: &str) -> Result<Date> {
    text.parse::<Date>()
        .ok()
        .filter(|_| text.len() == 10)
        .ok_or_else(|| Stop::Usage(format!("`{text}` is not a date: write it as 2026-03-01")).into())
}
