//! A person takes a conversation over: colleagues are told once, the agent is quiet, and goes on when it is
//! given back.

use konstruct_tests::{
    fake_llm::{Behaviour, Called, Say},
    fake_slack::{Act, Fault},
    fake_tools::FakeTools,
};
use serde_json::json;

use super::*;

const HELP: &str = "C0HELP";

/// Tenant `acme`, whose agent has this rule of escalation.
fn with_rule(when: &str) -> String {
    let rules = format!("escalation: [{{ when: {when}, to_channel: {HELP} }}] }}");
    acme().replace("persona: \"warm, brief\" }", &format!("persona: \"warm, brief\", {rules}"))
}

async fn running_with(when: &str) -> anyhow::Result<Installation> {
    running(&with_rule(when), &["T0ACME"]).await
}

fn hands_over(text: &str, arguments: &str) -> Behaviour {
    let call = Called { name: "hand_off_to_human".to_owned(), arguments: arguments.to_owned() };
    let say = Say::Calls { text: text.to_owned(), calls: vec![call] };
    Behaviour { say, ..Behaviour::default() }
}

/// What colleagues are told in their channel, and is there to be seen.
fn notes(it: &Installation) -> Vec<String> {
    let text = |posted: &Posted| posted.text.clone();
    it.slack
        .see(|world| world.room("T0ACME", HELP).filter(|it| it.is_visible()).map(text).collect())
}

#[tokio::test]
async fn who_asks_for_a_person_gets_one_and_the_agent_is_quiet_until_it_is_given_back()
-> anyhow::Result<()> {
    let it = running_with("asked_for_human").await?;
    let arguments = json!({ "why": "asked_for_human", "summary": "Order **4711** is late." });
    it.llm.script([
        hands_over("I'll get somebody.", &arguments.to_string()),
        Behaviour::text("Glad that Tom could help."),
    ]);
    let root = mention(&it, "T0ACME", "I want to talk to a human <!channel>")?;
    let said = ask(&it, &root).await?;
    assert!(
        said.starts_with("I'll get somebody.\n\nI've handed this over to a colleague."),
        "{said}"
    );
    let p = root.ts.replace('.', "");
    let want = format!(
        "*mara* hands a conversation over to you: a person was asked for.\n<@U0ANN> wrote in <#C1>:\n\
         > I want to talk to a human @channel\n*What is known:* Order *4711* is late.\n\
         <https://t0acme.slack.test/archives/C1/p{p}|Open the conversation>\n\
         _mara is quiet in that thread. To give it back, mention mara in it with `hand back`._"
    );
    assert_eq!(notes(&it), [want]);
    let asked = &it.llm.requests()[0].body;
    let system = asked["messages"][0]["content"].to_string();
    assert!(system.contains("When the person asks for a human being, call the tool"), "{system}");
    assert!(asked["tools"].to_string().contains("hand_off_to_human"), "{asked}");

    // What people say among themselves nobody answers, and nothing flickers there.
    let before = it.slack.see(|world| world.count("chat.postMessage"));
    heard(&it, &reply_to(&it, &root, "I am Tom, your parcel is at the depot.")?).await?;
    let mut log = Log::open(&it, "EVENTS").await?;
    log.until("message.held", 1).await?;
    // Who writes to the agent itself is told, for their eyes only.
    let again = mention(&it, "T0ACME", "hello?")?.in_thread(&root.ts);
    heard(&it, &again).await?;
    seen(&it, "a word for their eyes", |world| world.count("chat.postEphemeral") == 1).await?;
    assert_eq!(it.slack.see(|world| world.count("chat.postMessage")), before);
    let is_notice = |posted: &&Posted| posted.only_for.as_deref() == Some("U0ANN");
    let notice = it.slack.see(|world| world.room("T0ACME", "C1").find(is_notice).cloned());
    let notice = notice.context("no notice")?.text;
    assert!(notice.starts_with("A colleague has this conversation"), "{notice}");
    assert_eq!(it.llm.requests().len(), 1, "no model is asked meanwhile");

    let back = mention(&it, "T0ACME", "hand back")?.in_thread(&root.ts);
    assert_eq!(ask(&it, &back).await?, "Glad that Tom could help.");
    let asked = it.llm.requests()[1].body["messages"].to_string();
    assert!(asked.contains("I'll get somebody.") && asked.contains("at the depot"), "{asked}");
    log.until("conversation.handed_back", 1).await?;
    log.until("reply.delivered", 3).await?;
    let kinds = ["completion.handed_off", "message.held", "completion.finished"];
    assert_eq!(kinds.map(|kind| log.count(kind)), [1, 2, 1]);
    assert_eq!(notes(&it).len(), 1);
    let handed = log.events.iter().find(|it| it["type"] == "konstruct.completion.handed_off.v1");
    let data = &handed.context("no hand-off")?["data"];
    assert_eq!((&data["why"], &data["to_channel"]), (&json!("asked_for_human"), &json!(HELP)));
    for sealed in ["asked", "summary", "said"] {
        assert!(data[sealed]["sealed"].is_string(), "{data}");
    }
    Ok(())
}

