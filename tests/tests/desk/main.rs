//! What operators change, over the real log and the real database, and a Slack that is played.

// For clippy, which takes helpers of tests for tests only where this stands.
#![cfg(test)]

mod agents;
mod audit;
mod connections;
mod drafts;
mod models;
mod ready;
mod room;
mod strangers;
mod tenants;
mod tools;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use channels::slack::{Pacing, Settings, SlackOut};
use desk::{Desk, Parts, Written};
use domain::{
    access::{PlatformRole, Principal, TenantRole},
    seal::MasterKey,
    share::directory::DirectoryShare,
};
use konstruct_tests::{
    fake_slack::Team,
    installation::{Installation, MASTER_KEY},
    wait::until,
};
use runtime::{Bus, Clock, DirectoryWatch};
use schemas::{AgentId, ConnectionId, Limits, TenantId};
use store::{Database, Keys, Sealer, checkpoint, keys::Masters, secrets::Secrets};
use tokio_util::sync::CancellationToken;

/// How long anything may take here, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(1);

/// The user that the agent is in every workspace.
const BOT: &str = "U0BOT";

/// An installation with a desk in this process, and another one beside it with a memory of its own.
struct Office {
    it: Installation,
    desk: Desk,
    other_desk: Desk,
    db: Database,
    directory: DirectoryWatch,
    other_directory: DirectoryWatch,
    sealer: Sealer,
}

impl Office {
    /// With these services running.
    async fn open(service: &'static str) -> Self {
        let mut it = Installation::prepare().await.unwrap();
        it.run(service).await.unwrap();
        let db = it.database.database().await.unwrap();
        let (desk, directory, sealer) = desk_of(&it, &db, share()).await;
        let (other_desk, other_directory, _) = desk_of(&it, &db, share()).await;
        it.slack.install("xoxb-T0ACME", Team::new("T0ACME", BOT));
        it.slack.install("xoxb-T0BETA", Team::new("T0BETA", BOT));
        Self { it, desk, other_desk, db, directory, other_directory, sealer }
    }

    /// With tenant `acme` and its agent `mara`, who has not been published.
    async fn of_acme() -> Self {
        let office = Self::open("projector").await;
        office.found("acme").await;
        office
    }

    /// Tenant `slug` comes, with agent `mara`.
    async fn found(&self, slug: &str) {
        let (desk, admin) = (&self.desk, admin());
        let made = desk.create_tenant(&admin, slug, slug, Limits::default()).await.unwrap();
        self.shown(made).await;
        let tenant: TenantId = slug.parse().unwrap();
        self.shown(desk.create_agent(&admin, &tenant, "mara", "Mara").await.unwrap()).await;
    }

    /// Something was written; waits until both desks and the read models know, however busy the
    /// machine is.
    async fn shown(&self, written: Written) {
        assert!(0 < written.sequence, "{written:?}");
        self.directory.reached(written.sequence).await;
        self.other_directory.reached(written.sequence).await;
        let reader = nats::PROJECT_DIRECTORY.name;
        let shows = || async { Ok(written.sequence <= checkpoint::seq(&self.db, reader).await?) };
        if written.visible {
            assert!(shows().await.unwrap(), "it was said to show");
        }
        until(PATIENCE, "the read models have it", shows).await.unwrap();
    }

    /// Every event of the directory, as it is on the log.
    async fn log(&self) -> String {
        let client = async_nats::connect(self.it.nats.url()).await.unwrap();
        let stream = async_nats::jetstream::new(client).get_stream("DIRECTORY").await.unwrap();
        let last = stream.cached_info().state.last_sequence;
        let mut log = String::new();
        for sequence in 1..=last {
            let message = stream.get_raw_message(sequence).await.unwrap();
            log += std::str::from_utf8(&message.payload).unwrap();
            log += "\n";
        }
        log
    }

    /// How many of them there are.
    async fn stored(&self) -> usize {
        self.log().await.lines().count()
    }
}

/// What a tenant may fill of the directory.
fn share() -> DirectoryShare {
    DirectoryShare::of_log(nats::DIRECTORY.bytes_max.unsigned_abs(), 10)
}

async fn desk_of(
    it: &Installation,
    db: &Database,
    share: DirectoryShare,
) -> (Desk, DirectoryWatch, Sealer) {
    let bus = Bus::connect(&it.nats.url(), "desk").await.unwrap();
    let directory = DirectoryWatch::start(&bus, &CancellationToken::new());
    directory.ready().await;
    let masters = Masters::new(MasterKey::parse(MASTER_KEY).unwrap(), Vec::new());
    let keys = Keys::new(db.clone(), masters, 100);
    let sealer = Sealer::new(keys.clone(), true);
    let settings =
        Settings { api_url: it.slack.url(), pacing: Pacing::Unpaced, ..Settings::default() };
    let parts = Parts {
        bus,
        directory: directory.clone(),
        clock: Clock::system(),
        db: db.clone(),
        sealer: sealer.clone(),
        secrets: Secrets::new(db.clone(), keys),
        slack: Arc::new(SlackOut::new(settings).unwrap()),
        models: None,
        share,
    };
    (Desk::new(parts), directory, sealer)
}

fn principal(
    operator: &str,
    platform: Option<PlatformRole>,
    tenants: &[(&str, TenantRole)],
) -> Principal {
    let tenants = tenants.iter().map(|(slug, role)| (slug.parse().unwrap(), *role));
    let tenants: BTreeMap<_, _> = tenants.collect();
    Principal { operator: operator.parse().unwrap(), via: "portal", platform, tenants }
}

/// Who may do everything.
fn admin() -> Principal {
    principal("o-admin", Some(PlatformRole::Administrator), &[])
}

fn acme() -> TenantId {
    "acme".parse().unwrap()
}

fn mara() -> AgentId {
    "mara".parse().unwrap()
}

fn t0acme() -> ConnectionId {
    "slack-T0ACME".parse().unwrap()
}
