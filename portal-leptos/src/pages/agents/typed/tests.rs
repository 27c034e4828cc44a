use super::*;

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn mara() -> OpenConfig {
    OpenConfig {
        system_prompt: "Line one.\n\n  Line <two> & three.\n".to_owned(),
        tools: vec!["search".to_owned(), "orders".to_owned()],
        escalation: vec![
            OpenRule {
                when: OpenTrigger::Keywords(vec!["refund".to_owned(), "legal advice".to_owned()]),
                to_channel: "#support".to_owned(),
            },
            OpenRule { when: OpenTrigger::Budget, to_channel: "C0OPS".to_owned() },
        ],
        follow_minutes: 45,
        ..OpenConfig::named("Mara")
    }
}

/// As a browser sends what [`Typed`] shows.
fn sent(typed: &Typed) -> Vec<(String, String)> {
    let mut sent = pairs(&[
        ("name", &typed.name),
        ("role", &typed.role),
        ("job_description", &typed.job_description),
        ("statement_of_work", &typed.statement_of_work),
        ("persona", &typed.persona),
        ("system_prompt", &typed.system_prompt.replace('\n', "\r\n")),
        ("model", &typed.model),
        ("follow_minutes", &typed.follow_minutes),
        ("revision", &typed.revision.to_string()),
    ]);
    // Each box that is ticked is sent by itself.
    sent.extend(typed.tools().map(|name| ("tools".to_owned(), name.to_owned())));
    for (row, rule) in typed.rows(1).iter().enumerate() {
        sent.push((format!("rule-when-{row}"), rule.when.clone()));
        sent.push((format!("rule-keywords-{row}"), rule.keywords.clone()));
        sent.push((format!("rule-channel-{row}"), rule.to_channel.clone()));
    }
    sent
}

#[test]
fn a_form_that_is_sent_as_it_was_shown_says_what_it_said() {
    let typed = Typed::read(sent(&Typed::of(7, &mara())));
    assert_eq!(typed.revision, 7);
    assert!(typed.config().unwrap() == mara());
}

/// What a browser kept of the form as it was before, or what a merge brings along.
#[test]
fn tools_are_read_however_they_are_sent() {
    let form = pairs(&[("tools", "orders\r\n\r\n crm"), ("tools", ""), ("tools", "current_time")]);
    assert_eq!(Typed::read(form).tools, "orders\ncrm\ncurrent_time");
    assert_eq!(Typed::read(pairs(&[("tools", "")])).tools, "");
}

#[test]
fn a_problem_points_to_the_row_that_is_shown() {
    let form = pairs(&[
        ("follow_minutes", "30"),
        ("rule-when-0", ""),
        ("rule-channel-1", "C1"),
        ("rule-when-1", "budget"),
        ("rule-channel-2", "C2"),
    ]);
    let typed = Typed::read(form);
    let problems = typed.config().unwrap_err();
    assert_eq!(problems[0].field, "rule-when-1");
    assert_eq!(problems[0].message, "Rule 2: choose when it holds");
    assert_eq!(typed.rows(0)[1].to_channel, "C2");
}

#[test]
fn a_half_filled_rule_is_asked_about_and_nothing_of_it_is_lost() {
    let mut form = sent(&Typed::of(1, &OpenConfig::named("Mara")));
    form.extend(pairs(&[("rule-channel-0", "#help"), ("follow_minutes", "half an hour")]));
    let typed = Typed::read(form);
    let problems = typed.config().unwrap_err();
    let fields: Vec<_> = problems.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(fields, ["follow_minutes", "rule-when-0"]);
    assert_eq!(typed.follow_minutes, "half an hour");
    assert_eq!(typed.rows(0).first().unwrap().to_channel, "#help");
}

#[test]
fn a_row_is_taken_away_alone() {
    let typed = Typed::of(1, &mara()).without_rule(0).without_rule(9);
    let left: Vec<_> = typed.rows(0).iter().map(|rule| rule.when.clone()).collect();
    assert_eq!(left, ["budget"]);
}

#[test]
fn a_form_has_no_more_rows_than_it_may() {
    let typed = Typed::read(pairs(&[("rule-when-99999999", "budget"), ("rule-when-x", "budget")]));
    assert!(typed.rules.is_empty());
}