#[tokio::test]
async fn a_word_hands_over_before_any_model_is_asked() -> anyhow::Result<()> {
    let it = running_with("{ keywords: [lawyer, court] }").await?;
    let said = ask(&it, &mention(&it, "T0ACME", "My LAWYER will write to you.")?).await?;
    assert!(said.starts_with("I've handed this over to a colleague."), "{said}");
    assert!(it.llm.requests().is_empty());
    let notes = notes(&it);
    assert!(notes[0].contains("> My LAWYER will write to you."), "{notes:?}");
    let other = mention(&it, "T0ACME", "Do you deliver on Sundays?")?;
    it.llm.always(Behaviour::text("We do."));
    assert_eq!(ask(&it, &other).await?, "We do.", "another thread is the agent's");
    Ok(())
}

#[tokio::test]
async fn in_a_direct_message_it_holds_in_its_thread_until_it_is_given_back_there()
-> anyhow::Result<()> {
    let it = running_with("{ keywords: [弁護士] }").await?;
    let says = |text: &str| it.slack.spoken("T0ACME", "D0ANN", "U0ANN", text);
    let root = says("弁護士に相談したい")?;
    let said = ask(&it, &root).await?;
    let want = "I've handed this over to a colleague, who will get back to you. In this thread I'll \
                be quiet, and nowhere else.";
    assert!(said.starts_with(want), "{said}");
    it.llm.always(Behaviour::text("We do."));
    assert_eq!(ask(&it, &says("Do you deliver on Sundays?")?).await?, "We do.");

    let back = says("hand back, please :wave:")?.in_thread(&root.ts);
    let before = it.slack.see(|world| answered(world, &back));
    let delivered = it.slack.deliver(&back.with_file("F1", "order.txt")).await?;
    assert_eq!(delivered.statuses(), [Some(200)]);
    let replies = answers(&it, &back, before + 1).await?;
    assert_eq!(replies.last().context("no reply")?.said(), "We do.");
    Log::open(&it, "EVENTS").await?.until("conversation.handed_back", 1).await?;
    Ok(())
}

#[tokio::test]
async fn where_colleagues_cannot_be_told_the_person_is_and_the_agent_stays() -> anyhow::Result<()> {
    let it = running_with("{ keywords: [lawyer] }").await?;
    let refused = Act::Code("channel_not_found".to_owned());
    it.slack.fail(Fault::new(refused).method("chat.postMessage").channel(HELP));
    let root = mention(&it, "T0ACME", "my lawyer says hello")?;
    let said = ask(&it, &root).await?;
    assert!(said.starts_with("I'm sorry: this is for a colleague, and I couldn't reach"), "{said}");
    let mut log = Log::open(&it, "EVENTS").await?;
    log.until("conversation.handed_back", 1).await?;
    let back = log.events.last().context("no event")?;
    assert_eq!(back["data"]["by"], json!({ "unreached": "channel_not_found" }));
    it.llm.always(Behaviour::text("I am here."));
    let next = mention(&it, "T0ACME", "anybody?")?.in_thread(&root.ts);
    // The thread is the agent's again as soon as that word is taken in, which is before this message.
    assert_eq!(ask(&it, &next).await?, "I am here.");
    Ok(())
}

#[tokio::test]
async fn colleagues_are_told_once_though_slack_did_not_say_that_they_were() -> anyhow::Result<()> {
    let it = running_with("{ keywords: [lawyer] }").await?;
    it.slack
        .fail(Fault::new(Act::AcceptThenDrop).method("chat.postMessage").channel(HELP).times(1));
    let said = ask(&it, &mention(&it, "T0ACME", "lawyer")?).await?;
    assert!(said.starts_with("I've handed this over to a colleague."), "{said}");
    let mut log = Log::open(&it, "EVENTS").await?;
    log.until("reply.delivered", 1).await?;
    assert_eq!(notes(&it).len(), 1);
    assert!(it.slack.see(World::doubled).is_empty());
    Ok(())
}

