//! Many customers, and none meets another.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use konstruct_tests::{
    fake_llm::Behaviour,
    fake_slack::{Act, Fault, World},
    installation::{acme, tenant},
};

use crate::{
    Log, PATIENCE, PLACEHOLDER, answered, answers, ask, heard, mention, reply_to, running,
    running_both, seen,
};

#[tokio::test]
async fn in_a_shared_channel_ours_answers_and_never_the_guests_own() {
    let it = running_both().await.unwrap();
    let question = mention(&it, "T0ACME", "hello from next door").unwrap().guest_of("T0BETA");
    ask(&it, &question).await.unwrap();
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("reply.delivered", 1).await.unwrap();
    assert_eq!(log.all("tenantid"), ["acme"]);
    let asked = it.llm.requests();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].system().contains("Support lead of acme"), "{}", asked[0].system());
    assert_eq!(it.slack.see(|world| world.calls().filter(|it| it.team == "T0BETA").count()), 0);
    assert_eq!(it.slack.replies("T0ACME", "C1", &question.ts).len(), 1);
}

#[tokio::test]
async fn the_same_channel_and_thread_of_two_tenants_share_nothing() {
    let it = running_both().await.unwrap();
    let ours = mention(&it, "T0ACME", "acme-first").unwrap();
    let mut theirs = mention(&it, "T0BETA", "beta-first").unwrap();
    theirs.ts.clone_from(&ours.ts);
    let (a, b) = tokio::join!(ask(&it, &ours), ask(&it, &theirs));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert!(a.contains("acme-first") && !a.contains("beta"), "{a}");
    assert!(b.contains("beta-first") && !b.contains("acme"), "{b}");

    let our_second = reply_to(&it, &ours, "acme-second").unwrap();
    let mut their_second = reply_to(&it, &theirs, "beta-second").unwrap();
    their_second.ts.clone_from(&our_second.ts);
    let (a, b) = tokio::join!(ask(&it, &our_second), ask(&it, &their_second));
    a.unwrap();
    b.unwrap();
    for (own, other) in [("acme", "beta"), ("beta", "acme")] {
        let requests = it.llm.requests();
        let second = format!("{own}-second");
        let request = requests.iter().find(|it| it.last_user().contains(&second)).unwrap();
        let turns = format!("{:?}", request.turns());
        assert!(turns.contains(&format!("{own}-first")), "{turns}");
        assert!(!request.body.to_string().contains(other), "{}", request.body);
    }
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("reply.delivered", 4).await.unwrap();
    assert_eq!(log.count("message.accepted"), 4);
    for team in ["T0ACME", "T0BETA"] {
        let outcomes: Vec<String> = it.slack.see(|world| {
            world.calls().filter(|it| it.team == team).map(|it| it.outcome.clone()).collect()
        });
        assert!(outcomes.iter().all(|outcome| outcome == "ok"), "{team}: {outcomes:?}");
        assert_eq!(it.slack.replies(team, "C1", &ours.ts).len(), 2, "{team}");
    }
}

#[tokio::test]
async fn of_twenty_tenants_at_once_each_hears_its_own_agent() {
    let names: Vec<String> = (10..30).map(|n| format!("tenant{n}")).collect();
    let workspaces: Vec<String> = (10..30).map(|n| format!("T0N{n}")).collect();
    let mut yaml = "tenants:\n".to_owned();
    for (n, (name, workspace)) in (10..).zip(names.iter().zip(&workspaces)) {
        yaml += &tenant(name, workspace, &format!("agent{n}"), &format!("manner{n}"));
    }
    let ids: Vec<&str> = workspaces.iter().map(String::as_str).collect();
    let it = running(&yaml, &ids).await.unwrap();
    let questions: Vec<_> = (10..)
        .zip(&ids)
        .map(|(n, workspace)| mention(&it, workspace, &format!("question{n}")).unwrap())
        .collect();
    let answers = futures::future::join_all(questions.iter().map(|question| ask(&it, question)));
    for (n, answer) in (10..).zip(answers.await) {
        let answer = answer.unwrap();
        assert!(answer.contains(&format!("question{n}")), "{n}: {answer}");
    }
    let requests = it.llm.requests();
    assert_eq!(requests.len(), 20);
    for n in 10..30 {
        let own = format!("question{n}");
        let request = requests.iter().find(|it| it.last_user().contains(&own)).unwrap();
        for m in 10..30 {
            for what in ["agent", "Support lead of tenant", "manner"] {
                let said = request.system().contains(&format!("{what}{m}"));
                assert_eq!(said, n == m, "{what}{m} in the prompt of {n}: {}", request.system());
            }
        }
    }
    for question in &questions {
        let visible = it.slack.see(|world| {
            world.room(&question.team.id, "C1").filter(|it| it.bot_id.is_some()).count()
        });
        assert_eq!(visible, 1, "{}", question.team.id);
    }
}

