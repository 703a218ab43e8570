//! A closed file gets its bytes, once, and goes to the bank.

use purser_domain::{casework::Kind, ids::BankFileId};

use super::{
    BankFileRow, DROP,
    collect::unknown_file,
    give_out::{is_whole, outdated, want_whole},
};
use crate::{
    cases::{self, NewCase},
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::{Lease, derived_id, ready},
    tx::{Needs, Tx},
};

/// Fixes the bytes of a file: from here on they are what is downloaded, written and sent.
///
/// Rejections in order: `lease_lost`, `bank_file_unknown`.
pub struct FixBankFile {
    /// The job.
    pub lease: Lease,
    /// Which file.
    pub id: BankFileId,
    /// Name of the file.
    pub name: String,
    /// Orders in it: those that still wait.
    pub orders: i64,
    /// Their sum, minor units.
    pub amount_minor: i64,
    /// Hash of the bytes.
    pub hash: [u8; 32],
    /// How many.
    pub size: i64,
    /// The bytes, sealed.
    pub content: String,
    /// A folder takes it from here.
    pub to_folder: bool,
}

impl Command for FixBankFile {
    type Output = ();

    fn name(&self) -> &'static str {
        "bank_file.fix"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.lease.need(needs);
        needs.row::<BankFileRow>(self.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        self.lease.finish(tx)?;
        let mut file = tx.get::<BankFileRow>(&self.id).cloned().ok_or_else(unknown_file)?;
        if file.state != "closing" {
            return Ok(());
        }
        let id = self.id.to_string();
        // What the account paid meanwhile must not go again; without the rest there is nothing to send.
        let state = if self.orders == 0 { "void" } else { "ready" };
        state.clone_into(&mut file.state);
        file.orders = self.orders;
        file.amount = self.amount_minor;
        file.fixed_at = Some(ctx.now);
        file.name.clone_from(&self.name);
        file.hash = self.hash;
        file.size = self.size;
        file.content.clone_from(&self.content);
        file.version += 1;
        tx.event("bank_file.ready", None, &id, file.facts().text("name", &file.name));
        tx.put(file);
        if self.to_folder && self.orders > 0 {
            tx.job(ready(derived_id(DROP, &id), DROP, &id, ctx.now, Facts::new()));
        }
        Ok(())
    }

    fn audit(&self, _output: &()) -> (String, Facts) {
        (self.id.to_string(), Facts::new().text("name", &self.name).int("size", self.size))
    }
}

/// No file has this version.
const NEVER: i64 = -1;

/// In the payload of a job that writes a file: it is being written.
pub(super) const DROPPING: &str = "dropping";

/// Notes that a file is about to be written into the folder, and answers with the file's version then; or that nothing
/// was written after all.
///
/// Rejections in order: `lease_lost`, `bank_file_unknown`, `bank_file_not_ready`, `bank_file_outdated`.
pub(super) struct NoteDrop {
    pub(super) lease: Lease,
    pub(super) id: BankFileId,
    pub(super) step: DropStep,
}

/// What is noted of a drop.
#[derive(Clone, Copy)]
pub(super) enum DropStep {
    /// It begins: from here on somebody may have the file.
    Begins,
    /// Nothing is there. Nobody has had the file either, if nobody did before and its version is still this one.
    Undone {
        /// Of the file when it began.
        version: i64,
    },
}

impl Command for NoteDrop {
    type Output = i64;

