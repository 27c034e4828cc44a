//! `konstruct at`: who existed at an instant, and how.

use std::sync::Arc;

use anyhow::bail;
use domain::{
    directory::Directory,
    look::{Judged, Wanted, instant},
    past::{Stood, of_agent, of_connection, of_group, of_tenant, of_tool},
    veil::{size, veil},
};
use runtime::{
    Clock,
    look::{Scan, Start},
};
use schemas::{Envelope, Tenant, TenantId, Timestamp, subject};
use serde::Serialize;
use serde_json::{Value, json};

use super::stream;
use crate::{
    cli::At,
    output::{Output, table},
    progress::Progress,
    settings::Asked,
};

/// What the log had said by then.
#[derive(Default)]
struct Was {
    directory: Directory,
    /// The last event of it, and when that was stored.
    last: Option<(u64, Timestamp)>,
    /// Events that cannot be read.
    unread: u64,
}

/// Shows them.
pub(crate) async fn run(asked: &Asked<'_>, args: &At, output: Output) -> anyhow::Result<()> {
    let now = Clock::system().now();
    let at = instant(&args.time, now)?;
    if now < at {
        bail!("{at} lies ahead");
    }
    let was = fold(asked, args.tenant.as_ref(), at).await?;
    let tenants = tenants(&was.directory, args.tenant.as_ref(), at)?;
    let shown =
        tenants.iter().map(|it| shown(&was.directory, it)).collect::<Result<Vec<_>, _>>()?;
    let last = was.last.map(|(sequence, stored)| json!({ "sequence": sequence, "stored": stored }));
    let shown = json!({ "at": at, "last": last, "unread": was.unread, "tenants": shown });
    output.print(&text(at, &was, &tenants), &shown)?;
    if 0 < was.unread {
        bail!("{} event(s) cannot be read: this may not be how it was", was.unread);
    }
    Ok(())
}

/// Everything that was stored at that instant or before it, in the order of the log, which keeps all of it.
async fn fold(
    asked: &Asked<'_>,
    tenant: Option<&TenantId>,
    until: Timestamp,
) -> anyhow::Result<Was> {
    let row = &nats::DIRECTORY;
    let subjects = match tenant {
        Some(tenant) => vec![subject::directory_of_tenant(tenant)],
        None => nats::look::subjects(row, None, &[])?,
    };
    let wanted = Wanted { until: Some(until), ..Wanted::default() };
    let bus = stream::connect(asked).await?;
    let mut scan = Scan::open(&bus, row, subjects, Start::First).await?;
    let mut progress = Progress::new("events", scan.pending());
    let mut was = Was::default();
    while !scan.is_level() {
        let Some(kept) = stream::next(&mut scan).await? else { break };
        progress.left(scan.pending());
        if wanted.judge(kept.place(), None) == Judged::Over {
            break;
        }
        was.last = Some((kept.sequence, kept.stored));
        match Envelope::decode(&kept.payload) {
            Ok(envelope) => was.directory.apply(&envelope),
            Err(_) => was.unread += 1,
        }
    }
    Ok(was)
}

/// Those who were there, of those who were asked for.
fn tenants(
    directory: &Directory,
    asked: Option<&TenantId>,
    at: Timestamp,
) -> anyhow::Result<Vec<Arc<Tenant>>> {
    let Some(asked) = asked else {
        return Ok(directory.tenants().into_iter().cloned().collect());
    };
    match directory.tenant(asked) {
        Some(tenant) => Ok(vec![Arc::clone(tenant)]),
        None => bail!("there was no tenant `{asked}` at {at}"),
    }
}

/// A tenant and all that it had, whole but for what people wrote.
fn shown(directory: &Directory, tenant: &Arc<Tenant>) -> anyhow::Result<Value> {
    let of = &tenant.id;
    Ok(json!({
        "tenant": veiled(&**tenant)?,
        "agents": all(directory.agents(of))?,
        "connections": all(directory.connections(of))?,
        "tools": all(directory.tools(of))?,
        "model_groups": all(directory.model_groups(of))?,
    }))
}

fn all<T: Serialize>(of: Vec<&Arc<T>>) -> anyhow::Result<Vec<Value>> {
    of.into_iter().map(|it| veiled(&**it)).collect()
}

fn veiled(it: &impl Serialize) -> anyhow::Result<Value> {
    let mut value = serde_json::to_value(it)?;
    veil(&mut value, &size);
    Ok(value)
}

fn text(at: Timestamp, was: &Was, tenants: &[Arc<Tenant>]) -> String {
    let last = match was.last {
        Some((sequence, stored)) => {
            let name = nats::DIRECTORY.name;
            format!("as of {at}, after {name} {sequence} of {stored}")
        }
        None => format!("as of {at}, before anything was said"),
    };
    let rows: Vec<_> = tenants.iter().flat_map(|it| rows(&was.directory, it)).collect();
    let header = ["TENANT", "WHAT", "ID", "STATE", "MORE"];
    if rows.is_empty() { last } else { format!("{last}\n\n{}", table(&header, &rows)) }
}

fn rows(directory: &Directory, tenant: &Tenant) -> Vec<Vec<String>> {
    let of = &tenant.id;
    let row = |what: &str, id: &str, Stood { state, more }: Stood| {
        vec![of.to_string(), what.to_owned(), id.to_owned(), state, more]
    };
    let mut rows = vec![row("tenant", of.as_str(), of_tenant(tenant))];
    let agents = directory.agents(of);
    rows.extend(agents.iter().map(|it| row("agent", it.id.as_str(), of_agent(it))));
    let connections = directory.connections(of);
    rows.extend(connections.iter().map(|it| row("connection", it.id.as_str(), of_connection(it))));
    let tools = directory.tools(of);
    rows.extend(tools.iter().map(|it| row("tool", it.id.as_str(), of_tool(it))));
    let groups = directory.model_groups(of);
    rows.extend(groups.iter().map(|it| row("model group", it.id.as_str(), of_group(it))));
    rows
}
