//! Answers are asked again, and tests are run, by programs.

use std::{sync::Mutex, time::Duration};

use konstruct_tests::{
    fake_llm::Behaviour,
    fake_slack::{Gateway, Team},
    installation::SIGNING_SECRET,
    postgres::raw,
    wait::until,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{Answer, Office, changes::shown};

/// How long anything may take here, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(1);

const MARA: &str = "/tenants/acme/agents/mara";

/// An office whose Mara has answered one question.
async fn talked() -> Office {
    let mut office = Office::open_with(&[("KONSTRUCT_API_PER_MINUTE", "100000")]).await;
    for service in ["guards", "completion", "delivery", "gateway"] {
        office.it.run(service).await.unwrap();
    }
    let slack = &office.it.slack;
    slack.install("xoxb-T0ACME", Team::new("T0ACME", "U0BOT"));
    slack.link(Gateway::new(&office.it.gateway(), SIGNING_SECRET), true);
    let spoken = slack.spoken("T0ACME", "C1", "U0ANN", "<@U0BOT> where is my parcel?").unwrap();
    slack.say(spoken).await.unwrap();
    office
}

/// Asks the last answer again of what gave it, as soon as there is one.
async fn started(office: &Office, named: &[(&str, &str)]) -> Answer {
    let path = format!("{MARA}/replays");
    let new = json!({ "candidate": "published", "last": 1, "baseline": false });
    let told = Mutex::new(None);
    let begins = || async {
        let post = (Method::POST, path.as_str());
        let answer = office.send(&office.operator, post, Some(new.clone()), named).await;
        let is_early = answer.body["detail"] == "none of its answers can be asked again";
        *told.lock().unwrap() = Some(answer);
        Ok(!is_early)
    };
    until(PATIENCE, "there is an answer", begins).await.unwrap();
    told.into_inner().unwrap().unwrap()
}

/// Where it says that something is, below the base.
fn below(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    assert_eq!(answer.header("location"), answer.body["href"], "{answer:?}");
    answer.header("location").trim_start_matches("/api/v1").to_owned()
}

async fn ends(office: &Office, run: &str) -> Answer {
    shown(office, run, |it| it["run"]["state"] == "done").await
}

#[tokio::test]
async fn a_replay_is_started_stopped_and_goes_on() {
    let office = talked().await;
    let (operator, llm) = (&office.operator, &office.it.llm);
    let named = [("idempotency-key", "replay-7")];
    let first = started(&office, &named).await;
    let run = below(&first);
    assert_eq!(run, format!("{MARA}/replays/{}", first.body["id"].as_str().unwrap()));
    let again = started(&office, &named).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body), "it was begun once");
    let report = ends(&office, &run).await.body;
    assert_eq!((&report["run"]["asked"], &report["candidate"]["exact"]), (&json!(1), &json!(1)));
    assert_eq!(report["run"]["interrupted"], false);
    let listed = office.get(operator, &format!("{MARA}/replays")).await;
    assert_eq!(listed.body["items"].as_array().map(Vec::len), Some(1), "{listed:?}");

    llm.script([Behaviour { held: true, ..Behaviour::default() }]);
    let held = below(&started(&office, &[]).await);
    llm.held(1, PATIENCE).await.unwrap();
    let busy = office.post(operator, &format!("{held}/resume"), json!({})).await;
    assert_eq!(busy.status, StatusCode::CONFLICT, "{busy:?}");
    assert!(busy.body["detail"].as_str().unwrap().starts_with("it is being asked;"), "{busy:?}");
    let stop = format!("{held}/stop");
    for _twice in 0..2 {
        let stopped = office.send(operator, (Method::POST, &stop), None, &[]).await;
        assert_eq!(stopped.status, StatusCode::OK, "{stopped:?}");
        let so = (&stopped.body["state"], &stopped.body["why"]);
        assert_eq!(so, (&json!("stopped"), &json!("stopped by an operator")));
    }
    llm.release();
    let goes_on = || async {
        office.post(operator, &format!("{held}/resume"), json!({ "more_micros": 1 })).await;
        Ok(office.get(operator, &held).await.body["run"]["state"] == "done")
    };
    until(PATIENCE, "it goes on to its end", goes_on).await.unwrap();
    let over = office.post(operator, &format!("{held}/resume"), json!({})).await;
    assert_eq!(
        (over.status, &over.body["detail"]),
        (StatusCode::CONFLICT, &json!("it is done: nothing is left to be asked"))
    );

    let log = raw(&office.it.database.superuser_url()).await.unwrap();
    let sql = "select count(*) from operator_log where action = $1 and tenant = 'acme'
                  and ip = 'api' and detail->>'agent' = 'mara' and detail->>'replay' is not null";
    for (action, want) in [("replay.started", 2), ("replay.stopped", 1)] {
        let noted: i64 = log.query_one(sql, &[&action]).await.unwrap().get(0);
        assert_eq!(noted, want, "{action}");
    }
}

