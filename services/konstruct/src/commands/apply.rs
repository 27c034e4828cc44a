//! `konstruct apply`: tenants, tools, agents and connections as a file says.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io::Read as _,
    path::Path,
};

use anyhow::{Context as _, bail};
use domain::{
    directory::Directory,
    plan::{Change, Desired, Present, plan},
    seal::{Owner, Sealing},
    secret::Secret,
};
use futures::{StreamExt as _, TryStreamExt as _};
use runtime::{BusError, DirectoryWriter, Snapshot, WRITE_EVENTS_MAX, WriteError};
use schemas::{Author, CorrelationId, Envelope, Event, EventId, TenantId};
use serde_json::json;
use store::{Sealer, secrets::Secrets};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{cli::Apply, output::Output, settings::Asked, wiring, wiring::Base};

/// Tenants worked on at the same time.
const TENANTS_AT_ONCE: usize = 16;

/// The longest file that is read, in bytes: some ten thousand tenants.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What applying needs.
struct Applier {
    base: Base,
    sealer: Sealer,
    secrets: Secrets,
    writer: DirectoryWriter,
    command: String,
    /// The installation's model groups, as far as they are known here.
    groups: Vec<String>,
}

/// Shows the difference, and makes it so unless asked not to.
pub(crate) async fn run(asked: &Asked<'_>, args: &Apply, output: Output) -> anyhow::Result<()> {
    let desired = read(&args.file)?;
    let base = Base::connect(asked, "konstruct-apply", CancellationToken::new()).await?;
    base.directory.ready().await;
    let (sealer, secrets) = wiring::secrets(asked, &base.db)?;
    let writer = DirectoryWriter::new(base.context.bus.clone(), base.directory.clone());
    let command = format!("{:032x}", rand::random::<u128>());
    let groups = asked.model_groups();
    let applier = Applier { base, sealer, secrets, writer, command, groups };
    let known = applier.base.directory.snapshot();
    let changes = applier.plan(desired, &known.directory).await?;
    let lines: Vec<_> = changes.iter().map(ToString::to_string).collect();
    if !args.dry_run {
        applier.apply(changes, &known).await?;
    }
    let text = match (lines.is_empty(), args.dry_run) {
        (true, _) => "nothing to change".to_owned(),
        (false, true) => {
            format!("{}\n{} changes, none made (dry run)", lines.join("\n"), lines.len())
        }
        (false, false) => format!("{}\n{} changes made", lines.join("\n"), lines.len()),
    };
    output.print(&text, &json!({ "changes": lines, "dry_run": args.dry_run }))
}

fn read(path: &Path) -> anyhow::Result<Desired> {
    let mut text = String::new();
    let what = path.display();
    if path.as_os_str() == "-" {
        std::io::stdin().take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("cannot open {what}"))?;
        let read = file.take(FILE_BYTES_MAX).read_to_string(&mut text);
        read.with_context(|| format!("cannot read {what}"))?;
    }
    serde_norway::from_str(&text).with_context(|| format!("in {what}"))
}

impl Applier {
    async fn plan(&self, desired: Desired, directory: &Directory) -> anyhow::Result<Vec<Change>> {
        let known = self.known(&desired, directory).await?;
        let open = |tenant: &TenantId, agent: &schemas::AgentId, text: &schemas::Text| {
            let sealing = &known.get(tenant)?.sealing;
            sealing.open(Owner { tenant, of: agent.as_str() }, text).ok()
        };
        let has_secret = |tenant: &TenantId, name: &str, secret: &Secret| {
            let kept = known.get(tenant).and_then(|known| known.secrets.get(name));
            kept.is_some_and(|kept| kept.expose() == secret.expose())
        };
        let env = |name: &str| std::env::var(name).ok();
        let present = Present {
            directory,
            open: &open,
            has_secret: &has_secret,
            schema_problem: &tools::schema::problem,
            model_problems: &providers::deployment_problems,
            is_of_installation: &|name| self.groups.iter().any(|it| it == name),
            knows_installation: !self.groups.is_empty(),
            unique: &self.command,
            env: &env,
        };
        plan(desired, &present).map_err(|problems| {
            anyhow::anyhow!("nothing was changed:\n  {}", problems.0.join("\n  "))
        })
    }

    /// The keys and secrets of the tenants that exist already.
    async fn known(
        &self,
        desired: &Desired,
        directory: &Directory,
    ) -> anyhow::Result<HashMap<TenantId, Known>> {
        let slugs = desired.tenants.iter().filter_map(|it| it.slug.parse::<TenantId>().ok());
        let existing: Vec<_> = slugs.filter(|it| directory.tenant(it).is_some()).collect();
        let load = |tenant: TenantId| async move {
            let known = self.known_of(&tenant, directory).await?;
            anyhow::Ok((tenant, known))
        };
        futures::stream::iter(existing.into_iter().map(load))
            .buffer_unordered(TENANTS_AT_ONCE)
            .try_collect()
            .await
    }

    async fn known_of(&self, tenant: &TenantId, directory: &Directory) -> anyhow::Result<Known> {
        let now = self.base.context.clock.now();
        let sealing = self.sealer.of(tenant, now).await?;
        let mut secrets = BTreeMap::new();
        let connections = directory.connections(tenant).into_iter().map(|it| it.token.as_str());
        let tools = directory.tools(tenant).into_iter().flat_map(|tool| tool.secrets());
        let groups = directory.model_groups(tenant).into_iter().flat_map(|it| it.secrets());
        for name in connections.chain(tools).chain(groups) {
            if let Some(secret) = self.secrets.get(tenant, name, now).await? {
                secrets.insert(name.to_owned(), secret);
            }
        }
        Ok(Known { sealing, secrets })
    }

