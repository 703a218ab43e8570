//! Personal values at rest (P9): sealed with a key from configuration, found again by a keyed blind index.
//!
//! The key file has a line `index = …` and a line for each version, `1 = …`, `2 = …`, all 64 hexadecimal digits. New
//! values are sealed with the highest version; older ones can still be opened until they were sealed again
//! ([`crate::identity::Reseal`]). A sealed text names its version and is bound to its place, so that it cannot be
//! moved to another row.

use std::{collections::BTreeMap, fmt, fmt::Write as _};

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use purser_domain::{
    identity::Purpose,
    ids::{PartyId, WebhookId},
};
use purser_storage::{Fault, Session, Statement};

use crate::{
    command::{Command, Ctx, Rejection},
    rows::Meta,
    tx::{Needs, Tx},
};

/// Row of `meta` that says which key these books were sealed with.
const CHECKS: &str = "secrets_key";

/// See the module.
pub struct Vault {
    keys: BTreeMap<u32, (LessSafeKey, String)>,
    current: u32,
    index: [u8; 32],
    codes: [u8; 32],
    webhooks: [u8; 32],
    check: String,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("current", &self.current).finish_non_exhaustive()
    }
}

/// Why a key or a sealed value cannot be used. Says nothing of either.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The key file is not one.
    #[error(
        "the secrets key cannot be read: it has lines `index = …` and `1 = …` (2, 3, … after rotation), each of 64 \
         hexadecimal digits: {0}"
    )]
    KeyFile(String),
    /// Sealed with a version that is not in the key file.
    #[error("a value is sealed with version {0} of the secrets key, which is not in the key file")]
    Version(u32),
    /// Changed, moved, or sealed with another key.
    #[error("a sealed value does not open: it was changed, moved to another row, or sealed with another key")]
    Broken,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

impl Vault {
    /// Reads a key file; lines may also be separated by `;`, for an environment variable.
    ///
    /// # Errors
    /// [`VaultError::KeyFile`].
    pub fn read(text: &str) -> Result<Self, VaultError> {
        let bad = |why: &str| VaultError::KeyFile(why.to_owned());
        let (mut index, mut keys) = (None, BTreeMap::new());
        for line in text.split(['\n', ';']).map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, value) = line.split_once('=').ok_or_else(|| bad("a line without `=`"))?;
            let value = unhex(value.trim()).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            let value = value.ok_or_else(|| bad("a value that is not 64 hexadecimal digits"))?;
            match name.trim() {
                "index" if index.is_none() => index = Some(value),
                "index" => return Err(bad("`index` stands there twice")),
                version => {
                    let number = version.parse().ok().filter(|n| (1..=9_999).contains(n));
                    let number = number.ok_or_else(|| bad("a name that is neither `index` nor a version"))?;
                    if keys.insert(number, sealing_key(&value)).is_some() {
                        return Err(bad("a version stands there twice"));
                    }
                }
            }
        }
        let index = index.ok_or_else(|| bad("no `index`"))?;
        let current = *keys.keys().next_back().ok_or_else(|| bad("no version"))?;
        let derived = |context| blake3::derive_key(context, &index);
        Ok(Self {
            keys,
            current,
            check: hex(&derived("purser secrets index check v1")[..16]),
            codes: derived("purser one-time codes v1"),
            webhooks: derived("purser webhook secrets v1"),
            index: derived("purser blind index v1"),
        })
    }

    /// The text of a new key file. `secret` gives unguessable bytes.
    pub fn new_file(mut secret: impl FnMut() -> [u8; 32]) -> String {
        let (index, first) = (hex(&secret()), hex(&secret()));
        format!(
            "# Key of Purser's sealed values. Without it they cannot be read: keep a copy apart from the backups.\n\
             index = {index}\n1 = {first}\n"
        )
    }

    /// The text of a key file with one more version.
    ///
    /// # Errors
    /// [`VaultError::KeyFile`] when `text` is none.
    pub fn rotated(text: &str, secret: [u8; 32]) -> Result<(String, u32), VaultError> {
        let next = Self::read(text)?.current + 1;
        Ok((format!("{}\n{next} = {}\n", text.trim_end(), hex(&secret)), next))
    }

    /// The version that new values are sealed with.
    pub fn current(&self) -> u32 {
        self.current
    }

    /// Seals a value for one place. `secret` must be fresh.
    ///
    /// # Panics
    /// When the cipher refuses, which it does for no value that fits into memory: storing plain text instead is worse.
    pub fn seal(&self, place: &str, plain: &str, secret: [u8; 32]) -> String {
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&secret[..NONCE_LEN]);
        let mut bytes = plain.as_bytes().to_vec();
        let sealed = self.keys.get(&self.current).is_some_and(|(key, _)| {
            let nonce = Nonce::assume_unique_for_key(nonce);
            key.seal_in_place_append_tag(nonce, Aad::from(place), &mut bytes).is_ok()
        });
        // The current key is always there and values are short: anything else must not store the plain text.
        assert!(sealed, "a value could not be sealed");
        format!("{}.{}{}", self.current, hex(&nonce), hex(&bytes))
    }

    /// Opens what was sealed for a place.
    ///
    /// # Errors
    /// [`VaultError::Version`] or [`VaultError::Broken`].
    pub fn open(&self, place: &str, sealed: &str) -> Result<String, VaultError> {
        let (version, body) = sealed.split_once('.').ok_or(VaultError::Broken)?;
        let version: u32 = version.parse().map_err(|_| VaultError::Broken)?;
        let (key, _) = self.keys.get(&version).ok_or(VaultError::Version(version))?;
        let mut bytes = unhex(body).filter(|bytes| bytes.len() > NONCE_LEN).ok_or(VaultError::Broken)?;
        let mut rest = bytes.split_off(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(&bytes).map_err(|_| VaultError::Broken)?;
        let plain = key.open_in_place(nonce, Aad::from(place), &mut rest).map_err(|_| VaultError::Broken)?;
        String::from_utf8(plain.to_vec()).map_err(|_| VaultError::Broken)
    }

    /// Whether a sealed value should be sealed again.
    pub fn is_old(&self, sealed: &str) -> bool {
        sealed.split_once('.').is_some_and(|(version, _)| version.parse() != Ok(self.current))
    }

    /// The blind index of a value: equal values have equal ones, and without the key nothing can be told from it.
    pub fn index(&self, kind: &str, value: &str) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.index);
        hasher.update(&(kind.len() as u64).to_le_bytes()).update(kind.as_bytes()).update(value.as_bytes());
        hasher.finalize().to_hex().to_string()
    }

    /// What messages to an endpoint are signed with (P15): nothing of it is stored.
    pub fn webhook_secret(&self, id: WebhookId, generation: i64) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.webhooks);
        hasher.update(&id.0.0).update(&generation.to_le_bytes());
        *hasher.finalize().as_bytes()
    }

    /// What is stored of a one-time code (P8).
    pub fn code(&self, party: PartyId, purpose: Purpose, digits: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.codes);
        hasher.update(&party.0.0).update(purpose.name().as_bytes()).update(b"\0").update(digits.as_bytes());
        *hasher.finalize().as_bytes()
    }
}

