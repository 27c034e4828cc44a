//! An installation with several tenants, and word of when it has nothing left to do.

use std::{num::TryFromIntError, time::Duration};

use anyhow::Context as _;
use async_nats::jetstream::{self, consumer::pull};
use konstruct_tests::{
    fake_slack::{Gateway, Team},
    installation::{Installation, SIGNING_SECRET},
    postgres::raw,
};
use store::{Database, checkpoint};

use tokio_postgres::Client;

use super::{
    process::{Watched, parent},
    report::{Group, float, ratio},
    tell,
};

/// How many tenants there are.
pub(crate) const TENANTS: usize = 8;

/// No tenant is ever throttled.
const PER_MINUTE: u32 = 1_000_000;

/// How long the rest of the work may take.
const QUIET_WAIT: Duration = Duration::from_secs(30);

/// How often it is asked whether there is any.
const QUIET_PAUSE: Duration = Duration::from_millis(50);

pub(crate) struct Town {
    pub(crate) it: Installation,
    pub(crate) teams: Vec<Team>,
    pub(crate) jetstream: jetstream::Context,
    database: Database,
    admin: Client,
    postmaster: u32,
}

/// What was written so far, here and there.
#[derive(Clone, Copy)]
pub(crate) struct Written {
    events: u64,
    transactions: i64,
    wal_bytes: i64,
}

impl Town {
    /// Everything but the services. With `echo`, Slack delivers the employees' own words too.
    pub(crate) async fn prepare(echo: bool) -> anyhow::Result<Self> {
        let mut it = Installation::prepare().await?;
        // The vendor is not OpenAI, and then the model must have a name.
        it.settings.insert("OPENAI_MODEL".to_owned(), "fake".to_owned());
        let teams: Vec<Team> =
            (0..TENANTS).map(|nth| Team::new(&format!("T0BENCH{nth}"), "U0BOT")).collect();
        for team in &teams {
            it.slack.install(&token(team), team.clone());
        }
        let tenants = teams.iter().enumerate().map(|(nth, team)| tenant(nth, team));
        it.apply(&format!("tenants:\n{}", tenants.collect::<String>())).await?;
        it.slack.link(Gateway::new(&it.gateway(), SIGNING_SECRET), echo);
        let client = async_nats::connect(it.nats.url()).await?;
        let admin = raw(&it.database.superuser_url()).await?;
        let backend: i32 = admin.query_one("select pg_backend_pid()", &[]).await?.get(0);
        Ok(Self {
            database: it.database.database().await?,
            teams,
            jetstream: jetstream::new(client),
            postmaster: parent(u32::try_from(backend)?)?,
            admin,
            it,
        })
    }

    /// The same with other echoes.
    pub(crate) fn echo(&self, echo: bool) {
        self.it.slack.link(Gateway::new(&self.it.gateway(), SIGNING_SECRET), echo);
    }

    /// The processes that a message meets, with these services among them.
    pub(crate) fn watched(&self, services: &[&'static str]) -> anyhow::Result<Watched> {
        let mut alone = vec![
            ("nats-server".to_owned(), self.it.nats.pid().context("NATS is gone")?),
            ("load, Slack and vendors".to_owned(), std::process::id()),
        ];
        for service in services {
            let pid = self.it.pid(service).with_context(|| format!("`{service}` is gone"))?;
            alone.push((format!("konstruct {service}"), pid));
        }
        let families = vec![("PostgreSQL".to_owned(), self.postmaster)];
        Ok(Watched { alone, families, ..Watched::default() })
    }

    /// Gives the planner what autovacuum gives it within minutes: statistics of what is there.
    pub(crate) async fn analyze(&self) -> anyhow::Result<()> {
        Ok(self.admin.batch_execute("analyze").await?)
    }

    /// What was written so far. Asking is a transaction of its own.
    pub(crate) async fn written(&self) -> anyhow::Result<Written> {
        let sql = "select pg_current_xact_id()::text::bigint,
                          (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint";
        let row = self.admin.query_one(sql, &[]).await?;
        let (transactions, wal_bytes) = (row.try_get(0)?, row.try_get(1)?);
        Ok(Written { events: self.events().await?, transactions, wal_bytes })
    }

    /// How many events there are.
    pub(crate) async fn events(&self) -> anyhow::Result<u64> {
        let stream = self.jetstream.get_stream(nats::EVENTS.name).await?;
        Ok(stream.cached_info().state.messages)
    }

    /// Waits until every echo is delivered, every event is settled, and the read models have it.
    /// A run is not thrown away for what does not come to rest, but it is told.
    pub(crate) async fn quiet(&self) {
        let quiet = async {
            self.it.slack.echoes_delivered().await;
            while !self.is_quiet().await? {
                tokio::time::sleep(QUIET_PAUSE).await;
                self.it.slack.echoes_delivered().await;
            }
            anyhow::Ok(())
        };
        match tokio::time::timeout(QUIET_WAIT, quiet).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tell(&format!("cannot see whether anything is left to do: {error:#}"));
            }
            Err(_) => tell(&format!("something is left to do after {QUIET_WAIT:?}")),
        }
    }

    async fn is_quiet(&self) -> anyhow::Result<bool> {
        let stream = self.jetstream.get_stream(nats::EVENTS.name).await?;
        for row in nats::CONSUMERS.iter().filter(|row| row.stream.name == nats::EVENTS.name) {
            let consumer = stream.get_consumer::<pull::Config>(row.name).await;
            let consumer = consumer.map_err(|error| anyhow::anyhow!("{}: {error}", row.name))?;
            let info = consumer.cached_info();
            if 0 < info.num_pending || 0 < info.num_ack_pending {
                return Ok(false);
            }
        }
        let shown = checkpoint::load(&self.database, nats::PROJECT_EVENTS.name).await?;
        Ok(stream.cached_info().state.last_sequence <= shown.seq)
    }
}

impl Written {
    /// What was written since `before`, for one of `count`.
    pub(crate) fn per(
        self,
        before: Self,
        count: usize,
        group: &mut Group,
    ) -> Result<(), TryFromIntError> {
        let per = |more: usize| ratio(float(more), float(count));
        let events = usize::try_from(self.events - before.events)?;
        group.add("events stored for each message", per(events), "");
        let transactions = usize::try_from(self.transactions - before.transactions - 1)?;
        group.add("transactions that wrote for each message", per(transactions), "");
        let wal_bytes = usize::try_from(self.wal_bytes - before.wal_bytes)?;
        group.add("write-ahead log for each message", per(wal_bytes) / 1024.0, "KiB");
        Ok(())
    }
}

fn token(team: &Team) -> String {
    format!("xoxb-{}", team.id)
}

fn tenant(nth: usize, team: &Team) -> String {
    let (id, bot_user, token) = (&team.id, &team.bot_user, token(team));
    format!(
        "  - slug: bench{nth}
    name: Bench {nth} Ltd
    limits: {{ messages_per_minute: {PER_MINUTE} }}
    agents:
      - {{ slug: mara, name: Mara, role: Support lead, persona: \"warm, brief\" }}
    connections:
      - {{ channel: slack, team_id: {id}, bot_user_id: {bot_user}, bot_token: {token}, agent: mara }}
"
    )
}
