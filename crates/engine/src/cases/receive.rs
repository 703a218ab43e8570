//! Taking a file in: looked at, then stored, then named by the command that attaches it.

use purser_domain::{
    casework::{
        self,
        evidence::{self, FileType},
    },
    policy::{PolicyView, keys},
    time::Timestamp,
};
use purser_storage::Fault;

use super::{AttachmentRow, CaseRow, NewAttachment, rejected};
use crate::{
    command::Rejection,
    files::{Files, keep},
};

/// Types of files that policy takes, each with its most bytes.
pub fn accepted_types(view: PolicyView<'_>) -> Vec<(FileType, i64)> {
    let rows = view.value(keys::CASE_FILE_TYPES).rows();
    rows.filter_map(|(names, bytes)| Some((FileType::named(names.first()?)?, bytes))).collect()
}

/// Whether a case takes one more file, asked before bytes are stored for it: nobody fills the disk with files of cases
/// that are closed or full. `held`: what is attached; the same file again needs no room. The command that attaches it
/// decides.
///
/// # Errors
/// `case_closed`, `case_attachments_full`.
pub fn may_attach(
    case: &CaseRow,
    held: &[AttachmentRow],
    hash: &[u8; 32],
    view: PolicyView<'_>,
) -> Result<(), Rejection> {
    if case.state().is_closed() {
        return Err(rejected(casework::Rejection::Closed));
    }
    let full = case.attachments >= i64::from(view.value(keys::CASE_ATTACHMENTS));
    if full && !held.iter().any(|row| row.hash == *hash) {
        return Err(rejected(casework::Rejection::AttachmentsFull));
    }
    Ok(())
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
