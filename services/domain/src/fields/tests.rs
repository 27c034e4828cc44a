use super::*;

fn problems(config: &OpenConfig) -> Vec<String> {
    self::config(config).iter().map(ToString::to_string).collect()
}

fn with_keywords(keywords: &[&str]) -> OpenConfig {
    let when = OpenTrigger::Keywords(keywords.iter().map(|&it| it.to_owned()).collect());
    let escalation = vec![OpenRule { when, to_channel: "C1".to_owned() }];
    OpenConfig { escalation, ..OpenConfig::named("Mara") }
}

fn with_tools(tools: Vec<String>) -> OpenConfig {
    OpenConfig { tools, ..OpenConfig::named("Mara") }
}

#[test]
fn a_rule_by_words_can_be_met() {
    for good in ["lawyer", "§ 5", "弁護士", "24"] {
        assert!(problems(&with_keywords(&[good])).is_empty(), "{good}");
    }
    let cases: [(&[&str], &str); 4] = [
        (&[], "`keywords` of rule 1 is empty"),
        (&["  "], "`keywords` of rule 1 has one that is empty"),
        (&["!!!"], "`keywords` of rule 1 has one without a letter or a digit"),
        (&["lawyer", "\u{200b}"], "`keywords` of rule 1 has one without a letter or a digit"),
    ];
    for (keywords, want) in cases {
        let config = with_keywords(keywords);
        assert_eq!(problems(&config), [want], "{keywords:?}");
        assert!(draft(&config).is_empty(), "it may be unfinished: {keywords:?}");
    }
}

#[test]
fn a_tool_is_named_once_and_there_are_not_too_many() {
    let many = |count: usize| (0..count).map(|n| format!("t{n}")).collect::<Vec<_>>();
    assert!(problems(&with_tools(many(TOOLS_MAX))).is_empty());
    let too_many = problems(&with_tools(many(TOOLS_MAX + 1)));
    assert_eq!(too_many, ["`tools` has more than 64"]);
    let twice = ["t1", "t2", "t1", "t1"].map(str::to_owned);
    let config = with_tools(twice.to_vec());
    assert_eq!(problems(&config), ["`tools` names `t1` more than once"]);
    assert!(draft(&config).is_empty(), "it may be unfinished");
}
