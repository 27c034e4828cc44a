use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "so that tests read `check(…, expect![…])`")]
fn check(markdown: &str, want: Expect) {
    want.assert_eq(&from_markdown(markdown));
}

#[test]
fn emphasis() {
    let cases = [
        ("**bold** and __bold__", "*bold* and *bold*"),
        ("*italic* and _italic_", "_italic_ and _italic_"),
        ("***both***", "*_both_*"),
        ("~~gone~~", "~gone~"),
        ("**a *b* c**", "*a _b_ c*"),
        ("**a *b***", "*a _b_*"),
        ("*a **b***", "_a *b*_"),
        ("snake_case_name and a_b", "snake_case_name and a_b"),
        ("2 * 3 * 4 = 24", "2 * 3 * 4 = 24"),
        ("**open", "**open"),
        ("a ** b ** c", "a ** b ** c"),
        (r"\*not\* \_this\_", "*not* _this_"),
        ("**`code *x*`**", "*`code *x*`*"),
        ("**a `b** c` d**", "*a `b** c` d*"),
        ("# **Title** here", "*Title here*"),
        ("**你好**，世界", "*你好*，世界"),
    ];
    for (markdown, want) in cases {
        assert_eq!(from_markdown(markdown), want, "{markdown}");
    }
}

#[test]
fn blocks() {
    check(
        "# Title #\n\nText\n- one\n  * two\n+ three\n1. four\n\n> quoted **x**\n> > deep\n\n---\n#no\n####### no",
        expect![[r#"
            *Title*

            Text
            • one
              • two
            • three
            1. four

            > quoted *x*
            > deep

            ———
            #no
            ####### no"#]],
    );
}

#[test]
fn code_is_left_alone() {
    let shown = from_markdown(
        "Use `a **b** <c>` and ``x`y``:\n\n```rust\nlet a = \"**x**\" < &b;\n  # no heading\n```\nafter\n~~~\n```\n~~~\n```\nnever closed",
    );
    expect![[r#"
            Use `a **b** &lt;c&gt;` and ``x`y``:

            ```
            let a = "**x**" &lt; &amp;b;
              # no heading
            ```
            after
            ```
            `·`·`
            ```
            ```
            never closed
            ```"#]]
    .assert_eq(&shown.replace('\u{200b}', "·"));
}

#[test]
fn tables_become_columns() {
    check(
        "| Name | Qty |\n|:-----|----:|\n| Apples & pears | 3 |\n| **Fig** | 12 | more |\n\nNot | a table",
        expect![[r#"
            ```
            Name           | Qty
            ---------------|-----|-----
            Apples &amp; pears | 3
            **Fig**        | 12  | more
            ```

            Not | a table"#]],
    );
}

#[test]
fn links() {
    let cases = [
        ("[docs](https://e.com/a_b_c)", "<https://e.com/a_b_c|docs>"),
        ("[a](https://e.com/x?y=1&z=2)", "<https://e.com/x?y=1&amp;z=2|a>"),
        ("[wiki](https://e.com/a_(b))", "<https://e.com/a_(b)|wiki>"),
        ("[a](<https://e.com>)", "<https://e.com|a>"),
        ("[a](https://e.com \"the title\")", "<https://e.com|a> \"the title\""),
        ("![a cat](https://e.com/c.png)", "<https://e.com/c.png|a cat>"),
        ("![](https://e.com/c.png)", "<https://e.com/c.png>"),
        ("<https://e.com>", "<https://e.com>"),
        ("[**x** | y](https://e.com)", "<https://e.com|x** ¦ y>"),
        ("**[x](https://e.com)**", "*<https://e.com|x>*"),
        ("see https://e.com/a_b_c_d and *x*", "see https://e.com/a_b_c_d and _x_"),
        ("[mail](mailto:a@e.com)", "<mailto:a@e.com|mail>"),
        ("[a](javascript:alert)", "[a](javascript:alert)"),
        ("[rel](/docs)", "[rel](/docs)"),
        ("[x] [y] (z)", "[x] [y] (z)"),
    ];
    for (markdown, want) in cases {
        assert_eq!(from_markdown(markdown), want, "{markdown}");
    }
}

#[test]
fn an_answer_cannot_ping_anybody() {
    let cases = [
        ("<!channel> <!here>", "&lt;!channel&gt; &lt;!here&gt;"),
        ("<@U123> <#C1|x>", "&lt;@U123&gt; &lt;#C1|x&gt;"),
        ("[x](!channel)", "[x](!channel)"),
        ("[x](<!channel>)", "[x](&lt;!channel&gt;)"),
        ("[<!channel>](https://e.com)", "<https://e.com|&lt;!channel&gt;>"),
        ("[x](https://e.com|<!channel>)", "[x](https://e.com|&lt;!channel&gt;)"),
        ("[x](https://e.com> <!channel)", "[x](https://e.com&gt; &lt;!channel)"),
        ("<https://e.com|<!channel>", "&lt;https://e.com|&lt;!channel&gt;"),
        ("`<!channel>`", "`&lt;!channel&gt;`"),
        ("\\<!channel>", "&lt;!channel&gt;"),
        ("&lt;!channel&gt;", "&lt;!channel&gt;"),
        ("```\n<!channel>\n```", "```\n&lt;!channel&gt;\n```"),
        ("| <!channel> |\n|---|\n", "```\n&lt;!channel&gt;\n----------\n```"),
        ("> <!channel>", "> &lt;!channel&gt;"),
        ("# <!channel>", "*&lt;!channel&gt;*"),
    ];
    for (markdown, want) in cases {
        assert_eq!(from_markdown(markdown), want, "{markdown}");
    }
}

#[test]
fn only_our_own_fences_look_like_fences() {
    for markdown in ["a ``` b", "\\`\\`\\`", "`a```", "~~~\n```\n~~~", "x `` ` `` ```"] {
        let fences = from_markdown(markdown).matches(FENCE).count();
        assert_eq!(fences % 2, 0, "{markdown}");
        let inline = from_markdown(markdown).lines().any(|it| it.contains(FENCE) && it != FENCE);
        assert!(!inline, "{markdown}");
    }
}

#[test]
fn hostile_text_is_cheap() {
    for unit in ["**a ", "[a](", "[", "`a``", "_a ", "<", "*x", "> x", "![", "***a **b *c "] {
        let text = unit.repeat(100_000 / unit.len());
        assert!(text.len() / 2 <= from_markdown(&text).len(), "{unit}");
    }
}

/// What people read, without marks and spaces, in any order: links swap text and address.
fn letters(text: &str) -> Vec<char> {
    let text = text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
    let mut letters: Vec<_> = text.chars().filter(|c| c.is_alphanumeric()).collect();
    letters.sort_unstable();
    letters
}

proptest! {
    #[test]
    fn no_letter_is_lost(
        markdown in r"([a-z0-9é你]{1,6}|[ \n|*_~`#>&<\\!\[\]()-]|\*\*|```\n|\[a\]\(https://e\.com/\)|- |\| a \|\n\|---\|\n){0,60}",
    ) {
        // The language of a fence is dropped on purpose, and escapes are not letters.
        let known: Vec<_> = markdown
            .lines()
            .map(|line| if Fence::opened_by(line).is_some() { "" } else { line })
            .collect();
        let entities = ["&amp;", "&lt;", "&gt;"];
        prop_assume!(!entities.iter().any(|entity| markdown.contains(entity)));
        // A closing fence has no language, so nothing of it can be taken for one.
        let (want, got) = (letters(&known.join("\n")), from_markdown(&markdown));
        let got = letters(&got);
        prop_assert!(want.iter().all(|c| got.contains(c)), "{:?}", from_markdown(&markdown));
        prop_assert!(want.len() <= got.len(), "{:?}", from_markdown(&markdown));
    }

    #[test]
    fn every_angle_bracket_is_a_link_of_ours(
        markdown in r"([a-z]{1,3}|[ \n<>|*_`\[\]()!@#&\\]|https://e\.com|<!channel>|<@U1>|\]\(){0,40}",
    ) {
        let got = from_markdown(&markdown);
        for (at, _) in got.match_indices('<') {
            prop_assert!(got[at + 1..].starts_with("http"), "{:?}", got);
        }
        for fence in got.lines().filter(|line| line.contains(FENCE)) {
            prop_assert_eq!(fence, FENCE);
        }
    }
}
