//! A Slack that remembers: the oracle for lost and doubled replies.
//!
//! It is the Web API of any number of workspaces (tokens checked, messages kept with what they were
//! before), the faults that the real one has, and its Events API: it delivers what people say and
//! the employees' own echoes, signed and retried. `http://…/_control/…` does from another process
//! what [`FakeSlack`] does in this one.

mod api;
mod blocks;
mod chat;
mod control;
mod deliver;
pub mod events;
mod fault;
mod methods;
mod world;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinHandle,
};

pub use self::{
    deliver::{Attempt, Delivery, Gateway, sign},
    events::Spoken,
    fault::{Act, Fault},
    world::{APP, Called, EFFECT_EVENT, Posted, Team, World},
};

/// How many echoes are under way at once.
const ECHOES_MAX: usize = 64;

/// A running fake. It stops when dropped.
#[derive(Debug)]
pub struct FakeSlack {
    address: SocketAddr,
    inner: Arc<Inner>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Inner {
    world: watch::Sender<World>,
    link: watch::Sender<Option<Link>>,
    http: reqwest::Client,
    echoes: Arc<Semaphore>,
    echoes_pending: Arc<watch::Sender<usize>>,
}

/// Where events go, and whether the employees' own are among them.
#[derive(Clone, Debug)]
struct Link {
    gateway: Gateway,
    echo: bool,
}

/// Something said, and what became of its events.
#[derive(Clone, Debug)]
pub struct Said {
    /// What was said.
    pub spoken: Spoken,
    /// One for each event, in the order of [`Spoken::events`].
    pub deliveries: Vec<Delivery>,
}

impl FakeSlack {
    /// Starts on a free port of loopback.
    pub async fn start() -> anyhow::Result<Self> {
        Self::listen("127.0.0.1:0").await
    }

    /// Starts on that address.
    pub async fn listen(address: &str) -> anyhow::Result<Self> {
        // The second one to install a provider keeps the first.
        drop(rustls::crypto::ring::default_provider().install_default());
        let listener =
            TcpListener::bind(address).await.with_context(|| format!("bind {address}"))?;
        let address = listener.local_addr()?;
        let inner = Arc::new(Inner {
            world: watch::Sender::new(World::default()),
            link: watch::Sender::new(None),
            http: reqwest::Client::builder().no_proxy().build()?,
            echoes: Arc::new(Semaphore::new(ECHOES_MAX)),
            echoes_pending: Arc::new(watch::Sender::new(0)),
        });
        let routes = api::routes(Arc::clone(&inner));
        let routes = routes.into_make_service_with_connect_info::<api::Line>();
        let server = tokio::spawn(async move {
            // `serve` never returns of itself, and an accept error is retried inside.
            let _ended: std::io::Result<()> = axum::serve(listener, routes).await;
        });
        Ok(Self { address, inner, server })
    }

    /// The base of the Web API: what `KONSTRUCT_SLACK_API_URL` wants.
    pub fn url(&self) -> String {
        format!("{}/api", self.base_url())
    }

    /// The address itself; `/_control` is below it.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Installs the app in a workspace, whose token this is. From the first one on, only the
    /// tokens of installed workspaces are believed.
    pub fn install(&self, token: &str, team: Team) {
        self.inner.world.send_modify(|world| {
            world.strict = true;
            world.teams.insert(token.to_owned(), team);
        });
    }

    /// People speak in this workspace, and any token is still believed.
    pub fn meet(&self, team: Team) {
        self.inner.world.send_modify(|world| world.meet(team));
    }

    /// The workspace throws the app out: its token is dead from now on.
    pub fn uninstall(&self, token: &str) {
        self.inner.world.send_modify(|world| {
            world.teams.remove(token);
        });
    }

    /// Delivers events to this gateway from now on; with `echo`, the employees' own messages,
    /// changes and deletions too, as Slack does.
    pub fn link(&self, gateway: Gateway, echo: bool) {
        self.inner.link.send_replace(Some(Link { gateway, echo }));
    }

    /// What goes wrong from now on.
    pub fn fail(&self, fault: Fault) {
        self.inner.world.send_modify(|world| world.faults.push(fault));
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        self.inner.world.send_modify(|world| world.faults.clear());
    }

    /// Gives no more than so many messages a page, as Slack does with some apps.
    pub fn page_max(&self, messages: usize) {
        self.inner.world.send_modify(|world| world.page_max = Some(messages));
    }

