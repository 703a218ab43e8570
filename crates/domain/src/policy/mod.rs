//! Policy (spec P4): every fee, limit, window, threshold and switch, dated and with a source.
//!
//! - [`keys`]: the closed registry of keys. Each has a name, a row of the spec, a shape and bounds. Code names a key
//!   by its constant, whose type says what the value is, so a misspelt key or a wrong unit does not compile.
//! - [`PolicyPack`]: the text of a pack, read and checked as a whole.
//! - [`PolicySet`]: the activated versions; [`PolicySet::at`] picks what applies to a fact, purely.
//! - [`PolicySet::explain`], [`diff()`], [`short_notice`]: for the people who change policy.
//!
//! ```
//! use purser_domain::{money::Rate, policy::{PolicyPack, PolicySet, PolicyVersion, keys}, time::{Timestamp, Zone}};
//!
//! let pack = PolicyPack::builtin().expect("the default pack is good");
//! let activated_at: Timestamp = "2026-01-01T00:00:00+08:00".parse().unwrap();
//! let policies = PolicySet::new(Zone::shanghai(), PolicyVersion { number: 1, activated_at, pack });
//! let accepted_at: Timestamp = "2019-09-07T23:59:59+08:00".parse().unwrap();
//! let fee = policies.at(accepted_at, activated_at).get(keys::SERVICE_FEE_INDEPENDENT);
//! assert_eq!((fee.value, fee.version), (Rate::ZERO, 1));
//! ```

mod diff;
mod explain;
pub mod keys;
pub mod kinds;
mod pack;
mod parse;
mod select;
pub mod value;

pub use crate::document::Issue as PolicyIssue;
pub use diff::{Change, ShortNotice, diff, short_notice};
pub use explain::{ExplainedEntry, Explanation, UnknownKey, Verdict};
pub use pack::{Entry, PolicyPack};
pub use select::{Decided, PolicySet, PolicyVersion, PolicyView, VersionError};

/// Text of the pack that comes with this release, `policies/default.toml`.
pub const DEFAULT_PACK: &str = include_str!("../../../../policies/default.toml");
