//! What every component writes, and what none may write.

use expect_test::{Expect, expect};
use leptos::prelude::*;

use super::*;

/// A text that tries to be markup.
fn hostile() -> String {
    r#"</textarea></title><script>alert(1)</script>" onload="x' style="y"#.to_owned()
}

fn problem() -> Problem {
    Problem { field: hostile(), message: hostile() }
}

fn forms() -> Vec<String> {
    let (h, some) = (hostile, || Some(hostile()));
    let choices = vec![Choice::new(h(), h())];
    vec![
        view! { <Button icon=Icon::Plus>{h()}</Button> }.to_html(),
        view! { <SubmitButton name=h() value=h()>{h()}</SubmitButton> }.to_html(),
        view! { <LinkButton href=h()>{h()}</LinkButton> }.to_html(),
        view! { <TextField name=h() label=h() value=h() hint=h() error=some() placeholder=h() /> }
            .to_html(),
        view! { <TextField name=h() label=h() value=h() kind=InputKind::Moment /> }.to_html(),
        view! { <TextAreaField name=h() label=h() value=h() hint=h() error=some() /> }.to_html(),
        view! { <SelectField name=h() label=h() choices value=h() hint=h() error=some() /> }
            .to_html(),
        view! { <Checkbox name=h() label=h() value=h() hint=h() error=some() /> }.to_html(),
        view! { <Switch name=h() label=h() hint=h() /> }.to_html(),
        view! { <FormErrors problems=vec![problem()] /> }.to_html(),
        view! { <Dialog id=h() title=h()>{h()}</Dialog> }.to_html(),
        view! { <Menu id=h() label=h()>{h()}</Menu> }.to_html(),
    ]
}

fn parts() -> Vec<String> {
    let h = hostile;
    let tab = Tab { label: h(), href: h(), current: true, count: Some(1) };
    let columns = vec![Column::new(h()).sorted(h(), None), Column::new(h()).hidden()];
    let action = Some((h(), h()));
    vec![
        view! { <Card title=h() lead=h()>{h()}</Card> }.to_html(),
        view! { <Figure label=h() value=h() note=h() /> }.to_html(),
        view! { <DefinitionList><Definition term=h()>{h()}</Definition></DefinitionList> }
            .to_html(),
        view! { <EmptyState title=h() text=h() action /> }.to_html(),
        view! { <Skeleton /> }.to_html(),
        view! { <Status tone=Tone::Ok label=h() /> }.to_html(),
        view! { <Badge label=h() icon=Icon::Ai /> }.to_html(),
        view! { <Banner tone=Tone::Bad title=h()>{h()}</Banner> }.to_html(),
        view! { <Toasts><Toast text=h() /></Toasts> }.to_html(),
        view! { <Tabs label=h() tabs=vec![tab] /> }.to_html(),
        view! { <Table caption=h() columns wide=true>{h()}</Table> }.to_html(),
        view! { <Pagination newer=Some(h()) older=Some(h()) shown=h() /> }.to_html(),
        view! { <Person name=h() ai=true note=h() href=h() /> }.to_html(),
        view! { <Meter label=h() used=1 limit=0 text=h() /> }.to_html(),
        view! { <Progress label=h() done=None /> }.to_html(),
        view! { <CodeBlock label=h() code=h() /> }.to_html(),
        view! { <KeyHint keys=vec!["Ctrl", "K"] /> }.to_html(),
        view! { <Mrkdwn text=h() names=vec![(h(), h())] /> }.to_html(),
        view! { <Mrkdwn text=format!("```{0}``` `{0}` *{0}* <https://a.example/{0}|{0}>", h()) /> }
            .to_html(),
    ]
}

