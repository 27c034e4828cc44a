use proptest::prelude::*;
use schemas::{
    Text,
    event::{ToolCalled, ToolOutcome},
};

use super::*;

fn rule(when: OpenTrigger, to_channel: &str) -> OpenRule {
    OpenRule { when, to_channel: to_channel.to_owned() }
}

fn words(words: &[&str]) -> OpenTrigger {
    OpenTrigger::Keywords(words.iter().map(|&word| word.to_owned()).collect())
}

#[test]
fn a_word_of_a_rule_is_found_as_a_whole_word_in_any_case() {
    let rules = [rule(OpenTrigger::Budget, "C0"), rule(words(&["lawyer", "Zahlungs-Frist"]), "C1")];
    let due = Some(Due { why: HandOffReason::Keyword, to_channel: "C1" });
    for text in ["My LAWYER will call.", "lawyer", "die Zahlungs-Frist!", "zahlungs frist"] {
        assert_eq!(by_words(&rules, text), due, "{text}");
    }
    for text in ["", "lawyers", "outlawyer", "Frist der Zahlungs", "law yer"] {
        assert_eq!(by_words(&rules, text), None, "{text}");
    }
    assert_eq!(by_words(&[rule(words(&["", "!"]), "C1")], "anything at all!"), None);
}

/// Rounds of calls, each a tool and why it failed.
fn rounds(calls: &[(&str, Option<&str>)]) -> Vec<ToolRound> {
    let text = || Text::Plain(String::new());
    let round = |&(tool, failed): &(&str, Option<&str>)| ToolRound {
        said: None,
        calls: vec![ToolCalled {
            id: "c".to_owned(),
            tool: tool.to_owned(),
            arguments: text(),
            outcome: ToolOutcome { text: text(), failed: failed.map(str::to_owned), took_ms: 1 },
        }],
    };
    calls.iter().map(round).collect()
}

#[test]
fn a_tool_has_failed_if_it_did_not_work_in_the_end_and_the_model_is_not_to_blame() {
    let rules = [rule(OpenTrigger::ToolFailure, "C1")];
    let due = Some(Due { why: HandOffReason::ToolFailure, to_channel: "C1" });
    let failed: [&[(&str, Option<&str>)]; 4] = [
        &[("orders", Some("timeout"))],
        &[("orders", None), ("orders", Some("status"))],
        &[("orders", Some("network")), ("stock", None)],
        &[("orders", Some("uncertain"))],
    ];
    for calls in failed {
        assert_eq!(by_tools(&rules, &rounds(calls)), due, "{calls:?}");
        assert_eq!(by_tools(&[rule(OpenTrigger::Budget, "C1")], &rounds(calls)), None);
    }
    let well: [&[(&str, Option<&str>)]; 4] = [
        &[],
        &[("orders", None)],
        &[("orders", Some("timeout")), ("orders", None)],
        &[("orders", Some("arguments")), ("nothing", Some("unknown")), ("stock", Some("limit"))],
    ];
    for calls in well {
        assert_eq!(by_tools(&rules, &rounds(calls)), None, "{calls:?}");
    }
}

#[test]
fn the_agents_own_decision_goes_where_its_reason_says_or_to_the_first() {
    let rules = [
        rule(words(&["x"]), "C1"),
        rule(OpenTrigger::AskedForHuman, "C2"),
        rule(OpenTrigger::Sentiment, "C3"),
    ];
    let to = |why| by_agent(&rules, why).map(|due| due.to_channel);
    assert_eq!(to(HandOffReason::AskedForHuman), Some("C2"));
    assert_eq!(to(HandOffReason::Sentiment), Some("C3"));
    assert_eq!(to(HandOffReason::CannotHelp), Some("C1"));
    assert_eq!(by_agent(&[], HandOffReason::CannotHelp), None);
}

