//! Which services of the platform's these books have: whoever sends messages to phones (P8, P15), and whoever verifies
//! identities (P7).

use purser_storage::{Fault, Keys, Lock, Record as _, Session};

use super::epoch;
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    rows::Meta,
    tx::{Needs, Tx},
};

const SENDER: &str = "service_sender";
const VERIFIER: &str = "service_verifier";
const CONNECTED: &str = "connected";

/// What some server of these books reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Services {
    /// Sends messages to phones.
    pub sender: bool,
    /// Verifies identities.
    pub verifier: bool,
}

impl Services {
    /// As the database has them.
    pub(super) fn read(session: &mut dyn Session) -> Result<Self, Fault> {
        let mut services = Self::default();
        let keys = [SENDER, VERIFIER].map(str::to_owned);
        session.load(Meta::TABLE, &Keys::<Meta>(&keys), Lock::None, &mut |row| {
            let row = Meta::read(row);
            let connected = row.value == CONNECTED;
            match row.name.as_str() {
                SENDER => services.sender = connected,
                _ => services.verifier = connected,
            }
        })?;
        Ok(services)
    }
}

/// A server says which services it reaches. On books that have one server (`only`) what it does not reach is gone; where
/// several may run, another one may reach it.
pub struct ConnectServices {
    /// What this server reaches.
    pub services: Services,
    /// These books have no other server.
    pub only: bool,
}

impl ConnectServices {
    fn facts(&self) -> Facts {
        Facts::new().flag("sender", self.services.sender).flag("verifier", self.services.verifier)
    }
}

impl Command for ConnectServices {
    type Output = ();

    fn name(&self) -> &'static str {
        "services.connect"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        for name in [SENDER, VERIFIER] {
            needs.row::<Meta>(name.to_owned());
        }
        epoch::need(needs);
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        let mut changed = false;
        for (name, reached) in [(SENDER, self.services.sender), (VERIFIER, self.services.verifier)] {
            let was = tx.get::<Meta>(&name.to_owned()).is_some_and(|row| row.value == CONNECTED);
            let is = reached || (was && !self.only);
            if was != is {
                let value = if is { CONNECTED } else { "" };
                tx.put(Meta { name: name.to_owned(), value: value.to_owned() });
                changed = true;
            }
        }
        if changed {
            epoch::bump(tx);
            tx.event("services.changed", None, "services", self.facts());
        }
        Ok(())
    }

    fn audited(&self) -> bool {
        // A server without any says nothing at every start.
        self.services != Services::default()
    }

    fn audit(&self, _output: &()) -> (String, Facts) {
        ("services".to_owned(), self.facts())
    }
}
