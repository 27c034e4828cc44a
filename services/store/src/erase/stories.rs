//! Deletes the rows of single messages: what one person wrote, and what followed from it. Sums of what was
//! used stay; they name nobody.
//!
//! The names of what was erased are kept for a while, so that what comes late under them goes as well. They
//! are derived and cannot be turned back; whose they were is kept nowhere.
//!
//! What a tenant keeps for a shorter time than the installation goes in the same way, see [`old`].

use std::collections::BTreeMap;

use domain::erasure::Stories;
use schemas::{ConnectionId, ConversationId, EffectId, TenantId, Timestamp};
use tokio_postgres::{Row, types::ToSql};

use super::{FENCE, HOLD, Had, Patience, number};
use crate::{Database, Platform, Purpose, StoreError, TenantTx, prune::old_message, row};

/// Names that one statement is asked with.
const NAMES_MAX: usize = 1_000;

/// A message that somebody is at.
macro_rules! open_message {
    () => {
        "state in ('accepted', 'admitted', 'completed', 'no answer', 'handing over')"
    };
}

/// What this person wrote, by every table that says who did.
const MESSAGES: &str = "
    select message_id from turn where tenant_id = $1 and role = 'person' and sender = $2
    union select message_id from p_message where tenant_id = $1 and reference->>'sender' = $2
    union select message_id from reply where tenant_id = $1 and message->>'sender' = $2
    union select message_id from completion
           where tenant_id = $1 and envelope->'data'->'message'->>'sender' = $2";
/// What was sent for it.
const EFFECTS: &str = "
    select effect_id from effect join reply using (tenant_id, message_id)
     where tenant_id = $1 and message->>'sender' = $2";
/// The same of these messages.
const EFFECTS_OF: &str =
    "select effect_id from effect where tenant_id = $1 and message_id = any($2)";
/// Threads in which nobody else wrote.
const THREADS: &str = "
    select connection_id, conversation_id from p_conversation
     where tenant_id = $1 and people = array[$2::text]";
/// What is older than a tenant keeps it, and over; and what is remembered of nothing that is known. A turn
/// is as old as its place in its thread says.
const OLD: &str = concat!(
    "
    (select message_id from p_message where tenant_id = $2 and ",
    old_message!(),
    " limit $3)
    union
    (select message_id from turn
      where tenant_id = $2 and position < $1::bigint * 1000
        and not exists (
            select from p_message
             where p_message.tenant_id = turn.tenant_id and p_message.message_id = turn.message_id)
      limit $3)"
);
/// Up to where on `EVENTS` these stories go.
const LAST_PLACE: &str = "
    select max(seq) from p_event
     where tenant_id = $1 and stream = 'EVENTS'
       and (correlation_id = any($2) or effect_id = any($2))";
/// Of these, what somebody is at.
const OPEN: &str = concat!(
    "select count(*) from p_message where tenant_id = $1 and message_id = any($2) and ",
    open_message!()
);
/// The same of all messages.
const OPEN_OF_ALL: &str =
    concat!("select count(*) from p_message where tenant_id = $1 and ", open_message!());

const COUNT: &str = "select table_name, had from rows_of_stories($1, $2, $3)";
const COUNT_THREADS: &str = "select table_name, had from threads_of_person($1, $2, $3)";
const ERASE: &str = "select erase_stories($1, $2, $3)";
const ERASE_FROM_THREADS: &str = "select erase_from_threads($1, $2, $3)";

const REMEMBER: &str = "
    insert into erased_name (tenant_id, name, erased_at_ms)
    select $1, name, $3::bigint from unnest($2::text[]) as name
    on conflict (tenant_id, name) do nothing";
const PLACE: &str = "select place from erased_place where tenant_id = $1";
/// Where an earlier erasure is looked at from further back, that stands.
const LOOK_FROM: &str = "
    insert into erased_place (tenant_id, place) values ($1, $2)
    on conflict (tenant_id) do update set place = least(erased_place.place, excluded.place)";
const REMEMBERED: &str = "select name from erased_name where tenant_id = $1 order by name";
const PLACES: &str = "select tenant_id, place from erased_place order by tenant_id";
/// Not where another erasure has moved it back meanwhile. What was pruned as these names were written is
/// there again.
const LOOKED: &str = "
    insert into erased_place (tenant_id, place) values ($1, $3)
    on conflict (tenant_id) do update set place = excluded.place where erased_place.place = $2";

/// What of one person's there is, by the tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The stories of their messages.
    pub stories: Stories,
    /// Threads in which nobody else wrote.
    pub threads: Vec<(ConnectionId, ConversationId)>,
}

