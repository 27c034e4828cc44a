//! Workspaces are connected, tried out and let go.

use desk::{ConnectSlack, DeskError, Written};
use konstruct_tests::{fake_slack::Team, postgres::raw};
use schemas::TenantId;

use crate::{BOT, Office, acme, admin, mara, t0acme};

fn wish(token: &str) -> ConnectSlack {
    ConnectSlack {
        team_id: None,
        bot_user_id: None,
        bot_token: token.to_owned().into(),
        agent: mara(),
    }
}

/// The tenant's `mara` answers where that token is from.
async fn connect(office: &Office, slug: &str, token: &str) -> Result<Written, DeskError> {
    let tenant: TenantId = slug.parse().unwrap();
    office.desk.connect_slack(&admin(), &tenant, wish(token)).await
}

/// The same, and both desks know.
pub(crate) async fn connected(office: &Office, slug: &str, token: &str) {
    office.shown(connect(office, slug, token).await.unwrap()).await;
}

#[tokio::test]
async fn slack_says_whose_a_token_is_and_each_mistake_is_named() {
    let office = Office::of_acme().await;
    office.found("beta").await;
    let (desk, admin) = (&office.desk, admin());
    let said = |result: Result<Written, DeskError>| result.unwrap_err().to_string();
    let other_team = ConnectSlack { team_id: Some("T0OTHER".to_owned()), ..wish("xoxb-T0ACME") };
    let other_user = ConnectSlack { bot_user_id: Some("U9".to_owned()), ..wish("xoxb-T0ACME") };
    let nobody = ConnectSlack { agent: "otto".parse().unwrap(), ..wish("xoxb-T0ACME") };
    let before = office.stored().await;
    for (wish, want) in [
        (wish(" "), "`bot_token` is empty"),
        (wish("xoxb-wrong"), "`bot_token` is not taken by Slack (invalid_auth)"),
        (other_team, "`team_id` is another workspace than the token's"),
        (other_user, "`bot_user_id` is another user than the token's, which is `U0BOT`"),
        (nobody, "`agent` is `otto`, and there is no such agent"),
    ] {
        let got = said(desk.connect_slack(&admin, &acme(), wish).await);
        assert!(got.contains(want), "{got}");
    }
    assert_eq!(office.stored().await, before, "nothing was written");
    connected(&office, "acme", "xoxb-T0ACME").await;
    let connection =
        office.directory.read(|it| it.connection(&acme(), &t0acme()).cloned()).unwrap();
    assert_eq!((connection.workspace.as_str(), connection.bot_user.as_str()), ("T0ACME", BOT));
    let held = said(connect(&office, "beta", "xoxb-T0ACME").await);
    assert!(held.contains("`team_id` is connected already, by somebody else"), "{held}");
    assert!(!held.contains("acme"), "whose it is, is nobody else's business: {held}");
}

#[tokio::test]
async fn a_token_is_in_no_event_table_error_or_log_and_what_it_replaces_is_forgotten() {
    let office = Office::of_acme().await;
    let tokens = ["xoxb-FIRST-OF-ALL", "xoxb-SECOND-TO-NONE", "xoxb-DEAD-LONG-SINCE"];
    for token in &tokens[..2] {
        office.it.slack.install(token, Team::new("T0ACME", BOT));
        connected(&office, "acme", token).await;
    }
    let error = connect(&office, "acme", tokens[2]).await.unwrap_err();
    let mut all = format!("{error} {error:?} {:?}", wish(tokens[2]));
    all += &office.log().await;
    all += &office.it.said("projector");
    let client = raw(&office.it.database.superuser_url()).await.unwrap();
    let secrets = "select count(*) from secret";
    assert_eq!(client.query_one(secrets, &[]).await.unwrap().get::<_, i64>(0), 1);
    for table in ["secret", "p_change", "p_connection", "p_event"] {
        let sql = format!("select coalesce(string_agg(t::text, ''), '') from {table} t");
        all += &client.query_one(&sql, &[]).await.unwrap().get::<_, String>(0);
    }
    for token in tokens {
        let name = token.trim_start_matches("xoxb-");
        assert!(!all.contains(name), "{name} is in {all}");
    }
    office.desk.disconnect(&admin(), &acme(), &t0acme()).await.unwrap();
    assert_eq!(client.query_one(secrets, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_test_message_stands_in_the_open_once_and_is_nobodys_effect() {
    let office = Office::of_acme().await;
    connected(&office, "acme", "xoxb-T0ACME").await;
    let (desk, admin, at) = (&office.desk, admin(), (&acme(), &t0acme()));
    let before = office.stored().await;
    let said = desk.send_test_message(&admin, at, "C1", "Hello, I am Mara").await.unwrap();
    office.it.slack.see(|world| {
        let room: Vec<_> = world.room("T0ACME", "C1").collect();
        let [posted] = &room[..] else { panic!("{room:?}") };
        assert_eq!(
            (posted.ts.as_str(), posted.text.as_str()),
            (said.ts.as_str(), "Hello, I am Mara")
        );
        assert!(posted.thread.is_none() && posted.effects.is_empty() && posted.metadata.is_none());
    });
    assert_eq!(office.stored().await, before, "it is no event");
    let nowhere = desk.send_test_message(&admin, at, " ", "x").await.unwrap_err();
    assert_eq!(nowhere.to_string(), "`channel` is empty");
    office.it.slack.uninstall("xoxb-T0ACME");
    let dead = desk.send_test_message(&admin, at, "C1", "x").await.unwrap_err();
    assert!(
        matches!(&dead, DeskError::Conflict { what } if what.contains("connect it again")),
        "{dead}"
    );
}

#[tokio::test]
async fn another_agent_answers_and_whoever_answers_nobody_may_retire() {
    let office = Office::of_acme().await;
    connected(&office, "acme", "xoxb-T0ACME").await;
    let (desk, admin) = (&office.desk, admin());
    desk.create_agent(&admin, &acme(), "otto", "Otto").await.unwrap();
    let busy = desk.retire_agent(&admin, &acme(), &mara()).await.unwrap_err();
    assert!(busy.to_string().contains("still answers `slack-T0ACME`"), "{busy}");
    desk.lead_to(&admin, &acme(), &t0acme(), &"otto".parse().unwrap()).await.unwrap();
    desk.retire_agent(&admin, &acme(), &mara()).await.unwrap();
    let back = desk.lead_to(&admin, &acme(), &t0acme(), &mara()).await.unwrap_err();
    assert_eq!(back.to_string(), "`agent` is `mara`, who has retired");
}