fn pictures_and_frames() -> Vec<String> {
    let h = hostile;
    let series = || vec![Series { label: h(), values: vec![1, 2] }];
    let labels = || vec![h(), h()];
    let stages = vec![Stage { label: h(), start_ms: 0, took_ms: 9, tone: Tone::Ok }];
    let (left, right) = (vec![Span::changed(h())], vec![Span::same(h())]);
    let rows = vec![DiffRow { kind: DiffKind::Changed, left, right }];
    let item = NavItem { label: h(), href: h(), icon: Icon::Home, current: true, count: Some(1) };
    let nav = vec![NavGroup { title: h(), items: vec![item] }];
    let crumbs = vec![Crumb::new(h(), h())];
    vec![
        view! { <Sparkline label=h() values=vec![1, 2] /> }.to_html(),
        view! { <Lines title=h() labels=labels() series=series() /> }.to_html(),
        view! { <Bars title=h() labels=labels() series=series() /> }.to_html(),
        view! { <Waterfall caption=h() stages /> }.to_html(),
        view! { <DiffView caption=h() left=h() right=h() rows /> }.to_html(),
        view! { <PageHeader title=h() lead=h() crumbs>{h()}</PageHeader> }.to_html(),
        view! { <Shell nav version=h() reference=h()>{h()}</Shell> }.to_html(),
        view! { <PlainPage title=h() lead=h() reference=h()>{h()}</PlainPage> }.to_html(),
    ]
}

/// The names of the attributes of every tag, whatever their values say.
fn attributes(html: &str) -> Vec<String> {
    let mut names = Vec::new();
    let tags = html.split('<').skip(1).filter_map(|it| it.split_once(' '));
    for tag in tags.filter(|(name, _)| !name.contains('>')) {
        for (at, part) in tag.1.split('"').enumerate() {
            if part.contains('>') && at % 2 == 0 {
                break;
            }
            if at % 2 == 0 {
                names.extend(part.split_whitespace().map(|it| it.trim_end_matches('=').to_owned()));
            }
        }
    }
    names
}

#[test]
fn no_text_becomes_markup_and_nothing_is_styled_or_scripted_in_place() {
    let all = [forms(), parts(), pictures_and_frames()].concat();
    for html in all {
        assert!(!html.contains("<script") && !html.contains("<style"), "{html}");
        let attributes = attributes(&html);
        let bad = attributes.iter().find(|it| *it == "style" || it.starts_with("on"));
        assert_eq!(bad, None, "{html}");
    }
}

#[expect(clippy::needless_pass_by_value, reason = "so that tests read `check(…, expect![…])`")]
fn check(view: impl IntoView, want: Expect) {
    want.assert_eq(&view.into_view().to_html().replace("<!>", "").replace("><", ">\n<"));
}

#[test]
fn a_field_says_what_is_wrong_to_every_reader() {
    let error = Some("Enter a name".to_owned());
    check(
        view! { <TextField name="name" label="Name" required=true error hint="Of a person" /> },
        expect![[r#"
            <div class="field">
            <label for="field-name">Name</label>
            <p id="hint-name" class="field-hint">Of a person</p>
            <input id="field-name" name="name" type="text" value="" required aria-describedby="error-name hint-name" aria-invalid="true" class="input">
            <p id="error-name" class="field-error">
            <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" class="icon">
            <circle cx="12" cy="12" r="10"/>
            <line x1="12" x2="12" y1="8" y2="12"/>
            <line x1="12" x2="12.01" y1="16" y2="16"/>
            </svg>
            <span>
            <span class="visually-hidden">Error: </span>Enter a name</span>
            </p>
            </div>"#]],
    );
}

#[test]
fn a_state_is_a_sign_and_a_word() {
    check(
        view! { <Status tone=Tone::Bad label="Cannot post" /> },
        expect![[r#"
        <span data-tone="bad" class="status">
        <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" class="icon">
        <circle cx="12" cy="12" r="10"/>
        <path d="m15 9-6 6"/>
        <path d="m9 9 6 6"/>
        </svg>
        <span>Cannot post</span>
        </span>"#]],
    );
}

#[test]
fn a_time_is_utc_until_the_browser_rewrites_it() {
    let at = schemas::Timestamp::from_millis(1_795_253_400_000);
    check(
        view! { <Time at now=None /> },
        expect![[
            r#"<time datetime="2026-11-21T09:30:00.000Z" title="21 Nov 2026, 09:30:00 UTC" data-local="instant">21 Nov 2026, 09:30:00 UTC</time>"#
        ]],
    );
}

#[test]
fn money_keeps_its_exact_amount() {
    check(
        view! { <Money micros=Some(4_200) about=true /> },
        expect![[r#"<data value="4200" title="$0.0042" class="numbers">≈ 0.4 ¢</data>"#]],
    );
}

#[test]
fn a_single_page_has_no_pagination() {
    check(view! { <Pagination newer=None older=None /> }, expect![]);
}
