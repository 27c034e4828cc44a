use expect_test::{Expect, expect};
use proptest::prelude::*;
use schemas::{Budget, ChannelKind, Limits};

use super::*;

mod models;
mod tools;

fn shown(changes: &[FieldChange]) -> String {
    let line = |change: &FieldChange| {
        format!("{}: {:?} -> {:?}", change.field, change.before, change.after)
    };
    changes.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[expect(clippy::needless_pass_by_value, reason = "so that tests read `check(…, expect![…])`")]
fn check(changes: Vec<FieldChange>, want: Expect) {
    want.assert_eq(&shown(&changes));
}

fn tenant() -> Tenant {
    Tenant {
        id: "acme".parse().unwrap(),
        name: "Acme".to_owned(),
        limits: Limits::default(),
        budget: Budget::default(),
        status: TenantStatus::Active,
    }
}

#[test]
fn a_tenant_field_by_field() {
    let before = tenant();
    let limits = Limits {
        messages_per_minute: 60,
        per_channel: [(ChannelKind::Slack, 20)].into_iter().collect(),
        keep_days: Some(14),
    };
    let budget = Budget { monthly_micros: Some(12_500_000), ..Budget::default() };
    let after = Tenant { limits, budget, status: TenantStatus::Suspended, ..before.clone() };
    check(of_tenant(Some(&before), &before), expect![""]);
    check(
        of_tenant(Some(&before), &after),
        expect![[r#"
        messages_per_minute: Some("30") -> "60"
        per_channel: Some("none") -> "slack 20"
        keep_days: Some("none") -> "14"
        monthly_budget: Some("none") -> "$12.50"
        status: Some("active") -> "suspended""#]],
    );
    check(
        of_tenant(None, &before),
        expect![[r#"
            name: None -> "Acme"
            messages_per_minute: None -> "30"
            per_channel: None -> "none"
            keep_days: None -> "none"
            daily_budget: None -> "none"
            monthly_budget: None -> "none"
            status: None -> "active""#]],
    );
    let cases = [(0, "$0.00"), (1, "$0.000001"), (1_230_000, "$1.23"), (1_234_500, "$1.2345")];
    for (micros, want) in cases {
        assert_eq!(dollars(micros), want);
    }
}

#[test]
fn a_connection_without_its_token() {
    let before = Connection {
        id: "slack-T1".parse().unwrap(),
        channel: ChannelKind::Slack,
        app: "default".to_owned(),
        workspace: "T1".to_owned(),
        bot_user: "U1".to_owned(),
        agent: "mara".parse().unwrap(),
        token: "slack-T1/bot_token/1".to_owned(),
        status: ConnectionStatus::Active,
    };
    let after = Connection {
        agent: "otto".parse().unwrap(),
        token: "slack-T1/bot_token/2".to_owned(),
        ..before.clone()
    };
    check(
        of_connection(Some(&before), &after),
        expect![[r#"
        agent: Some("mara") -> "otto"
        bot_token: Some("a token") -> "another token""#]],
    );
}

#[test]
fn an_agent_by_the_version_that_answers_else_by_its_draft() {
    let first = OpenConfig { persona: "warm".to_owned(), ..OpenConfig::named("Mara") };
    let second = OpenConfig { persona: "brief".to_owned(), follow_minutes: 5, ..first.clone() };
    let budget = Budget::default();
    let created = OpenAgent { draft: Some(first.clone()), published: None, budget, retired: false };
    let published =
        OpenAgent { draft: None, published: Some((1, first.clone())), ..created.clone() };
    let drafted = OpenAgent { draft: Some(second.clone()), ..published.clone() };
    let again = OpenAgent { draft: None, published: Some((2, second)), ..created.clone() };
    let retired = OpenAgent { retired: true, ..again.clone() };
    check(
        of_agent(None, &created),
        expect![[r#"
            version: None -> "none"
            daily_budget: None -> "none"
            monthly_budget: None -> "none"
            retired: None -> "no"
            name: None -> "Mara"
            persona: None -> "warm"
            model: None -> "quality"
            follow_minutes: None -> "30""#]],
    );
    check(
        of_agent(Some(&created), &published),
        expect![[r#"
        version: Some("none") -> "1"
        name: None -> "Mara"
        persona: None -> "warm"
        model: None -> "quality"
        follow_minutes: None -> "30""#]],
    );
    check(
        of_agent(Some(&published), &drafted),
        expect![[r#"
        persona: Some("warm") -> "brief"
        follow_minutes: Some("30") -> "5""#]],
    );
    check(
        of_agent(Some(&drafted), &again),
        expect![[r#"
        version: Some("1") -> "2"
        persona: Some("warm") -> "brief"
        follow_minutes: Some("30") -> "5""#]],
    );
    check(of_agent(Some(&again), &retired), expect![[r#"retired: Some("no") -> "yes""#]]);
}

#[test]
fn a_long_text_by_lines_and_words() {
    let before = "You are Mara.\nBe warm and brief.\nNever promise refunds.\n\nAsk first.";
    let after = "You are Mara.\nBe kind and brief.\nAlways greet.\n\nAsk first.\nThen act.";
    // Lines are compared without the white space at their ends, which editors take away.
    let line = |row: &_| format!("{row}").trim_end().to_owned();
    let lines: Vec<_> =
        lines(before, after, &mut Effort::of_page()).unwrap().iter().map(line).collect();
    expect![[r#"
          You are Mara.
        - Be [warm] and brief.
        - [Never] [promise refunds.]
        + Be [kind] and brief.
        + [Always] [greet.]

          Ask first.
        + [Then act.]"#]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn hostile_texts_take_no_more_than_a_page_has() {
    let words = |first: char| {
        let line = |n: usize| format!("{first}{n} x{} y{}\n", n % 7, n % 5);
        (0..1_600).map(line).collect::<String>()
    };
    let (before, after) = (words('a'), words('b'));
    let mut effort = Effort::of_page();
    let mut compared = 0;
    while lines(&before, &after, &mut effort).is_some() {
        compared += 1;
        assert!(compared < 100, "there is an end");
    }
    assert!((2..50).contains(&compared), "{compared}");
    assert!(lines("a", "b", &mut effort).is_some(), "what is short still is");

    // Rows cost as well: a page of empty lines is a page of megabytes.
    let (nothing, empty) = ("", "\n".repeat(64 << 10));
    let mut effort = Effort::of_page();
    assert!(lines(nothing, &empty, &mut effort).is_some());
    assert!(lines(nothing, &"\n".repeat(100 << 10), &mut effort).is_none());
}

#[test]
fn a_small_change_of_a_long_text_takes_little() {
    let line = |text: String, n: u32| text + &format!("line {n} of it\n");
    let text: String = (0..2_000).fold(String::new(), line);
    let changed = text.replace("line 1000 ", "Line 1000 ");
    let mut effort = Effort::of_page();
    for _ in 0..10 {
        assert!(lines(&text, &changed, &mut effort).is_some());
    }
}

proptest! {
    #[test]
    fn both_texts_can_be_read_from_their_difference(
        before in "[ab \n]{0,30}", after in "[ab \n]{0,30}",
    ) {
        let both = lines(&before, &after, &mut Effort::of_page()).unwrap();
        let side = |not: LineKind| -> Vec<String> {
            let kept = both.iter().filter(|line| line.kind != not);
            kept.map(|line| line.words.iter().map(|word| word.text.as_str()).collect()).collect()
        };
        prop_assert_eq!(side(LineKind::Added), before.lines().collect::<Vec<_>>());
        prop_assert_eq!(side(LineKind::Removed), after.lines().collect::<Vec<_>>());
    }
}
