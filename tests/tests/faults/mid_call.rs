//! `kill -9` of delivery while Slack has its call and has not answered.

use std::collections::BTreeMap;

use konstruct_tests::{
    fake_slack::{Act, Fault, Spoken, World},
    installation::Installation,
    postgres::raw,
};

use crate::{ANSWER_WAIT, SERVICES, TEAM, log::once_each, prepared, settled};

/// One conversation, in a channel of its own.
struct Case {
    channel: &'static str,
    /// The call that Slack does not answer.
    method: &'static str,
    /// Whether it carries it out.
    act: Act,
    /// Whether there is no placeholder, so that the answer is a message of its own.
    refuse_placeholder: bool,
    /// How it ends.
    state: &'static str,
    /// What is there to be seen in the end.
    visible: usize,
    /// How often the method is called in the end.
    calls: usize,
}

const POST: &str = "chat.postMessage";
const UPDATE: &str = "chat.update";

fn case(channel: &'static str, method: &'static str, act: Act) -> Case {
    let refuse_placeholder = false;
    Case { channel, method, act, refuse_placeholder, state: "delivered", visible: 1, calls: 1 }
}

fn cases() -> [Case; 6] {
    [
        case("C0POSTED", POST, Act::AcceptThenHold),
        // Not there when it is looked for: the answer is posted itself.
        Case { calls: 2, ..case("C0NOTPOSTED", POST, Act::Hold) },
        // Changes nothing when repeated, so it is.
        Case { calls: 2, ..case("C0UPDATED", UPDATE, Act::AcceptThenHold) },
        Case { calls: 2, ..case("C0NOTUPDATED", UPDATE, Act::Hold) },
        // The refused placeholder is a call as well.
        Case {
            refuse_placeholder: true,
            calls: 2,
            ..case("C0ANSWERED", POST, Act::AcceptThenHold)
        },
        // It may still land, and a second one would be seen: nobody sends it again.
        Case {
            refuse_placeholder: true,
            calls: 2,
            state: "uncertain",
            visible: 0,
            ..case("C0NOTANSWERED", POST, Act::Hold)
        },
    ]
}

/// What the ledger says of every effect that is not settled, by channel.
async fn unsettled(it: &Installation) -> anyhow::Result<BTreeMap<String, String>> {
    let client = raw(&it.database.superuser_url()).await?;
    let sql = "select channel, state from effect where state not in ('sent', 'failed')";
    let rows = client.query(sql, &[]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

async fn ask_in(it: &Installation, channel: &str) -> anyhow::Result<Spoken> {
    let spoken = it.slack.spoken(TEAM, channel, "U0PAT", &format!("<@U0BOT> in {channel}"))?;
    Ok(it.slack.say(spoken).await?.spoken)
}

#[tokio::test]
async fn no_reply_is_doubled_or_lost_whatever_slack_did_with_the_call() {
    let cases = cases();
    let mut it = prepared().await.unwrap();
    for case in &cases {
        if case.refuse_placeholder {
            let refusal = Act::Code("restricted_action".to_owned());
            it.slack.fail(Fault::new(refusal).method(POST).channel(case.channel).times(1));
        }
        let held = Fault::new(case.act.clone()).method(case.method).channel(case.channel);
        it.slack.fail(held.times(1));
    }
    for service in SERVICES {
        it.run(service).await.unwrap();
    }
    let all = cases.each_ref().map(|case| ask_in(&it, case.channel));
    let said = futures::future::try_join_all(all).await.unwrap();
    let held = |world: &World| {
        world.calls().filter(|call| call.outcome.contains("Hold")).count() == cases.len()
    };
    it.slack.wait_for(ANSWER_WAIT, "every call is held", held).await.unwrap();
    it.kill("delivery").await.unwrap();
    let sending = cases.each_ref().map(|case| (case.channel.to_owned(), "sending".to_owned()));
    assert_eq!(unsettled(&it).await.unwrap(), BTreeMap::from(sending));

    it.run("delivery").await.unwrap();
    let states = settled(&it, cases.len()).await.unwrap();
    for (case, spoken) in cases.iter().zip(&said) {
        let channel = case.channel;
        let state = states.iter().find(|(ts, _)| *ts == spoken.ts).map(|(_, state)| state.as_str());
        assert_eq!(state, Some(case.state), "{channel}");
        let replies = it.slack.replies(TEAM, channel, &spoken.ts);
        assert_eq!(replies.len(), case.visible, "{channel}: {replies:?}");
        assert!(replies.iter().all(|reply| reply.said().ends_with(channel)), "{replies:?}");
        let calls = it.slack.see(|world| {
            let of = |it: &&konstruct_tests::fake_slack::Called| {
                it.channel == channel && it.method == case.method
            };
            world.calls().filter(of).count()
        });
        assert_eq!(calls, case.calls, "{channel}");
    }
    assert_eq!(it.slack.see(World::doubled), Vec::<String>::new());
    once_each(&it).await.unwrap();
}
