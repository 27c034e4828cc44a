//! Where calls go, and where not: whatever a name stands for, and whoever says it.

use std::collections::BTreeMap;

use serde_json::json;
use tools::{Failed, Settings};

use crate::{Shop, get, mcp, with};

const PRIVATE: &str = "Not called: its host stands in a private network, where it may not go.";
const CLOSED: &str = "Not called: its host stands in a private network that this installation has not opened to tools.";
const CLEAR: &str =
    "Not called: its address is without TLS, and its host is on the public internet.";
const NEVER: &str = "Not called: its host has an address that is never called.";

/// An address in the declaration, without leave and with it; only 10.0.0.0/8 is open.
#[tokio::test]
async fn an_address_that_is_not_public_is_not_called() {
    let open = vec!["10.0.0.0/8".parse().unwrap()];
    let shop = Shop::with(Settings { open, ..Settings::default() }, BTreeMap::new()).await;
    let cases = [
        ("127.0.0.1", PRIVATE, CLOSED),
        ("192.168.1.1", PRIVATE, CLOSED),
        ("172.16.0.1", PRIVATE, CLOSED),
        ("100.64.0.1", PRIVATE, CLOSED),
        ("[::1]", PRIVATE, CLOSED),
        ("[fd00::1]", PRIVATE, CLOSED),
        ("169.254.169.254", NEVER, NEVER),
        ("0.0.0.0", NEVER, NEVER),
        ("255.255.255.255", NEVER, NEVER),
        ("224.0.0.1", NEVER, NEVER),
        ("192.0.2.1", NEVER, NEVER),
        ("[::]", NEVER, NEVER),
        ("[::7f00:1]", NEVER, NEVER),
        ("[64:ff9b::a9fe:a9fe]", NEVER, NEVER),
        ("[2002:7f00:1::]", NEVER, NEVER),
        ("[2001::1]", NEVER, NEVER),
        ("[fe80::1]", NEVER, NEVER),
        ("[ff02::1]", NEVER, NEVER),
    ];
    let port = shop.fake.port();
    for (host, without, with_leave) in cases {
        for (allow_private, want) in [(false, without), (true, with_leave)] {
            let tool = get(&format!("https://{host}:{port}/echo"));
            let tool = with(tool, |it| it.allow_private = allow_private);
            let outcome = shop.call(&tool, json!({})).await;
            assert_eq!((outcome.failed, &*outcome.text), (Some(Failed::Refused), want), "{host}");
        }
    }
    // Others' ways to write 127.0.0.1 are no template at all.
    for host in [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "127.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "user@127.0.0.1",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
    ] {
        let outcome = shop.call(&get(&format!("https://{host}/")), json!({})).await;
        assert_eq!(outcome.text, "The tool's address cannot be used.", "{host}");
    }
    assert!(shop.looked.lock().unwrap().is_empty(), "an address is no name");
    assert!(shop.fake.asked().is_empty());
}

/// The same for what a name stands for: one bad address is enough.
#[tokio::test]
async fn a_name_that_stands_for_such_an_address_is_not_called() {
    let names = [
        ("here.example", vec!["127.0.0.1"], PRIVATE),
        ("inside.example", vec!["10.0.0.7"], PRIVATE),
        ("mapped.example", vec!["::ffff:10.0.0.7"], PRIVATE),
        ("metadata.example", vec!["169.254.169.254"], NEVER),
        ("six.example", vec!["fe80::1"], NEVER),
        ("both.example", vec!["93.184.216.34", "127.0.0.1"], PRIVATE),
        ("mixed.example", vec!["93.184.216.34", "2606:4700::1", "169.254.169.254"], NEVER),
    ];
    let public = ("public.example", vec![vec!["93.184.216.34".parse().unwrap()]]);
    let known = names.iter().map(|(name, found, _)| {
        (*name, vec![found.iter().map(|it| it.parse().unwrap()).collect()])
    });
    let shop = Shop::with(Settings::default(), known.chain([public]).collect()).await;
    for (name, _, want) in &names {
        let url = format!("https://{name}:{}/echo", shop.fake.port());
        let tool = with(get(&url), |it| it.allow_private = false);
        let outcome = shop.call(&tool, json!({})).await;
        assert_eq!((outcome.failed, &*outcome.text), (Some(Failed::Refused), *want), "{name}");
        let server = with(mcp("crm", &url), |it| it.allow_private = false);
        let missing = shop.toolbox(&[server]).await.missing().to_vec();
        assert_eq!((missing[0].why, &*missing[0].text), (Failed::Refused, *want), "{name}");
    }
    let outcome = shop.call(&get("http://public.example/"), json!({})).await;
    assert_eq!(outcome.text, CLEAR);
    let outcome = shop.call(&get("http://93.184.216.34/"), json!({})).await;
    assert_eq!(outcome.text, CLEAR);
    let outcome = shop.call(&get("https://unknown.example/"), json!({})).await;
    assert_eq!(outcome.failed, Some(Failed::Network));
    assert!(shop.fake.asked().is_empty());
}