/// What the tables know of a person.
pub async fn find(db: &Database, tenant: &TenantId, person: &str) -> Result<Known, StoreError> {
    let mut tx = db.tenant(tenant).await?;
    let asked: [&(dyn ToSql + Sync); 2] = [&tenant.as_str(), &person];
    let rows = tx.query(MESSAGES, &asked).await?;
    let messages: Vec<_> = rows.iter().map(|it| row::id(it, 0)).collect::<Result<_, _>>()?;
    let rows = tx.query(EFFECTS, &asked).await?;
    let effects: Vec<_> = rows.iter().map(|it| row::id(it, 0)).collect::<Result<_, _>>()?;
    let rows = tx.query(THREADS, &asked).await?;
    let thread = |it: &Row| Ok::<_, StoreError>((row::id(it, 0)?, row::id(it, 1)?));
    let threads = rows.iter().map(thread).collect::<Result<_, _>>()?;
    Ok(Known { stories: Stories::new(messages, effects), threads })
}

/// What was sent for these messages, or was to be, by the ledger.
pub async fn sent(
    db: &Database,
    tenant: &TenantId,
    stories: &Stories,
) -> Result<Vec<EffectId>, StoreError> {
    let names: Vec<_> = stories.names().collect();
    let answer = db.tenant(tenant).await?.last(EFFECTS_OF, &[&tenant.as_str(), &names]).await?;
    answer.rows.iter().map(|it| row::id(it, 0)).collect()
}

/// Messages from before then whose stories are over, with what was sent for them; so many at the most, or
/// a few more.
pub async fn old(
    db: &Database,
    tenant: &TenantId,
    before: Timestamp,
    most: u32,
) -> Result<Stories, StoreError> {
    let asked: [&(dyn ToSql + Sync); 3] = [&before.as_millis(), &tenant.as_str(), &i64::from(most)];
    let answer = db.tenant(tenant).await?.last(OLD, &asked).await?;
    let messages: Vec<_> = answer.rows.iter().map(|it| row::id(it, 0)).collect::<Result<_, _>>()?;
    let mut stories = Stories::new(messages, []);
    let sent = sent(db, tenant, &stories).await?;
    stories.send(sent);
    Ok(stories)
}

/// The place on `EVENTS` of the last event of these stories that the read models know of.
pub async fn last_place(
    db: &Database,
    tenant: &TenantId,
    stories: &Stories,
) -> Result<u64, StoreError> {
    let names: Vec<_> = stories.names().collect();
    let answer = db.tenant(tenant).await?.last(LAST_PLACE, &[&tenant.as_str(), &names]).await?;
    let found = answer.rows.first().ok_or_else(|| StoreError::row("no answer"))?;
    found.try_get::<_, Option<i64>>(0)?.map_or(Ok(0), row::count)
}

/// How many of these messages somebody is at: an answer to them may still come.
pub async fn open(db: &Database, tenant: &TenantId, stories: &Stories) -> Result<u64, StoreError> {
    let names: Vec<_> = stories.names().collect();
    let answer = db.tenant(tenant).await?.last(OPEN, &[&tenant.as_str(), &names]).await?;
    let found = answer.rows.first().ok_or_else(|| StoreError::row("no answer"))?;
    row::count(found.try_get(0)?)
}

/// How many messages of the tenant somebody is at, or was.
pub async fn open_of_all(db: &Database, tenant: &TenantId) -> Result<u64, StoreError> {
    let answer = db.tenant(tenant).await?.last(OPEN_OF_ALL, &[&tenant.as_str()]).await?;
    let found = answer.rows.first().ok_or_else(|| StoreError::row("no answer"))?;
    row::count(found.try_get(0)?)
}

/// How many rows there are to erase or to change, by table; those without any are named too. The names are
/// those of stories, of their events and of dead letters.
pub async fn count(
    platform: &Platform,
    tenant: &TenantId,
    (person, names): (&str, &[String]),
    actor: &str,
) -> Result<Vec<Had>, StoreError> {
    let mut patience = Patience::default();
    let rows = loop {
        match counted(platform, tenant, (person, names), actor).await {
            Ok(rows) => break rows,
            Err(error) => patience.after(error).await?,
        }
    };
    let mut had = BTreeMap::<String, u64>::new();
    for row in rows {
        *had.entry(row.try_get(0)?).or_default() += row::count::<u64>(row.try_get(1)?)?;
    }
    Ok(had.into_iter().map(|(table, rows)| Had { table, rows }).collect())
}

async fn counted(
    platform: &Platform,
    tenant: &TenantId,
    (person, names): (&str, &[String]),
    actor: &str,
) -> Result<Vec<Row>, StoreError> {
    let mut tx = platform.begin(Purpose::Erase, actor).await?;
    tx.query(HOLD, &[]).await?;
    let mut rows = Vec::new();
    for (person, names) in pieces(person, names) {
        rows.extend(tx.query(COUNT, &[&tenant.as_str(), &names, &person]).await?);
    }
    rows.extend(tx.query(COUNT_THREADS, &[&tenant.as_str(), &names, &person]).await?);
    tx.commit().await?;
    Ok(rows)
}