#[tokio::test]
async fn tests_are_run_and_say_what_came_of_them() {
    let office = talked().await;
    let operator = &office.operator;
    let none = office.post(operator, &format!("{MARA}/tests/run"), published()).await;
    assert_eq!(
        (none.status, &none.body["detail"]),
        (StatusCode::CONFLICT, &json!("the agent has no tests"))
    );
    let run = started(&office, &[]).await;
    let report = ends(&office, &below(&run)).await.body;
    let message = report["turns"][0]["message"].as_str().unwrap();
    let of = ["test", "add", "--tenant", "acme", "--agent", "mara", "--message", message];
    office.it.ok(&[&of[..], &["--contains", "parcel"]].concat()).await.unwrap();

    let begun = office.post(operator, &format!("{MARA}/tests/run"), published()).await;
    let list = below(&begun);
    assert_eq!(list, format!("{MARA}/tests"));
    let told = shown(&office, &list, |it| it["last_run"]["state"] == "done").await.body;
    let test = &told["items"][0];
    assert_eq!((&test["passed"], &test["asked_of"]), (&json!(true), &json!("version 1")));
    assert_eq!(told["last_run"]["id"], begun.body["id"], "{told}");
    let resume = format!("{MARA}/tests/resume");
    let over = office.send(operator, (Method::POST, &resume), None, &[]).await;
    assert_eq!(
        (over.status, &over.body["detail"]),
        (StatusCode::CONFLICT, &json!("it is done: nothing is left to be asked"))
    );
    let replays = office.get(operator, &format!("{MARA}/replays")).await;
    assert_eq!(replays.body["items"].as_array().map(Vec::len), Some(1), "tests are none of them");
    let log = raw(&office.it.database.superuser_url()).await.unwrap();
    let sql = "select detail from operator_log where action = 'test.run' and ip = 'api'";
    let noted: Value = log.query_one(sql, &[]).await.unwrap().get(0);
    let want = json!({ "agent": "mara", "candidate": "published", "replay": begun.body["id"] });
    assert_eq!(noted, want);
}

#[tokio::test]
async fn what_cannot_be_asked_is_said_before_anything_is() {
    let office = Office::open().await;
    let (replays, tests) = (format!("{MARA}/replays"), format!("{MARA}/tests/run"));
    for (path, body, field) in [
        (&replays, json!({ "candidate": "mara.yaml" }), "candidate"),
        (&replays, json!({ "candidate": "99" }), "candidate"),
        (&replays, json!({ "last": 0 }), "last"),
        (&replays, json!({ "last": 51 }), "last"),
        (&replays, json!({ "budget_micros": -1 }), "budget_micros"),
        (&replays, json!({ "candidate": "published", "judge": "nobody" }), "judge"),
        (&replays, json!({ "many": 1 }), "many"),
        (&tests, json!({ "candidate": "3" }), "candidate"),
    ] {
        let refused = office.post(&office.operator, path, body.clone()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {body}: {refused:?}");
        assert_eq!(refused.fields(), [field], "{path} {body}: {refused:?}");
    }
    for (path, body, why) in [
        (&replays, json!({}), "the agent has no draft"),
        (&replays, published(), "none of its answers can be asked again"),
        (&tests, published(), "the agent has no tests"),
    ] {
        let refused = office.post(&office.operator, path, body).await;
        let told = (refused.status, &refused.body["detail"]);
        assert_eq!(told, (StatusCode::CONFLICT, &json!(why)));
    }
    let nobody = office.post(&office.operator, "/tenants/acme/agents/nobody/replays", json!({}));
    assert_eq!(nobody.await.status, StatusCode::NOT_FOUND);
    let text = office.http.post(format!("{}/api/v1{replays}", office.it.portal()));
    let text = text.bearer_auth(&office.operator).header("content-type", "application/json");
    assert_eq!(text.body("{").send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    assert!(office.it.llm.requests().is_empty(), "nobody was asked");
}

fn published() -> Value {
    json!({ "candidate": "published" })
}
