//! What was set aside, failed or is in doubt is put right from the command line, and nobody is answered
//! twice for it.

use anyhow::Context as _;
use konstruct_tests::{
    fake_llm::Behaviour,
    fake_slack::{Act, Fault, Spoken, World},
    installation::Installation,
    postgres::raw,
};
use serde_json::Value;

use crate::{
    ANSWER_WAIT, CHANNEL, SERVICES, SETTLED_WAIT, TEAM, answered, ask, log,
    set_aside::{another, apology, die_of_each, only, rename},
    settled, started, until,
};

/// What a command prints as JSON.
async fn json(it: &Installation, args: &[&str]) -> anyhow::Result<Value> {
    Ok(serde_json::from_str(&it.ok(args).await?)?)
}

/// What a command that is refused says of it.
async fn refused(it: &Installation, args: &[&str]) -> anyhow::Result<String> {
    let output = it.output(args).await?;
    anyhow::ensure!(!output.status.success(), "{args:?} was done");
    let said = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&said).into_owned())
}

/// The dead letters that are open, by their causes, once there is one.
async fn groups(it: &Installation) -> anyhow::Result<Vec<Value>> {
    let there = || async { Ok(0 < crate::dead_letters(it).await?) };
    until(ANSWER_WAIT, "a dead letter", there).await?;
    let listed = json(it, &["deadletters", "ls", "--json"]).await?;
    Ok(listed.as_array().cloned().unwrap_or_default())
}

/// The id of the only message there is.
async fn message(it: &Installation) -> anyhow::Result<String> {
    let client = raw(&it.database.superuser_url()).await?;
    Ok(client.query_one("select message_id from p_message", &[]).await?.try_get(0)?)
}

/// Waits until the only message stands so.
async fn stands(it: &Installation, state: &str) -> anyhow::Result<()> {
    let so = || async {
        let states = crate::states(it).await?;
        Ok(states.first().is_some_and(|(_, found)| found == state))
    };
    until(SETTLED_WAIT, state, so).await.with_context(|| crate::said(it))
}

/// What the employee said in that thread, once it is so much; then that it stays so.
async fn said(it: &Installation, spoken: &Spoken, count: usize) -> anyhow::Result<Vec<String>> {
    let so = |world: &World| {
        let replies = world.replies(TEAM, CHANNEL, &spoken.ts);
        replies.len() == count && replies.iter().all(|it| it.text != domain::reply::PLACEHOLDER)
    };
    let waited = it.slack.wait_for(SETTLED_WAIT, "replies", so).await;
    waited.with_context(|| crate::said(it))?;
    // What no worker acknowledged stays with `completion` for good.
    log::handled(it, &["dedup", "rate-limit", "delivery"]).await?;
    let replies = it.slack.replies(TEAM, CHANNEL, &spoken.ts);
    anyhow::ensure!(replies.len() == count, "{replies:?}");
    Ok(replies.iter().map(|it| it.said().to_owned()).collect())
}

#[tokio::test]
async fn a_message_that_killed_its_workers_is_answered_once_when_it_is_retried() {
    let mut it = crate::prepared().await.unwrap();
    for service in SERVICES {
        it.run(service).await.unwrap();
    }
    it.kill("completion").await.unwrap();
    let spoken = ask(&it, "poison, once").await.unwrap();
    let asked_for_more = {
        only(&it, "message.admitted").await.unwrap();
        die_of_each(&it).await.unwrap()
    };
    apology(&it, &spoken).await.unwrap();
    drop(asked_for_more);

    let found = groups(&it).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["consumer"], "completion");
    assert_eq!(found[0]["event"], "message.admitted");
    assert_eq!((&found[0]["letters"], &found[0]["tenants"][0]), (&1.into(), &"acme".into()));
    assert_eq!(found[0]["before"][0]["tenant"], "acme", "{}", found[0]);
    assert_eq!(found[0]["before"][0]["by"]["via"], "apply", "{}", found[0]);
    let letter = found[0]["example"].as_str().unwrap().to_owned();
    let shown = it.ok(&["deadletters", "show", &letter]).await.unwrap();
    assert!(shown.contains("sealed") && !shown.contains("poison"), "{shown}");
    let opened = it.ok(&["deadletters", "show", "--open", "--by", "ann", &letter]).await.unwrap();
    assert!(opened.contains("poison, once"), "{opened}");
    let client = raw(&it.database.superuser_url()).await.unwrap();
    let sql = "select detail->>'by' from operator_log where action = 'conversations.read'";
    let by: String = client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(by, "ann");

    it.run("completion").await.unwrap();
    let would = it.ok(&["deadletters", "retry", "--dry-run", &letter]).await.unwrap();
    assert!(would.starts_with(&format!("{letter} would be answered again")), "{would}");
    assert_eq!(it.llm.requests().len(), 0, "a dry run asks nobody");
    let key = found[0]["group"].as_str().unwrap();
    it.ok(&["deadletters", "retry", "--group", key, "--by", "ann"]).await.unwrap();
    let twice = refused(&it, &["deadletters", "retry", &letter]).await.unwrap();
    assert!(twice.contains("it was retried by ann at "), "{twice}");
    let replies = said(&it, &spoken, 2).await.unwrap();
    assert!(replies[0].starts_with("I'm sorry") && replies[1].contains("poison, once"));
    stands(&it, "delivered").await.unwrap();
    assert_eq!(it.llm.requests().len(), 1);
    assert_eq!(it.ok(&["deadletters", "ls"]).await.unwrap(), "no dead letters\n");
    let all = json(&it, &["deadletters", "ls", "--all-states", "--json"]).await.unwrap();
    assert_eq!(all[0]["all"][0]["decision"]["what"], "retried");
}

