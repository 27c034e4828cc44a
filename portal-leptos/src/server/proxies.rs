//! Where a request comes from, behind proxies that are trusted to say so.

use std::{net::IpAddr, str::FromStr};

/// The proxies that are trusted; none unless somebody names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies(Vec<Network>);

/// An address, or all that begin like it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u32,
}

/// What is not a list of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not like 10.0.0.2, 192.168.0.0/24 or fd00::/8")]
pub struct NotNetworks;

impl FromStr for Proxies {
    type Err = NotNetworks;

    fn from_str(text: &str) -> Result<Self, NotNetworks> {
        let each = text.split(',').map(str::trim).filter(|text| !text.is_empty());
        each.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl FromStr for Network {
    type Err = NotNetworks;

    fn from_str(text: &str) -> Result<Self, NotNetworks> {
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(it, bits)| (it, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| NotNetworks)?;
        let most = width(address);
        let bits = bits.map_or(Ok(most), |bits| bits.parse().map_err(|_| NotNetworks))?;
        if most < bits { Err(NotNetworks) } else { Ok(Self { address, bits }) }
    }
}

impl Network {
    fn has(self, address: IpAddr) -> bool {
        let both = (number(self.address), number(address));
        let past = width(self.address) - self.bits;
        // All bits at once are more than a shift takes.
        let begin = |number: u128| number.checked_shr(past).unwrap_or(0);
        width(self.address) == width(address) && begin(both.0) == begin(both.1)
    }
}

const fn width(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl Proxies {
    /// Who asks: the peer, or where a trusted proxy says that it comes from, which is the last hop of
    /// `X-Forwarded-For` that is not trusted itself. All before that anybody may have written. What
    /// cannot be read, or names nobody else, leaves the peer.
    pub fn client<'a>(
        &self,
        peer: IpAddr,
        forwarded: impl DoubleEndedIterator<Item = &'a str>,
    ) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return peer;
        }
        for hop in forwarded.rev().flat_map(|line| line.rsplit(',')) {
            let Ok(hop) = hop.trim().parse::<IpAddr>() else { return peer };
            let hop = hop.to_canonical();
            if !self.trusts(hop) {
                return hop;
            }
        }
        peer
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.has(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_hop_that_is_not_trusted_asks() {
        let ours = "10.0.0.2, 192.168.0.0/24,fd00::/8";
        let cases: [(&str, &str, &[&str], &str); 16] = [
            // Nobody is trusted: what a stranger writes is no matter.
            ("", "203.0.113.5", &["198.51.100.1"], "203.0.113.5"),
            (ours, "203.0.113.5", &["198.51.100.1"], "203.0.113.5"),
            (ours, "10.0.0.3", &["198.51.100.1"], "10.0.0.3"),
            // One proxy, and then two.
            (ours, "10.0.0.2", &["198.51.100.1"], "198.51.100.1"),
            (ours, "10.0.0.2", &["198.51.100.1, 192.168.0.7"], "198.51.100.1"),
            (ours, "192.168.0.9", &["198.51.100.1", "192.168.0.7"], "198.51.100.1"),
            // What the client wrote itself stands before what the proxy saw.
            (ours, "10.0.0.2", &["127.0.0.1, 198.51.100.1"], "198.51.100.1"),
            (ours, "10.0.0.2", &["127.0.0.1", "198.51.100.1"], "198.51.100.1"),
            (ours, "10.0.0.2", &["10.0.0.2, 198.51.100.1"], "198.51.100.1"),
            // Nothing that can be read, or nobody else.
            (ours, "10.0.0.2", &[], "10.0.0.2"),
            (ours, "10.0.0.2", &[""], "10.0.0.2"),
            (ours, "10.0.0.2", &["198.51.100.1, unknown"], "10.0.0.2"),
            (ours, "10.0.0.2", &["192.168.0.7, 10.0.0.2"], "10.0.0.2"),
            // The newer protocol, also where it carries the older one.
            (ours, "fd00::1", &["2001:db8::5"], "2001:db8::5"),
            (ours, "::ffff:10.0.0.2", &["::ffff:198.51.100.1"], "198.51.100.1"),
            ("0.0.0.0/0", "203.0.113.5", &["2001:db8::5"], "2001:db8::5"),
        ];
        for (trusted, peer, forwarded, want) in cases {
            let proxies: Proxies = trusted.parse().unwrap();
            let got = proxies.client(peer.parse().unwrap(), forwarded.iter().copied());
            assert_eq!(got, want.parse::<IpAddr>().unwrap(), "{trusted:?} {peer} {forwarded:?}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["proxy", "10.0.0.0/33", "fd00::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0"] {
            assert_eq!(text.parse::<Proxies>(), Err(NotNetworks), "{text}");
        }
    }
}
