use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn names(user: &str) -> Option<String> {
    (user == "U0ANNA").then(|| "Anna".to_owned())
}

fn read(mrkdwn: &str) -> String {
    plain(mrkdwn, &Names { me: "U0MARA", name_of: &names })
}

#[expect(clippy::needless_pass_by_value, reason = "so that tests read `check(…, expect![…])`")]
fn check(lines: &[&str], want: Expect) {
    let got: Vec<String> =
        lines.iter().map(|line| format!("{line:?} -> {:?}\n", read(line))).collect();
    want.assert_eq(&got.concat());
}

#[test]
fn entities_become_words() {
    check(
        &[
            "ask <@U0ANNA> or <@U123|bob> or <@U999>",
            "in <#C1|general>, <#C2|> and <#C3>",
            "<!here> <!channel> <!everyone> <!subteam^S1|@team> <!subteam^S2>",
            "<https://x.de/a|the page> <https://x.de> <https://x.de|x.de> <https://x.de/|https://x.de/>",
            "<mailto:a@b.de|a@b.de> <mailto:a@b.de|Anna> <tel:+49123|+49123>",
            "<!date^1392734382^{date}^https://x.de|18 Feb 2014> <!date^1>",
            "<https://x.de?a=1&amp;b=2|a &amp; b>",
        ],
        expect![[r#"
            "ask <@U0ANNA> or <@U123|bob> or <@U999>" -> "ask @Anna or @bob or @U999"
            "in <#C1|general>, <#C2|> and <#C3>" -> "in #general, #C2 and #C3"
            "<!here> <!channel> <!everyone> <!subteam^S1|@team> <!subteam^S2>" -> "@here @channel @everyone @team @S2"
            "<https://x.de/a|the page> <https://x.de> <https://x.de|x.de> <https://x.de/|https://x.de/>" -> "the page (https://x.de/a) https://x.de https://x.de https://x.de/"
            "<mailto:a@b.de|a@b.de> <mailto:a@b.de|Anna> <tel:+49123|+49123>" -> "a@b.de Anna (a@b.de) +49123"
            "<!date^1392734382^{date}^https://x.de|18 Feb 2014> <!date^1>" -> "18 Feb 2014"
            "<https://x.de?a=1&amp;b=2|a &amp; b>" -> "a & b (https://x.de?a=1&b=2)"
        "#]],
    );
}

#[test]
fn escapes_are_decoded_exactly_once() {
    check(
        &[
            "a &lt;b&gt; &amp; c",
            "&amp;lt;script&amp;gt;",
            "AT&T & co &nbsp; &",
            "&lt;@U0MARA&gt; hi",
        ],
        expect![[r#"
            "a &lt;b&gt; &amp; c" -> "a <b> & c"
            "&amp;lt;script&amp;gt;" -> "&lt;script&gt;"
            "AT&T & co &nbsp; &" -> "AT&T & co &nbsp; &"
            "&lt;@U0MARA&gt; hi" -> "<@U0MARA> hi"
        "#]],
    );
}

#[test]
fn the_own_mention_leaves_no_trace() {
    check(
        &[
            "<@U0MARA> hello",
            "<@U0MARA>: hello",
            "<@U0MARA|mara>, hello",
            "hello <@U0MARA>",
            "hello <@U0MARA>, are you there?",
            "hey <@U0MARA> can you help?",
            "one\n<@U0MARA>\ntwo",
            "<@U0MARA> <@U0MARA>",
            "<@U0MARA> <@U0ANNA> says hi",
            "<@U0MARA>  \n code:\n  indented",
        ],
        expect![[r#"
            "<@U0MARA> hello" -> "hello"
            "<@U0MARA>: hello" -> "hello"
            "<@U0MARA|mara>, hello" -> "hello"
            "hello <@U0MARA>" -> "hello"
            "hello <@U0MARA>, are you there?" -> "hello, are you there?"
            "hey <@U0MARA> can you help?" -> "hey can you help?"
            "one\n<@U0MARA>\ntwo" -> "one\n\ntwo"
            "<@U0MARA> <@U0MARA>" -> ""
            "<@U0MARA> <@U0ANNA> says hi" -> "@Anna says hi"
            "<@U0MARA>  \n code:\n  indented" -> "code:\n  indented"
        "#]],
    );
}

#[test]
fn what_is_no_entity_stays() {
    check(
        &["a < b", "<", "<>", "<<@U0ANNA>>", "1 > 0", "<@>", "<#>", "<!>", "<|>", "<plain>"],
        expect![[r##"
            "a < b" -> "a < b"
            "<" -> "<"
            "<>" -> ""
            "<<@U0ANNA>>" -> "<@Anna>"
            "1 > 0" -> "1 > 0"
            "<@>" -> "@"
            "<#>" -> "#"
            "<!>" -> "@"
            "<|>" -> ""
            "<plain>" -> "plain"
        "##]],
    );
}

#[test]
fn a_mention_is_a_whole_id() {
    assert!(mentions("hi <@U0MARA>", "U0MARA"));
    assert!(mentions("<@U0ANNA> <@U0MARA|mara>", "U0MARA"));
    assert!(!mentions("hi <@U0MARA2>", "U0MARA"));
    assert!(!mentions("hi &lt;@U0MARA&gt; @U0MARA", "U0MARA"));
    assert!(!mentions("hi <@>", ""));
}

#[test]
fn a_long_text_ends_with_a_marker() {
    let text = read(&"é".repeat(BYTES_MAX));
    assert!(text.ends_with("é … [shortened]"));
    assert!(text.len() <= BYTES_MAX && BYTES_MAX - 8 < text.len());
    assert_eq!(read(&"é".repeat(BYTES_MAX / 2)).len(), BYTES_MAX);
}

proptest! {
    #[test]
    fn any_text_is_read(text in "[<>|@#!&;a-zU0 ^\\n\u{e9}]{0,200}") {
        read(&text);
    }

    #[test]
    fn what_a_person_typed_is_what_we_read(typed in "[a-z<>&;|@# ]{0,60}") {
        let escaped = typed.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        prop_assert_eq!(read(&escaped), typed.trim());
    }
}
