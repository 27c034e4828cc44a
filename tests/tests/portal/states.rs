//! The states of pages that come by doing something: what is open, what has ended, what is away.

use accounts::totp;
use anyhow::Context as _;
use domain::secret::Secret;
use konstruct_tests::{browser::Key, postgres::raw};
use schemas::Timestamp;

use crate::{
    catalogue::Who,
    furnished::{House, People},
    sound::{Met, Walk},
    visitor::now_ms,
};

const ENROLMENT: &str = "/settings/security/second-factor";

/// A house with all there is, and a browser that somebody sits at.
async fn house(who: Who) -> anyhow::Result<(House, People, Walk)> {
    let mut house = House::built().await?;
    let people = house.hired().await?;
    house.furnish(&people).await?;
    let walk = Walk::begin(&house.it.portal()).await?;
    people.let_in(&walk.browser, who).await?;
    Ok((house, people, walk))
}

/// Changes the database behind the product's back.
async fn change(house: &House, sql: &str) -> anyhow::Result<()> {
    Ok(raw(&house.it.database.superuser_url()).await?.batch_execute(sql).await?)
}

#[tokio::test]
async fn what_lies_over_a_page_is_sound_too() -> anyhow::Result<()> {
    let (_house, _people, mut walk) = house(Who::Administrator).await?;
    walk.browser.go("/t/acme").await?;
    walk.browser.awake().await?;
    walk.browser.control("k").await?;
    walk.sees("palette", "Agents").await?;
    walk.browser.keys("mara").await?;
    walk.browser.find("#palette-list li:first-child a[href='/t/acme/agents/mara']").await?;
    walk.sees("palette-found", "Mara").await?;
    walk.browser.keys("zzz").await?;
    walk.browser.see("Nothing is called that.").await?;
    walk.sees("palette-nothing", "Nothing is called that.").await?;
    walk.browser.key(Key::Escape).await?;
    walk.browser.keys("?").await?;
    walk.browser.find("#shortcuts[open]").await?;
    walk.sees("shortcut-sheet", "Single keys can be turned off in your settings.").await?;
    walk.end()
}

#[tokio::test]
async fn what_no_longer_works_is_shown_soundly() -> anyhow::Result<()> {
    let (house, people, mut walk) = house(Who::Administrator).await?;
    let ada = people.of(Who::Administrator)?;
    let doubt = "update p_message set state = 'uncertain', doubt = 'no answer within 10 s'
                  where tenant_id = 'acme' and state = 'failed';
                 update p_conversation set state = 'uncertain'
                  where tenant_id = 'acme' and state = 'failed'";
    change(&house, doubt).await?;
    change(&house, &crate::budget::spent(25_000_000)).await?;
    for (name, page, shows) in [
        ("home-needs-you", "/t/acme", "The budget of this month is used up: 100 %"),
        ("installation-needs-you", "/", "See where in Acme Ltd"),
        ("conversations-in-doubt", "/t/acme/conversations?state=uncertain", "hello?"),
        ("trace-in-doubt", "{failed}", "no answer within 10 s"),
    ] {
        walk.browser.go(&house.address(page)).await?;
        walk.sees(name, shows).await?;
    }
    let forms: [(&str, &[_]); 4] = [
        ("/t/acme/channels/slack-T0ACME/disconnect", &[("workspace", "T0ACME")]),
        ("/t/acme/agents/mara/retire", &[("name", "Mara")]),
        ("/t/acme/settings/suspend", &[]),
        ("/t/paused/settings/delete", &[("slug", "paused")]),
    ];
    for (form, typed) in forms {
        let answer = ada.post(form, typed).await?;
        anyhow::ensure!(answer.status() == 303, "{form}: {}", answer.status());
    }
    for (name, page, shows) in [
        ("agents-retired", "/t/acme/agents", "Retired"),
        ("design-retired", "/t/acme/agents/mara", "Retired"),
        ("channels-disconnected", "/t/acme/channels", "Disconnected"),
        ("channel-disconnected", "/t/acme/channels/slack-T0ACME", "Disconnected"),
        ("home-suspended", "/t/acme", "suspended"),
        ("tenant-deleted", "/t/paused/settings", "This tenant was deleted"),
        ("tenants-mixed", "/tenants", "Suspended"),
    ] {
        walk.browser.go(page).await?;
        walk.sees(name, shows).await?;
    }
    walk.end()
}

