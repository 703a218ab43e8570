//! Which network addresses a webhook may reach (P15): those of the world, not those of the platform's own network. Looked
//! at after every resolution and for the very addresses that are connected to, so that a name which points somewhere else
//! the next time gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ureq::{
    Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::NextTimeout,
    },
};

/// Resolves names, and gives away only addresses of the world.
#[derive(Debug, Default)]
pub(super) struct Guarded(DefaultResolver);

impl Resolver for Guarded {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.0.resolve(uri, config, timeout)?;
        let mut world = self.empty();
        for address in found.iter().filter(|address| is_of_the_world(address.ip())) {
            world.push(*address);
        }
        if world.is_empty() {
            return Err(Error::Other(Box::new(Private)));
        }
        Ok(world)
    }
}

/// Every address of a name was private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its host is in a private network")]
pub(super) struct Private;

/// No address of a private, local, shared or reserved network (RFC 6890 and those that came after).
pub(super) fn is_of_the_world(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_of_the_world_v4(address),
        IpAddr::V6(address) => match carried(address) {
            Some(inner) => is_of_the_world_v4(inner),
            None => is_of_the_world_v6(address),
        },
    }
}

fn is_of_the_world_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocol = a == 192 && b == 0 && c == 0;
    let benchmark = a == 198 && (18..20).contains(&b);
    let relay = a == 192 && b == 88 && c == 99;
    let ours = a == 0 || shared || protocol || benchmark || relay || a >= 240;
    !(ours
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation())
}

/// The IPv4 address that an IPv6 one stands for: mapped, compatible, translated (NAT64) or 6to4.
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))),
        _ => None,
    }
}

fn is_of_the_world_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Only what is given out to the world at all, without what is set apart in it.
    let unicast = first & 0xe000 == 0x2000;
    let apart = first == 0x2001 && (second < 0x200 || second == 0xdb8) || first == 0x3fff;
    unicast && !apart
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_world_p15() {
        let world = |text: &str| is_of_the_world(text.parse().unwrap());
        for good in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.1.1",
            "198.20.0.1",
            "2606:4700:4700::1111",
            "2400:3200::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(world(good), "{good}");
        }
        for bad in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "64:ff9b::a00:1",
            "2002:a00:1::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "3fff::1",
            "100::1",
        ] {
            assert!(!world(bad), "{bad}");
        }
    }
}
