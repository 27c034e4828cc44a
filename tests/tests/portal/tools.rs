//! Tools, made by forms: what is typed is kept, what is secret is not shown, and agents call them.

use std::time::Duration;

use konstruct_tests::{
    fake_llm::{Behaviour, Called, Say},
    fake_tools::FakeTools,
    installation::{Installation, acme},
    wait::until,
};
use reqwest::Response;

use crate::{
    running, started,
    visitor::{Visitor, hidden},
};

/// How long anything may take here, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(1);

const NEW: &str = "/t/acme/tools/new";
const ORDERS: &str = "/t/acme/tools/orders";
const KEY: &str = "Bearer k3y-of-acme";

const SCHEMA: &str = r#"{
  "type": "object",
  "properties": { "order": { "type": "string" } },
  "required": ["order"]
}"#;

/// The form of a request to that address, with that secret.
fn form<'a>(url: &'a str, secret: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("kind", "http"),
        ("slug", "orders"),
        ("description", "Looks up <an order> & more."),
        ("http_method", "GET"),
        ("url", url),
        ("arguments", SCHEMA),
        ("timeout_seconds", "10"),
        ("header-kind-0", "secret"),
        ("header-name-0", "Authorization"),
        ("header-secret-0", secret),
        ("do", "save"),
    ]
}

const PUBLIC: &str = "https://api.acme.example/orders/{order}";

/// The same with another value of a field.
pub(crate) fn with<'a>(
    form: Vec<(&'a str, &'a str)>,
    name: &'a str,
    value: &'a str,
) -> Vec<(&'a str, &'a str)> {
    let others = form.into_iter().filter(|(it, _)| *it != name);
    others.chain([(name, value)]).collect()
}

/// Where an answer leads.
pub(crate) fn led_to(answer: &Response) -> Option<&str> {
    answer.headers().get("location")?.to_str().ok()
}

/// Mara's next version, with these models and tools.
pub(crate) async fn publish(op: &Visitor, model: &str, tools: &[&str]) -> anyhow::Result<()> {
    let mara = "/t/acme/agents/mara";
    let revision = hidden(&op.read(mara).await?, "revision")?;
    let mut form = vec![
        ("revision", &*revision),
        ("name", "Mara"),
        ("persona", "brief"),
        ("model", model),
        ("follow_minutes", "30"),
        ("do", "publish"),
    ];
    form.extend(tools.iter().map(|name| ("tools", *name)));
    let saved = op.post(mara, &form).await?;
    assert_eq!(led_to(&saved), Some("/t/acme/agents/mara/publish"));
    let review = op.read("/t/acme/agents/mara/publish").await?;
    let (revision, version) = (hidden(&review, "revision")?, hidden(&review, "version")?);
    let form = [("revision", &*revision), ("version", &*version), ("note", "")];
    let done = op.post("/t/acme/agents/mara/publish", &form).await?;
    assert_eq!(done.status(), 303, "{}", done.text().await?);
    Ok(())
}

/// Nowhere that somebody could look.
fn assert_unsaid(it: &Installation, page: &str) {
    assert!(!page.contains("k3y-of-acme"), "{page}");
    assert!(!it.said("all").contains("k3y-of-acme"));
}

