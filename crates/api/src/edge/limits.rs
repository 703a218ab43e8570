//! How often somebody may call (P18): each key and each session by itself, and every address where nobody says who calls.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
};

use axum::http::StatusCode;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _};
use purser_domain::ids::Uid;
use purser_engine::access::Identity;

use crate::problem::Problem;

/// Calls a second that one caller may keep up, and twice as many at once; zero for no limit.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// Of an API key.
    pub key: u32,
    /// Of a session, of staff or in the portal.
    pub session: u32,
    /// Of an address, where nobody says who calls; addresses of this machine have no limit.
    pub address: u32,
}

impl Default for Rates {
    /// Far above what anybody needs, and far below what holds up others.
    fn default() -> Self {
        Self { key: 20_000, session: 1_000, address: 100 }
    }
}

/// After so many looks those that are whole again are forgotten.
const SWEEP: u32 = 65_536;

struct Limit<K: std::hash::Hash + Eq + Clone> {
    limiter: Option<DefaultKeyedRateLimiter<K>>,
    looks: AtomicU32,
}

impl<K: std::hash::Hash + Eq + Clone> Limit<K> {
    fn of(per_second: u32) -> Self {
        let limiter = NonZeroU32::new(per_second).map(|rate| {
            let burst = rate.saturating_mul(NonZeroU32::MIN.saturating_add(1));
            RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst))
        });
        Self { limiter, looks: AtomicU32::new(0) }
    }

    fn check(&self, key: &K) -> Result<(), Problem> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if self.looks.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        limiter.check_key(key).map_err(|not_yet| {
            let wait = not_yet.wait_time_from(limiter.clock().now());
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            let text = format!(
                "too many requests from here: nothing was done; wait {seconds} s, then send the same again"
            );
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", text).retry(seconds)
        })
    }
}

/// See the module.
pub(crate) struct Limits {
    keys: Limit<Uid>,
    sessions: Limit<Uid>,
    addresses: Limit<IpAddr>,
}

impl Limits {
    pub(crate) fn new(rates: Rates) -> Self {
        Self {
            keys: Limit::of(rates.key),
            sessions: Limit::of(rates.session),
            addresses: Limit::of(rates.address),
        }
    }

    /// Somebody who said who they are.
    pub(crate) fn of_caller(&self, identity: &Identity) -> Result<(), Problem> {
        match identity.session {
            Some(session) => self.sessions.check(&session),
            None if identity.portal.is_some() => self.sessions.check(&identity.client),
            None => self.keys.check(&identity.client),
        }
    }

    /// Somebody of whom only the address is known. Behind a proxy on this machine everybody has the same: it limits them.
    pub(crate) fn of_address(&self, address: Option<IpAddr>) -> Result<(), Problem> {
        match address {
            Some(address) if !address.is_loopback() => self.addresses.check(&network(address)),
            _ => Ok(()),
        }
    }
}

/// Whoever has one address of an IPv6 network has them all.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(n: u8, session: bool) -> Identity {
        let mut identity = super::super::call::nobody_at_all();
        identity.client = Uid([n; 16]);
        identity.session = session.then_some(Uid([n; 16]));
        identity
    }

    #[test]
    fn each_caller_has_a_limit_of_its_own_p18() {
        let limits = Limits::new(Rates { key: 1, session: 2, address: 1 });
        let many =
            |n: usize, check: &dyn Fn() -> Result<(), Problem>| (0..n).filter(|_| check().is_ok()).count();
        assert_eq!(many(10, &|| limits.of_caller(&caller(1, false))), 2);
        assert_eq!(many(10, &|| limits.of_caller(&caller(2, false))), 2, "another key");
        assert_eq!(many(10, &|| limits.of_caller(&caller(1, true))), 4, "a session");
        let refused = limits.of_caller(&caller(1, false)).unwrap_err();
        assert_eq!((refused.status, refused.code.as_ref()), (StatusCode::TOO_MANY_REQUESTS, "rate_limited"));
        let address = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        assert_eq!(many(10, &|| limits.of_address(address("203.0.113.7"))), 2);
        assert_eq!(many(10, &|| limits.of_address(address("203.0.113.8"))), 2);
        assert_eq!(many(10, &|| limits.of_address(address("2001:db8::1"))), 2);
        assert_eq!(many(10, &|| limits.of_address(address("2001:db8::2"))), 0, "the same network");
        assert_eq!(many(10, &|| limits.of_address(address("127.0.0.1"))), 10);
        let none = Limits::new(Rates { key: 0, session: 0, address: 0 });
        assert_eq!(many(99, &|| none.of_caller(&caller(1, false))), 99);
    }
}
