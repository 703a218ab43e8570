//! Schema versions. One portable text per version serves both engines: `INT`, `TEXT` and `BYTES` are the column
//! types, and every table ends in `)@;`, where an engine puts what it needs (`STRICT, WITHOUT ROWID`).
//!
//! Written here rather than taken from a library because the text is translated per engine, and because a
//! database from a newer version must be refused with its own message.

use crate::{Fault, FaultKind, Session, Statement, Value};

/// All versions in order. Never edit one that was released: add another.
pub const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_foundation", include_str!("../migrations/0001_foundation.sql")),
    ("0002_access", include_str!("../migrations/0002_access.sql")),
    ("0003_creators", include_str!("../migrations/0003_creators.sql")),
    ("0004_cases", include_str!("../migrations/0004_cases.sql")),
    ("0005_rails", include_str!("../migrations/0005_rails.sql")),
    ("0006_payout_records", include_str!("../migrations/0006_payout_records.sql")),
    ("0007_programme", include_str!("../migrations/0007_programme.sql")),
    ("0008_payments", include_str!("../migrations/0008_payments.sql")),
    ("0009_settlements", include_str!("../migrations/0009_settlements.sql")),
    ("0010_identity", include_str!("../migrations/0010_identity.sql")),
    ("0011_bank_files", include_str!("../migrations/0011_bank_files.sql")),
    ("0012_credit", include_str!("../migrations/0012_credit.sql")),
    ("0013_proceeds", include_str!("../migrations/0013_proceeds.sql")),
    ("0014_credit_applications", include_str!("../migrations/0014_credit_applications.sql")),
    ("0015_tax", include_str!("../migrations/0015_tax.sql")),
    ("0016_risk", include_str!("../migrations/0016_risk.sql")),
    ("0017_passwords", include_str!("../migrations/0017_passwords.sql")),
    ("0018_rails", include_str!("../migrations/0018_rails.sql")),
    ("0019_limits", include_str!("../migrations/0019_limits.sql")),
    ("0020_orders", include_str!("../migrations/0020_orders.sql")),
    ("0021_ads", include_str!("../migrations/0021_ads.sql")),
    ("0022_ad_refunds", include_str!("../migrations/0022_ad_refunds.sql")),
    ("0023_party_notes", include_str!("../migrations/0023_party_notes.sql")),
    ("0024_messages", include_str!("../migrations/0024_messages.sql")),
    ("0025_credit_owed", include_str!("../migrations/0025_credit_owed.sql")),
    ("0026_metadata", include_str!("../migrations/0026_metadata.sql")),
    ("0027_webhooks", include_str!("../migrations/0027_webhooks.sql")),
    ("0028_bank_files_given", include_str!("../migrations/0028_bank_files_given.sql")),
    ("0029_ad_top_ups", include_str!("../migrations/0029_ad_top_ups.sql")),
    ("0030_ad_overview", include_str!("../migrations/0030_ad_overview.sql")),
    ("0031_portal", include_str!("../migrations/0031_portal.sql")),
    ("0032_bank_bookings", include_str!("../migrations/0032_bank_bookings.sql")),
    ("0033_ad_stops", include_str!("../migrations/0033_ad_stops.sql")),
    ("0034_ad_books_before", include_str!("../migrations/0034_ad_books_before.sql")),
    ("0035_reconciliation", include_str!("../migrations/0035_reconciliation.sql")),
    ("0036_access", include_str!("../migrations/0036_access.sql")),
    ("0037_portal_seen", include_str!("../migrations/0037_portal_seen.sql")),
];

static APPLIED: Statement = Statement {
    name: "migrations.applied",
    sql: "SELECT version, name FROM schema_migrations ORDER BY version",
};
static RECORD: Statement = Statement {
    name: "migrations.record",
    sql: "INSERT INTO schema_migrations (version, name) VALUES (?1, ?2)",
};

/// Statements of this module, for the test that prepares all.
pub const STATEMENTS: &[&Statement] = &[&APPLIED, &RECORD];

/// Highest version that this program knows.
pub fn latest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Brings the database to the latest version; returns the versions that were applied now.
///
/// # Errors
/// [`FaultKind::Unusable`] when the database is from a newer version or was migrated by another line of history.
pub fn migrate(session: &mut dyn Session) -> Result<Vec<&'static str>, Fault> {
    session.begin()?;
    let outcome = apply(session).and_then(|applied| session.commit().map(|()| applied));
    if outcome.is_err() {
        session.rollback();
    }
    outcome
}

fn apply(session: &mut dyn Session) -> Result<Vec<&'static str>, Fault> {
    session.run_script("CREATE TABLE IF NOT EXISTS schema_migrations (version INT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (version))@;")?;
    let mut known: Vec<(i64, String)> = Vec::new();
    session.query(&APPLIED, &[], &mut |row| {
        known.push((row.int(0), row.text(1).to_owned()));
        true
    })?;
    let mut applied = Vec::new();
    for (version, name) in &known {
        let ours = usize::try_from(*version - 1).ok().and_then(|index| MIGRATIONS.get(index));
        match ours {
            Some((expected, _)) if expected == name => {}
            Some((expected, _)) => {
                return Err(Fault::new(
                    FaultKind::Unusable,
                    "migrations",
                    format!(
                        "version {version} of this database is `{name}`, this program knows it as `{expected}`"
                    ),
                ));
            }
            None => {
                return Err(Fault::new(
                    FaultKind::Unusable,
                    "migrations",
                    format!(
                        "this database is at schema version {version}, this program knows up to {}: use a newer purser",
                        latest()
                    ),
                ));
            }
        }
    }
    for (index, (name, sql)) in MIGRATIONS.iter().enumerate().skip(known.len()) {
        session.run_script(sql)?;
        let version = i64::try_from(index + 1).unwrap_or(i64::MAX);
        session.execute(&RECORD, &[Value::Int(version), Value::Text(name)])?;
        applied.push(*name);
    }
    Ok(applied)
}
