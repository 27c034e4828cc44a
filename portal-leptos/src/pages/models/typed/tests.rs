use domain::secret::Secret;
use serde_json::json;

use super::*;

fn quality() -> ModelGroup {
    let group = json!({
        "id": "quality",
        "choose": "weight",
        "fallbacks": ["fast", "local"],
        "deployments": [
            {
                "name": "claude", "vendor": "anthropic", "model": "claude-sonnet-5-5",
                "key": "model:quality/claude/u1", "weight": 3, "context_window": 200_000,
                "max_output_tokens": 8_000, "requests_per_minute": 50,
                "tokens_per_minute": 40_000, "tools": true, "json_schema": false,
                "price": { "input": 3_000_000, "output": 15_000_000, "cache_read": 300_001 },
            },
            {
                "name": "own", "vendor": "openai", "model": "gpt-oss",
                "base_url": "https://models.acme.example/v1", "vision": true,
                "price": { "input": 0, "output": 1 },
            },
        ],
        "status": "active",
    });
    serde_json::from_value(group).unwrap()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// As a browser sends what [`Typed`] shows.
fn sent(typed: &Typed) -> Vec<(String, String)> {
    let mut sent = pairs(&[
        ("slug", &typed.slug),
        ("seen", &typed.seen),
        ("choose", &typed.choose),
        ("fallbacks", &typed.fallbacks),
    ]);
    for (row, it) in typed.deployments.iter().enumerate() {
        let mut say = |field: &str, value: &str| {
            sent.push((rows::control::<TypedDeployment>(field, row), value.to_owned()));
        };
        say("name", &it.name);
        say("vendor", &it.vendor);
        say("model", &it.model);
        say("secret", "");
        if it.key.is_lost() {
            say("again", "1");
        }
        if it.leaves_key {
            say("leave", "on");
        }
        for (field, value) in it.more() {
            say(field, value);
        }
    }
    sent
}

/// The same with something else in that control.
fn with(mut form: Vec<(String, String)>, control: &str, text: &str) -> Vec<(String, String)> {
    form.retain(|(name, _)| name != control);
    form.push((control.to_owned(), text.to_owned()));
    form
}

fn said(problems: &[Problem]) -> Vec<(&str, &str)> {
    problems.iter().map(|it| (&*it.field, &*it.message)).collect()
}

#[test]
fn a_form_that_is_sent_as_it_was_shown_says_what_it_said() {
    let group = quality();
    let typed = Typed::read(sent(&Typed::of(&group)));
    assert_eq!(typed.seen, form::fingerprint(&group));
    let wish = typed.wish().unwrap();
    assert_eq!((wish.choose, &wish.fallbacks), (group.choose, &group.fallbacks));
    assert_eq!(wish.deployments.len(), group.deployments.len());
    for (wished, is) in wish.deployments.iter().zip(&group.deployments) {
        assert_eq!((&wished.name, wished.vendor, &wished.model), (&is.name, is.vendor, &is.model));
        assert_eq!((&wished.base_url, &wished.key), (&is.base_url, &None));
        assert_eq!((wished.weight, wished.context_window), (is.weight, is.context_window));
        assert_eq!(wished.max_output_tokens, is.max_output_tokens);
        assert_eq!(wished.requests_per_minute, is.requests_per_minute);
        assert_eq!(wished.tokens_per_minute, is.tokens_per_minute);
        assert_eq!((wished.tools, wished.json_schema), (is.tools, is.json_schema));
        assert_eq!((wished.vision, wished.price), (is.vision, is.price));
    }
}

#[test]
fn a_key_that_is_stored_is_not_asked_for_again() {
    let shown = Typed::of(&quality()).shown_again();
    assert!(shown.deployments.iter().all(|it| !it.key.is_lost()), "nobody typed one");
}

#[test]
fn a_key_that_was_typed_is_not_shown_again_and_is_asked_for_again() {
    let of_key = "deployment-secret-0";
    let typed = Typed::read(with(sent(&Typed::of(&quality())), of_key, " sk-s3cret "));
    let key = typed.wish().unwrap().deployments[0].key.clone();
    assert_eq!(key, Some(Secret::from("sk-s3cret".to_owned())));
    // Another field was wrong: the key is not sent back, and the old one does not stay unnoticed.
    let again = typed.shown_again();
    assert!(!again.deployments.iter().any(|it| it.key.is_typed()));
    let form = sent(&again);
    let want = [(of_key, "Deployment 1: type the key again: it is never sent back")];
    assert_eq!(said(&Typed::read(form.clone()).wish().unwrap_err()), want);
    let kept = Typed::read(with(form.clone(), "deployment-leave-0", "on"));
    assert_eq!(kept.wish().unwrap().deployments[0].key, None);
    let other = with(form, of_key, "sk-other");
    let other = Typed::read(with(other, "deployment-leave-0", "on")).wish().unwrap();
    let key = other.deployments[0].key.clone();
    assert_eq!(key, Some(Secret::from("sk-other".to_owned())), "what is typed holds");
}

/// What was kept for somebody whose session ended comes without what was typed as a secret.
#[test]
fn a_form_that_lost_its_keys_on_the_way_asks_for_them() {
    let mut form = sent(&Typed::of(&quality()));
    form.retain(|(name, _)| !name.contains("secret"));
    let problems = Typed::read(form).wish().unwrap_err();
    let fields: Vec<_> = problems.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(fields, ["deployment-secret-0", "deployment-secret-1"]);
}

/// Such a form is kept without whatever is called like something that opens something.
#[test]
fn no_control_but_the_keys_is_taken_for_a_secret() {
    let secrets = ["password", "token", "code", "offer", "secret"];
    let form = sent(&Typed::of(&quality()));
    let lost = form.iter().map(|(name, _)| name).filter(|name| {
        let is_lost = secrets.iter().any(|word| name.contains(word));
        is_lost && !name.starts_with("deployment-secret-")
    });
    assert_eq!(lost.count(), 0);
}

#[test]
fn each_mistake_is_at_its_field_and_nothing_typed_is_lost() {
    let form = pairs(&[
        ("choose", "luck"),
        ("fallbacks", "fast,\r\n local ,"),
        ("deployment-vendor-0", "openai"),
        ("deployment-secret-0", ""),
        ("deployment-vendor-1", "acme"),
        ("deployment-secret-1", ""),
        ("deployment-window-1", "a lot"),
        ("deployment-input-1", "2.5"),
        ("deployment-cached-1", "cheap"),
    ]);
    let typed = Typed::read(form);
    let problems = typed.wish().unwrap_err();
    let want = [
        ("choose", "Choose which model is asked first"),
        ("deployment-name-1", "Deployment 2: it has no name"),
        ("deployment-vendor-1", "Deployment 2: choose a vendor"),
        (
            "deployment-window-1",
            "Deployment 2: the size of prompt and answer is not a whole number",
        ),
        (
            "deployment-cached-1",
            "Deployment 2: the price of a cache is not an amount in dollars, like 2.50 or 0.075",
        ),
        ("deployment-output-1", "Deployment 2: a price says what is read and what is written"),
    ];
    assert_eq!(said(&problems), want);
    let shown = typed.shown_again();
    let it = &shown.deployments[1];
    assert_eq!((&*it.vendor, &*it.window, &*it.cached), ("acme", "a lot", "cheap"));
    let typed = Typed { choose: "order".to_owned(), deployments: Vec::new(), ..shown };
    assert_eq!(typed.wish().unwrap().fallbacks, ["fast", "local"]);
}

#[test]
fn a_row_is_added_and_taken_away_alone() {
    let press = |typed: Typed, pressed: &str| {
        Typed { pressed: pressed.to_owned(), ..typed }.pressed_row().unwrap()
    };
    let names = |typed: &Typed| -> Vec<String> {
        typed.deployments.iter().map(|it| it.name.clone()).collect()
    };
    let typed = press(Typed::of(&quality()), "add-deployment");
    assert_eq!(names(&typed), ["claude", "own", ""]);
    let typed = press(press(typed, "remove-deployment-0"), "remove-deployment-9");
    assert_eq!(names(&typed), ["own", ""]);
    let mut again = typed.clone().shown_again();
    let new = again.deployments.pop().unwrap();
    assert!(!new.key.is_lost(), "nobody typed a key there");
    assert!(new.is_blank());
    assert!(Typed { pressed: "save".to_owned(), ..typed }.pressed_row().is_none());
}