#[tokio::test]
async fn of_31_messages_at_one_instant_30_are_answered_and_one_person_is_told_once() {
    let beta = tenant("beta", "T0BETA", "bo", "dry, exact");
    let thirty = acme().replace("messages_per_minute: 6000", "messages_per_minute: 30");
    let it = running(&format!("{thirty}{beta}"), &["T0ACME", "T0BETA"]).await.unwrap();
    it.llm.always(Behaviour { held: true, ..Behaviour::default() });
    it.llm.script([Behaviour { when: Some("and me?".to_owned()), ..Behaviour::default() }]);
    let base = mention(&it, "T0ACME", "x").unwrap();
    let second = base.ts.split('.').next().unwrap().to_owned();
    let questions: Vec<_> = (0..31)
        .map(|n| {
            let mut question = base.clone();
            question.ts = format!("{second}.{n:06}");
            question
        })
        .collect();
    let all = futures::future::join_all(questions.iter().map(|question| heard(&it, question)));
    all.await.into_iter().for_each(|heard| heard.unwrap());
    it.llm.held(30, PATIENCE).await.unwrap();
    // Another tenant is served while every one of them is being worked on.
    ask(&it, &mention(&it, "T0BETA", "and me?").unwrap()).await.unwrap();
    let answered_so_far = it
        .slack
        .see(|world| questions.iter().filter(|question| answered(world, question) == 1).count());
    assert_eq!(answered_so_far, 0);
    it.llm.release();

    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("reply.delivered", 32).await.unwrap();
    assert_eq!(log.count("message.admitted"), 31, "30 of acme and one of beta");
    assert_eq!(log.count("message.throttled"), 1);
    let answered = it
        .slack
        .see(|world| questions.iter().filter(|question| answered(world, question) == 1).count());
    assert_eq!(answered, 30);
    // One more of the same person: nobody is told twice.
    let mut more = base.clone();
    more.ts = format!("{second}.000099");
    heard(&it, &more).await.unwrap();
    log.until("message.throttled", 2).await.unwrap();
    ask(&it, &mention(&it, "T0BETA", "still there?").unwrap()).await.unwrap();
    let told: Vec<(Option<String>, String)> = it.slack.see(|world| {
        let told = world.messages().filter(|it| it.only_for.is_some());
        told.map(|it| (it.only_for.clone(), it.text.clone())).collect()
    });
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0.as_deref(), Some("U0ANN"));
    let says = "your organization's limit of 30 messages a minute is used up";
    assert!(told[0].1.contains(says), "{}", told[0].1);
}

/// More than a consumer has lanes: a tenant gets its share of them, and no more.
#[tokio::test]
async fn behind_hundreds_of_messages_of_one_tenant_another_is_answered_first() {
    const MESSAGES: usize = 300;
    let it = running_both().await.unwrap();
    it.llm.always(Behaviour { held: true, ..Behaviour::default() });
    it.llm.script([Behaviour { when: Some("quick one".to_owned()), ..Behaviour::default() }]);
    let questions: Vec<_> =
        (0..MESSAGES).map(|n| mention(&it, "T0ACME", &format!("question {n}")).unwrap()).collect();
    // Fewer at a time than the gateway has places for.
    let heard = questions.iter().map(|question| heard(&it, question));
    let heard: Vec<_> = futures::stream::iter(heard).buffer_unordered(64).collect().await;
    heard.into_iter().collect::<anyhow::Result<()>>().unwrap();
    ask(&it, &mention(&it, "T0BETA", "quick one").unwrap()).await.unwrap();
    let done =
        |world: &World| questions.iter().filter(|question| answered(world, question) == 1).count();
    assert_eq!(it.slack.see(done), 0);
    it.llm.release();
    seen(&it, "every answer", |world| done(world) == MESSAGES).await.unwrap();
}

#[tokio::test]
async fn a_workspace_that_slack_slows_down_delays_no_other() {
    let it = running_both().await.unwrap();
    let wait = Duration::from_secs(4);
    let limited = Act::RateLimited { retry_after_s: wait.as_secs() };
    it.slack.fail(Fault::new(limited).method("chat.update").team("T0ACME").times(1));
    let slow = mention(&it, "T0ACME", "slow one").unwrap();
    heard(&it, &slow).await.unwrap();
    seen(&it, "a refused update", |world| {
        world.calls().any(|it| it.method == "chat.update" && it.team == "T0ACME")
    })
    .await
    .unwrap();
    let refused = Instant::now();
    ask(&it, &mention(&it, "T0BETA", "quick one").unwrap()).await.unwrap();
    let meanwhile = it.slack.replies("T0ACME", "C1", &slow.ts);
    assert_eq!(meanwhile.len(), 1);
    assert_eq!(meanwhile[0].text, PLACEHOLDER, "beta was answered only after acme");
    let replies = answers(&it, &slow, 1).await.unwrap();
    let waited = refused.elapsed();
    assert!(wait.mul_f64(0.9) <= waited, "Slack said {wait:?}, we came back after {waited:?}");
    assert_eq!(replies.len(), 1);
    assert!(replies[0].text.contains("slow one"), "{}", replies[0].text);
}
