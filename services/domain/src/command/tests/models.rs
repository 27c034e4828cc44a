//! Model groups, and whoever relies on them.

use schemas::directory::{ModelChoice, ModelVendor};

use super::*;
use crate::model::{Making, WishedDeployment, WishedModelGroup};

fn wish(model: &str, fallbacks: &[&str]) -> WishedModelGroup {
    let deployment = WishedDeployment {
        name: "claude".to_owned(),
        vendor: ModelVendor::Anthropic,
        model: model.to_owned(),
        base_url: None,
        key: Some(Secret::from("sk-of-acme".to_owned())),
        weight: None,
        context_window: None,
        max_output_tokens: None,
        requests_per_minute: None,
        tokens_per_minute: None,
        tools: None,
        json_schema: None,
        vision: None,
        price: None,
    };
    WishedModelGroup {
        choose: ModelChoice::Order,
        fallbacks: fallbacks.iter().map(|&name| name.to_owned()).collect(),
        deployments: vec![deployment],
    }
}

fn kept(mut wish: WishedModelGroup) -> WishedModelGroup {
    for deployment in &mut wish.deployments {
        deployment.key = None;
    }
    wish
}

fn save(directory: &Directory, slug: &str, wish: WishedModelGroup) -> Decided {
    save_seen(directory, (slug, Seen::Whatever), wish)
}

fn save_seen(
    directory: &Directory,
    (slug, seen): (&str, Seen<'_>),
    wish: WishedModelGroup,
) -> Decided {
    let making = Making {
        unique: "u1",
        has_secret: &|_, _| false,
        problems: &|_, _| Vec::new(),
        is_of_installation: &|name| name == "quality",
    };
    model::save(directory, &acme(), (slug, seen), (wish, &making))
}

fn remove(directory: &Directory, slug: &str) -> Decided {
    model::remove(directory, &acme(), &slug.parse().unwrap(), &|name| name == "quality")
}

#[test]
fn a_model_group_comes_changes_and_goes() {
    let mut world = World::acme();
    world.desk(
        |it| save(it, "quality", wish("claude-sonnet-5-5", &[])),
        expect![[r#"
            ~ secret acme/model:quality/claude
            + model group acme/quality"#]],
    );
    world.desk(|it| save(it, "quality", kept(wish("claude-sonnet-5-5", &[]))), expect![""]);
    world.desk(
        |it| save(it, "quality", kept(wish("claude-opus-5", &["fast"]))),
        expect!["refused: `fallbacks` names `fast`, and there is no such group"],
    );
    world.desk(
        |it| save(it, "fast", wish("claude-haiku-5-5", &["quality"])),
        expect![[r#"
            ~ secret acme/model:fast/claude
            + model group acme/fast"#]],
    );
    world.desk(
        |it| save(it, "quality", kept(wish("claude-opus-5", &["fast"]))),
        expect!["~ model group acme/quality: fallbacks, deployments"],
    );
    world.desk(|it| remove(it, "quality"), expect!["- model group acme/quality"]);
    world.desk(|it| remove(it, "quality"), expect![""]);
    world.desk(|it| remove(it, "never"), expect!["refused: there is no such thing here"]);
    world.desk(
        |it| save(it, "new", wish("m", &[])),
        expect![
            "refused: `slug` cannot be `new`: that is the address of the page where groups are made"
        ],
    );
}

#[test]
fn nobody_who_answers_is_left_without_a_model() {
    let mut world = World::acme();
    world.desk(
        |it| save(it, "own", wish("claude-sonnet-5-5", &[])),
        expect![[r#"
            ~ secret acme/model:own/claude
            + model group acme/own"#]],
    );
    let config = OpenConfig { model: "own".to_owned(), ..OpenConfig::named("Mara") };
    let publication = publication(config, 1);
    world.desk(
        |it| agent::publish(it, &acme(), &mara(), publication),
        expect!["~ agent acme/mara: publish version 2"],
    );
    world.desk(
        |it| save(it, "second", wish("claude-haiku-5-5", &["own"])),
        expect![[r#"
            ~ secret acme/model:second/claude
            + model group acme/second"#]],
    );
    world.desk(
        |it| remove(it, "own"),
        expect!["refused: model group `own` is used by agent `mara`, group `second`, and the installation has none of that name"],
    );
    world.desk(|it| remove(it, "second"), expect!["- model group acme/second"]);
    let config = OpenConfig { model: "quality".to_owned(), ..OpenConfig::named("Mara") };
    let publication = self::publication(config, 2);
    world.desk(
        |it| agent::publish(it, &acme(), &mara(), publication),
        expect!["~ agent acme/mara: publish version 3"],
    );
    world.desk(|it| remove(it, "own"), expect!["- model group acme/own"]);
}

#[test]
fn a_group_that_somebody_else_changed_meanwhile_stays() {
    let mut world = World::acme();
    let changed =
        || expect!["refused: somebody else changed this meanwhile: look at it again, then decide"];
    let (none, first) = (("own", Seen::Nothing), || wish("claude-sonnet-5-5", &[]));
    world.desk(
        |it| save_seen(it, none, first()),
        expect![[r#"
            ~ secret acme/model:own/claude
            + model group acme/own"#]],
    );
    world.desk(|it| save_seen(it, none, first()), changed());
    let id = "own".parse().unwrap();
    let seen = fingerprint(&**world.directory.model_group(&acme(), &id).unwrap());
    let mine = || kept(wish("claude-opus-5", &[]));
    world.desk(
        |it| save_seen(it, ("own", Seen::As(&seen)), mine()),
        expect!["~ model group acme/own: deployments"],
    );
    let theirs = || kept(wish("claude-haiku-5", &[]));
    world.desk(|it| save_seen(it, ("own", Seen::As(&seen)), theirs()), changed());
    world.desk(|it| remove(it, "own"), expect!["- model group acme/own"]);
    world.desk(|it| save_seen(it, ("own", Seen::As(&seen)), first()), changed());
    world.desk(
        |it| save_seen(it, none, first()),
        expect![[r#"
            ~ secret acme/model:own/claude
            + model group acme/own"#]],
    );
}