/// Erases them, a bounded piece at a time, and says how many there were. If it is interrupted, a second run
/// does the rest. Where it is not known whose they are, `person` is empty.
pub async fn erase(
    platform: &Platform,
    tenant: &TenantId,
    (person, names): (&str, &[String]),
    actor: &str,
) -> Result<u64, StoreError> {
    let mut done = 0;
    for (person, names) in pieces(person, names) {
        let asked: [&(dyn ToSql + Sync); 3] = [&tenant.as_str(), &names, &person];
        done += piece(platform, actor, ERASE, &asked).await?;
    }
    if !person.is_empty() {
        let asked: [&(dyn ToSql + Sync); 3] = [&tenant.as_str(), &names, &person];
        done += piece(platform, actor, ERASE_FROM_THREADS, &asked).await?;
    }
    Ok(done)
}

/// What belongs to the person alone is asked once.
fn pieces<'a>(
    person: &'a str,
    names: &'a [String],
) -> impl Iterator<Item = (&'a str, &'a [String])> {
    let none: &[String] = &[];
    std::iter::once((person, none)).chain(names.chunks(NAMES_MAX).map(|some| ("", some)))
}

async fn piece(
    platform: &Platform,
    actor: &str,
    sql: &'static str,
    asked: &[&(dyn ToSql + Sync)],
) -> Result<u64, StoreError> {
    let mut patience = Patience::default();
    loop {
        let erased = async {
            let mut tx = platform.begin(Purpose::Erase, actor).await?;
            tx.execute(FENCE, &[]).await?;
            let gone = number(&tx.query(sql, asked).await?)?;
            tx.commit().await?;
            Ok::<_, StoreError>(gone)
        };
        match erased.await {
            Ok(gone) => return Ok(gone),
            Err(error) => patience.after(error).await?,
        }
    }
}

/// Keeps the names, so that what comes under them after `place` of `EVENTS` is erased too, whoever is
/// interrupted. Returns from where it was looked for others before, if it was.
pub async fn remember(
    db: &Database,
    tenant: &TenantId,
    stories: &Stories,
    (place, now): (u64, Timestamp),
) -> Result<Option<u64>, StoreError> {
    let mut tx = db.tenant(tenant).await?;
    remember_names(&mut tx, stories, now).await?;
    let before = tx.query_opt(PLACE, &[&tenant.as_str()]).await?;
    let before = before.map(|it| row::count(it.try_get(0)?)).transpose()?;
    tx.execute(LOOK_FROM, &[&tenant.as_str(), &row::big(place)]).await?;
    tx.commit().await?;
    Ok(before)
}

async fn remember_names(
    tx: &mut TenantTx,
    stories: &Stories,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (tenant, names) = (tx.tenant().clone(), stories.names().collect::<Vec<_>>());
    for some in names.chunks(NAMES_MAX) {
        tx.execute(REMEMBER, &[&tenant.as_str(), &some, &now.as_millis()]).await?;
    }
    Ok(())
}

/// The tenants of which something was erased lately, with the place up to which `EVENTS` was looked at.
pub async fn places(platform: &Platform, actor: &str) -> Result<Vec<(TenantId, u64)>, StoreError> {
    let mut tx = platform.begin(Purpose::Sweep, actor).await?;
    let rows = tx.query(PLACES, &[]).await?;
    tx.commit().await?;
    let place = |it: &Row| Ok((row::id(it, 0)?, row::count(it.try_get(1)?)?));
    rows.iter().map(place).collect()
}

/// What was erased of a tenant lately.
pub async fn remembered(db: &Database, tenant: &TenantId) -> Result<Stories, StoreError> {
    let answer = db.tenant(tenant).await?.last(REMEMBERED, &[&tenant.as_str()]).await?;
    let names = answer.rows.iter().map(|it| it.try_get(0));
    let names: Vec<&str> = names.collect::<Result<_, _>>()?;
    Ok(Stories::of_names(names))
}

/// `EVENTS` was looked at from one place to another; with what was learned of what was sent.
pub async fn looked(
    db: &Database,
    tenant: &TenantId,
    stories: &Stories,
    ((from, to), now): ((u64, u64), Timestamp),
) -> Result<(), StoreError> {
    let mut tx = db.tenant(tenant).await?;
    remember_names(&mut tx, stories, now).await?;
    tx.execute(LOOKED, &[&tenant.as_str(), &row::big(from), &row::big(to)]).await?;
    tx.commit().await
}