#[tokio::test]
async fn a_tool_that_fails_and_a_budget_that_is_spent_bring_a_person() -> anyhow::Result<()> {
    let tools = FakeTools::start().await?;
    let mut it = Installation::prepare().await?;
    it.settings.insert("KONSTRUCT_TOOLS_NETWORKS".to_owned(), "127.0.0.0/8".to_owned());
    let tool = format!(
        "    tools:
      - slug: orders
        description: Knows about orders.
        http:
          method: GET
          url: \"http://127.0.0.1:{}/status/{{code}}\"
          arguments: {{ type: object, properties: {{ code: {{ type: integer }} }}, required: [code] }}
        allow_private: true
    agents:\n",
        tools.port()
    );
    let rules = "escalation: [{ when: tool_failure, to_channel: C0HELP }, \
                 { when: budget, to_channel: C0MONEY }]";
    let agent = format!("persona: \"warm, brief\", tools: [orders], {rules} }}");
    let yaml = acme().replace("persona: \"warm, brief\" }", &agent);
    let yaml = yaml.replace("    agents:\n", &tool);
    it.apply(&yaml).await?;
    it.run("all").await?;
    it.slack.install("xoxb-T0ACME", Team::new("T0ACME", BOT));
    it.slack.link(konstruct_tests::fake_slack::Gateway::new(&it.gateway(), SIGNING_SECRET), true);
    let looks = |code: u16| {
        let arguments = json!({ "code": code }).to_string();
        let calls = vec![Called { name: "orders".to_owned(), arguments }];
        Behaviour { say: Say::Calls { text: String::new(), calls }, ..Behaviour::default() }
    };
    it.llm.script([looks(500), looks(200), Behaviour::text("It is on its way.")]);
    let said = ask(&it, &mention(&it, "T0ACME", "where is it?")?).await?;
    assert_eq!(said, "It is on its way.", "it failed, and then it worked");

    it.llm.script([looks(500), Behaviour::text("I could not look it up.")]);
    let said = ask(&it, &mention(&it, "T0ACME", "where is the other one?")?).await?;
    assert!(said.starts_with("I've handed this over"), "{said}");
    let told = notes(&it);
    let [note] = told.as_slice() else { bail!("{told:?}") };
    assert!(note.contains("a tool failed"), "{note}");
    assert_eq!(it.llm.requests().len(), 5, "each time the model may try again");

    it.apply(&yaml.replace("    limits:", "    budget: { daily_micros: 0 }\n    limits:")).await?;
    let said = ask(&it, &mention(&it, "T0ACME", "and now?")?).await?;
    assert!(said.starts_with("I've handed this over"), "{said}");
    let text = |posted: &Posted| posted.text.clone();
    let money: Vec<_> = it.slack.see(|world| world.room("T0ACME", "C0MONEY").map(text).collect());
    assert!(money[0].contains("the budget is spent"), "{money:?}");
    Ok(())
}

/// Group `quality` of a model that takes no tools.
fn without_tools(it: &Installation) -> String {
    format!(
        r#"
        [[models.quality]]
        name = "plain"
        vendor = "openai"
        model = "plain"
        base_url = "{}/v1"
        api_key_env = "OPENAI_API_KEY"
        tools = false
        "#,
        it.llm.url()
    )
}

#[tokio::test]
async fn a_rule_keeps_no_agent_from_answering_whose_models_take_no_tools() -> anyhow::Result<()> {
    let mut it = Installation::prepare().await?;
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("konstruct.toml");
    std::fs::write(&path, without_tools(&it))?;
    it.settings.insert("KONSTRUCT_CONFIG".to_owned(), path.to_string_lossy().into_owned());
    it.apply(&with_rule("asked_for_human")).await?;
    it.run("all").await?;
    it.slack.install("xoxb-T0ACME", Team::new("T0ACME", BOT));
    it.slack.link(Gateway::new(&it.gateway(), SIGNING_SECRET), true);
    it.llm.always(Behaviour::text("We do."));
    let said = ask(&it, &mention(&it, "T0ACME", "Do you deliver on Sundays?")?).await?;
    assert_eq!(said, "We do.");
    let requests = it.llm.requests();
    let [asked] = requests.as_slice() else { bail!("{} requests", requests.len()) };
    assert!(asked.body.get("tools").is_none(), "{}", asked.body);
    assert!(!asked.system().contains("hand_off_to_human"), "{}", asked.system());
    Ok(())
}
