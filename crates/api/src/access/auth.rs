//! Tokens that were found good lately, so that a request costs no read.
//!
//! An entry is believed for a second, then looked at again; what this server changes itself is noticed at once.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, DefaultHasher},
    sync::{Arc, Mutex, PoisonError},
};

use purser_domain::time::{SECOND, Timestamp};
use purser_engine::{
    Fault,
    access::{Identity, Token, identify},
    clock::Clock,
    reads::Reads,
};

/// How long an entry is believed, µs.
const FRESH: i64 = SECOND;
/// While one request looks again, the others go on with what was known for this long, µs.
const REFRESH: i64 = SECOND / 4;
/// Most entries; beyond it the cache starts anew.
const MOST: usize = 10_000;

type Entries = HashMap<[u8; 32], Entry, BuildHasherDefault<DefaultHasher>>;

struct Entry {
    identity: Arc<Identity>,
    fresh_until: Timestamp,
}

/// See the module. Keyed by the hash of the token: the token itself is kept nowhere.
#[derive(Default)]
pub(crate) struct Keys(Mutex<Entries>);

impl Keys {
    /// Forgets everything: a key or an account has changed.
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What is known of a token now, without a read.
    pub(crate) fn known(&self, token: &str, now: Timestamp) -> Option<Arc<Identity>> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get_mut(blake3::hash(token.as_bytes()).as_bytes())?;
        if entry.identity.until.is_some_and(|until| until <= now) {
            return None;
        }
        if entry.fresh_until <= now {
            // This caller looks again; the others go on meanwhile.
            entry.fresh_until = now.plus(REFRESH);
            return None;
        }
        Some(Arc::clone(&entry.identity))
    }

    /// Looks a token up in the database.
    pub(crate) fn look_up(
        &self,
        text: &str,
        reads: &Reads,
        clock: &Clock,
        idle: i64,
    ) -> Result<Option<Arc<Identity>>, Fault> {
        let Some(token) = Token::parse(text) else { return Ok(None) };
        let now = clock.machine();
        let found = reads.read(|session| identify(session, &token, now, idle))?.map(Arc::new);
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = *blake3::hash(text.as_bytes()).as_bytes();
        if let Some(identity) = &found {
            if entries.len() >= MOST {
                entries.clear();
            }
            let entry = Entry { identity: Arc::clone(identity), fresh_until: now.plus(FRESH) };
            entries.insert(key, entry);
        } else {
            entries.remove(&key);
        }
        Ok(found)
    }
}
