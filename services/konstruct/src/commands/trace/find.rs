//! Which message is meant.

use anyhow::{Context as _, anyhow};
use domain::{
    directory::Directory,
    trace::asked::{self, Asked as Named, Sent},
};
use schemas::{MessageId, TenantId};
use store::{
    Platform, PlatformTx, Purpose, TenantTx,
    projections::{self, sent},
};

use crate::{progress::Progress, settings::Asked, wiring, wiring::Base};

type Found = Option<(TenantId, MessageId)>;

/// The tenant and the id of the message that was asked for.
pub(crate) async fn find(
    asked: &Asked<'_>,
    base: &Base,
    (text, tenant): (&str, Option<&TenantId>),
) -> anyhow::Result<(TenantId, MessageId)> {
    let named = asked::read(text)?;
    let found = match tenant {
        Some(tenant) => {
            let directory = directory(base, &named).await;
            in_tenant(base, (tenant, &directory), &named).await?
        }
        None => anywhere(asked, base, &named).await?,
    };
    found
        .ok_or_else(|| nothing(text, &named))
        .context("the read models may be behind, see `konstruct doctor`")
}

fn nothing(text: &str, named: &Named) -> anyhow::Error {
    match named {
        Named::Start(_) => anyhow!("no message and no event begins with `{text}`"),
        Named::Effect(_) => anyhow!("nothing was sent as `{text}`"),
        Named::Sent(_) => anyhow!("no message of an agent's is at `{text}`, and none for one"),
    }
}

/// Who exists; only where it is needed, since it is read anew for each command.
async fn directory(base: &Base, named: &Named) -> Directory {
    match named {
        Named::Start(_) => Directory::default(),
        Named::Effect(_) | Named::Sent(_) => {
            base.directory.ready().await;
            base.directory.read(Directory::clone)
        }
    }
}

async fn in_tenant(
    base: &Base,
    (tenant, directory): (&TenantId, &Directory),
    named: &Named,
) -> anyhow::Result<Found> {
    let mut tx = base.db.tenant(tenant).await?;
    let found = match named {
        Named::Start(start) => projections::find(&mut tx, start).await?,
        Named::Effect(effect) => sent::of_effect(&mut tx, effect).await?,
        Named::Sent(place) => match said(&mut tx, (tenant, directory), place).await? {
            Some(found) => Some(found),
            None => sent::at(&mut tx, place.channel.as_deref(), &place.ts).await?,
        },
    };
    Ok(found.map(|message| (tenant.clone(), message)))
}

/// What a person said there.
async fn said(
    tx: &mut TenantTx,
    (tenant, directory): (&TenantId, &Directory),
    place: &Sent,
) -> anyhow::Result<Option<MessageId>> {
    for (_, id) in ids(directory, tenant, place.channel.as_deref(), &place.ts) {
        if sent::is_said(tx, &id).await? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// A look across tenants: the platform's to take, and on its record.
async fn anywhere(asked: &Asked<'_>, base: &Base, named: &Named) -> anyhow::Result<Found> {
    let settings = asked.database("KONSTRUCT_PLATFORM_DATABASE_URL");
    let settings = settings.context("without `--tenant`, all tenants are searched")?;
    let platform = Platform::connect(&settings).await?;
    let mut tx = platform.begin(Purpose::Trace, &wiring::owner()).await?;
    let place = match named {
        Named::Start(start) => return Ok(projections::find_anywhere(&mut tx, start).await?),
        Named::Effect(_) => None,
        Named::Sent(place) => Some(place),
    };
    let directory = directory(base, named).await;
    let mut tenants: Vec<_> = directory.tenants().into_iter().map(|it| it.id.clone()).collect();
    if let Some(place) = place {
        if let Some(found) = among(&mut tx, &directory, place, &place.ts).await? {
            return Ok(Some(found));
        }
        // An answer stands in the thread of whoever asked.
        if let Some(thread) = &place.thread
            && let Some((tenant, _)) = among(&mut tx, &directory, place, thread).await?
        {
            tenants = vec![tenant];
        }
    }
    drop(tx);
    in_each(base, &directory, &tenants, named).await
}

/// What a person said at a timestamp of a channel, whoever's it is.
async fn among(
    tx: &mut PlatformTx,
    directory: &Directory,
    place: &Sent,
    ts: &str,
) -> anyhow::Result<Found> {
    let tenants = directory.tenants().into_iter();
    let channel = place.channel.as_deref();
    let ids: Vec<_> = tenants.flat_map(|it| ids(directory, &it.id, channel, ts)).collect();
    Ok(sent::among(tx, &ids).await?)
}

/// The ids that what is at a timestamp of a channel would have through a tenant's connections.
fn ids(
    directory: &Directory,
    tenant: &TenantId,
    channel: Option<&str>,
    ts: &str,
) -> Vec<(TenantId, MessageId)> {
    let Some(channel) = channel else { return Vec::new() };
    let connections = directory.connections(tenant).into_iter();
    connections.map(|it| (tenant.clone(), MessageId::derive(tenant, &it.id, channel, ts))).collect()
}

/// What was sent is in the ledger of its tenant, which each is asked for by itself.
async fn in_each(
    base: &Base,
    directory: &Directory,
    tenants: &[TenantId],
    named: &Named,
) -> anyhow::Result<Found> {
    let mut progress = Progress::new("tenants", u64::try_from(tenants.len()).unwrap_or(u64::MAX));
    for (done, tenant) in (0..).zip(tenants) {
        progress.at(done);
        let found = in_tenant(base, (tenant, directory), named).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
