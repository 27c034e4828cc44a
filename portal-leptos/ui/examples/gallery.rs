//! Writes every component in its states as static pages: `gallery.html` and `sign-in.html`, light and
//! dark, to look at and to photograph.
//!
//! `cargo run -p portal-ui --example gallery -- OUT_DIR`

#![expect(clippy::wildcard_imports, reason = "it shows every component there is")]

use std::{env, fs, path::Path};

use leptos::prelude::*;
use portal_ui::*;
use schemas::Timestamp;

fn main() -> std::io::Result<()> {
    let out = env::args().nth(1).unwrap_or_else(|| "gallery".to_owned());
    let out = Path::new(&out);
    fs::create_dir_all(out)?;
    fs::write(out.join("portal.css"), STYLESHEET)?;
    for theme in [Theme::Light, Theme::Dark] {
        let word = theme.word();
        fs::write(out.join(format!("gallery-{word}.html")), document(theme, &gallery()))?;
        fs::write(out.join(format!("sign-in-{word}.html")), document(theme, &sign_in()))?;
    }
    Ok(())
}

fn document(theme: Theme, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\" data-theme=\"{}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Gallery</title><link rel=\"stylesheet\" href=\"portal.css\"></head>\
         <body>{body}</body></html>",
        theme.word()
    )
}

fn sign_in() -> String {
    view! {
        <PlainPage title="Sign in" lead="Use your work address." reference="7f3a-91c2">
            <FormErrors problems=vec![
                Problem { field: "email".into(), message: "Enter your e-mail address".into() },
                Problem { field: String::new(), message: "Try again in 8 seconds".into() },
            ] />
            <form class="form" method="post">
                <TextField
                    name="email"
                    label="E-mail"
                    kind=InputKind::Email
                    required=true
                    error=Some("Enter your e-mail address".to_owned())
                    autocomplete="username"
                />
                <TextField name="password" label="Password" kind=InputKind::Password required=true />
                <SubmitButton wide=true>"Sign in"</SubmitButton>
            </form>
            <p class="meta"><a href="/forgot">"Forgot your password?"</a></p>
        </PlainPage>
    }
    .to_html()
}

fn gallery() -> String {
    let nav = nav();
    view! {
        <Shell
            nav
            version="0.1.0"
            reference="7f3a-91c2"
            tenant=|| view! { <Menu id="tenant" label="Northwind" icon=Icon::Tenants><a href="/">"Fabrikam"</a></Menu> }
            tools=|| view! { <Avatar name="Ana Duarte" /> }
        >
            <PageHeader
                title="Agents"
                lead="The AI employees of Northwind, and how they are doing."
                crumbs=vec![Crumb::new("Northwind", "/")]
                aside=|| view! { <Badge label="3 at work" tone=Tone::Ok icon=Icon::Ok /> }
            >
                <LinkButton href="/h" icon=Icon::History>"History"</LinkButton>
                <LinkButton href="/new" variant=Variant::Primary icon=Icon::Plus>"New agent"</LinkButton>
            </PageHeader>
            <div class="stack">
                {banners()} {figures()} {tabs()} {agents()} {charts()} {trace()} {forms()} {diff()} {rest()}
            </div>
        </Shell>
    }
    .to_html()
}

fn nav() -> Vec<NavGroup> {
    let item = |label: &str, icon, current, count| NavItem {
        label: label.to_owned(),
        href: format!("/{label}"),
        icon,
        current,
        count,
    };
    vec![
        NavGroup {
            title: String::new(),
            items: vec![
                item("Home", Icon::Home, false, None),
                item("Agents", Icon::Agent, true, None),
                item("Channels", Icon::Channel, false, Some(2)),
            ],
        },
        NavGroup {
            title: "Watch".into(),
            items: vec![
                item("Activity", Icon::Activity, false, None),
                item("Conversations", Icon::Conversations, false, None),
                item("Costs", Icon::Money, false, None),
                item("Audit", Icon::Audit, false, None),
            ],
        },
    ]
}

fn banners() -> AnyView {
    view! {
        <div class="stack" data-gap="small">
            <Banner
                tone=Tone::Bad
                title="Slack no longer takes our token for #support."
                actions=|| view! { <LinkButton href="/fix" dense=true>"Connect again"</LinkButton> }
            >
                <p>"Mara has not answered there since 09:12 UTC."</p>
            </Banner>
            <Banner tone=Tone::Info title="Version 4 of Mara is being tried by two people." />
        </div>
    }
    .into_any()
}