#[tokio::test]
async fn what_a_person_is_asked_in_between_is_sound_and_keeps_what_was_typed() -> anyhow::Result<()>
{
    let (house, _people, mut walk) = house(Who::Administrator).await?;
    walk.browser.go(ENROLMENT).await?;
    let secret = walk.browser.eval("return document.querySelector('code').textContent").await?;
    let secret = secret.as_str().context("no secret")?.replace(char::is_whitespace, "");
    let at = Timestamp::from_millis(now_ms()?);
    let code = totp::code_at(&Secret::from(secret), at).context("not a secret")?;
    walk.browser.send(ENROLMENT, &[("code", &code)]).await?;
    walk.reads("recovery-codes", 200, "Keep these recovery codes").await?;
    walk.browser.go("/settings/security").await?;
    walk.sees("security-with-app", "recovery codes").await?;

    change(&house, "update operator_session set fresh_until_ms = 0").await?;
    walk.browser.go("/settings/confirm").await?;
    walk.reads("confirm-with-code", 200, "Code that the app shows").await?;
    walk.browser.go("/operators/invite").await?;
    let typed = [("email", "kept@example.com"), ("role", "engineer")];
    walk.browser.send("/operators/invite", &typed).await?;
    walk.reads("confirm-kept", 401, "What you typed is kept on this page").await?;

    walk.browser.go("/t/acme/agents/mara").await?;
    change(&house, "delete from operator_session").await?;
    walk.browser.send("/t/acme/agents/mara", &[("role", "Kept role")]).await?;
    walk.reads("session-ended", 401, "What you typed is kept on this page").await?;
    let kept = "return document.querySelector('[name=role]').value";
    anyhow::ensure!(walk.browser.eval(kept).await? == "Kept role", "what was typed is lost");
    walk.end()
}

#[tokio::test]
async fn what_is_away_is_said_on_a_page_of_its_own() -> anyhow::Result<()> {
    let (house, _people, mut walk) = house(Who::Operator).await?;
    change(&house, "alter table p_month rename to p_month_away").await?;
    walk.browser.go("/t/acme").await?;
    let shows = "Something the portal needs is not answering";
    walk.meets(Met { name: "away", shows, status: 503, plain: false }).await?;
    change(&house, "alter table p_month_away rename to p_month").await?;
    walk.browser.go("/t/acme").await?;
    walk.sees("back-again", "Acme Ltd").await?;
    change(&house, "alter table operator_session rename to operator_session_away").await?;
    walk.browser.go("/t/acme").await?;
    walk.reads("away-for-all", 503, shows).await?;
    walk.end()
}

#[tokio::test]
async fn the_reference_of_the_api_is_sound() -> anyhow::Result<()> {
    let (house, _) = crate::running("").await?;
    let mut walk = Walk::begin(&house.portal()).await?;
    walk.browser.go("/api/v1").await?;
    walk.reads("api-reference", 200, "API reference").await?;
    walk.end()
}

#[tokio::test]
async fn a_conversation_with_a_person_is_given_back_by_an_operator() -> anyhow::Result<()> {
    let (house, people, mut walk) = house(Who::Operator).await?;
    let with_person = "update p_conversation c
        set handed_off_at_ms = last_at_ms, handed_off_message_id = (
            select message_id from p_message m where m.tenant_id = 'acme'
               and m.connection_id = c.connection_id and m.conversation_id = c.conversation_id
             limit 1)
      where tenant_id = 'acme'";
    change(&house, with_person).await?;
    let page = house.address("{conversation}");
    let page = page.split('?').next().unwrap_or_default().to_owned();
    for (name, page, shows) in [
        ("home-with-a-person", "/t/acme", "with a person: no agent answers"),
        ("conversations-with-a-person", "/t/acme/conversations?state=with_person", "With a person"),
        ("conversation-with-a-person", page.as_str(), "A person has this conversation"),
    ] {
        walk.browser.go(page).await?;
        walk.sees(name, shows).await?;
    }
    let viewer = people.of(Who::Viewer)?;
    let looked = viewer.get(&page).await?.text().await?;
    assert!(looked.contains("A person has this conversation"), "{looked}");
    assert!(!looked.contains("hand-back\""), "who looks on gives nothing back");
    let refused = viewer.post(&format!("{page}/hand-back"), &[]).await?;
    assert_eq!(refused.status(), 403);

    // Of several who press the button at once, one is on the log.
    let (operator, back) = (people.of(Who::Operator)?, format!("{page}/hand-back"));
    let pressed = (0..6).map(|_| operator.post(&back, &[]));
    for answer in futures::future::join_all(pressed).await {
        assert_eq!(answer?.status(), 303);
    }
    walk.browser.send(&back, &[]).await?;
    walk.browser.see("The agent answers here again.").await?;
    let given = operator.get(&page).await?.text().await?;
    assert!(!given.contains("A person has this conversation"), "{given}");
    let said = "select count(*) from p_event where kind = 'conversation.handed_back'";
    let client = raw(&house.it.database.superuser_url()).await?;
    assert_eq!(client.query_one(said, &[]).await?.get::<_, i64>(0), 1);
    walk.end()
}