    async fn apply(&self, changes: Vec<Change>, known: &Snapshot) -> anyhow::Result<()> {
        let mut tenants: BTreeMap<TenantId, Vec<Change>> = BTreeMap::new();
        for change in changes {
            tenants.entry(change.tenant().clone()).or_default().push(change);
        }
        let each =
            tenants.into_iter().map(|(tenant, changes)| self.apply_to(tenant, changes, known));
        let mut applied = futures::stream::iter(each).buffer_unordered(TENANTS_AT_ONCE);
        let mut failed = Vec::new();
        while let Some(result) = applied.next().await {
            if let Err(error) = result {
                failed.push(format!("{error:#}"));
            }
        }
        if failed.is_empty() {
            return Ok(());
        }
        bail!(
            "{} tenants were not changed as the file says:\n  {}",
            failed.len(),
            failed.join("\n  ")
        )
    }

    /// One tenant's changes: secrets first, then the events, all or none of them as long as they
    /// are not more than one write takes. Secrets that no event names in the end are removed.
    async fn apply_to(
        &self,
        tenant: TenantId,
        changes: Vec<Change>,
        known: &Snapshot,
    ) -> anyhow::Result<()> {
        let now = self.base.context.clock.now();
        let sealing = self.sealer.of(&tenant, now).await?;
        let by = Author { via: "apply".to_owned(), operator: None };
        let events = changes.iter().flat_map(|change| change.events(&by, &sealing, now));
        let events: Vec<_> = events.map(|event| self.envelope(&tenant, event)).collect();
        let mut progress = Progress { tenant: &tenant, written: 0, all: events.len() };
        self.writer.check(known, &events).map_err(|error| progress.stopped(&error))?;
        for change in &changes {
            if let Change::SecretSet { name, value, .. } = change {
                self.secrets.put(&tenant, name, value, now).await?;
            }
        }
        let done = self.write(&events, known, &mut progress.written).await;
        let named = secrets(events.get(..progress.written).unwrap_or_default());
        let unused = changes.iter().filter_map(|change| unused(change, &named, &done));
        let forgotten = changes.iter().filter(|_| done.is_ok()).flat_map(Change::forgets);
        for name in unused.chain(forgotten) {
            if let Err(error) = self.secrets.remove(&tenant, name).await {
                warn!(%tenant, name, %error, "a secret that is of no use stays");
            }
        }
        done.map_err(|error| progress.stopped(&error))
    }

    async fn write(
        &self,
        events: &[Envelope],
        known: &Snapshot,
        written: &mut usize,
    ) -> Result<(), WriteError> {
        let mut known = known.clone();
        for batch in events.chunks(WRITE_EVENTS_MAX) {
            self.writer.write(&mut known, batch.to_vec()).await?;
            *written += batch.len();
        }
        Ok(())
    }

    /// A command is not caused by an event, so its id is drawn once and its events derive from it.
    fn envelope(&self, tenant: &TenantId, event: Event) -> Envelope {
        let subject = schemas::subject::of_event(tenant, &event);
        let about = format!("{subject} {}", event.kind().topic());
        let id = EventId::derive(&self.command, &about, 0);
        let correlation = CorrelationId::from(&EventId::derive(&self.command, "apply", 0));
        Envelope {
            id,
            source: "apply".to_owned(),
            time: self.base.context.clock.now(),
            tenant: tenant.clone(),
            causation: None,
            correlation,
            trace: None,
            event,
        }
    }
}

/// The secrets that these events name.
fn secrets(events: &[Envelope]) -> BTreeSet<&str> {
    let mut named = BTreeSet::new();
    for event in events {
        if let Event::ConnectionMade(made) = &event.event {
            named.insert(made.connection.token.as_str());
        } else if let Event::ToolSaved(saved) = &event.event {
            named.extend(saved.tool.secrets());
        } else if let Event::ModelGroupSaved(saved) = &event.event {
            named.extend(saved.group.secrets());
        }
    }
    named
}

/// The secret that a change leaves of no use: what it replaced, or its own if no event came to name
/// it. Where nobody knows, both stay.
fn unused<'a>(
    change: &'a Change,
    named: &BTreeSet<&str>,
    done: &Result<(), WriteError>,
) -> Option<&'a str> {
    let Change::SecretSet { name, replaces, .. } = change else { return None };
    if named.contains(name.as_str()) {
        return replaces.as_deref();
    }
    let conflict = |error: &_| matches!(error, BusError::Conflict);
    let in_doubt = matches!(done, Err(WriteError::Bus(error)) if !conflict(error));
    (!in_doubt).then_some(name)
}

/// What is known of a tenant that exists.
struct Known {
    sealing: Sealing,
    secrets: BTreeMap<String, Secret>,
}

/// How far the changes of a tenant came.
struct Progress<'a> {
    tenant: &'a TenantId,
    written: usize,
    all: usize,
}

impl Progress<'_> {
    /// What stopped it, what stands all the same, and what to do.
    fn stopped(&self, error: &WriteError) -> anyhow::Error {
        let events = match (error, self.written) {
            (WriteError::Bus(_), _) => "whether its changes were written is not known".to_owned(),
            (_, 0) => "nothing of its changes was written".to_owned(),
            (_, written) => format!("{written} of its {} events were written", self.all),
        };
        let then = match error {
            WriteError::Conflict { .. } | WriteError::Bus(_) => "; run the command again",
            WriteError::Held { .. } => "",
        };
        anyhow::anyhow!("tenant `{}`: {error}; {events}{then}", self.tenant)
    }
}
