//! What an employee does besides talking: its tools are called, once each, and it answers with what they say.

use completion::{CALLS_MAX, ROUNDS_MAX};
use konstruct_tests::{
    fake_llm::{Behaviour, Called, Say},
    fake_tools::FakeTools,
};
use serde_json::json;

use super::{
    long::{attempts, too_long},
    *,
};

const SECRET: &str = "Bearer k3y-of-acme";

/// What the model is told where it reads a result in part.
const LEFT_OUT: &str = "characters of this result are left out here";

/// Tenant `acme`, whose agent has these tools of that server: `orders` reads, `refund` does, `broken` says
/// 500, and `slow` never answers.
fn equipped(port: u16) -> String {
    let base = format!("http://127.0.0.1:{port}");
    let tool = |slug: &str, method: &str, path: &str| {
        format!(
            "      - slug: {slug}
        description: Knows about orders.
        http:
          method: {method}
          url: \"{base}{path}\"
          arguments: {{ type: object, properties: {{ order: {{ type: string }} }}, required: [order] }}
        headers: {{ authorization: {{ secret: \"{SECRET}\" }} }}
        allow_private: true
"
        )
    };
    let tools = [
        tool("orders", "GET", "/echo/{order}"),
        tool("refund", "POST", "/stall"),
        tool("look", "GET", "/stall?order={order}"),
        tool("broken", "GET", "/status/500?order={order}"),
    ];
    let agent = "persona: \"warm, brief\", tools: [orders, refund, look, broken, current_time] }";
    let file = acme().replace("persona: \"warm, brief\" }", agent);
    file.replace("    agents:\n", &format!("    tools:\n{}    agents:\n", tools.concat()))
}

pub(super) async fn running_equipped() -> anyhow::Result<(Installation, FakeTools)> {
    let tools = FakeTools::start().await?;
    let it = Installation::prepare().await?;
    let file = equipped(tools.port());
    Ok((running_with(it, &file).await?, tools))
}

/// The installation at work with these tenants, whose tools may stand on this machine.
async fn running_with(mut it: Installation, file: &str) -> anyhow::Result<Installation> {
    it.settings.insert("KONSTRUCT_TOOLS_NETWORKS".to_owned(), "127.0.0.0/8".to_owned());
    it.apply(file).await?;
    it.run("all").await?;
    it.slack.install("xoxb-T0ACME", Team::new("T0ACME", BOT));
    it.slack.link(Gateway::new(&it.gateway(), SIGNING_SECRET), true);
    Ok(it)
}

/// The same as [`equipped`], but that `broken` answers with text without end.
fn talkative(port: u16) -> String {
    equipped(port).replace("/status/500?order={order}", "/huge?order={order}")
}

/// A model that calls tools: in turns where there is more than one call.
pub(super) fn calls(calls: &[(&str, &str)]) -> Behaviour {
    let called = |(name, arguments): &(&str, &str)| Called {
        name: (*name).to_owned(),
        arguments: (*arguments).to_owned(),
    };
    let calls = calls.iter().map(called).collect();
    Behaviour { say: Say::Calls { text: String::new(), calls }, ..Behaviour::default() }
}

#[tokio::test]
async fn an_answer_is_made_with_what_a_tool_says() -> anyhow::Result<()> {
    let (it, tools) = running_equipped().await?;
    it.llm.script([
        calls(&[("orders", r#"{"order":"A 7"}"#), ("current_time", "{}")]),
        Behaviour::text("It is on its way."),
    ]);
    let root = mention(&it, "T0ACME", "where is order A7?")?;
    assert_eq!(ask(&it, &root).await?, "It is on its way.");

    let asked = tools.asked();
    let [order] = asked.as_slice() else { bail!("{asked:?}") };
    assert_eq!(order.target, "/echo/A%207");
    assert_eq!(order.header("authorization"), Some(SECRET));
    let requests = it.llm.requests();
    assert_eq!(requests.len(), 2);
    let offered = requests[0].body["tools"].to_string();
    for name in ["orders", "refund", "look", "broken", "current_time"] {
        assert!(offered.contains(&format!("\"{name}\"")), "{offered}");
    }
    let read = requests[1].body["messages"].to_string();
    assert!(read.contains("/echo/A%207") && !read.contains("k3y-of-acme"), "{read}");

    let mut log = Log::open(&it, "EVENTS").await?;
    log.until("reply.delivered", 1).await?;
    let finished = log.events.iter().find(|it| it["type"] == "konstruct.completion.finished.v1");
    let data = &finished.context("no outcome")?["data"];
    let [round] = data["tools"].as_array().context("no rounds")?.as_slice() else {
        bail!("{data}")
    };
    let told: Vec<_> = round["calls"].as_array().context("no calls")?.iter().collect();
    assert_eq!((&told[0]["tool"], &told[1]["tool"]), (&json!("orders"), &json!("current_time")));
    for call in told {
        assert!(call["arguments"]["sealed"].is_string(), "{call}");
        assert!(call["outcome"]["text"]["sealed"].is_string(), "{call}");
        assert!(call["outcome"]["failed"].is_null(), "{call}");
    }
    assert_eq!(data["attempts"].as_array().map(Vec::len), Some(2), "both calls to models");
    let tokens = |at: usize| data["attempts"][at]["usage"]["input_tokens"].as_u64().unwrap_or(0);
    assert_eq!(data["usage"]["input_tokens"].as_u64(), Some(tokens(0) + tokens(1)));
    assert!(!it.said("all").contains("k3y-of-acme"), "a secret is in the log");
    Ok(())
}

#[tokio::test]
async fn a_tool_that_fails_is_told_of_to_the_model_and_stops_nothing() -> anyhow::Result<()> {
    let (it, tools) = running_equipped().await?;
    it.llm.script([
        calls(&[("broken", r#"{"order":"A7"}"#), ("orders", "{}"), ("made_up", "{}")]),
        Behaviour::text("I could not look it up."),
    ]);
    let root = mention(&it, "T0ACME", "where is order A7?")?;
    assert_eq!(ask(&it, &root).await?, "I could not look it up.");
    assert_eq!(tools.asked().len(), 1, "what does not fit is not called");
    let mut log = Log::open(&it, "EVENTS").await?;
    log.until("reply.delivered", 1).await?;
    let finished = log.events.iter().find(|it| it["type"] == "konstruct.completion.finished.v1");
    let calls = &finished.context("no outcome")?["data"]["tools"][0]["calls"];
    let why = |at: usize| calls[at]["outcome"]["failed"].as_str();
    assert_eq!([why(0), why(1), why(2)], [Some("status"), Some("arguments"), Some("unknown")]);
    assert_eq!(calls[2]["tool"], "no_such_tool", "a model's own words are sealed");
    assert!(!it.said("all").contains("made_up"), "a model's words are in the log");
    Ok(())
}

#[tokio::test]
async fn a_model_that_only_calls_tools_is_asked_for_its_answer_in_the_end() -> anyhow::Result<()> {
    let (it, tools) = running_equipped().await?;
    let four = [("orders", r#"{"order":"A7"}"#); 4];
    let calls = calls(&four);
    let Say::Calls { calls: wanted, .. } = calls.say else { bail!("calls") };
    let say = Say::Calls { text: "I am still looking.".to_owned(), calls: wanted };
    it.llm.always(Behaviour { say, ..Behaviour::default() });
    let root = mention(&it, "T0ACME", "where is order A7?")?;
    assert_eq!(ask(&it, &root).await?, "I am still looking.");
    assert_eq!(tools.asked().len(), CALLS_MAX);
    let requests = it.llm.requests();
    assert_eq!(requests.len(), CALLS_MAX / 4 + 1);
    assert!(requests.len() <= ROUNDS_MAX + 1);
    let choices = requests.iter().map(|it| it.body["tool_choice"].clone()).collect::<Vec<_>>();
    let (last, others) = choices.split_last().context("no requests")?;
    assert_eq!(last, "none");
    assert!(others.iter().all(|it| it != "none"), "{others:?}");
    Ok(())
}

#[tokio::test]
async fn what_may_have_been_done_before_a_crash_is_not_done_again() -> anyhow::Result<()> {
    let (mut it, tools) = running_equipped().await?;
    it.llm.script([
        calls(&[("refund", r#"{"order":"A7"}"#), ("look", r#"{"order":"A7"}"#)]),
        Behaviour::text("I do not know whether it was refunded."),
    ]);
    let root = mention(&it, "T0ACME", "refund A7")?;
    heard(&it, &root).await?;
    let both = || async { Ok(tools.asked().len() == 2) };
    until(PATIENCE, "both tools are called", both).await?;
    it.kill("all").await?;
    it.run("all").await?;
    it.slack.link(Gateway::new(&it.gateway(), SIGNING_SECRET), true);
    let replies = answers(&it, &root, 1).await?;
    assert_eq!(replies.last().map(Posted::said), Some("I do not know whether it was refunded."));

    let asked = tools.asked();
    let done = asked.iter().filter(|it| it.target == "/stall").count();
    assert_eq!((done, asked.len() - done), (1, 2), "what does something once, what reads again");
    let requests = it.llm.requests();
    assert_eq!(requests.len(), 2, "the model is not asked for the tools once more");
    let read = requests[1].body["messages"].to_string();
    assert!(read.contains("It is not known whether this was carried out"), "{read}");
    let mut log = Log::open(&it, "EVENTS").await?;
    log.until("reply.delivered", 1).await?;
    let finished = log.events.iter().find(|it| it["type"] == "konstruct.completion.finished.v1");
    let data = &finished.context("no outcome")?["data"];
    let calls = &data["tools"][0]["calls"];
    assert_eq!(calls[0]["outcome"]["failed"], "uncertain");
    assert_eq!(data["attempts"].as_array().map(Vec::len), Some(2), "{data}");
    Ok(())
}

#[tokio::test]
async fn a_tool_that_became_another_meanwhile_is_not_called_in_its_place() -> anyhow::Result<()> {
    let (mut it, tools) = running_equipped().await?;
    it.llm.script([
        calls(&[("look", r#"{"order":"A7"}"#)]),
        Behaviour::text("I do not know what became of it."),
    ]);
    let root = mention(&it, "T0ACME", "look at A7")?;
    heard(&it, &root).await?;
    until(PATIENCE, "it looks", || async { Ok(tools.asked().len() == 1) }).await?;
    it.kill("all").await?;
    let url = "/stall?order={order}";
    let reads = equipped(tools.port());
    let at = reads.find(url).context("no such tool")?;
    let (before, after) = reads.split_at(at);
    let (start, method) = before.rsplit_once("method: GET").context("it does not read")?;
    it.apply(&format!("{start}method: POST{method}{after}")).await?;
    it.run("all").await?;
    it.slack.link(Gateway::new(&it.gateway(), SIGNING_SECRET), true);
    let replies = answers(&it, &root, 1).await?;
    assert_eq!(replies.last().map(Posted::said), Some("I do not know what became of it."));
    assert_eq!(
        tools.asked().len(),
        1,
        "what was asked for as reading is not done as something else"
    );
    Ok(())
}

#[tokio::test]
async fn a_result_that_is_too_long_is_read_in_part_and_the_thread_in_whole() -> anyhow::Result<()> {
    let tools = FakeTools::start().await?;
    let it = running_with(Installation::prepare().await?, &talkative(tools.port())).await?;
    it.llm.script([
        calls(&[("broken", r#"{"order":"A7"}"#)]),
        too_long(),
        Behaviour::text("It goes on and on."),
    ]);
    let root = mention(&it, "T0ACME", "what does it say about A7?")?;
    assert_eq!(ask(&it, &root).await?, "It goes on and on.");

    let requests = it.llm.requests();
    let [_, whole, part] = requests.as_slice() else { bail!("{}", requests.len()) };
    let (whole_results, part_results) = (whole.results(), part.results());
    let ([all], [some]) = (whole_results.as_slice(), part_results.as_slice()) else {
        bail!("other results")
    };
    assert!(!all.contains(LEFT_OUT) && some.contains(LEFT_OUT), "{some}");
    assert!(some.len() <= all.len() / 2 && 1_000 < some.len(), "{}", some.len());
    assert_eq!(whole.last_user(), part.last_user(), "the thread gives nothing");

    let mut log = Log::open(&it, "EVENTS").await?;
    log.until("reply.delivered", 1).await?;
    let finished = log.events.iter().find(|it| it["type"] == "konstruct.completion.finished.v1");
    let data = &finished.context("no outcome")?["data"];
    assert_eq!(data["prompt"]["truncated"], json!(false));
    let model = "quality/openai";
    let [asked, refused, answered] =
        [(model, "completed"), (model, "context_too_long"), (model, "completed")];
    assert_eq!(attempts(data), [asked, refused, answered]);
    Ok(())
}

#[tokio::test]
async fn a_result_that_no_window_has_room_for_is_not_sent_in_whole() -> anyhow::Result<()> {
    let tools = FakeTools::start().await?;
    let mut it = Installation::prepare().await?;
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("models.toml");
    let settings = format!(
        "[[models.quality]]\nname = 'small'\nvendor = 'openai'\nmodel = 'small'\n\
         base_url = '{}/v1'\napi_key_env = 'OPENAI_API_KEY'\ncontext_window = 6000\n",
        it.llm.url()
    );
    std::fs::write(&file, settings)?;
    it.settings.insert("KONSTRUCT_CONFIG".to_owned(), file.display().to_string());
    let it = running_with(it, &talkative(tools.port())).await?;
    it.llm
        .script([calls(&[("broken", r#"{"order":"A7"}"#)]), Behaviour::text("It goes on and on.")]);
    let root = mention(&it, "T0ACME", "what does it say about A7?")?;
    assert_eq!(ask(&it, &root).await?, "It goes on and on.");
    let requests = it.llm.requests();
    let [_, read] = requests.as_slice() else { bail!("{}", requests.len()) };
    let results = read.results();
    let [part] = results.as_slice() else { bail!("other results") };
    assert!(part.contains(LEFT_OUT) && part.len() < 6_000 * 4, "{}", part.len());
    Ok(())
}