#[tokio::test]
async fn a_tool_that_is_made_here_is_called_by_an_agent() -> anyhow::Result<()> {
    let tools = FakeTools::start().await?;
    let mut it = Installation::prepare().await?;
    it.settings.insert("KONSTRUCT_TOOLS_NETWORKS".to_owned(), "127.0.0.0/8".to_owned());
    let (it, staff) = started(it, &acme()).await?;
    let ada = staff.administrator().await?;
    let url = format!("http://127.0.0.1:{}/echo/{{order}}", tools.port());
    let mut typed = form(&url, KEY);
    typed.push(("allow_private", "on"));
    let made = ada.post(NEW, &typed).await?;
    assert_eq!(led_to(&made), Some("/t/acme/tools"));
    publish(&ada, "quality", &["orders", "current_time"]).await?;

    let calls =
        vec![Called { name: "orders".to_owned(), arguments: r#"{"order":"A7"}"#.to_owned() }];
    let say = Say::Calls { text: String::new(), calls };
    it.llm
        .script([Behaviour { say, ..Behaviour::default() }, Behaviour::text("It is on its way.")]);
    it.slack.say(it.slack.spoken("T0ACME", "C1", "U0ANN", "<@U0BOT> where is A7?")?).await?;
    until(PATIENCE, "the tool is called", || async { Ok(!tools.asked().is_empty()) }).await?;
    let asked = tools.asked();
    assert_eq!((asked.len(), &*asked[0].target), (1, "/echo/A7"));
    assert_eq!(asked[0].header("authorization"), Some(KEY));
    until(PATIENCE, "the answer shows", || async {
        Ok(ada.read("/t/acme/activity").await?.contains("Reply delivered"))
    })
    .await?;

    let page = ada.read(ORDERS).await?;
    assert!(page.contains("Another secret") && page.contains("authorization"), "{page}");
    assert_unsaid(&it, &page);
    let audit = ada.read("/t/acme/audit").await?;
    assert!(audit.contains("saved the tool") && audit.contains(&format!("href=\"{ORDERS}\"")));
    assert_unsaid(&it, &audit);
    let eve = staff.viewer("acme").await?;
    let found = eve.read("/frame/targets?tenant=acme").await?;
    assert!(found.contains(ORDERS) && found.contains("\"/t/acme/tools\""), "{found}");
    let list = eve.read("/t/acme/tools").await?;
    assert!(list.contains("In use") && list.contains("127.0.0.1"), "{list}");
    Ok(())
}

#[tokio::test]
async fn what_was_typed_comes_back_with_what_is_wrong_and_a_secret_does_not() -> anyhow::Result<()>
{
    let (it, staff) = running(&acme()).await?;
    let op = staff.operator("acme").await?;
    let cases = [
        ("slug", "A slug", "Slug cannot be used"),
        ("slug", "new", "Slug cannot be `new`"),
        ("description", " ", "The description is empty"),
        ("url", "ftp://a.example/", "The address does not begin with `https://`"),
        ("url", "https://a.example/{id}", "The address names `id`, which is not among"),
        ("arguments", "[1,", "The schema is no JSON from line 1, column 3 on"),
        ("arguments", "[]", "The schema is not a JSON schema of an object"),
        ("timeout_seconds", "61", "The longest call is not between 1 and 60"),
        ("header-name-0", "host", "The form has `host`, which is not for tools to say"),
        ("header-secret-0", "k3y", "with a secret of less than 6 bytes"),
        ("allow_private", "on", "A private network is for those who run this installation"),
    ];
    for (name, value, want) in cases {
        let refused = op.post(NEW, &with(form(PUBLIC, KEY), name, value)).await?;
        let status = refused.status();
        let page = refused.text().await?;
        assert_eq!(status, 422, "{name}: {page}");
        assert!(page.contains(want), "{name}: no {want:?} in {page}");
        let kept = if name == "description" { SCHEMA } else { "Looks up &lt;an order>" };
        assert!(page.replace("&amp;", "&").contains(kept), "{name}: {page}");
        assert_unsaid(&it, &page);
    }
    assert_eq!(led_to(&op.post(NEW, &form(PUBLIC, KEY)).await?), Some("/t/acme/tools"));
    let taken = op.post(NEW, &form(PUBLIC, KEY)).await?;
    assert_eq!(taken.status(), 422);
    assert!(taken.text().await?.contains("Slug is taken"), "another tool's place is not taken");
    Ok(())
}

#[tokio::test]
async fn nobody_overwrites_a_tool_unseen_and_one_that_is_in_use_stays() -> anyhow::Result<()> {
    let (it, staff) = running(&acme()).await?;
    let (one, other) = (staff.administrator().await?, staff.operator("acme").await?);
    one.post(NEW, &form(PUBLIC, KEY)).await?;
    let seen = hidden(&one.read(ORDERS).await?, "seen")?;
    let changed = |text: &'static str, seen: &str| {
        let mut form: Vec<_> = with(form(PUBLIC, ""), "description", text)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        form.push(("seen".to_owned(), seen.to_owned()));
        form
    };
    let send = async |who: &Visitor, form: &[(String, String)]| -> anyhow::Result<Response> {
        let form: Vec<_> = form.iter().map(|(name, value)| (&**name, &**value)).collect();
        who.post(ORDERS, &form).await
    };
    assert_eq!(send(&one, &changed("First.", &seen)).await?.status(), 303, "its secret is kept");
    let late = send(&other, &changed("Second.", &seen)).await?;
    assert_eq!(late.status(), 422);
    let page = late.text().await?;
    assert!(page.contains("Somebody else changed this tool") && page.contains("Second."), "{page}");
    assert!(other.read(ORDERS).await?.contains("First."));
    let knowing = send(&other, &changed("Second.", &hidden(&page, "seen")?)).await?;
    assert_eq!(knowing.status(), 303);

    publish(&one, "quality", &["orders"]).await?;
    let remove = format!("{ORDERS}/remove");
    let page = other.read(&remove).await?;
    assert!(page.contains("href=\"/t/acme/agents/mara\"") && !page.contains("Keep it"), "{page}");
    let refused = other.post(&remove, &[]).await?;
    assert_eq!(refused.status(), 422);
    assert!(refused.text().await?.contains("used by `mara`: publish without it first"));
    publish(&one, "quality", &[]).await?;
    assert_eq!(led_to(&other.post(&remove, &[]).await?), Some("/t/acme/tools"));
    assert_eq!(other.get(ORDERS).await?.status(), 404);
    assert_unsaid(&it, &other.read("/t/acme/audit").await?);
    Ok(())
}

#[tokio::test]
async fn who_may_not_open_a_private_network_reads_such_a_tool_and_may_remove_it()
-> anyhow::Result<()> {
    let (_it, staff) = running(&acme()).await?;
    let (ada, op) = (staff.administrator().await?, staff.operator("acme").await?);
    let private = with(form(PUBLIC, KEY), "allow_private", "on");
    assert_eq!(led_to(&ada.post(NEW, &private).await?), Some("/t/acme/tools"));
    let why = "Only an administrator of this installation changes it";
    let (own, theirs) = (ada.read(ORDERS).await?, op.read(ORDERS).await?);
    assert!(own.contains("name=\"seen\"") && !own.contains(why), "{own}");
    assert!(theirs.contains(why) && !theirs.contains("name=\"seen\""), "{theirs}");
    let remove = format!("{ORDERS}/remove");
    assert!(theirs.contains(&format!("href=\"{remove}\"")), "{theirs}");
    assert_eq!(led_to(&op.post(&remove, &[]).await?), Some("/t/acme/tools"));
    Ok(())
}

#[tokio::test]
async fn a_session_that_ends_loses_nothing_that_was_typed_but_the_secret() -> anyhow::Result<()> {
    let (it, staff) = running(&acme()).await?;
    let gone = staff.nobody()?;
    let ended = gone.post(NEW, &form(PUBLIC, KEY)).await?;
    assert_eq!(ended.status(), 401);
    let page = ended.text().await?;
    assert_unsaid(&it, &page);
    // As its button sends it.
    let names =
        ["kind", "slug", "description", "http_method", "url", "arguments", "timeout_seconds"];
    let names = names.into_iter().chain(["header-kind-0", "header-name-0", "do"]);
    let kept: Vec<_> = names
        .map(|name| anyhow::Ok((name, plain(&hidden(&page, name)?))))
        .collect::<Result<_, _>>()?;
    assert!(hidden(&page, "header-secret-0").is_err(), "{page}");
    let kept: Vec<_> = kept.iter().map(|(name, value)| (*name, &**value)).collect();
    let op = staff.operator("acme").await?;
    let again = op.post(NEW, &kept).await?;
    assert_eq!(again.status(), 422);
    let page = again.text().await?;
    assert!(page.contains("Type the secret of authorization again"), "{page}");
    let mut whole = kept.clone();
    whole.push(("header-secret-0", KEY));
    assert_eq!(led_to(&op.post(NEW, &whole).await?), Some("/t/acme/tools"));
    assert!(op.read(ORDERS).await?.contains("Looks up &lt;an order> &amp; more."));
    Ok(())
}

/// Text as it was before it was put on a page.
fn plain(html: &str) -> String {
    html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}