    fn name(&self) -> &'static str {
        "bank_file.drop"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.lease.need(needs);
        needs.row::<BankFileRow>(self.id);
        want_whole(needs, self.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<i64, Rejection> {
        let file = tx.get::<BankFileRow>(&self.id).cloned().ok_or_else(unknown_file)?;
        let version = file.version + 1;
        match self.step {
            // Somebody took it apart since it was looked at: its orders are in another file by now.
            DropStep::Begins if file.state != "ready" => Err(not_ready()),
            // Looked at again, and dissolved or held back.
            DropStep::Begins if !is_whole(tx, &file) => Err(outdated(&file)),
            DropStep::Begins if file.given_at.is_none() => {
                self.lease.note(tx, Facts::new().flag(DROPPING, true))?;
                tx.put(BankFileRow { given_at: Some(ctx.now), version, ..file });
                Ok(version)
            }
            DropStep::Begins => {
                self.lease.note(tx, Facts::new().flag(DROPPING, true))?;
                // Somebody had it before: no version of it says otherwise.
                Ok(NEVER)
            }
            DropStep::Undone { version: begun } => {
                self.lease.note(tx, Facts::new())?;
                if file.version == begun {
                    tx.put(BankFileRow { given_at: None, version, ..file });
                }
                Ok(version)
            }
        }
    }

    fn audited(&self) -> bool {
        false
    }
}

/// Nobody here knows whether the bank's client took a file: staff find out. The file stays ready, to be brought to the
/// bank or noted as sent by hand.
///
/// Rejections in order: `lease_lost`, `bank_file_unknown`.
pub(super) struct AskWhetherTaken {
    pub(super) lease: Lease,
    pub(super) id: BankFileId,
}

impl Command for AskWhetherTaken {
    type Output = ();

    fn name(&self) -> &'static str {
        "bank_file.drop_unclear"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.lease.need(needs);
        needs.row::<BankFileRow>(self.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        self.lease.finish(tx)?;
        let file = tx.get::<BankFileRow>(&self.id).ok_or_else(unknown_file)?;
        if file.state != "ready" {
            return Ok(());
        }
        let id = self.id.to_string();
        let facts = file.facts().text("name", &file.name);
        tx.event("bank_file.drop_unclear", None, &id, facts);
        let summary = "银行文件可能已被银行客户端取走：请向银行确认，已取走则标记为已发送，未取走再递交 / the bank's client may \
                       have taken a bank file: ask the bank; note it as sent if it was taken, bring it if it was not";
        let (kind, summary) = (Kind::ReconciliationBreak, summary.to_owned());
        cases::open(tx, ctx, NewCase { kind, party: None, subject: id, summary, due_at: None });
        Ok(())
    }

    fn audit(&self, _output: &()) -> (String, Facts) {
        (self.id.to_string(), Facts::new())
    }
}

/// Notes that a file went to the bank. Noting it again changes nothing.
///
/// Rejections in order: `lease_lost`, `bank_file_unknown`, `bank_file_not_ready`, `bank_file_not_given_out`.
pub struct MarkBankFileSent {
    /// Which.
    pub id: BankFileId,
    /// The job that wrote it into the folder; `None` for a member of staff.
    pub lease: Option<Lease>,
}

impl Command for MarkBankFileSent {
    type Output = BankFileRow;

    fn name(&self) -> &'static str {
        "bank_file.sent"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        if let Some(lease) = self.lease {
            lease.need(needs);
        }
        needs.row::<BankFileRow>(self.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<BankFileRow, Rejection> {
        if let Some(lease) = self.lease {
            lease.finish(tx)?;
        }
        let file = tx.get::<BankFileRow>(&self.id).cloned().ok_or_else(unknown_file)?;
        match file.state.as_str() {
            "sent" => Ok(file),
            // The bank cannot have what nobody has had; and noted as sent it could go out past every look.
            "ready" if self.lease.is_none() && file.given_at.is_none() => {
                let text = "nobody has had the file yet: download it, bring it to the bank, and note it then";
                Err(Rejection::new("bank_file_not_given_out", text))
            }
            "ready" => Ok(sent(tx, ctx, file, if self.lease.is_some() { "folder" } else { "staff" })),
            _ => Err(not_ready()),
        }
    }

    fn audit(&self, output: &BankFileRow) -> (String, Facts) {
        (output.id.to_string(), output.facts().text("sent_by", &output.sent_by))
    }
}

/// There are no bytes of it, or none any more.
pub fn not_ready() -> Rejection {
    let text = "the file has no bytes yet: close it, and wait until it is ready";
    Rejection::new("bank_file_not_ready", text)
}

pub(super) fn sent(tx: &mut Tx, ctx: &Ctx, mut file: BankFileRow, by: &str) -> BankFileRow {
    "sent".clone_into(&mut file.state);
    by.clone_into(&mut file.sent_by);
    file.sent_at = Some(ctx.now);
    file.given_at = file.given_at.or(Some(ctx.now));
    file.version += 1;
    tx.put(file.clone());
    tx.event("bank_file.sent", None, &file.id.to_string(), file.facts().text("sent_by", by));
    file
}
