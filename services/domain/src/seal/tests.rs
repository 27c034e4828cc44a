use expect_test::expect;
use proptest::prelude::*;

use super::*;

fn tenant(slug: &str) -> TenantId {
    slug.parse().unwrap()
}

fn key(byte: u8) -> DataKey {
    DataKey::new([byte; KEY_LEN])
}

#[test]
fn the_same_words_of_the_same_owner_are_the_same_bytes_for_ever() {
    let acme = tenant("acme");
    let text = seal(&key(7), Owner { tenant: &acme, of: "m1" }, "hello");
    let Text::Sealed(sealed) = &text else { panic!("not sealed") };
    expect!["apL3e3ozOu6aDM08BBMGL4lmPoE3NlUKsNt0JwJCI/cGUoSfeL9hMGzYfte8"].assert_eq(sealed);
    assert_eq!(open(&key(7), Owner { tenant: &acme, of: "m1" }, &text), Ok("hello".to_owned()));
}

#[test]
fn it_opens_for_its_owner_with_its_key_only() {
    let (acme, beta) = (tenant("acme"), tenant("beta"));
    let text = seal(&key(7), Owner { tenant: &acme, of: "m1" }, "hello");
    let cases = [
        (key(8), &acme, "m1", "another key"),
        (key(7), &beta, "m1", "another tenant"),
        (key(7), &acme, "m2", "another message"),
        (key(7), &acme, "", "no message"),
    ];
    for (key, tenant, of, why) in cases {
        assert_eq!(open(&key, Owner { tenant, of }, &text), Err(OpenError::Forged), "{why}");
    }
}

#[test]
fn garbage_is_refused_and_not_repeated() {
    let acme = tenant("acme");
    let owner = Owner { tenant: &acme, of: "m1" };
    for (sealed, why) in [
        ("", OpenError::Malformed),
        ("not base64!", OpenError::Malformed),
        ("aGVsbG8", OpenError::Malformed),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", OpenError::Forged),
    ] {
        assert_eq!(open(&key(7), owner, &Text::Sealed(sealed.to_owned())), Err(why), "{sealed}");
    }
}

#[test]
fn plain_text_opens_with_any_key_and_without() {
    let acme = tenant("acme");
    let owner = Owner { tenant: &acme, of: "m1" };
    let plain = Sealing::Off.seal(owner, "hello");
    assert_eq!(plain, Text::Plain("hello".to_owned()));
    for sealing in [Sealing::Off, Sealing::On(key(1))] {
        assert_eq!(sealing.open(owner, &plain), Ok("hello".to_owned()));
    }
    let sealed = Sealing::On(key(1)).seal(owner, "hello");
    assert_eq!(Sealing::Off.open(owner, &sealed), Err(OpenError::NoKey));
}

#[test]
fn what_was_sealed_before_sealing_was_turned_off_still_opens() {
    let acme = tenant("acme");
    let owner = Owner { tenant: &acme, of: "m1" };
    let sealed = Sealing::On(key(1)).seal(owner, "hello");
    let now = Sealing::OpensOnly(key(1));
    assert_eq!(now.open(owner, &sealed), Ok("hello".to_owned()));
    assert_eq!(now.seal(owner, "hello"), Text::Plain("hello".to_owned()));
}

#[test]
fn a_secret_is_no_text_and_has_its_name() {
    let acme = tenant("acme");
    let secret = Secret::from("xoxb-1".to_owned());
    let sealed = seal_secret(&key(7), &acme, "slack-T0ACME/bot_token", &secret);
    let open_as = |name| open_secret(&key(7), &acme, name, &sealed);
    assert_eq!(open_as("slack-T0ACME/bot_token"), Ok(secret));
    assert_eq!(open_as("slack-T0BETA/bot_token"), Err(OpenError::Forged));
    let owner = Owner { tenant: &acme, of: "slack-T0ACME/bot_token" };
    assert_eq!(open(&key(7), owner, &Text::Sealed(sealed)), Err(OpenError::Forged));
}

#[test]
fn a_data_key_unwraps_for_its_tenant_with_its_master_key() {
    let (acme, beta) = (tenant("acme"), tenant("beta"));
    let master = MasterKey::parse(&"0a".repeat(32)).unwrap();
    let other = MasterKey::parse(&"0b".repeat(32)).unwrap();
    let wrapped = wrap(&master, &acme, [3; NONCE_LEN], &key(7));
    assert_ne!(wrapped, wrap(&master, &acme, [4; NONCE_LEN], &key(7)));

    let owner = Owner { tenant: &acme, of: "m1" };
    let unwrapped = unwrap_key(&master, &acme, &wrapped).unwrap();
    assert_eq!(seal(&unwrapped, owner, "hello"), seal(&key(7), owner, "hello"));
    assert_eq!(unwrap_key(&master, &beta, &wrapped).unwrap_err(), OpenError::Forged);
    assert_eq!(unwrap_key(&other, &acme, &wrapped).unwrap_err(), OpenError::Forged);
}

#[test]
fn a_master_key_is_64_hex_digits() {
    assert!(MasterKey::parse(&format!(" {}\n", "Ab".repeat(32))).is_ok());
    for text in ["", "ab", &"zz".repeat(32), &"ab".repeat(33)] {
        assert!(MasterKey::parse(text).is_err(), "{text}");
    }
    expect!["a master key is 64 hex digits (32 bytes), for instance from `openssl rand -hex 32`"]
        .assert_eq(&InvalidMasterKey.to_string());
}

#[test]
fn keys_cannot_be_printed() {
    let master = MasterKey::parse(&"0a".repeat(32)).unwrap();
    let shown = format!("{:?} {master:?}", Sealing::On(key(10)));
    assert_eq!(shown, "On(DataKey(…)) MasterKey(…)");
}

proptest! {
    #[test]
    fn any_text_opens_as_it_was_sealed(text in "\\PC{0,200}", of in "[a-z0-9]{0,10}") {
        let acme = tenant("acme");
        let owner = Owner { tenant: &acme, of: &of };
        prop_assert_eq!(open(&key(7), owner, &seal(&key(7), owner, &text)), Ok(text));
    }

    #[test]
    fn any_flipped_bit_is_noticed(text in "\\PC{0,40}", at: prop::sample::Index, bit in 0..8_u8) {
        let acme = tenant("acme");
        let owner = Owner { tenant: &acme, of: "m1" };
        let Text::Sealed(sealed) = seal(&key(7), owner, &text) else { panic!("not sealed") };
        let mut bytes = BASE64.decode(sealed).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let forged = Text::Sealed(BASE64.encode(bytes));
        prop_assert_eq!(open(&key(7), owner, &forged), Err(OpenError::Forged));
    }

    #[test]
    fn a_nonce_is_never_shared_by_different_texts(a in "\\PC{0,9}", b in "\\PC{0,9}", of in "m[12]") {
        let acme = tenant("acme");
        let nonce = |of: &str, text: &str| {
            let sealed = seal(&key(7), Owner { tenant: &acme, of }, text);
            let Text::Sealed(sealed) = sealed else { panic!("not sealed") };
            BASE64.decode(sealed).unwrap()[..NONCE_LEN].to_vec()
        };
        prop_assert_eq!(nonce("m1", &a) == nonce(&of, &b), of == "m1" && a == b);
    }
}
