//! Two processes: one leads the ordered stages, the other stands by.

use std::process::Stdio;

use konstruct_tests::{fake_llm::Behaviour, installation::Installation, postgres::raw};
use tokio::process::Child;

use crate::{ANSWER_WAIT, Load, TEAM, Tally, answered, ask, gateway, started, until};

const STAGES: [&str; 3] = ["completion", "delivery", "projector"];

/// Who leads each stage, and which turn it is.
async fn leaders(it: &Installation) -> anyhow::Result<Vec<(String, i64, String)>> {
    let client = raw(&it.database.superuser_url()).await?;
    let sql = "select stage, epoch, owner from stage_fence order by stage";
    let rows = client.query(sql, &[]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
}

/// `konstruct all` with listeners of its own.
async fn second(it: &Installation) -> anyhow::Result<(Child, String)> {
    let port = konstruct_tests::installation::free_port()?;
    let admin = konstruct_tests::installation::free_port()?;
    let portal = konstruct_tests::installation::free_port()?;
    let url = format!("http://127.0.0.1:{port}");
    let mut command = it.command(&["all"]);
    command.env("KONSTRUCT_GATEWAY_LISTEN", format!("127.0.0.1:{port}"));
    command.env("KONSTRUCT_ADMIN_LISTEN", format!("127.0.0.1:{admin}"));
    command.env("KONSTRUCT_PORTAL_LISTEN", format!("127.0.0.1:{portal}"));
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let (client, ready) =
        (reqwest::Client::new(), format!("http://127.0.0.1:{admin}/health/ready"));
    let is_ready = || async {
        let answer = client.get(&ready).send().await;
        Ok(answer.is_ok_and(|answer| answer.status().is_success()))
    };
    until(ANSWER_WAIT, "the second process is ready", is_ready).await?;
    Ok((child, url))
}

#[tokio::test]
async fn when_the_leader_is_killed_the_other_takes_over_and_answers() {
    let mut it = started().await.unwrap();
    let first = ask(&it, "before").await.unwrap();
    answered(&it, &first, "before").await.unwrap();
    let (child, url) = second(&it).await.unwrap();
    let of =
        |pid: u32| move |(_, _, owner): &(String, i64, String)| owner.ends_with(&format!("/{pid}"));

    let turns = leaders(&it).await.unwrap();
    let stages: Vec<_> = turns.iter().map(|(stage, epoch, _)| (stage.as_str(), *epoch)).collect();
    assert_eq!(stages, STAGES.map(|stage| (stage, 1)));
    assert!(turns.iter().all(of(it.pid("all").unwrap())), "{turns:?}");

    it.llm.always(Behaviour { first_token_ms: 400, ..Behaviour::default() });
    let asked = it.llm.requests().len();
    let load = Load::start(&it.slack.voice(), &[TEAM], 4, 3);
    let so = || async { Ok(asked < it.llm.requests().len()) };
    until(ANSWER_WAIT, "the model is asked", so).await.unwrap();
    // Slack goes on delivering to the same address, where nothing but a gateway is left.
    it.kill("all").await.unwrap();
    it.run("gateway").await.unwrap();

    let second_leads = || async {
        let turns = leaders(&it).await?;
        Ok(turns.len() == STAGES.len() && turns.iter().all(of(child.id().unwrap_or_default())))
    };
    until(ANSWER_WAIT, "the second process leads", second_leads).await.unwrap();
    let turns = leaders(&it).await.unwrap();
    assert!(turns.iter().all(|(_, epoch, _)| *epoch == 2), "{turns:?}");

    let mut said = load.all().await.unwrap();
    it.slack.link(gateway(&url), false);
    let last = ask(&it, "question after.").await.unwrap();
    said.push(last);
    let mut first = first;
    first.text = "before".to_owned();
    said.push(first);
    let tally = Tally::of(&it, &said).await.unwrap();
    tally.hold("two processes", 1).unwrap();
    assert_eq!(tally.messages, 14);
}