#[tokio::test]
async fn an_event_that_no_program_reads_is_edited_or_discarded() {
    let it = started().await.unwrap();
    let good = ask(&it, "sound").await.unwrap();
    answered(&it, &good, "sound").await.unwrap();
    settled(&it, 1).await.unwrap();
    let (subject, _, mut event) = only(&it, "message.received").await.unwrap();
    let spoken = it.slack.spoken(TEAM, CHANNEL, "U0PAT", "<@U0BOT> edited").unwrap();
    rename(&mut event, &spoken);
    event["data"]["message"]["delivery"] = another(&event["id"]);
    event["data"]["message"]["text"] = serde_json::json!({ "plain": "edited in" });
    let mut broken = event.clone();
    broken["data"]["message"]["address"] = "shout".into();
    let (jetstream, _) = log::stream(&it, "EVENTS").await.unwrap();
    for _ in 0..2 {
        let payload = serde_json::to_vec(&broken).unwrap();
        jetstream.publish(subject.clone(), payload.into()).await.unwrap().await.unwrap();
    }
    let two = || async { Ok(crate::dead_letters(&it).await? == 2) };
    until(ANSWER_WAIT, "two dead letters", two).await.unwrap();
    let found = groups(&it).await.unwrap();
    assert_eq!((found.len(), &found[0]["letters"]), (1, &2.into()), "one cause: {found:?}");
    let letters: Vec<_> = found[0]["all"].as_array().unwrap().iter().collect();
    let [first, second] = [0, 1].map(|index| letters[index]["id"].as_str().unwrap().to_owned());

    let edited = |event: &Value| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), serde_json::to_vec(event).unwrap()).unwrap();
        file
    };
    let mut wrong = event.clone();
    wrong["tenantid"] = "beta".into();
    wrong["data"]["message"]["text"] = serde_json::json!({ "plain": "something else" });
    let file = edited(&wrong);
    let path = file.path().to_str().unwrap();
    let why = refused(&it, &["deadletters", "edit", &first, "--data", path]).await.unwrap();
    for problem in [
        "`tenantid` is not that of the original",
        "`data.message.text` is a text that the original does not have",
        "it belongs to `events.",
    ] {
        assert!(why.contains(problem), "{why}");
    }
    let file = edited(&event);
    let path = file.path().to_str().unwrap();
    it.ok(&["deadletters", "edit", &first, "--data", path, "--by", "ann"]).await.unwrap();
    let replies = said(&it, &spoken, 1).await.unwrap();
    assert!(replies[0].contains("edited in"), "{replies:?}");

    let none = refused(&it, &["deadletters", "discard", &second, "--reason", " "]).await.unwrap();
    assert!(none.contains("say why"), "{none}");
    let reason = ["deadletters", "discard", &second, "--reason", "a copy", "--by", "ben"];
    it.ok(&reason).await.unwrap();
    assert_eq!(it.ok(&["deadletters", "ls"]).await.unwrap(), "no dead letters\n");
    let shown = it.ok(&["deadletters", "show", &second]).await.unwrap();
    assert!(shown.contains("discarded by ben at ") && shown.contains(": a copy"), "{shown}");
    let late = refused(&it, &["deadletters", "retry", &second]).await.unwrap();
    assert!(late.contains("it was discarded by ben at "), "{late}");
    said(&it, &spoken, 1).await.unwrap();
}