fn figures() -> AnyView {
    view! {
        <div class="grid">
            <Figure label="Answers today" value="1,284" note="12 % more than a normal Tuesday" />
            <Figure label="Median time" value="3.1 s" note="model 2.6 s of it" />
            <Figure label="Cost today" value="$5.39" note="≈ 0.4 ¢ an answer" />
            <Figure label="Escalated" value="7" note="2 waiting" />
        </div>
    }
    .into_any()
}

fn tabs() -> AnyView {
    let tab =
        |label: &str, current, count| Tab { label: label.into(), href: "/".into(), current, count };
    view! { <Tabs label="Agents" tabs=vec![tab("At work", true, Some(3)), tab("Drafts", false, Some(1)), tab("Retired", false, None)] /> }
        .into_any()
}

fn agents() -> AnyView {
    let at = Timestamp::from_millis(1_795_253_400_000);
    let now = Timestamp::from_millis(1_795_253_900_000);
    let rows = [
        ("Mara Lindqvist", "Support", Tone::Ok, "At work", 4_200, 812_u64, [2, 5, 4, 8, 9, 7, 12]),
        ("Idris Bello", "Sales desk", Tone::Warn, "Slow", 9_100, 401, [5, 5, 6, 4, 4, 3, 3]),
        ("Noor Haddad", "IT help", Tone::Bad, "Cannot post", 3_300, 71, [4, 6, 7, 7, 6, 1, 0]),
        ("Wei Zhang", "Onboarding", Tone::Neutral, "Draft", 0, 0, [0, 0, 0, 0, 0, 0, 0]),
    ];
    let rows = rows.map(|(name, role, tone, word, cost, count, line)| {
        view! {
            <tr>
                <th scope="row" data-label="Agent"><Person name ai=true note=role href="/a" /></th>
                <td data-label="State"><Status tone label=word /></td>
                <td data-label="Week"><Sparkline label="Answers a day" values=line.to_vec() /></td>
                <td data-label="Answers" data-align="end"><Count of=count /></td>
                <td data-label="Cost an answer" data-align="end"><Money micros=Some(cost) about=true /></td>
                <td data-label="Last" data-align="end"><Time at now=Some(now) /></td>
            </tr>
        }
    });
    let columns = vec![
        Column::new("Agent").sorted("?sort=name", Some(Order::Ascending)),
        Column::new("State"),
        Column::new("Week"),
        Column::new("Answers").numbers().sorted("?sort=count", None),
        Column::new("Cost an answer").numbers(),
        Column::new("Last answer").numbers(),
    ];
    view! {
        <div>
            <Table caption="Agents" columns>{rows.into_iter().collect_view()}</Table>
            <Pagination newer=None older=Some("/older".to_owned()) shown="4 agents" />
        </div>
    }
    .into_any()
}

fn charts() -> AnyView {
    let days = || (10..24).map(|day| format!("{day} Nov")).collect::<Vec<_>>();
    let series = |label: &str, seed: u64| Series {
        label: label.into(),
        values: (0..14).map(|at| 40 + (at * 37 + seed * 53) % 60 + at * seed * 2).collect(),
    };
    view! {
        <div class="stack">
            <Card title="Answers a day" lead="By agent, the last 14 days.">
                <Lines title="Answers a day by agent" labels=days() series=vec![series("Mara", 3), series("Idris", 2), series("Noor", 1)] />
            </Card>
            <Card title="Cost a day">
                <Bars title="Cost a day by model" labels=days() series=vec![series("fast", 1), series("careful", 2), series("fallback", 0)] />
            </Card>
        </div>
    }
    .into_any()
}

fn trace() -> AnyView {
    let stage = |label: &str, start_ms, took_ms, tone| Stage {
        label: label.into(),
        start_ms,
        took_ms,
        tone,
    };
    let stages = vec![
        stage("Received", 0, 4, Tone::Neutral),
        stage("Admitted", 6, 12, Tone::Neutral),
        stage("Model: first try", 30, 900, Tone::Bad),
        stage("Model: second try", 8_930, 2_600, Tone::Violet),
        stage("Delivered", 11_540, 320, Tone::Ok),
    ];
    view! { <Card title="Trace" lead="3.8 s at work, 8 s waiting for the model's limit."><Waterfall caption="Stages" stages /></Card> }
        .into_any()
}