/// A name is looked up once for a connection, and what was judged is what is called.
#[tokio::test]
async fn a_name_that_changes_its_mind_gains_nothing() {
    let (here, other): (_, std::net::IpAddr) =
        ("127.0.0.1".parse().unwrap(), "127.0.0.2".parse().unwrap());
    // Good when it is judged; the next one to ask would be sent to the metadata.
    let answers = vec![vec![here], vec!["169.254.169.254".parse().unwrap()]];
    let later = vec![vec!["169.254.169.254".parse().unwrap()], vec![other]];
    let names = BTreeMap::from([("api.acme.example", answers), ("late.example", later)]);
    let open = vec!["127.0.0.0/8".parse().unwrap()];
    let shop = Shop::with(Settings { open, ..Settings::default() }, names).await;
    let outcome = shop.call(&get(&shop.at("/echo")), json!({})).await;
    assert_eq!(outcome.failed, None, "{}", outcome.text);
    assert_eq!(*shop.looked.lock().unwrap(), ["api.acme.example"], "it is looked up once");
    let late = format!("http://late.example:{}/echo", shop.fake.port());
    assert_eq!(shop.call(&get(&late), json!({})).await.text, NEVER);
    assert_eq!(shop.fake.asked().len(), 1);
}

/// A connection that was made with leave serves nobody without.
#[tokio::test]
async fn leave_is_not_lent_through_a_connection_that_is_kept() {
    let shop = Shop::open().await;
    let allowed = get(&shop.at("/echo"));
    assert_eq!(shop.call(&allowed, json!({})).await.failed, None);
    let https = get(&shop.at("/echo").replace("http://", "https://"));
    let tool = with(https, |it| it.allow_private = false);
    assert_eq!(shop.call(&tool, json!({})).await.text, PRIVATE);
    let clear = with(allowed, |it| it.allow_private = false);
    assert_eq!(shop.call(&clear, json!({})).await.text, "Not called: its address is without TLS.");
    assert_eq!(shop.fake.asked().len(), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let shop = Shop::open().await;
    let here = shop.at("/echo");
    for code in [301, 302, 303, 307, 308] {
        for to in [
            "http://169.254.169.254/latest/meta-data/",
            &here,
            "//evil.example/",
            "file:///etc/passwd",
        ] {
            let tool = get(&shop.at(&format!("/redirect/{code}?to={}", to.replace(':', "%3A"))));
            let outcome = shop.call(&tool, json!({})).await;
            let want = format!("The tool points elsewhere (HTTP {code}), where it does not go.");
            assert_eq!((outcome.failed, outcome.text), (Some(Failed::Status(code)), want));
        }
    }
    assert!(shop.fake.asked().iter().all(|it| it.target.starts_with("/redirect/")));
}

#[tokio::test]
async fn only_hosts_that_the_installation_lists_are_called() {
    let open = vec!["127.0.0.0/8".parse().unwrap()];
    let hosts = Some(vec!["other.example".to_owned(), ".corp.example".to_owned()]);
    let here: Vec<Vec<std::net::IpAddr>> = vec![vec!["127.0.0.1".parse().unwrap()]];
    let names =
        ["api.acme.example", "other.example", "a.corp.example"].map(|it| (it, here.clone()));
    let shop = Shop::with(Settings { hosts, open, ..Settings::default() }, names.into()).await;
    let no = "Not called: this installation does not let tools call its host.";
    for (host, want) in [
        ("api.acme.example", Some(no)),
        ("127.0.0.1", Some(no)),
        ("other.example.evil.example", Some(no)),
        ("other.example", None),
        ("a.corp.example", None),
    ] {
        let tool = get(&format!("http://{host}:{}/echo", shop.fake.port()));
        let outcome = shop.call(&tool, json!({})).await;
        let refused = outcome.failed.map(|_| outcome.text.as_str());
        assert_eq!(refused, want, "{host}");
    }
    let server = mcp("crm", &shop.at("/mcp/well"));
    assert_eq!(shop.toolbox(&[server]).await.missing()[0].text, no);
}

#[tokio::test]
async fn a_secret_goes_to_its_own_host_only() {
    let shop = Shop::open().await;
    let tool = get(&shop.at("/redirect/307?to=http%3A//api.acme.example:1/"));
    shop.call(&tool, json!({})).await;
    let asked = shop.fake.asked();
    assert_eq!(asked[0].header("authorization"), Some("Bearer s3cret-of-acme/1"));
    assert_eq!(asked.len(), 1);
    let toolbox = shop.toolbox(&[tool]).await;
    let shown = format!("{:?} {:?}", toolbox.offered(), toolbox.missing());
    assert!(!shown.contains("s3cret"), "{shown}");
}
