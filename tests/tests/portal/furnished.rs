//! An installation at work, and the people who look at it: made by the product's own forms and commands,
//! without a browser.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context as _;
use konstruct_tests::{
    browser::Browser,
    fake_llm::{Behaviour, Called, Say},
    installation::{Installation, acme},
    wait::until,
};
use reqwest::{Response, StatusCode};

use crate::{
    catalogue::Who,
    started,
    visitor::{Staff, Visitor, hidden},
};

/// How long anything may take here, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(1);

/// A name as some people have it.
const LONG: &str =
    "Donaudampfschifffahrtsgesellschaftskapitän Maximilian von Hohenfels-Wallenstein";

const ANSWER: &str = "Your parcel left our warehouse on Tuesday, and is with the carrier now.\n\n\
    • It should reach you on *Friday*.\n• You can follow it with the number in your e-mail.\n\n\
    Is there anything else that I can do for you?";

/// An installation and what is to be found in it.
pub(crate) struct House {
    pub(crate) it: Installation,
    pub(crate) staff: Staff,
    /// What stands in braces in the catalogue.
    things: BTreeMap<&'static str, String>,
}

/// Those who look.
pub(crate) struct People(Vec<(Who, Visitor)>);

impl People {
    pub(crate) const fn nobody() -> Self {
        Self(Vec::new())
    }

    /// The browser is this person's from now on.
    pub(crate) async fn let_in(&self, browser: &Browser, who: Who) -> anyhow::Result<()> {
        browser.forget().await?;
        match who {
            Who::Nobody => Ok(()),
            Who::Half => browser.hold("__Host-ks-pending", "half-a-sign-in").await,
            Who::Administrator | Who::Operator | Who::Viewer => {
                browser.hold("__Host-ks", self.of(who)?.cookie()?).await
            }
        }
    }

    pub(crate) fn of(&self, who: Who) -> anyhow::Result<&Visitor> {
        let found = self.0.iter().find(|(it, _)| *it == who);
        Ok(&found.context("nobody is that")?.1)
    }
}

impl House {
    /// Before there is anybody.
    pub(crate) async fn built() -> anyhow::Result<Self> {
        let mut it = Installation::prepare().await?;
        it.settings.insert("KONSTRUCT_DEV_SLACK_URL".to_owned(), it.slack.base_url());
        // One that has a price.
        it.settings.insert("OPENAI_MODEL".to_owned(), "gpt-5.4-mini".to_owned());
        let (it, staff) = started(it, "").await?;
        let link = it.ok(&["operator", "set-up-link"]).await?;
        let link = link.trim().strip_prefix(&it.portal()).context("not a link")?.to_owned();
        Ok(Self { it, staff, things: BTreeMap::from([("{set-up}", link)]) })
    }

    /// One with people, where tenant `acme` has all that a tenant can have.
    pub(crate) async fn furnished() -> anyhow::Result<(Self, People)> {
        let mut house = Self::built().await?;
        let people = house.hired().await?;
        house.furnish(&people).await?;
        Ok((house, people))
    }

    /// An address of the catalogue, with what there is in the place of braces.
    pub(crate) fn address(&self, at: &str) -> String {
        let filled = self.things.iter();
        filled.fold(at.to_owned(), |at, (name, value)| at.replace(name, value))
    }

    /// An administrator, and tenants `acme` and `quiet` with nothing in them; `acme` has people.
    pub(crate) async fn hired(&self) -> anyhow::Result<People> {
        let administrator = self.staff.administrator().await?;
        for (name, slug) in [("Acme Ltd", "acme"), ("Quiet", "quiet")] {
            done(&administrator.post("/tenants/new", &[("name", name), ("slug", slug)]).await?)?;
        }
        let operator = self.staff.operator("acme").await?;
        let viewer = self.staff.viewer("acme").await?;
        let all =
            [(Who::Administrator, administrator), (Who::Operator, operator), (Who::Viewer, viewer)];
        Ok(People(all.into()))
    }

    /// Tenant `acme` gets all that a tenant can have.
    pub(crate) async fn furnish(&mut self, people: &People) -> anyhow::Result<()> {
        let ada = people.of(Who::Administrator)?;
        self.it
            .apply(&acme().replace("acme Ltd", "Acme Ltd").replace("name: mara,", "name: Mara,"))
            .await?;
        for (name, slug) in [(LONG, "donau"), ("Paused", "paused")] {
            done(&ada.post("/tenants/new", &[("name", name), ("slug", slug)]).await?)?;
        }
        done(&ada.post("/t/paused/settings/suspend", &[]).await?)?;
        done(&ada.post("/t/acme/settings/budget", &[("monthly_budget", "25")]).await?)?;
        done(&ada.post("/t/acme/agents/new", &[("name", LONG), ("slug", "donau")]).await?)?;
        done(&ada.post("/t/acme/agents/mara/budget", &[("daily_budget", "2.50")]).await?)?;
        equip(ada).await?;
        model(ada).await?;
        publish(ada, "warm, brief", "Warmer, and shorter").await?;
        self.talk(ada).await?;
        publish(ada, "professional and warm", "What the people of support asked for").await?;
        design(ada, "professional, warm, and never in a hurry", "save").await?;
        let key = [("name", "Ledger"), ("role", "engineer")];
        anyhow::ensure!(ada.post("/settings/keys", &key).await?.status() == StatusCode::OK);
        self.find(ada).await?;
        self.replay(ada).await?;
        self.lose(ada).await
    }

