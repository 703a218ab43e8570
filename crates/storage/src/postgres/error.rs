//! From the driver's errors to [`Fault`]s.

use std::error::Error as _;

use postgres::{Error, error::SqlState};

use crate::{Fault, FaultKind};

/// Turns a driver error into a fault. Only the SQLSTATE and the primary message are kept: DETAIL, HINT and
/// CONTEXT may quote rows. Data exceptions (class 22) quote the offending input even in the primary message,
/// so theirs is left out.
pub(super) fn fault(doing: &str, error: &Error) -> Fault {
    if let Some(db) = error.as_db_error() {
        let code = db.code().code();
        let message = if code.starts_with("22") {
            format!("SQLSTATE {code}, a value the database cannot take")
        } else {
            format!("SQLSTATE {code}, {}", db.message())
        };
        return Fault::new(classify(db.code()), doing, message);
    }
    if error.is_closed() || caused_by_io(error) {
        return Fault::new(FaultKind::Retry, doing, "no connection to the database");
    }
    Fault::new(FaultKind::Other, doing, error)
}

/// Turns an error of connecting into a fault: what no waiting will cure is `Unusable`, the rest is worth another
/// attempt.
pub(super) fn connect_fault(error: &Error) -> Fault {
    if error.as_db_error().is_some() {
        return fault("connect", error);
    }
    let cause = error.source().map_or_else(String::new, |source| format!(": {source}"));
    let kind = if caused_by_io(error) || error.is_closed() { FaultKind::Retry } else { FaultKind::Unusable };
    Fault::new(kind, "connect", format!("{error}{cause}"))
}

fn caused_by_io(error: &Error) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<std::io::Error>() {
            return true;
        }
        cause = inner.source();
    }
    false
}

/// Classes that a caller can act on, by SQLSTATE.
fn classify(state: &SqlState) -> FaultKind {
    match state.code() {
        // Serialisation fault, deadlock, lock timeout, cancelled by an operator, idle too long inside a
        // transaction, shutting down, crashed or starting up, no free connection.
        "40001" | "40P01" | "55P03" | "57014" | "25P03" | "57P01" | "57P02" | "57P03" | "53300" => {
            FaultKind::Retry
        }
        // Disk full, input or output error: as SQLite's adapter has it.
        "53100" | "58030" => FaultKind::Full,
        // Read-only (a standby, or set so), no such database, no right, damaged data or index.
        "25006" | "3D000" | "42501" | "XX001" | "XX002" => FaultKind::Unusable,
        code if code.starts_with("08") => FaultKind::Retry,
        code if code.starts_with("28") => FaultKind::Unusable,
        _ => FaultKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        let kind = |code: &str| classify(&SqlState::from_code(code));
        for code in ["40001", "40P01", "55P03", "08006", "08001", "57P01", "57P02", "57P03"] {
            assert_eq!(kind(code), FaultKind::Retry, "{code}");
        }
        assert_eq!(kind("53100"), FaultKind::Full);
        for code in ["25006", "3D000", "28P01", "28000"] {
            assert_eq!(kind(code), FaultKind::Unusable, "{code}");
        }
        for code in ["23502", "42601", "22003", "25P02"] {
            assert_eq!(kind(code), FaultKind::Other, "{code}");
        }
    }
}
