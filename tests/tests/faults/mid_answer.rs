//! `kill -9` of completion while a model speaks.

use konstruct_tests::{
    fake_llm::Behaviour, fake_slack::World, installation::Installation, postgres::raw,
};

use crate::{ANSWER_WAIT, SERVICES, answered, ask, log::once_each, prepared, settled};

/// Each call to a model that is on record, and whether its outcome is.
async fn attempts(it: &Installation) -> anyhow::Result<Vec<(i32, bool)>> {
    let client = raw(&it.database.superuser_url()).await?;
    let sql = "select index, outcome is not null from attempt order by index";
    let rows = client.query(sql, &[]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

async fn completions(it: &Installation) -> anyhow::Result<i64> {
    let client = raw(&it.database.superuser_url()).await?;
    Ok(client.query_one("select count(*) from completion", &[]).await?.try_get(0)?)
}

#[tokio::test]
async fn a_call_cut_short_is_on_record_and_the_person_gets_one_answer() {
    let mut it = prepared().await.unwrap();
    for service in SERVICES {
        it.run(service).await.unwrap();
    }
    let cut_short =
        Behaviour { held: true, ..Behaviour::text("half of an answer that never ends") };
    it.llm.script([cut_short]);
    let spoken = ask(&it, "what did I miss?").await.unwrap();
    it.llm.held(1, ANSWER_WAIT).await.unwrap();
    it.kill("completion").await.unwrap();
    assert_eq!(attempts(&it).await.unwrap(), [(0, false)]);
    assert_eq!(completions(&it).await.unwrap(), 0);

    it.run("completion").await.unwrap();
    answered(&it, &spoken, "what did I miss?").await.unwrap();
    assert_eq!(settled(&it, 1).await.unwrap()[0].1, "delivered");
    assert_eq!(attempts(&it).await.unwrap(), [(0, false), (1, true)]);
    assert_eq!(completions(&it).await.unwrap(), 1);
    assert_eq!(it.llm.requests().len(), 2, "the one that was cut short is paid for");
    assert_eq!(it.slack.see(World::doubled), Vec::<String>::new());
    once_each(&it).await.unwrap();
}