    /// An event that nobody can read: a dead letter.
    async fn lose(&mut self, ada: &Visitor) -> anyhow::Result<()> {
        let nats = async_nats::jetstream::new(async_nats::connect(self.it.nats.url()).await?);
        let event = r#"{"specversion":"1.0","id":"lost"}"#;
        nats.publish("events.00.acme.message.received", event.into()).await?.await?;
        shows(ada, "/dead-letters", "href=\"/dead-letters/dedup-EVENTS-", 1).await?;
        let page = text(ada, "/dead-letters").await?;
        self.things.extend([
            ("{letter}", link(&page, "/dead-letters/dedup-EVENTS-")?),
            ("{cause}", link(&page, "/dead-letters/groups/")?),
        ]);
        Ok(())
    }

    /// Answers that were asked again, and one that is kept as a test.
    async fn replay(&mut self, ada: &Visitor) -> anyhow::Result<()> {
        let at_most = hidden(&text(ada, "/t/acme/agents/mara/replays/new").await?, "at_most")?;
        let form = [("at_most", &*at_most), ("sure", "yes")];
        let made = ada.post("/t/acme/agents/mara/replays", &form).await?;
        done(&made)?;
        let run = made.headers().get("location").and_then(|to| to.to_str().ok());
        let run = run.context("no run")?.to_owned();
        shows(ada, &run, "Done", 1).await?;
        let message = self.address("{message}");
        let (_, message) = message.rsplit_once('/').context("no message")?;
        let test = [("message", message), ("contains", "parcel\r\nFriday"), ("judged", "polite")];
        done(&ada.post("/t/acme/agents/mara/tests/new", &test).await?)?;
        let kept = text(ada, "/t/acme/agents/mara/tests").await?;
        let (_, test) = kept.split_once("/agents/mara/tests/acme-").context("no test")?;
        let test = test.split('/').next().unwrap_or_default();
        let keep = format!("/t/acme/agents/mara/tests/new?message={message}");
        self.things.extend([
            ("{run}", run),
            ("{test}", format!("/t/acme/agents/mara/tests/acme-{test}")),
            ("{keep}", keep),
        ]);
        Ok(())
    }

    /// Conversations: two that went well, and one that failed.
    async fn talk(&self, ada: &Visitor) -> anyhow::Result<()> {
        let it = &self.it;
        let calls = vec![Called { name: "current_time".to_owned(), arguments: "{}".to_owned() }];
        let say = Say::Calls { text: String::new(), calls };
        let when = Some("invoice".to_owned());
        it.llm.script([Behaviour { when, say, ..Behaviour::default() }]);
        it.llm.always(Behaviour::text(ANSWER));
        let asked = [
            ("U0ANN", "<@U0BOT> where is my parcel? It should have been here on Tuesday."),
            ("U0BEN", "<@U0BOT> can I have an invoice for the order of last week?"),
        ];
        for (user, text) in asked {
            it.slack.say(it.slack.spoken("T0ACME", "C1", user, text)?).await?;
        }
        shows(ada, "/t/acme/activity", "Reply delivered", 2).await?;
        it.llm.always(Behaviour::status(400, "{}"));
        it.slack.say(it.slack.spoken("T0ACME", "C2", "U0CAT", "<@U0BOT> hello?")?).await?;
        shows(ada, "/t/acme/conversations?state=failed", "/t/acme/conversations/slack", 1).await?;
        it.llm.reset();
        Ok(())
    }

    /// Where things are.
    async fn find(&mut self, ada: &Visitor) -> anyhow::Result<()> {
        let found = text(ada, "/t/acme/conversations?q=parcel").await?;
        let conversation = link(&found, "/t/acme/conversations/slack-")?;
        let message = link(&text(ada, &conversation).await?, "/t/acme/messages/")?;
        let failed = text(ada, "/t/acme/conversations?state=failed").await?;
        let failed = link(&failed, "/t/acme/conversations/slack-")?;
        let failed = link(&text(ada, &failed).await?, "/t/acme/messages/")?;
        let operators = text(ada, "/operators").await?.replace("/operators/invite", "");
        let invited = [("email", "new@example.com"), ("role", "engineer")];
        let invited = ada.post("/operators/invite", &invited).await?.text().await?;
        let invite = invited.split("/invite/").nth(1).and_then(|it| it.split('<').next());
        self.things.extend([
            ("{conversation}", conversation),
            ("{message}", message),
            ("{failed}", failed),
            ("{operator}", link(&operators, "/operators/")?),
            ("{invite}", format!("/invite/{}", invite.context("no link")?)),
            ("{reset}", self.staff.reset_link("op@acme.example").await?),
        ]);
        Ok(())
    }
}

