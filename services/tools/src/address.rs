//! Which addresses are called. Pure: the address and the installation's word decide.
//!
//! Three kinds: what is on the public internet; what is private, which an installation may open by
//! network; and what nobody serves a tool at, above all where clouds keep the keys of their machines.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// On the public internet.
    Public,
    /// In somebody's own network, or this machine.
    Private(&'static str),
    /// Nowhere that a tool stands.
    Never(&'static str),
}

/// Where a tool may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// The public internet.
    Public,
    /// That, and the private networks that are open.
    Private,
    /// Those alone: it speaks without TLS.
    Clear,
}

/// Why an address is not called. Does not say which one it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is private, and the tool is not allowed there.
    Private,
    /// It is private, and in no network that the installation opened.
    Closed,
    /// It is public, and the way there is not encrypted.
    Clear,
    /// It is one of those that are never called.
    Never,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::Private => "its host stands in a private network, where it may not go",
            Refused::Closed => {
                "its host stands in a private network that this installation has not opened to tools"
            }
            Refused::Clear => "its address is without TLS, and its host is on the public internet",
            Refused::Never => "its host has an address that is never called",
        })
    }
}

impl std::error::Error for Refused {}

const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6(address: Ipv6Addr, bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(address, bits)
}

/// The first that fits decides; what fits none is public.
const V4: [(Ipv4Net, Kind); 21] = [
    (v4(100, 100, 100, 200, 32), Kind::Never("metadata of a cloud")),
    (v4(168, 63, 129, 16, 32), Kind::Never("metadata of a cloud")),
    (v4(169, 254, 0, 0, 16), Kind::Never("link-local, metadata of clouds")),
    (v4(0, 0, 0, 0, 8), Kind::Never("unspecified")),
    (v4(192, 0, 0, 0, 24), Kind::Never("protocol assignments")),
    (v4(192, 0, 2, 0, 24), Kind::Never("documentation")),
    (v4(198, 51, 100, 0, 24), Kind::Never("documentation")),
    (v4(203, 0, 113, 0, 24), Kind::Never("documentation")),
    (v4(192, 88, 99, 0, 24), Kind::Never("6to4 relays")),
    (v4(192, 31, 196, 0, 24), Kind::Never("AS112")),
    (v4(192, 52, 193, 0, 24), Kind::Never("AMT")),
    (v4(192, 175, 48, 0, 24), Kind::Never("AS112")),
    (v4(198, 18, 0, 0, 15), Kind::Never("benchmarks")),
    (v4(224, 0, 0, 0, 4), Kind::Never("multicast")),
    (v4(255, 255, 255, 255, 32), Kind::Never("broadcast")),
    (v4(240, 0, 0, 0, 4), Kind::Never("reserved")),
    (v4(10, 0, 0, 0, 8), Kind::Private("RFC 1918")),
    (v4(172, 16, 0, 0, 12), Kind::Private("RFC 1918")),
    (v4(192, 168, 0, 0, 16), Kind::Private("RFC 1918")),
    (v4(100, 64, 0, 0, 10), Kind::Private("shared by a provider")),
    (v4(127, 0, 0, 0, 8), Kind::Private("this machine")),
];

/// The first that fits decides; what fits none is reserved.
const V6: [(Ipv6Net, Kind); 10] = [
    (v6(Ipv6Addr::LOCALHOST, 128), Kind::Private("this machine")),
    (
        v6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128),
        Kind::Never("metadata of a cloud"),
    ),
    (
        v6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128),
        Kind::Never("metadata of a cloud"),
    ),
    (v6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7), Kind::Private("unique local")),
    (
        v6(Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
        Kind::Never("protocol assignments, Teredo"),
    ),
    (v6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), Kind::Never("documentation")),
    (v6(Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), Kind::Never("documentation")),
    (v6(Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), Kind::Never("6to4")),
    (v6(Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48), Kind::Never("AS112")),
    (v6(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3), Kind::Public),
];

/// Where IPv6 networks reach IPv4 hosts.
const NAT64: Ipv6Net = v6(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// What an address is.
pub(crate) fn kind(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(address) => {
            let found = V4.iter().find(|(net, _)| net.contains(&address));
            found.map_or(Kind::Public, |(_, kind)| *kind)
        }
        IpAddr::V6(address) => kind_v6(address),
    }
}

fn kind_v6(address: Ipv6Addr) -> Kind {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return kind(IpAddr::V4(mapped));
    }
    if NAT64.contains(&address) {
        let [.., a, b, c, d] = address.octets();
        return match kind(IpAddr::V4(Ipv4Addr::new(a, b, c, d))) {
            Kind::Public => Kind::Public,
            Kind::Private(_) | Kind::Never(_) => Kind::Never("a private address behind NAT64"),
        };
    }
    let found = V6.iter().find(|(net, _)| net.contains(&address));
    found.map_or(Kind::Never("reserved, link-local or multicast"), |(_, kind)| *kind)
}

/// Passes if a tool with that leave may call it; `open` are the private networks.
pub(crate) fn judge(address: IpAddr, leave: Leave, open: &[IpNet]) -> Result<(), Refused> {
    // An IPv4 address in the clothes of IPv6 is that IPv4 address, also to the networks.
    let address = address.to_canonical();
    match (kind(address), leave) {
        (Kind::Never(_), _) => Err(Refused::Never),
        (Kind::Public, Leave::Public | Leave::Private) => Ok(()),
        (Kind::Public, Leave::Clear) => Err(Refused::Clear),
        (Kind::Private(_), Leave::Public) => Err(Refused::Private),
        (Kind::Private(_), Leave::Private | Leave::Clear)
            if open.iter().any(|net| net.contains(&address)) =>
        {
            Ok(())
        }
        (Kind::Private(_), Leave::Private | Leave::Clear) => Err(Refused::Closed),
    }
}

#[cfg(test)]
mod tests;
