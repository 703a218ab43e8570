//! Commands on API keys. Secrets are made at the edge; commands see hashes only, and audit entries see neither.

use purser_domain::{ids::ApiKeyId, time::Timestamp};

use super::{ApiKeyRow, Scopes};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    tx::{Needs, Tx},
};

/// What a key is made of.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Id.
    pub id: ApiKeyId,
    /// For people.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// Hash of the secret.
    pub hash: [u8; 32],
    /// When it ends; machine time.
    pub expires_at: Option<Timestamp>,
    /// Who makes it.
    pub by: String,
}

/// Makes a key.
pub struct CreateApiKey(pub NewKey);

impl Command for CreateApiKey {
    type Output = ApiKeyRow;

    fn name(&self) -> &'static str {
        "access.create_key"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<ApiKeyRow>(self.0.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<ApiKeyRow, Rejection> {
        let new = &self.0;
        if new.expires_at.is_some_and(|at| at <= ctx.machine) {
            return Err(
                Rejection::new("expiry_in_past", "the key would expire before it begins").at("/expires_at")
            );
        }
        let row = ApiKeyRow {
            id: new.id,
            name: new.name.clone(),
            scopes: new.scopes,
            hash: new.hash,
            old_hash: [0; 32],
            old_until: None,
            created_at: ctx.machine,
            created_by: new.by.clone(),
            expires_at: new.expires_at,
            revoked_at: None,
            version: 1,
        };
        tx.put(row.clone());
        Ok(row)
    }

    fn audit(&self, output: &ApiKeyRow) -> (String, Facts) {
        (output.id.to_string(), Facts::new().text("scopes", output.scopes.encoded()))
    }
}

/// What happens to a key.
#[derive(Debug, Clone)]
pub enum KeyChange {
    /// It stops working at once.
    Revoke,
    /// It gets a new secret; the old one works until then.
    Rotate {
        /// Hash of the new secret.
        hash: [u8; 32],
        /// How long the old secret still works, µs.
        grace_micros: i64,
    },
}

/// Changes a key.
pub struct ChangeApiKey {
    /// Which.
    pub id: ApiKeyId,
    /// How.
    pub change: KeyChange,
    /// Version that the caller saw, when it insists (If-Match).
    pub expected: Option<i64>,
}

impl Command for ChangeApiKey {
    type Output = ApiKeyRow;

    fn name(&self) -> &'static str {
        match self.change {
            KeyChange::Revoke => "access.revoke_key",
            KeyChange::Rotate { .. } => "access.rotate_key",
        }
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<ApiKeyRow>(self.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<ApiKeyRow, Rejection> {
        let Some(old) = tx.get::<ApiKeyRow>(&self.id).cloned() else {
            return Err(Rejection::new("api_key_unknown", "there is no such key"));
        };
        if self.expected.is_some_and(|version| version != old.version) {
            return Err(Rejection::new("version_conflict", "the key was changed meanwhile: read it again"));
        }
        if old.revoked_at.is_some() {
            return Err(Rejection::new("api_key_revoked", "the key was revoked"));
        }
        let mut row = ApiKeyRow { version: old.version + 1, ..old };
        match &self.change {
            KeyChange::Revoke => {
                tx.changed("state", "active", "revoked");
                row.revoked_at = Some(ctx.machine);
            }
            KeyChange::Rotate { hash, grace_micros } => {
                row.old_hash = row.hash;
                row.old_until = Some(ctx.machine.plus(*grace_micros));
                row.hash = *hash;
                tx.changed_unseen("secret", true);
            }
        }
        tx.put(row.clone());
        Ok(row)
    }

    fn audit(&self, output: &ApiKeyRow) -> (String, Facts) {
        (output.id.to_string(), Facts::new().int("version", output.version))
    }
}
