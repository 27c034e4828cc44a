use expect_test::expect;
use proptest::prelude::*;

use super::*;

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

fn show(parts: &[String]) -> String {
    parts.iter().map(|part| format!("[{part}]")).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_short_answer_is_one_part_and_an_empty_one_is_not_silence() {
    assert_eq!(answer_parts("**Hi**"), ["*Hi*"]);
    for empty in ["", " \n\t", "```\n```"] {
        assert_eq!(answer_parts(empty), [EMPTY_ANSWER], "{empty:?}");
    }
}

#[test]
fn cuts_fall_on_paragraphs_then_sentences_then_words() {
    let paragraph = "Some words of a paragraph that is neither short nor long. ".repeat(2);
    let sentence = "This is a sentence of some words, and it goes on for a while! ".repeat(4);
    let word = "abcdefghi ".repeat(30);
    let text = format!("{paragraph}\n\n{sentence}\n\n{word}\n\n{}", "x".repeat(170));
    expect![[r#"
        [Some words of a paragraph that is neither short nor long. Some words of a paragraph that is neither short nor long.]
        [This is a sentence of some words, and it goes on for a while! This is a sentence of some words, and it goes on for a while!]
        [This is a sentence of some words, and it goes on for a while! This is a sentence of some words, and it goes on for a while!]
        [abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi]
        [abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi]
        [xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx]
        [xxxxxxxxxxxxxx]"#]].assert_eq(&show(&split(&text, 160)));
}

#[test]
fn code_is_closed_and_opened_again() {
    let code: Vec<_> = (0..24).map(|line| format!("let line_{line} = {line};")).collect();
    let text = format!("Here it is:\n```\n{}\n```\nAnd that is all.", code.join("\n"));
    expect![[r#"
        [Here it is:
        ```
        let line_0 = 0;
        let line_1 = 1;
        let line_2 = 2;
        let line_3 = 3;
        let line_4 = 4;
        let line_5 = 5;
        let line_6 = 6;
        let line_7 = 7;
        let line_8 = 8;
        let line_9 = 9;
        let line_10 = 10;
        ```]
        [```
        let line_11 = 11;
        let line_12 = 12;
        let line_13 = 13;
        let line_14 = 14;
        let line_15 = 15;
        let line_16 = 16;
        let line_17 = 17;
        let line_18 = 18;
        let line_19 = 19;
        let line_20 = 20;
        ```]
        [```
        let line_21 = 21;
        let line_22 = 22;
        let line_23 = 23;
        ```
        And that is all.]"#]]
    .assert_eq(&show(&split(&text, 200)));
}

#[test]
fn no_part_shows_an_empty_fence() {
    for lead in 100..160 {
        let text = format!("{}\n```\n{}\n```\nend", "a".repeat(lead), "b".repeat(140));
        for part in split(&text, 160) {
            assert!(!part.contains("```\n```"), "{lead}: {part}");
            assert_eq!(part.matches("```").count() % 2, 0, "{lead}: {part}");
        }
    }
}

#[test]
fn entities_and_links_stay_whole() {
    for lead in 130..170 {
        let link = "<https://example.com/a?b=1&amp;c=2|a link of some length>";
        let text = format!("{}&amp;{link}{}", "a".repeat(lead), "b".repeat(60));
        let parts = split(&text, 160);
        assert!(parts.iter().any(|part| part.contains(link)), "{lead}: {parts:?}");
        let entities: usize = parts.iter().map(|part| part.matches("&amp;").count()).sum();
        assert_eq!(entities, 2, "{lead}: {parts:?}");
    }
}

#[test]
fn an_endless_answer_is_cut_and_says_so() {
    let parts = split(&"word ".repeat(100_000), PART_CHARS_MAX);
    assert_eq!(parts.len(), PARTS_MAX);
    assert!(parts[PARTS_MAX - 1].ends_with(CUT_NOTE));
    assert!(parts.iter().all(|part| units(part) <= PART_CHARS_MAX));
    let in_code = split(&format!("```\n{}\n```", "word\n".repeat(100_000)), PART_CHARS_MAX);
    assert!(in_code[PARTS_MAX - 1].ends_with(&format!("```\n\n{CUT_NOTE}")));
    assert!(in_code.iter().all(|part| units(part) <= PART_CHARS_MAX));
}

#[test]
fn what_we_say_ourselves() {
    let now = Timestamp::from_millis(1_700_000_000_000);
    let after = |ms: i64| Timestamp::from_millis(1_700_000_000_000 + ms);
    let notice = |limit, per_minute, ms| {
        throttled_notice(limit, ChannelKind::Slack, per_minute, after(ms), now)
    };
    let texts = [
        apology(&reference_of(&"e0123456789abcdef".parse().unwrap())),
        notice(LimitScope::Tenant, 30, 1_500),
        notice(LimitScope::Channel, 1, 60_000),
        notice(LimitScope::Channel, 5, 200_000),
        notice(LimitScope::Tenant, 0, 60_000),
        notice(LimitScope::Tenant, 30, -5),
        notice(LimitScope::Log, 0, 3_600_000),
    ];
    expect![[r#"
        I'm sorry, I couldn't answer this. Please try again in a little while. If it keeps happening, tell your administrator this reference: `e012345678`
        I didn't take your message: your organization's limit of 30 messages a minute is used up. Please send it again in 2 seconds; your administrator can raise the limit.
        I didn't take your message: your organization's limit for Slack of 1 message a minute is used up. Please send it again in 60 seconds; your administrator can raise the limit.
        I didn't take your message: your organization's limit for Slack of 5 messages a minute is used up. Please send it again in 4 minutes; your administrator can raise the limit.
        I didn't take your message: your organization's limit is set to no messages at all at the moment. Your administrator can change it.
        I didn't take your message: your organization's limit of 30 messages a minute is used up. Please send it again in a second; your administrator can raise the limit.
        I didn't take your message: so much was written to me lately that there is no room for more. Please send it again in 60 minutes."#]].assert_eq(&texts.join("\n"));
}

/// Without what may be lost at a cut: spaces, and fences that were closed and opened again.
fn content(text: &str) -> String {
    let text = text.replace("```", "");
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

proptest! {
    #[test]
    fn nothing_is_lost_and_every_part_fits(
        text in r"([a-zé你🙂]{1,40}|[ \n.,!]|\n\n|```\n|&amp;|<https://e\.com/[a-z]{0,20}\|[a-z ]{0,9}>){0,200}",
        limit in 160..400_usize,
    ) {
        let parts = split(&text, limit);
        prop_assert!(!parts.is_empty());
        for part in &parts {
            prop_assert!(units(part) <= limit, "{} > {}", units(part), limit);
            prop_assert!(!part.trim().is_empty());
        }
        if content(&text).is_empty() {
            prop_assert_eq!(parts, vec![EMPTY_ANSWER.to_owned()]);
        } else if parts.len() < PARTS_MAX {
            prop_assert_eq!(content(&parts.concat()), content(&text));
        }
    }

    #[test]
    fn any_markdown_becomes_parts_that_fit(markdown in "\\PC{0,3000}") {
        let parts = answer_parts(&markdown);
        prop_assert!(!parts.is_empty() && parts.len() <= PARTS_MAX);
        prop_assert!(parts.iter().all(|part| units(part) <= PART_CHARS_MAX));
    }
}

#[test]
fn a_signature_names_the_version_and_pings_nobody() {
    assert_eq!(signature("Mara", 3), "Mara · version 3");
    assert_eq!(signature("Ma\nra  <!here>", 1), "Ma ra &lt;!here&gt; · version 1");
}

#[test]
fn a_signature_is_bounded_and_no_entity_is_cut() {
    for name in ["&".repeat(200), "x".repeat(200), "🦀".repeat(200)] {
        let signature = signature(&name, u32::MAX);
        assert!(signature.encode_utf16().count() <= SIGNATURE_CHARS_MAX, "{signature}");
        assert!(signature.ends_with(" · version 4294967295"), "{signature}");
        assert_eq!(signature.matches('&').count(), signature.matches("&amp;").count());
    }
}

#[test]
fn a_note_stands_under_an_answer_in_its_last_part_where_it_fits() {
    let note = "n".repeat(100);
    let under = |parts: &[&str]| {
        let parts = parts.iter().map(|part| (*part).to_owned()).collect();
        with_notes(parts, std::slice::from_ref(&note))
    };
    assert_eq!(under(&["a", "b"]), ["a".to_owned(), format!("b\n\n{note}")]);
    let fits = "x".repeat(PART_CHARS_MAX - 102);
    assert_eq!(under(&[&fits]), [format!("{fits}\n\n{note}")]);
    let full = "x".repeat(PART_CHARS_MAX - 101);
    assert_eq!(under(&[&full]), [full.clone(), note.clone()]);
    assert_eq!(with_notes(vec!["a".to_owned()], &[] as &[String]), ["a"]);
}
