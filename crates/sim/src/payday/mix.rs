//! What a run is made of. The seed picks it too: a fault that never meets another one in ordinary traffic does where only the
//! two of them are left.

use crate::rng::Rng;

/// Chances in a thousand.
#[derive(Debug, Clone)]
pub(super) struct Mix {
    pub(super) lost_request: u64,
    pub(super) late_arrival: u64,
    pub(super) lost_reply: u64,
    pub(super) unreached: u64,
    pub(super) throttled: u64,
    pub(super) failed: u64,
    pub(super) limit_of_day: u64,
    pub(super) failed_for_funds: u64,
    pub(super) dealing: u64,
    pub(super) server_dies: u64,
    pub(super) stale_query: u64,
    pub(super) mute: u64,
    pub(super) not_taken: u64,
    pub(super) returned: u64,
    pub(super) charged: u64,
    pub(super) notice: u64,
    pub(super) notice_again: u64,
    pub(super) database: u64,
    pub(super) restart: u64,
    pub(super) unbind: u64,
    pub(super) freeze: u64,
    pub(super) drained: u64,
    pub(super) long_jump: u64,
}

impl Mix {
    /// Each is off in one run of three, rare in another, and frequent in the last.
    pub(super) fn of(rng: &mut Rng) -> Self {
        let mut chance = |most: u64| match rng.below(3) {
            0 => 0,
            1 => most / 8,
            _ => most,
        };
        Self {
            lost_request: chance(200),
            late_arrival: chance(150),
            lost_reply: chance(200),
            unreached: chance(200),
            throttled: chance(150),
            failed: chance(200),
            limit_of_day: chance(60),
            failed_for_funds: chance(150),
            dealing: chance(250),
            server_dies: chance(100),
            stale_query: chance(200),
            mute: chance(980),
            not_taken: chance(200),
            returned: chance(80),
            charged: chance(200),
            notice: chance(600),
            notice_again: chance(300),
            database: chance(300),
            restart: chance(400),
            unbind: chance(80),
            freeze: chance(120),
            drained: chance(80),
            long_jump: chance(60),
        }
    }
}

/// True with a chance in a thousand.
pub(super) fn happens(rng: &mut Rng, chance: u64) -> bool {
    rng.below(1_000) < chance
}
