//! Taking a file in: looked at, then stored, then named by the command that attaches it.

use purser_domain::{
    casework::evidence::{self, FileType},
    policy::{PolicyView, keys},
    time::Timestamp,
};
use purser_storage::Fault;

use super::NewAttachment;
use crate::{
    command::Rejection,
    files::{Files, keep},
};

/// Types of files that policy takes, each with its most bytes.
pub fn accepted_types(view: PolicyView<'_>) -> Vec<(FileType, i64)> {
    let rows = view.value(keys::CASE_FILE_TYPES).rows();
    rows.filter_map(|(names, bytes)| Some((FileType::named(names.first()?)?, bytes))).collect()
}

/// Looks at a file and stores it, for [`super::Act::Attach`]. `machine` is machine time: it says how old a file is
/// that nobody names afterwards.
///
/// # Errors
/// Storage faults. The inner one is an expected no: `attachment_empty`, `attachment_program`, `attachment_type`,
/// `attachment_too_large`.
pub fn receive(
    store: &dyn Files,
    view: PolicyView<'_>,
    content: &[u8],
    name: &str,
    internal: bool,
    machine: Timestamp,
) -> Result<Result<NewAttachment, Rejection>, Fault> {
    match evidence::examine(content, name, &accepted_types(view)) {
        Err(rejection) => Ok(Err(Rejection::new(rejection.code(), rejection.to_string()))),
        Ok(found) => {
            let file = keep(store, content, found.kind.name(), machine)?;
            Ok(Ok(NewAttachment { file, name: found.name, internal }))
        }
    }
}
