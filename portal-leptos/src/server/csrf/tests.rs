use axum::http::HeaderValue;

use super::*;

const OWN: &str = "https://portal.example.com";

fn ask(method: &Method, sent: &[(&'static str, &'static str)]) -> Result<(), Foreign> {
    let mut headers = HeaderMap::new();
    for (name, value) in sent {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    check(method, &headers, &Origin::of(OWN).unwrap())
}

#[test]
fn only_our_own_pages_change_anything() {
    let form = ("content-type", "application/x-www-form-urlencoded");
    let cases: [(&[(&str, &str)], _); 11] = [
        (&[("sec-fetch-site", "same-origin"), form], Ok(())),
        (&[("sec-fetch-site", "same-site"), form], Err(Foreign::Site)),
        (&[("sec-fetch-site", "cross-site"), form], Err(Foreign::Site)),
        (&[("sec-fetch-site", "none"), form], Err(Foreign::Site)),
        (&[("sec-fetch-site", "cross-site"), ("origin", OWN)], Err(Foreign::Site)),
        (&[("origin", OWN), form], Ok(())),
        (&[("origin", "https://PORTAL.example.com"), form], Ok(())),
        (&[("origin", "https://portal.example.com.evil.example"), form], Err(Foreign::Site)),
        (&[("origin", "http://portal.example.com"), form], Err(Foreign::Site)),
        (&[("origin", "null"), form], Err(Foreign::Site)),
        (&[form], Err(Foreign::Unknown)),
    ];
    for (sent, want) in cases {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let sent: Vec<_> = sent.to_vec();
            let sent: Vec<(&'static str, &'static str)> = sent;
            assert_eq!(ask(&method, &sent), want, "{sent:?}");
        }
    }
}

#[test]
fn looking_is_always_allowed() {
    assert_eq!(ask(&Method::GET, &[("sec-fetch-site", "cross-site")]), Ok(()));
}

#[test]
fn what_a_foreign_form_could_send_without_asking_is_refused() {
    for kind in ["text/plain", "multipart/form-data; boundary=x", "application/jsonp"] {
        let sent = [("sec-fetch-site", "same-origin"), ("content-type", kind)];
        assert_eq!(ask(&Method::POST, &sent), Err(Foreign::ContentType), "{kind}");
    }
    let json =
        [("sec-fetch-site", "same-origin"), ("content-type", "Application/JSON; charset=utf-8")];
    assert_eq!(ask(&Method::POST, &json), Ok(()));
}

#[test]
fn an_origin_is_scheme_and_host() {
    let of = |url: &str| Origin::of(url).map(|origin| origin.as_str().to_owned());
    assert_eq!(of("https://Portal.example.com/a?b").as_deref(), Some("https://portal.example.com"));
    assert_eq!(of("http://localhost:3000").as_deref(), Some("http://localhost:3000"));
    assert_eq!(of("ftp://x"), None);
    assert_eq!(of("https://user@x"), None);
    assert_eq!(of("portal.example.com"), None);
}
