use proptest::prelude::*;

use super::*;

const OPEN: [&str; 3] = ["10.1.0.0/16", "127.0.0.0/8", "fd00::/8"];

fn open() -> Vec<IpNet> {
    OPEN.iter().map(|net| net.parse().unwrap()).collect()
}

/// Without leave, with it, and where the installation opened a network.
#[test]
fn which_addresses_are_called() {
    let table = include_str!("table.txt");
    let mut checked = 0;
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (address, want) = line.split_once(char::is_whitespace).unwrap();
        let address: IpAddr = address.parse().unwrap();
        let say = |leave| match judge(address, leave, &open()) {
            Ok(()) => "yes".to_owned(),
            Err(refused) => format!("{refused:?}"),
        };
        let got = match (say(Leave::Public), say(Leave::Private)) {
            (without, with) if without == with => with,
            (without, with) if with == "yes" => format!("{without}, open"),
            (without, with) => format!("{without}, {with}"),
        };
        assert_eq!(got, want.trim(), "{address}");
        checked += 1;
    }
    assert_eq!(checked, 65);
}

/// Without TLS nobody goes where others could read along.
#[test]
fn in_the_clear_only_open_networks_are_called() {
    let check = |address: &str| judge(address.parse().unwrap(), Leave::Clear, &open());
    assert_eq!(check("8.8.8.8"), Err(Refused::Clear));
    assert_eq!(check("64:ff9b::808:808"), Err(Refused::Clear));
    assert_eq!(check("10.1.2.3"), Ok(()));
    assert_eq!(check("10.2.2.3"), Err(Refused::Closed));
    assert_eq!(check("169.254.169.254"), Err(Refused::Never));
}

#[test]
fn leave_alone_opens_nothing() {
    for address in ["127.0.0.1", "10.0.0.1", "::1", "fd00::1"] {
        assert_eq!(judge(address.parse().unwrap(), Leave::Private, &[]), Err(Refused::Closed));
    }
    let all: Vec<IpNet> = vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
    for address in ["169.254.169.254", "0.0.0.0", "fe80::1", "fd00:ec2::254", "::ffff:169.254.1.1"]
    {
        for leave in [Leave::Public, Leave::Private, Leave::Clear] {
            assert_eq!(
                judge(address.parse().unwrap(), leave, &all),
                Err(Refused::Never),
                "{address}"
            );
        }
    }
}

proptest! {
    /// What carries an IPv4 address is never open where that address is not.
    #[test]
    fn no_clothes_make_an_address_public(bits in any::<u32>(), private in any::<bool>()) {
        let plain = Ipv4Addr::from(bits);
        let private = if private { Leave::Private } else { Leave::Public };
        let verdict = judge(IpAddr::V4(plain), private, &open());
        let [a, b, c, d] = plain.octets();
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let clothes = [
            plain.to_ipv6_mapped(),
            plain.to_ipv6_compatible(),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
            Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
            Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, !high, !low),
            Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
        ];
        for address in clothes {
            if verdict.is_err() {
                // `::1` is this machine in its own right.
                let is_own = address == Ipv6Addr::LOCALHOST;
                prop_assert!(is_own || judge(IpAddr::V6(address), private, &open()).is_err(), "{}", address);
            }
        }
    }
}