/// A request that Mara will make, a server that nobody uses yet, and an agent that lacks a tool.
async fn equip(ada: &Visitor) -> anyhow::Result<()> {
    let schema = r#"{ "type": "object", "properties": { "order": { "type": "string" } },
                      "required": ["order"] }"#;
    let request = [
        ("kind", "http"),
        ("slug", "order-status"),
        ("description", "Looks up an order by its number, and says where the parcel is."),
        ("http_method", "GET"),
        ("url", "https://api.acme.example/v2/orders/{order}"),
        ("arguments", schema),
        ("timeout_seconds", "10"),
        ("header-kind-0", "secret"),
        ("header-name-0", "authorization"),
        ("header-secret-0", "Bearer k3y-of-acme"),
        ("header-kind-1", "text"),
        ("header-name-1", "accept-language"),
        ("header-text-1", "en"),
        ("do", "save"),
    ];
    let server = [
        ("kind", "mcp"),
        ("slug", "crm"),
        ("description", "Customers, and what was agreed with them."),
        ("url", "https://crm.acme.example/mcp"),
        ("tools", "find_customer\r\nadd_note"),
        ("timeout_seconds", "20"),
        ("do", "save"),
    ];
    done(&ada.post("/t/acme/tools/new", &request).await?)?;
    done(&ada.post("/t/acme/tools/new", &server).await?)?;
    let donau = [
        ("revision", "0"),
        ("name", LONG),
        ("model", "quality"),
        ("tools", "crm"),
        ("tools", "parcel-robot"),
        ("follow_minutes", "30"),
        ("do", "save"),
    ];
    done(&ada.post("/t/acme/agents/donau", &donau).await?)
}

/// A group of models that no agent answers by yet.
async fn model(ada: &Visitor) -> anyhow::Result<()> {
    let group = [
        ("slug", "careful"),
        ("choose", "cheapest"),
        ("fallbacks", "quality"),
        ("deployment-name-0", "claude"),
        ("deployment-vendor-0", "anthropic"),
        ("deployment-model-0", "claude-sonnet-5-5"),
        ("deployment-secret-0", "sk-k3y-of-acme"),
        ("deployment-input-0", "3"),
        ("deployment-output-0", "15"),
        ("deployment-name-1", "own"),
        ("deployment-vendor-1", "openai"),
        ("deployment-model-1", "Donaudampfschifffahrtsgesellschaft-120b-instruct"),
        ("deployment-secret-1", "sk-k3y-of-acme"),
        ("deployment-window-1", "200000"),
        ("deployment-vision-1", "no"),
        ("do", "save"),
    ];
    done(&ada.post("/t/acme/models/new", &group).await?)
}

/// The next version of Mara.
async fn publish(ada: &Visitor, persona: &str, note: &str) -> anyhow::Result<()> {
    design(ada, persona, "publish").await?;
    let review = text(ada, "/t/acme/agents/mara/publish").await?;
    let (revision, version) = (hidden(&review, "revision")?, hidden(&review, "version")?);
    let form = [("revision", &*revision), ("version", &*version), ("note", note)];
    done(&ada.post("/t/acme/agents/mara/publish", &form).await?)
}

async fn design(ada: &Visitor, persona: &str, press: &str) -> anyhow::Result<()> {
    let revision = hidden(&text(ada, "/t/acme/agents/mara").await?, "revision")?;
    let form = [
        ("revision", &*revision),
        ("name", "Mara"),
        ("role", "Support lead"),
        ("persona", persona),
        ("job_description", "Answers the people of Acme about parcels, orders and invoices."),
        (
            "statement_of_work",
            "Finds out what somebody needs, and says what happens next.\n\nRefunds are left to people.",
        ),
        ("system_prompt", "Parcels take three days. Invoices are sent by e-mail."),
        ("model", "quality"),
        ("tools", "order-status"),
        ("tools", "current_time"),
        ("follow_minutes", "30"),
        ("do", press),
    ];
    done(&ada.post("/t/acme/agents/mara", &form).await?)
}

/// It was taken.
fn done(answer: &Response) -> anyhow::Result<()> {
    anyhow::ensure!(
        answer.status() == StatusCode::SEE_OTHER,
        "{}: {}",
        answer.url(),
        answer.status()
    );
    Ok(())
}

async fn text(who: &Visitor, path: &str) -> anyhow::Result<String> {
    let answer = who.get(path).await?;
    anyhow::ensure!(answer.status() == StatusCode::OK, "{path}: {}", answer.status());
    Ok(answer.text().await?)
}

/// The first link that begins so.
fn link(page: &str, begin: &str) -> anyhow::Result<String> {
    let (_, rest) = page
        .split_once(&format!("href=\"{begin}"))
        .with_context(|| format!("no {begin} in {page}"))?;
    Ok(format!("{begin}{}", rest.split('"').next().unwrap_or_default()))
}

/// Waits until a page has that so many times.
async fn shows(who: &Visitor, path: &str, what: &str, times: usize) -> anyhow::Result<()> {
    until(PATIENCE, what, || async { Ok(times <= text(who, path).await?.matches(what).count()) })
        .await
}