#[tokio::test]
async fn many_letters_are_decided_only_where_somebody_says_yes() {
    let it = started().await.unwrap();
    let (jetstream, _) = log::stream(&it, "EVENTS").await.unwrap();
    for number in 0..4 {
        let event = format!(r#"{{"specversion":"1.0","id":"e{number}"}}"#);
        let subject = "events.00.acme.message.received";
        jetstream.publish(subject, event.into_bytes().into()).await.unwrap().await.unwrap();
    }
    let four = || async { Ok(crate::dead_letters(&it).await? == 4) };
    until(ANSWER_WAIT, "four dead letters", four).await.unwrap();
    let all = ["deadletters", "discard", "--all", "--reason", "a test"];
    let unasked = refused(&it, &all).await.unwrap();
    let why = "4 letters are left as they are: nobody is there to ask";
    assert!(unasked.contains(why), "{unasked}");
    assert_eq!(groups(&it).await.unwrap()[0]["letters"], 4);
    let others = it.ok(&["deadletters", "ls", "--tenant", "beta"]).await.unwrap();
    assert_eq!(others, "no dead letters\n");
    let others = it.ok(&["deadletters", "ls", "--consumer", "delivery"]).await.unwrap();
    assert_eq!(others, "no dead letters\n");
    it.ok(&[&all[..], &["--yes"]].concat()).await.unwrap();
    assert_eq!(it.ok(&["deadletters", "ls"]).await.unwrap(), "no dead letters\n");
    let none = refused(&it, &["deadletters", "retry", "nothing"]).await.unwrap();
    assert!(none.contains("there is no dead letter `nothing`"), "{none}");
    let nothing = refused(&it, &["deadletters", "retry"]).await.unwrap();
    assert!(nothing.contains("required"), "{nothing}");
}

/// An answer of two messages, whose second one Slack never got and does not speak of.
async fn in_doubt(it: &Installation) -> anyhow::Result<(Spoken, String)> {
    let words: Vec<_> = (0..700).map(|n| format!("word{n}")).collect();
    it.llm.always(Behaviour::text(&words.join(" ")));
    it.slack.fail(Fault::new(Act::Drop).method("chat.postMessage").nth(2));
    let spoken = ask(it, "at length, please").await?;
    stands(it, "uncertain").await?;
    Ok((spoken, message(it).await?))
}

fn posts(it: &Installation) -> u64 {
    it.slack.see(|world| world.count("chat.postMessage"))
}

#[tokio::test]
async fn a_reply_in_doubt_is_sent_again_when_an_operator_says_so() {
    let it = started().await.unwrap();
    let (spoken, message) = in_doubt(&it).await.unwrap();
    let blind = refused(&it, &["redeliver", &message]).await.unwrap();
    assert!(blind.contains("it may have arrived: look, then say"), "{blind}");
    it.ok(&["reply", "again", &message]).await.unwrap();
    stands(&it, "delivered").await.unwrap();
    assert_eq!((said(&it, &spoken, 2).await.unwrap().len(), posts(&it)), (2, 3));
    let again = refused(&it, &["reply", "again", &message]).await.unwrap();
    assert!(again.contains("nothing of its reply is in doubt"), "{again}");
}

#[tokio::test]
async fn a_reply_in_doubt_has_arrived_when_an_operator_says_so() {
    let it = started().await.unwrap();
    let (spoken, message) = in_doubt(&it).await.unwrap();
    it.ok(&["reply", "sent", &message]).await.unwrap();
    stands(&it, "delivered").await.unwrap();
    assert_eq!((said(&it, &spoken, 1).await.unwrap().len(), posts(&it)), (1, 2));
}

#[tokio::test]
async fn a_message_that_no_model_answered_is_answered_once_and_twice_only_where_that_is_wanted() {
    let it = started().await.unwrap();
    it.llm.always(Behaviour::status(400, "{}"));
    let spoken = ask(&it, "anybody there?").await.unwrap();
    apology(&it, &spoken).await.unwrap();
    stands(&it, "failed").await.unwrap();
    let message = message(&it).await.unwrap();
    it.llm.reset();
    // Named twice, it is one message.
    let would = it.ok(&["reprocess", "--dry-run", &message, &message]).await.unwrap();
    assert_eq!(would, format!("{message} is answered again\nnothing was done (dry run)\n"));
    it.ok(&["reprocess", &message]).await.unwrap();
    let replies = said(&it, &spoken, 2).await.unwrap();
    assert!(replies[1].contains("anybody there?"), "{replies:?}");
    stands(&it, "delivered").await.unwrap();

    for (args, why) in [
        (["reprocess", &message], "it has an answer: `--again` has it answered once more"),
        (["redeliver", &message], "it has arrived: `--again` sends it once more"),
    ] {
        let said = refused(&it, &args).await.unwrap();
        assert!(said.contains(why), "{said}");
    }
    let unasked = refused(&it, &["redeliver", "--again", &message]).await.unwrap();
    assert!(unasked.contains("1 of them may be read twice: nobody is there to ask"), "{unasked}");
    said(&it, &spoken, 2).await.unwrap();
    it.ok(&["redeliver", "--again", "--yes", &message, &message]).await.unwrap();
    let replies = said(&it, &spoken, 3).await.unwrap();
    assert_eq!(replies[1], replies[2], "the same words, once more");
    assert_eq!(it.llm.requests().len(), 1, "and no model was asked for them");
}

/// A message whose answer is on record and no more on the log, and the letter of its event. Nobody
/// delivers yet.
async fn unsaid(it: &mut Installation) -> anyhow::Result<(Spoken, String)> {
    for service in SERVICES.into_iter().filter(|service| *service != "delivery") {
        it.run(service).await?;
    }
    let spoken = ask(it, "once").await?;
    let (_, lost, _) = only(it, "completion.finished").await?;
    log::handled(it, &["completion"]).await?;
    stands(it, "completed").await?;
    let (subject, sequence, admitted) = only(it, "message.admitted").await?;
    let (jetstream, events) = log::stream(it, "EVENTS").await?;
    events.delete_message(lost).await?;
    let letter = serde_json::json!({
        "consumer": "completion", "stream": "EVENTS", "subject": subject, "sequence": sequence,
        "event": admitted["id"], "tenant": "acme", "reason": "its worker was killed", "attempts": 5,
        "at": admitted["time"],
    });
    let letter = serde_json::to_vec(&letter)?;
    jetstream.publish("deadletters.completion.acme", letter.into()).await?.await?;
    let found = groups(it).await?;
    Ok((spoken, found[0]["example"].as_str().context("no letter")?.to_owned()))
}

/// Retries the letter, and the person has the one answer that was paid for.
async fn answered_as_on_record(
    it: &mut Installation,
    (spoken, letter): (&Spoken, &str),
    what: &str,
) -> anyhow::Result<()> {
    it.run("delivery").await?;
    let would = it.ok(&["deadletters", "retry", "--dry-run", letter]).await?;
    anyhow::ensure!(would.starts_with(&format!("{letter} would be {what}")), "{would}");
    it.ok(&["deadletters", "retry", letter, "--by", "ann"]).await?;
    let replies = said(it, spoken, 1).await?;
    anyhow::ensure!(replies[0].contains("once"), "{replies:?}");
    stands(it, "delivered").await?;
    anyhow::ensure!(it.llm.requests().len() == 1, "somebody was asked anew");
    let twice = refused(it, &["deadletters", "retry", letter]).await?;
    anyhow::ensure!(twice.contains("it was retried by ann at "), "{twice}");
    Ok(())
}

#[tokio::test]
async fn an_answer_on_record_is_sent_where_its_event_is_gone() {
    let mut it = crate::prepared().await.unwrap();
    let (spoken, letter) = unsaid(&mut it).await.unwrap();
    answered_as_on_record(&mut it, (&spoken, &letter), "sent again").await.unwrap();
}

#[tokio::test]
async fn an_answer_on_record_of_which_no_word_is_out_is_published() {
    let mut it = crate::prepared().await.unwrap();
    let (spoken, letter) = unsaid(&mut it).await.unwrap();
    // As if it had never been said: nobody knows an event of that id.
    let sql = "update completion set envelope = jsonb_set(envelope, '{id}', to_jsonb(
                   left(envelope->>'id', -4) || case right(envelope->>'id', 4)
                   when '0000' then '1111' else '0000' end))";
    let client = raw(&it.database.superuser_url()).await.unwrap();
    assert_eq!(client.execute(sql, &[]).await.unwrap(), 1);
    let what = "answered as it is on record";
    answered_as_on_record(&mut it, (&spoken, &letter), what).await.unwrap();
    let sql = "select count(*) from p_event where kind = 'completion.finished'";
    let told: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(told, 2, "the one that was taken from the log, and the one that is on it");
}