fn forms() -> AnyView {
    view! {
        <div class="split">
            <Card title="Mara's job">
                <form class="form" method="post">
                    <TextField name="name" label="Name" value="Mara Lindqvist" required=true hint="A human-like name helps people to talk to her." />
                    <TextAreaField name="job" label="Job description" value="Answers questions about orders,\nkindly and in two sentences." required=true />
                    <SelectField name="model" label="Model group" choices=vec![Choice::new("f", "Fast"), Choice::new("c", "Careful")] value="c" />
                    <TextField name="budget" label="Budget a month" kind=InputKind::Number value="-3" error=Some("Enter a number above 0".to_owned()) />
                    <Checkbox name="escalate" label="Hand over when someone is upset" checked=true hint="She says so, and calls a person." />
                    <Switch name="follow" label="Follow threads" checked=true />
                    <Switch name="quiet" label="Answer only when mentioned" />
                    <div class="form-actions">
                        <SubmitButton>"Publish"</SubmitButton>
                        <SubmitButton variant=Variant::Plain>"Save draft"</SubmitButton>
                        <Button variant=Variant::Quiet>"Cancel"</Button>
                        <Button variant=Variant::Danger icon=Icon::Trash>"Retire"</Button>
                        <Button disabled=true>"Disabled"</Button>
                    </div>
                </form>
            </Card>
            <div class="stack">
                <Card title="Budget">
                    <div class="stack">
                        <Meter label="November" used=3_100 limit=20_000 text="$3.10 of $20.00" />
                        <Meter label="Tokens" used=17_000 limit=20_000 text="17,000 of 20,000" />
                        <Meter label="Messages" used=9 limit=9 text="9 of 9" />
                        <Progress label="Replaying" done=Some(64) />
                    </div>
                </Card>
                <Card title="Version 3">
                    <DefinitionList>
                        <Definition term="Published">"21 Nov 2026 by Ana Duarte"</Definition>
                        <Definition term="Note">"Shorter answers"</Definition>
                        <Definition term="State"><Status tone=Tone::Ok label="At work" /></Definition>
                    </DefinitionList>
                </Card>
                <Card flush=true>
                    <EmptyState title="No conversations yet" text="Connect a channel and say hello to Mara." action=Some(("Connect Slack".into(), "/c".into())) />
                </Card>
            </div>
        </div>
    }
    .into_any()
}

fn diff() -> AnyView {
    let row = |kind, left, right| DiffRow { kind, left, right };
    let rows = vec![
        row(DiffKind::Same, vec![Span::same("You are Mara.")], vec![Span::same("You are Mara.")]),
        row(
            DiffKind::Changed,
            vec![Span::same("Answer in "), Span::changed("five"), Span::same(" sentences.")],
            vec![Span::same("Answer in "), Span::changed("two"), Span::same(" sentences.")],
        ),
        row(DiffKind::Removed, vec![Span::same("Be brief.")], vec![]),
        row(DiffKind::Added, vec![], vec![Span::same("Say when you are not sure.")]),
    ];
    view! { <DiffView caption="Versions 2 and 3" left="Version 2" right="Version 3" rows /> }
        .into_any()
}

fn rest() -> AnyView {
    let badges = [Tone::Neutral, Tone::Ok, Tone::Warn, Tone::Bad, Tone::Info, Tone::Violet]
        .map(|tone| view! { <Badge tone icon=tone.icon() label=tone.word() /> });
    view! {
        <Card title="Small things">
            <div class="stack">
                <div class="row">{badges.into_iter().collect_view()} <KeyHint keys=vec!["Ctrl", "K"] /></div>
                <CodeBlock label="The same on the command line" code="konstruct trace msg_01JD… --tenant northwind" />
                <Skeleton />
                <Toast text="Version 3 is at work." />
                <div class="row">{Icon::ALL.iter().map(|(icon, _)| view! { <Symbol icon=*icon /> }).collect_view()}</div>
            </div>
        </Card>
    }
    .into_any()
}
