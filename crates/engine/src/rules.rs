//! What decisions read but do not change: policy, calendar, currency, zone; and the commands that change it.

mod calendar;
mod clock;
mod epoch;
mod policy;
mod services;
mod trial;

pub use calendar::{ImportCalendarYear, Imported};
pub use clock::{AdvanceClock, EnterSandbox, Moved, SetClock, found_sandbox};
pub(crate) use clock::{MODE, is_sandbox};
pub use policy::{PolicyActivation, keep_first_pack, policy_text};
pub use services::{ConnectServices, Services};
pub use trial::{TRIAL_MAX, TRIAL_NAMED, Trial, Tried, try_pack};

use purser_domain::{
    calendar::{Calendar, CalendarYear},
    money::Currency,
    policy::{DEFAULT_PACK, PolicyPack, PolicySet, PolicyVersion},
    time::{Timestamp, Zone},
};
use purser_storage::{Fault, FaultKind, Record as _, Session, Statement};

use crate::rows::{CalendarYear as CalendarYearRow, PolicyVersionRow};

static VERSIONS: Statement = Statement {
    name: "rules.policy_versions",
    sql: "SELECT number, name, digest, text, activated_at, activated_by FROM policy_versions ORDER BY number",
};
static YEARS: Statement = Statement {
    name: "rules.calendar_years",
    sql: "SELECT year, text, imported_at, imported_by FROM calendar_years ORDER BY year",
};

/// Statements of this module.
pub(crate) fn statements() -> Vec<&'static Statement> {
    [&[&VERSIONS, &YEARS], clock::STATEMENTS, policy::STATEMENTS, trial::STATEMENTS].concat()
}

/// Every version of the policy, oldest first, with its text.
///
/// # Errors
/// Storage faults.
pub fn policy_versions(session: &mut dyn Session) -> Result<Vec<PolicyVersionRow>, Fault> {
    let mut rows = Vec::new();
    session.query(&VERSIONS, &[], &mut |row| {
        rows.push(PolicyVersionRow::read(row));
        true
    })?;
    Ok(rows)
}

/// Rules in force, shared by all commands of a group.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Currency of the deployment.
    pub currency: Currency,
    /// Activated policy packs (P4).
    pub policy: PolicySet,
    /// Working days (P5).
    pub calendar: Calendar,
    /// These books are a sandbox, for good (P21).
    pub sandbox: bool,
    /// Which services of the platform's some server reaches.
    pub services: Services,
    /// Counts changes of the rules: as of which one these were read; 0 before anybody looked.
    pub epoch: i64,
}

impl Rules {
    /// Whether messages reach phones (P8, P15): a service is connected, or the phones are the sandbox's own.
    pub const fn sends_messages(&self) -> bool {
        self.sandbox || self.services.sender
    }

    /// Whether somebody verifies identities (P7): a service is connected, or the sandbox does.
    pub const fn verifies_identities(&self) -> bool {
        self.sandbox || self.services.verifier
    }
}

/// Where a writer reads the rules from when they changed.
#[derive(Debug, Clone)]
pub struct RulesSource {
    /// Currency of the deployment.
    pub currency: Currency,
    /// Business zone.
    pub zone: Zone,
    /// The pack of a database in which none was activated yet: name of its file and its text.
    pub first_pack: (String, String),
}

impl RulesSource {
    /// The built-in pack, yuan, Asia/Shanghai.
    pub fn builtin() -> Self {
        Self {
            currency: Currency::CNY,
            zone: Zone::shanghai(),
            first_pack: ("policies/default.toml".to_owned(), DEFAULT_PACK.to_owned()),
        }
    }

    /// Rules as the database has them now. The first pack counts as activated from the beginning of time.
    ///
    /// # Errors
    /// Storage faults; [`FaultKind::Unusable`] when a stored pack or year cannot be read by this program.
    pub fn load(&self, session: &mut dyn Session) -> Result<Rules, Fault> {
        let rows = policy_versions(session)?;
        let first = PolicyPack::parse(&self.first_pack.0, &self.first_pack.1).map_err(|e| unreadable(&e))?;
        let mut versions = Vec::new();
        for row in rows {
            let pack = PolicyPack::restore(&row.name, &row.text, &first).map_err(|e| unreadable(&e))?;
            let number = u32::try_from(row.number).unwrap_or(u32::MAX);
            versions.push(PolicyVersion { number, activated_at: row.activated_at, pack });
        }
        // Books that never kept their first pack still know it: it is what later versions follow.
        if versions.first().is_none_or(|version| version.number > 1) {
            versions.insert(0, PolicyVersion { number: 1, activated_at: Timestamp(0), pack: first });
        }
        let mut versions = versions.into_iter();
        let Some(start) = versions.next() else { return Err(unreadable::<String>(&[])) };
        let mut policy = PolicySet::new(self.zone.clone(), start);
        for version in versions {
            policy = policy.activate(version).map_err(|e| Fault::new(FaultKind::Unusable, "policy", e))?;
        }
        Ok(Rules {
            currency: self.currency,
            policy,
            calendar: Self::calendar(session)?,
            sandbox: clock::is_sandbox_book(session)?,
            services: Services::read(session)?,
            epoch: 0,
        })
    }

    /// Rules of books in which nothing was changed yet, without a database.
    ///
    /// # Errors
    /// [`FaultKind::Unusable`] when the first pack cannot be read.
    pub fn first_rules(&self) -> Result<Rules, Fault> {
        let pack = PolicyPack::parse(&self.first_pack.0, &self.first_pack.1).map_err(|e| unreadable(&e))?;
        let first = PolicyVersion { number: 1, activated_at: Timestamp(0), pack };
        let policy = PolicySet::new(self.zone.clone(), first);
        Ok(Rules {
            currency: self.currency,
            policy,
            calendar: Calendar::builtin(),
            sandbox: false,
            services: Services::default(),
            epoch: 0,
        })
    }

    fn calendar(session: &mut dyn Session) -> Result<Calendar, Fault> {
        let mut texts = Vec::new();
        session.query(&YEARS, &[], &mut |row| {
            let row = CalendarYearRow::read(row);
            texts.push((row.year, row.text));
            true
        })?;
        let mut calendar = Calendar::builtin();
        for (year, text) in texts {
            let year = CalendarYear::parse(&format!("calendar {year}"), &text).map_err(|e| unreadable(&e))?;
            calendar = calendar.with(year);
        }
        Ok(calendar)
    }
}

fn unreadable<T: ToString>(issues: &[T]) -> Fault {
    let text: Vec<String> = issues.iter().map(ToString::to_string).collect();
    Fault::new(FaultKind::Unusable, "rules", text.join("; "))
}
