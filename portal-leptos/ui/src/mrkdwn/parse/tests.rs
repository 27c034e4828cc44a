use super::*;

fn text(words: &str) -> Span {
    Span::Text(words.to_owned())
}

fn one_line(line: &str) -> Vec<Span> {
    let mut out = Vec::new();
    spans_of(line, DEPTH_MAX, &mut out);
    out
}

#[test]
fn emphasis_stands_where_slack_sees_it() {
    assert_eq!(one_line("a *b* c"), [text("a "), Span::Bold(vec![text("b")]), text(" c")]);
    let both = Span::Bold(vec![text("x "), Span::Italic(vec![text("y")])]);
    assert_eq!(one_line("*x _y_*"), [both]);
    assert_eq!(one_line("~gone~"), [Span::Struck(vec![text("gone")])]);
    for plain in ["2 * 3 * 4", "snake_case_name", "*", "**", "* a*", "*a *", "a*b*", "*open"] {
        assert_eq!(one_line(plain), [text(plain)], "{plain}");
    }
}

#[test]
fn escapes_are_undone_once() {
    assert_eq!(one_line("a &lt;b&gt; &amp;lt;"), [text("a <b> &lt;")]);
    assert_eq!(one_line("`&lt;a&gt;`"), [Span::Code("<a>".to_owned())]);
}

#[test]
fn links_mentions_and_channels() {
    let link = |href: &str, words: &str| Span::Link { href: href.into(), words: words.into() };
    assert_eq!(
        one_line("<https://a.example/?b&amp;c|words>"),
        [link("https://a.example/?b&c", "words")]
    );
    assert_eq!(one_line("<http://a.example>"), [link("http://a.example", "http://a.example")]);
    assert_eq!(one_line("<@U1> hi"), [Span::Mention("U1".to_owned()), text(" hi")]);
    assert_eq!(one_line("<#C1|general> <!here>"), [text("#general "), text("@here")]);
}

#[test]
fn what_is_no_address_is_no_link() {
    for plain in
        ["<javascript:alert(1)>", "<data:text/html,x|click>", "<//evil.example>", "<", "<a"]
    {
        assert_eq!(one_line(plain), [text(plain)], "{plain}");
    }
}

#[test]
fn code_quotes_and_lines() {
    let all = blocks("one\ntwo\n&gt; said\n```\nlet a = 1 &lt; 2;\n*b*\n```\nafter");
    assert_eq!(
        all,
        [
            Block::Text(vec![text("one\ntwo")]),
            Block::Quote(vec![text("said")]),
            Block::Code("let a = 1 < 2;\n*b*".to_owned()),
            Block::Text(vec![text("after")]),
        ]
    );
    assert_eq!(blocks("an ```open fence"), [Block::Text(vec![text("an ```open fence")])]);
}