fn sealing_key(value: &[u8; 32]) -> (LessSafeKey, String) {
    let key = blake3::derive_key("purser sealed values v1", value);
    let check = hex(&blake3::derive_key("purser secrets key check v1", value)[..16]);
    match UnboundKey::new(&AES_256_GCM_SIV, &key) {
        Ok(key) => (LessSafeKey::new(key), check),
        Err(_) => unreachable!("a key of 32 bytes is one of this algorithm"),
    }
}

static ANY_SEALED: Statement = Statement {
    name: "vault.any_sealed",
    sql: "SELECT 1 FROM phones UNION ALL SELECT 1 FROM identities UNION ALL SELECT 1 FROM people UNION ALL \
          SELECT 1 FROM one_time_codes UNION ALL SELECT 1 FROM bank_orders UNION ALL \
          SELECT 1 FROM staff_totp WHERE secret <> '' UNION ALL SELECT 1 FROM webhooks UNION ALL SELECT 1 FROM payout_accounts WHERE kind <> 'sandbox' LIMIT 1",
};

/// Statements of this module.
pub(crate) const STATEMENTS: &[&Statement] = &[&ANY_SEALED];

/// Whether these books hold sealed values, which nobody can read without the key.
///
/// # Errors
/// Storage faults.
pub fn is_sealed(session: &mut dyn Session) -> Result<bool, Fault> {
    let mut found = false;
    session.query(&ANY_SEALED, &[], &mut |_| {
        found = true;
        false
    })?;
    Ok(found)
}

/// Compares a key with what these books were sealed with, and writes down versions that are new. Only check values are
/// kept, from which no key can be told.
///
/// Rejections in order: `secrets_key_wrong` (another `index`, or another key under a version that was used),
/// `secrets_key_version_missing`.
pub struct AdmitVault {
    index: String,
    versions: BTreeMap<u32, String>,
    /// Versions that no value needs any more.
    retire: bool,
    /// The first key of these books, or of books that hold nothing sealed: whatever was there before is forgotten.
    first: bool,
}

impl AdmitVault {
    /// To be asked at every start.
    pub fn of(vault: &Vault) -> Self {
        let versions = vault.keys.iter().map(|(version, (_, check))| (*version, check.clone())).collect();
        Self { index: vault.check.clone(), versions, retire: false, first: false }
    }

    /// For a key that was made just now, because nothing is sealed yet.
    pub fn first(vault: &Vault) -> Self {
        Self { first: true, ..Self::of(vault) }
    }

    /// After everything was sealed again with the current version: the others are forgotten.
    pub fn only_current(vault: &Vault) -> Self {
        let mut admit = Self::of(vault);
        admit.versions.retain(|version, _| *version == vault.current);
        admit.retire = true;
        admit
    }
}

