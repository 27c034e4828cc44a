//! `konstruct at`: who existed at an instant, and how.

use std::sync::Arc;

use anyhow::bail;
use domain::{
    directory::Directory,
    look::instant,
    past::{Stood, of_agent, of_connection, of_group, of_tenant, of_tool},
    veil::{size, veil},
};
use runtime::{
    Clock,
    look::{Was, was},
};
use schemas::{Tenant, TenantId, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::stream;
use crate::{
    cli::At,
    output::{Output, table},
    progress::Progress,
    settings::Asked,
};

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

/// What the directory had said by then.
async fn fold(
    asked: &Asked<'_>,
    tenant: Option<&TenantId>,
    until: Timestamp,
) -> anyhow::Result<Was> {
    let bus = stream::connect(asked).await?;
    let mut progress = None::<Progress>;
    let tell = |left: u64| {
        progress.get_or_insert_with(|| Progress::new("events", left)).left(left);
    };
    was(&bus, tenant, until, stream::SILENCE_MAX, tell).await
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