#[test]
fn the_model_judges_what_rules_leave_to_it() {
    let agent = |rules: &[OpenRule], tools: &[&str]| OpenConfig {
        escalation: rules.to_vec(),
        tools: tools.iter().map(|&tool| tool.to_owned()).collect(),
        ..OpenConfig::named("Mara")
    };
    assert!(judged_by_model(&agent(&[], &[HAND_OFF])).is_empty(), "nobody would be told");
    assert!(judged_by_model(&agent(&[rule(OpenTrigger::Budget, "C1")], &[])).is_empty());
    let asked = [rule(OpenTrigger::AskedForHuman, "C1")];
    assert_eq!(judged_by_model(&agent(&asked, &[])), ["the person asks for a human being"]);
    let named = judged_by_model(&agent(&[rule(OpenTrigger::Budget, "C1")], &[HAND_OFF]));
    assert_eq!(named, ["you cannot or must not help, and a person could"]);
}

#[test]
fn a_word_of_a_script_without_spaces_is_found_anywhere() {
    let found = [
        ("弁護士", "弁護士に相談したい"),
        ("弁護士", "今日、弁護士。"),
        ("律师", "我要找律师谈谈"),
        ("べんごし", "すぐべんごしをよぶ"),
        ("クレーム", "これはクレームです"),
        ("ทนาย", "ฉันจะโทรหาทนายความ"),
        ("ทนายความ", "ฉันต้องการทนายความเดี๋ยวนี้"),
        ("API", "ＡＰＩがこわれた"),
        ("ABC社", "昨日のABC社の件"),
        ("ｌａｗｙｅｒ", "My lawyer."),
        ("lawyer", "my law\u{ad}yer"),
        ("lawyer", "my l\u{200b}awyer"),
    ];
    for (word, text) in found {
        let rules = [rule(words(&[word]), "C1")];
        assert_eq!(by_words(&rules, text).map(|due| due.to_channel), Some("C1"), "{word}: {text}");
    }
    for (word, text) in
        [("弁護士", "弁護"), ("弁護士", "弁。護士"), ("API", "ＡＰＩＳ"), ("é", "café")]
    {
        assert_eq!(by_words(&[rule(words(&[word]), "C1")], text), None, "{word}: {text}");
    }
}

#[test]
fn a_number_of_a_word_is_the_whole_number() {
    let cases = [
        ("3人", "3人です", true),
        ("3人", "全部で3人です", true),
        ("3人", "13人です", false),
        ("3人", "3.3人です", false),
        ("300人", "1,300人です", false),
        ("300人", "１，３００人です", false),
        ("1,300人", "約1,300人です", true),
        ("3人", "13人、3人です", true),
        ("3人", "２、３人です", true),
        ("第3", "第3回", true),
        ("第3", "第31回", false),
        ("第3", "第3.5回", false),
        ("第3", "第31回と第3回", true),
        ("3か3", "13か3か3だ", true),
        ("人", "13人です", true),
        ("๓ คน", "๑๓ คน", false),
        ("๓ คน", "มี ๓ คน", true),
    ];
    for (word, text, want) in cases {
        let found = by_words(&[rule(words(&[word]), "C1")], text).is_some();
        assert_eq!(found, want, "{word}: {text}");
    }
}

proptest! {
    #[test]
    fn a_number_is_found_by_itself_and_by_no_part_of_it(
        number in 1_u32..10_000, digit in 0_u32..10, before in "[ あ、a]{0,3}", after in "[ あ、a]{0,3}",
    ) {
        let rules = [rule(words(&[&format!("{number}人")]), "C1")];
        let said = |number: &str| by_words(&rules, &format!("{before}{number}人{after}")).is_some();
        prop_assert!(said(&number.to_string()) || before.ends_with('a'));
        let longer = format!("{digit}{number}");
        prop_assert!(!said(&longer));
    }
}

#[test]
fn it_is_given_back_in_two_words_and_politely() {
    let taken = [
        "hand back",
        "Hand back!",
        "<@U1> hand back",
        "@Mara  HAND-BACK",
        "hand back @Mara",
        "`hand back`",
        "please hand back",
        "<@U1>, hand back, please. Thank you!",
        "Thanks, hand back",
        "hand back :wave:",
        ":+1::skin-tone-2: hand back :wave:!",
        "hand back 👋",
    ];
    for text in taken {
        assert!(gives_back(text), "{text}");
    }
    let others = [
        "",
        "hand",
        "please",
        "thank hand back",
        "hand please back",
        "hand it back",
        "handback",
        "don't hand back",
        "please don't hand back",
        "hand back tomorrow",
        "hand back: no",
    ];
    for text in others {
        assert!(!gives_back(text), "{text}");
    }
}