impl Command for AdmitVault {
    type Output = ();

    fn name(&self) -> &'static str {
        "secrets.admit_key"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<Meta>(CHECKS.to_owned());
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        let stored = tx.get::<Meta>(&CHECKS.to_owned()).map(|row| row.value.clone());
        let mut known: BTreeMap<u32, String> = BTreeMap::new();
        let binding = stored.as_deref().filter(|_| !self.first).unwrap_or_default();
        for word in binding.split_whitespace() {
            let (name, check) = word.split_once(':').unwrap_or_default();
            let given = if name == "index" {
                Some(&self.index)
            } else {
                let version = name.parse().unwrap_or(0);
                known.insert(version, check.to_owned());
                self.versions.get(&version)
            };
            match given {
                Some(given) if given == check => {}
                Some(_) => {
                    let text = "this is not the secrets key that these books were sealed with: start with the right \
                                key file";
                    return Err(Rejection::new("secrets_key_wrong", text));
                }
                None if self.retire => {}
                None => {
                    let text = format!(
                        "these books have values sealed with version {name} of the secrets key, which is not in the \
                         key file: put it back, and run `purser secrets reseal` before you take it out"
                    );
                    return Err(Rejection::new("secrets_key_version_missing", text));
                }
            }
        }
        if self.retire {
            known.clear();
        }
        known.extend(self.versions.clone());
        let versions = known.iter().map(|(version, check)| format!(" {version}:{check}"));
        let value = format!("index:{}{}", self.index, versions.collect::<String>());
        if stored.as_deref() != Some(&value) {
            tx.put(Meta { name: CHECKS.to_owned(), value });
        }
        Ok(())
    }

    fn audited(&self) -> bool {
        self.retire
    }
}

/// There is no key on this server.
pub fn key_missing() -> Rejection {
    let text =
        "this server has no secrets key, so it takes no personal values: start it with --secrets-key-file";
    Rejection::new("secrets_key_missing", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(versions: &[u8]) -> Vault {
        let mut text = format!("# a key\nindex = {}\n", "0a".repeat(32));
        for version in versions {
            let _ = writeln!(text, "{version} = {}", format!("{version:02x}").repeat(32));
        }
        Vault::read(&text).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_only_in_its_place_and_unchanged() {
        let vault = vault(&[1]);
        let sealed = vault.seal("phone:a", "13800138000", [7; 32]);
        assert!(!sealed.contains("13800138000") && sealed.starts_with("1."), "{sealed}");
        assert_eq!(vault.open("phone:a", &sealed).unwrap(), "13800138000");
        assert_eq!(vault.open("phone:b", &sealed), Err(VaultError::Broken));
        let mut changed = sealed.clone();
        changed.replace_range(40..41, if &sealed[40..41] == "0" { "1" } else { "0" });
        assert_eq!(vault.open("phone:a", &changed), Err(VaultError::Broken));
        for nonsense in ["", "1", "1.", "1.zz", "x.00", "1.äö"] {
            assert_eq!(vault.open("phone:a", nonsense), Err(VaultError::Broken), "{nonsense}");
        }
    }

    #[test]
    fn older_versions_open_and_are_told_to_be_sealed_again() {
        let (old, new) = (vault(&[1]), vault(&[1, 2]));
        let sealed = old.seal("x", "value", [1; 32]);
        assert_eq!(new.open("x", &sealed).unwrap(), "value");
        assert!(new.is_old(&sealed) && !old.is_old(&sealed));
        assert_eq!(vault(&[2]).open("x", &sealed), Err(VaultError::Version(1)));
        assert_eq!(old.index("phone", "1"), new.index("phone", "1"), "look-ups survive a rotation");
        assert_ne!(old.index("phone", "1"), old.index("card", "1"));
    }

    #[test]
    fn key_files_are_read_strictly() {
        let mut byte = 0;
        let text = Vault::new_file(|| {
            byte += 1;
            [byte; 32]
        });
        assert_eq!(Vault::read(&text).unwrap().current(), 1);
        let (rotated, version) = Vault::rotated(&text, [9; 32]).unwrap();
        assert_eq!((Vault::read(&rotated).unwrap().current(), version), (2, 2));
        assert!(Vault::read(&rotated.replace('\n', ";")).is_ok(), "one line, for an environment variable");
        let key = "00".repeat(32);
        for wrong in [
            String::new(),
            format!("index = {key}"),
            format!("1 = {key}"),
            format!("index = {key}\n1 = 00"),
            format!("index = {key}\n0 = {key}"),
            format!("index = {key}\n1 = {key}\n1 = {key}"),
            format!("index = {key}\nindex = {key}\n1 = {key}"),
            "nonsense".to_owned(),
        ] {
            let error = Vault::read(&wrong).unwrap_err().to_string();
            assert!(!error.contains(&key), "a key in an error");
        }
    }
}