    /// Looks at everything it knows. Nothing changes while somebody looks.
    pub fn see<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.inner.world.borrow())
    }

    /// Everything in one thread, people's messages too, in their order.
    pub fn messages(&self, team: &str, channel: &str, thread: &str) -> Vec<Posted> {
        self.see(|world| world.thread(team, channel, thread).into_iter().cloned().collect())
    }

    /// What the employee said in one thread and is there to be seen.
    pub fn replies(&self, team: &str, channel: &str, thread: &str) -> Vec<Posted> {
        self.see(|world| world.replies(team, channel, thread).into_iter().cloned().collect())
    }

    /// Waits until it is so. Looks when something changed, not at intervals.
    pub async fn wait_for(
        &self,
        timeout: Duration,
        what: &str,
        is_so: impl FnMut(&World) -> bool,
    ) -> anyhow::Result<()> {
        let mut world = self.inner.world.subscribe();
        let waited = tokio::time::timeout(timeout, world.wait_for(is_so)).await;
        match waited {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(_)) => bail!("the fake is gone"),
            Err(_) => {}
        }
        let known = self.see(|world| {
            let messages: Vec<String> = world.messages().map(|it| format!("{it:?}")).collect();
            let from = messages.len().saturating_sub(20);
            messages.get(from..).unwrap_or_default().join("\n")
        });
        bail!("waited {timeout:?} in vain for: {what}; the last messages:\n{known}")
    }

    /// Something a person says now, in an installed workspace.
    pub fn spoken(
        &self,
        team: &str,
        channel: &str,
        user: &str,
        text: &str,
    ) -> anyhow::Result<Spoken> {
        self.inner.spoken(team, channel, user, text)
    }

    /// A person says it: it is remembered, and its events are delivered side by side.
    pub async fn say(&self, spoken: Spoken) -> anyhow::Result<Said> {
        self.inner.say(spoken).await
    }

    /// For tasks of their own that speak while the test does something else.
    pub fn voice(&self) -> Voice {
        Voice(Arc::clone(&self.inner))
    }

    /// Delivers an event as often as Slack would.
    pub async fn deliver(&self, event: &Value) -> anyhow::Result<Delivery> {
        let gateway = self.inner.gateway()?;
        Ok(gateway.deliver(&self.inner.http, event).await)
    }

    /// Delivers an event so many times, the later ones as retries, whatever the gateway says.
    pub async fn deliver_times(&self, event: &Value, times: usize) -> anyhow::Result<Delivery> {
        let gateway = self.inner.gateway()?;
        let mut attempts = Vec::new();
        for number in 0..times {
            let retry = (0 < number).then_some((number, "http_timeout"));
            attempts.push(gateway.attempt(&self.inner.http, event, retry).await);
        }
        Ok(Delivery { attempts })
    }

    /// Waits until every echo so far is delivered, or given up.
    pub async fn echoes_delivered(&self) {
        // It cannot fail: the sender lives as long as `self`.
        drop(self.inner.echoes_pending.subscribe().wait_for(|pending| *pending == 0).await);
    }

    /// Waits until the server ends, which it does not of itself.
    pub async fn join(mut self) {
        drop((&mut self.server).await);
    }
}

/// People who speak, without the fake that hears them.
#[derive(Clone, Debug)]
pub struct Voice(Arc<Inner>);

impl Voice {
    /// See [`FakeSlack::spoken`].
    pub fn spoken(
        &self,
        team: &str,
        channel: &str,
        user: &str,
        text: &str,
    ) -> anyhow::Result<Spoken> {
        self.0.spoken(team, channel, user, text)
    }

    /// See [`FakeSlack::say`].
    pub async fn say(&self, spoken: Spoken) -> anyhow::Result<Said> {
        self.0.say(spoken).await
    }
}

impl Drop for FakeSlack {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Inner {
    fn gateway(&self) -> anyhow::Result<Gateway> {
        let link = self.link.borrow();
        link.as_ref().map(|link| link.gateway.clone()).context("no gateway is linked")
    }

    fn spoken(&self, team: &str, channel: &str, user: &str, text: &str) -> anyhow::Result<Spoken> {
        let mut spoken = None;
        self.world.send_if_modified(|world| {
            let team = world.team(team);
            spoken = team.map(|team| Spoken::new(&team, channel, user, text, &world.next_ts()));
            false
        });
        spoken.with_context(|| format!("the app is not installed in {team}"))
    }

    async fn say(&self, spoken: Spoken) -> anyhow::Result<Said> {
        let posted = Posted {
            team: spoken.team.id.clone(),
            channel: spoken.channel.clone(),
            ts: spoken.ts.clone(),
            thread: spoken.thread.clone(),
            user: spoken.user.clone(),
            bot_id: None,
            text: spoken.text.clone(),
            blocks: None,
            history: Vec::new(),
            metadata: None,
            effects: Vec::new(),
            deleted: false,
            only_for: None,
            change: 0,
        };
        let mut stored = Ok(());
        self.world.send_modify(|world| stored = world.store(posted));
        stored.map_err(anyhow::Error::msg)?;
        let gateway = self.gateway()?;
        let events = spoken.events();
        let deliveries = events.iter().map(|event| gateway.deliver(&self.http, event));
        let deliveries = futures::future::join_all(deliveries).await;
        Ok(Said { spoken, deliveries })
    }

    /// Tells the gateway what the employee did, without waiting for it.
    fn echo(&self, team: &Team, seen: &methods::Seen) {
        let link = self.link.borrow().clone();
        let Some(Link { gateway, echo: true }) = link else { return };
        let (http, echoes) = (self.http.clone(), Arc::clone(&self.echoes));
        let event = events::echo(team, seen);
        let pending = Arc::clone(&self.echoes_pending);
        pending.send_modify(|pending| *pending += 1);
        tokio::spawn(async move {
            let _permit = echoes.acquire_owned().await;
            gateway.deliver(&http, &event).await;
            pending.send_modify(|pending| *pending -= 1);
        });
    }
}

#[cfg(test)]
mod contract;
#[cfg(test)]
mod tests;
