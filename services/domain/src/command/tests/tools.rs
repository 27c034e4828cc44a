//! Tools, and the agents that use them.

use serde_json::json;

use super::*;
use crate::tool::{Making, WishedHeader, WishedKind, WishedTool};

fn wish(url: &str, headers: &[(&str, WishedHeader)]) -> WishedTool {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    WishedTool {
        description: "Looks up an order.".to_owned(),
        kind: WishedKind::Http {
            method: schemas::directory::HttpMethod::Post,
            url: url.to_owned(),
            arguments: json!({ "type": "object" }),
        },
        headers: Some(headers),
        allow_private: false,
        timeout_seconds: 10,
    }
}

fn save(directory: &Directory, slug: &str, wish: WishedTool) -> Decided {
    save_seen(directory, (slug, Seen::Whatever), wish)
}

fn save_seen(directory: &Directory, (slug, seen): (&str, Seen<'_>), wish: WishedTool) -> Decided {
    let making = Making { unique: "u1", has_secret: &|_, _| false, schema_problem: &|_| None };
    tool::save(directory, &acme(), (slug, seen), (wish, &making))
}

fn using(tools: &[&str]) -> OpenConfig {
    let tools = tools.iter().map(|&name| name.to_owned()).collect();
    OpenConfig { tools, ..OpenConfig::named("Mara") }
}

#[test]
fn a_tool_comes_changes_and_goes() {
    let mut world = World::acme();
    let key = || WishedHeader::Secret(Secret::from("Bearer very-secret".to_owned()));
    let url = "https://api.acme.example/";
    world.desk(
        |it| save(it, "orders", wish(url, &[("authorization", key())])),
        expect![[r#"
            ~ secret acme/tool:orders/authorization
            + tool acme/orders"#]],
    );
    let kept = [("authorization", WishedHeader::Kept)];
    world.desk(|it| save(it, "orders", wish(url, &kept)), expect![""]);
    world.desk(
        |it| save(it, "orders", wish("https://api.acme.example/v2", &kept)),
        expect!["~ tool acme/orders: url"],
    );
    let id = "orders".parse().unwrap();
    world.desk(|it| tool::remove(it, &acme(), &id), expect!["- tool acme/orders"]);
    world.desk(|it| tool::remove(it, &acme(), &id), expect![""]);
    let never = "never".parse().unwrap();
    world.desk(
        |it| tool::remove(it, &acme(), &never),
        expect!["refused: there is no such thing here"],
    );
    world.desk(
        |it| save(it, "new", wish(url, &[])),
        expect![
            "refused: `slug` cannot be `new`: that is the address of the page where tools are made"
        ],
    );
    world.desk(
        |it| save(it, "current_time", wish(url, &[])),
        expect!["refused: `slug` cannot be used: only a-z, 0-9 and `-` may stand in it"],
    );
    world.desk(|it| save(it, "orders", wish(url, &[])), expect!["+ tool acme/orders"]);
}

#[test]
fn nobody_who_answers_is_left_without_a_tool() {
    let mut world = World::acme();
    let publish = |tools: &[&str], version| {
        let publication = publication(using(tools), version);
        move |it: &Directory| agent::publish(it, &acme(), &mara(), publication)
    };
    world.desk(
        publish(&["orders", "current_time", "refunds"], 1),
        expect!["refused: `tools` names `orders`, and there is no such tool; `tools` names `refunds`, and there is no such tool"],
    );
    // What is being worked on may name what comes later.
    world.desk(
        |it| agent::save_draft(it, (&acme(), &mara()), None, using(&["orders"])),
        expect!["~ agent acme/mara: draft saved"],
    );
    world.desk(
        |it| save(it, "orders", wish("https://a.example/", &[])),
        expect!["+ tool acme/orders"],
    );
    let id = "orders".parse().unwrap();
    let users = |world: &World| -> Vec<(String, bool)> {
        let users = tool::users(&world.directory, &acme(), &id).into_iter();
        users.map(|user| (format!("{} {}", user.agent, user.name), user.answers)).collect()
    };
    let one = |answers| vec![("mara Mara".to_owned(), answers)];
    assert_eq!(users(&world), one(false), "a draft has it");
    world.desk(publish(&["orders"], 1), expect!["~ agent acme/mara: publish version 2"]);
    assert_eq!(users(&world), one(true));
    world.desk(
        |it| tool::remove(it, &acme(), &id),
        expect!["refused: tool `orders` is used by `mara`: publish without it first"],
    );
    world.desk(publish(&["current_time"], 2), expect!["~ agent acme/mara: publish version 3"]);
    assert_eq!(users(&world), []);
    world.desk(|it| tool::remove(it, &acme(), &id), expect!["- tool acme/orders"]);
    world.desk(
        publish(&["orders"], 3),
        expect!["refused: `tools` names `orders`, and there is no such tool"],
    );
}

#[test]
fn a_tool_that_somebody_else_changed_meanwhile_stays() {
    let mut world = World::acme();
    let changed =
        || expect!["refused: somebody else changed this meanwhile: look at it again, then decide"];
    let at = |path: &str| wish(&format!("https://api.acme.example/{path}"), &[]);
    let none = ("orders", Seen::Nothing);
    world.desk(|it| save_seen(it, none, at("v1")), expect!["+ tool acme/orders"]);
    world.desk(|it| save_seen(it, none, at("v1")), changed());
    let id = "orders".parse().unwrap();
    let seen = fingerprint(&**world.directory.tool(&acme(), &id).unwrap());
    let seen = ("orders", Seen::As(&seen));
    world.desk(|it| save_seen(it, seen, at("v2")), expect!["~ tool acme/orders: url"]);
    world.desk(|it| save_seen(it, seen, at("v3")), changed());
    world.desk(|it| tool::remove(it, &acme(), &id), expect!["- tool acme/orders"]);
    world.desk(|it| save_seen(it, seen, at("v3")), changed());
    world.desk(|it| save_seen(it, none, at("v3")), expect!["+ tool acme/orders"]);
}
