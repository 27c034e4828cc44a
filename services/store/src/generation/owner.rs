//! What only the owner of the tables can do: make a generation, put it in the place of the live one, and
//! drop it. Each step is one transaction, with its row in the audit.

use std::collections::BTreeMap;

use schemas::Timestamp;
use tokio_postgres::{Client, Row, Transaction};

use super::{Generation, Made, Wish};
use crate::{Settings, StoreError, migrate, owner, row};

/// "krebuild" in a number; the advisory lock of whoever works on generations.
const LOCK: i64 = 0x6b72_6562_7569_6c64;

const TRY_LOCK: &str = "select pg_try_advisory_lock($1)";
const AUDIT: &str = "insert into platform_audit (purpose, actor) values ($1, $2)";
const MADE: &str = "
    select name, readers, models, workers, (extract(epoch from since) * 1000)::bigint, taken_at_seq,
           (select count(distinct tenant) from erasure
             where extract(epoch from since) * 1000 <= coalesce(ended_at_ms, began_at_ms))
      from generation order by name";
const PLACES: &str = "
    select split_part(name, '/', 2), min(seq) from checkpoint
     where split_part(name, '/', 1) = $1 and name like '%/%/%' group by 1 order by 1";
const LIVE: &str = "select name, seq from checkpoint where name = any($1) order by name";

const BASE_PLACE: &str = "select seq from checkpoint where name = $1 for update";
const REMEMBER: &str = "
    insert into generation (name, readers, models, workers) values ($1, $2, $3, $4)";
/// Each time under another number: whoever wrote to one that was dropped does not go on in the next.
const BEGIN_PLACES: &str = "
    insert into checkpoint (name, generation, seq)
    select $1::text || '/' || $2::text || '/' || worker,
           (extract(epoch from now())::bigint & 2147483647)::int, $3::bigint
      from generate_series(0, $4::int - 1) worker";
const FORGET_PLACES: &str = "delete from checkpoint where split_part(name, '/', 1) = $1";
const FORGET: &str = "delete from generation where name = $1";

/// A reader that never ran stands at the start.
const ENSURE: &str = "
    insert into checkpoint (name, generation, seq)
    select name, 1, 0 from unnest($1::text[]) name on conflict do nothing";
/// Whoever holds the live readers and is not heard of any more lets them go.
const HOLD_BOUNDS: &str = "
    set local lock_timeout = '10s';
    set local idle_in_transaction_session_timeout = '60s'";
const HOLD: &str = "select name, seq from checkpoint where name = any($1) order by name for update";
const SPREAD: &str = "
    select split_part(name, '/', 2), min(seq), max(seq) from checkpoint
     where split_part(name, '/', 1) = $1 and name like '%/%/%' group by 1 order by 1";
/// What differs in the columns, keys and indexes of the live tables and those of a generation.
const SHAPE: &str = "
    with shape as (
        select n.nspname, c.relname, format('%s %s %s', a.attname,
               format_type(a.atttypid, a.atttypmod), a.attnotnull) as part
          from pg_attribute a join pg_class c on c.oid = a.attrelid
          join pg_namespace n on n.oid = c.relnamespace
         where 0 < a.attnum and not a.attisdropped and c.relkind = 'r' and c.relname = any($2)
        union all
        select n.nspname, c.relname, i.relname
          from pg_index x join pg_class i on i.oid = x.indexrelid
          join pg_class c on c.oid = x.indrelid join pg_namespace n on n.oid = c.relnamespace
         where c.relname = any($2))
    select relname::text || ': ' || part from (
        (select relname, part from shape where nspname = 'public'
         except select relname, part from shape where nspname = $1)
        union all
        (select relname, part from shape where nspname = $1
         except select relname, part from shape where nspname = 'public')) apart
     order by 1 limit 1";
const SWAP: &str = "call generation_swap($1, $2)";
const MOVE_ON: &str = "update checkpoint set generation = generation + 1 where name = any($1)";

/// How long a swap waits for those who read just now, while others wait behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Longer than most requests take, and too short for anybody to notice.
    Short,
    /// So long that the server ends its own cleaning of a table for us.
    Long,
}

impl Patience {
    const fn sql(self) -> &'static str {
        match self {
            Patience::Short => "set local lock_timeout = '200ms'",
            Patience::Long => "set local lock_timeout = '2s'",
        }
    }
}

/// The owner's door.
pub struct Generations {
    client: Client,
}

impl Generations {
    /// Connects as the owner. Everybody may look; who changes anything asks [`Self::alone`] first.
    pub async fn open(settings: &Settings) -> Result<Self, StoreError> {
        let client = owner::connect(settings).await?;
        migrate::verify(&client).await?;
        Ok(Self { client })
    }

    /// From now on nobody else works on generations, until this session ends, however it does.
    pub async fn alone(&self) -> Result<(), StoreError> {
        if self.client.query_one(TRY_LOCK, &[&LOCK]).await?.try_get(0)? {
            return Ok(());
        }
        Err(StoreError::Refused(
            "another `konstruct replay` is at work on this database".to_owned(),
        ))
    }

    /// Those that are there.
    pub async fn made(&self) -> Result<Vec<Made>, StoreError> {
        let mut all = Vec::new();
        for row in self.client.query(MADE, &[]).await? {
            let name: String = row.try_get(0)?;
            let generation = Generation::named(&name)
                .ok_or_else(|| StoreError::row("a generation of another name"))?;
            let (readers, models) = (row.try_get(1)?, row.try_get(2)?);
            let workers = row::count(row.try_get::<_, i32>(3)?.into())?;
            let places = self.client.query(PLACES, &[&name]).await?;
            all.push(Made {
                generation,
                wish: Wish { readers, models, workers },
                since: Timestamp::from_millis(row.try_get(4)?),
                taken_at: row.try_get::<_, Option<i64>>(5)?.map(row::count).transpose()?,
                erased: row::count(row.try_get(6)?)?,
                places: places.iter().map(place).collect::<Result<_, _>>()?,
            });
        }
        Ok(all)
    }

    /// One of them, if it is there.
    pub async fn find(&self, generation: Generation) -> Result<Option<Made>, StoreError> {
        Ok(self.made().await?.into_iter().find(|made| made.generation == generation))
    }

    /// How far the live readers have come.
    pub async fn live(&self, readers: &[String]) -> Result<BTreeMap<String, u64>, StoreError> {
        self.client.query(LIVE, &[&readers]).await?.iter().map(place).collect()
    }

    /// Makes the next generation, with what the base holds where it is filled by the reader of that.
    /// All of it or nothing.
    pub async fn begin(&mut self, wish: &Wish, actor: &str) -> Result<(), StoreError> {
        let (next, base) = (Generation::Next, Generation::Base);
        let Some(of_base) = self.find(base).await? else {
            return Err(StoreError::Refused(
                "there is no base: run `konstruct migrate`".to_owned(),
            ));
        };
        let tx = self.client.transaction().await?;
        tx.execute(AUDIT, &[&"rebuild-begin", &actor]).await?;
        tx.execute("call generation_make($1)", &[&next.schema()]).await?;
        let workers = row::small(wish.workers);
        tx.execute(REMEMBER, &[&next.name(), &wish.readers, &wish.models, &workers]).await?;
        for reader in &wish.readers {
            let mut from = 0_i64;
            if of_base.wish.readers.contains(reader) {
                // Whoever moves the base waits, or was before.
                let place = base.place(reader, 0);
                from = tx.query_one(BASE_PLACE, &[&place]).await?.try_get(0)?;
                let (source, into) = (base.schema(), next.schema());
                tx.execute("call generation_rows($1, $2)", &[&source, &into]).await?;
            }
            tx.execute(BEGIN_PLACES, &[&next.name(), reader, &from, &workers]).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Takes the live models over as a new base of this reader.
    pub async fn take_base(&mut self, reader: &str, actor: &str) -> Result<(), StoreError> {
        let tx = self.client.transaction().await?;
        tx.execute(AUDIT, &[&"rebuild-take-base", &actor]).await?;
        tx.execute("call generation_take_base($1)", &[&reader]).await?;
        Ok(tx.commit().await?)
    }

    /// Drops a generation. The base stays: without it, sums of what has left the log are lost.
    pub async fn discard(&mut self, generation: Generation, actor: &str) -> Result<(), StoreError> {
        let sql = match generation {
            Generation::Base => {
                return Err(StoreError::Refused("the base is not dropped".to_owned()));
            }
            Generation::Next => "drop schema if exists models_next cascade",
            Generation::Previous => "drop schema if exists models_previous cascade",
        };
        let tx = self.client.transaction().await?;
        tx.execute(AUDIT, &[&"rebuild-drop", &actor]).await?;
        tx.execute(FORGET_PLACES, &[&generation.name()]).await?;
        tx.execute(FORGET, &[&generation.name()]).await?;
        tx.batch_execute(sql).await?;
        Ok(tx.commit().await?)
    }

    /// Tells the planner what is in a generation.
    pub async fn analyze(&self, generation: Generation) -> Result<(), StoreError> {
        self.client.execute("call generation_analyze($1)", &[&generation.schema()]).await?;
        Ok(())
    }

    /// A row of the audit for a step that changes no table.
    pub async fn note(&self, step: &str, actor: &str) -> Result<(), StoreError> {
        self.client.execute(AUDIT, &[&step, &actor]).await?;
        Ok(())
    }

    /// Holds the live readers where they are, until what it gives is swapped or dropped. Whatever they
    /// read meanwhile waits.
    pub async fn hold(&mut self, readers: &[String]) -> Result<Held<'_>, StoreError> {
        self.client.execute(ENSURE, &[&readers]).await?;
        let tx = self.client.transaction().await?;
        tx.batch_execute(HOLD_BOUNDS).await?;
        let rows = tx.query(HOLD, &[&readers]).await?;
        let places = rows.iter().map(place).collect::<Result<_, _>>()?;
        Ok(Held { tx, places })
    }
}

/// The live readers, held where they are. Dropped, they go on.
pub struct Held<'a> {
    tx: Transaction<'a>,
    places: BTreeMap<String, u64>,
}

impl Held<'_> {
    /// Where they are.
    pub fn places(&self) -> &BTreeMap<String, u64> {
        &self.places
    }

    /// Lets them go on.
    pub async fn release(self) -> Result<(), StoreError> {
        Ok(self.tx.rollback().await?)
    }

    /// Puts a generation in the place of the live one, which becomes the previous one. Refused where it
    /// is not exactly as far, or not of the same shape. A transient error means that somebody reads just
    /// now, and another try may well succeed.
    pub async fn swap(
        self,
        made: &Made,
        (step, actor): (&str, &str),
        patience: Patience,
    ) -> Result<(), StoreError> {
        let (generation, wish) = (made.generation, &made.wish);
        self.check_same_place(made).await?;
        let shape = self.tx.query_opt(SHAPE, &[&generation.schema(), &wish.models]).await?;
        if let Some(row) = shape {
            let part: String = row.try_get(0)?;
            return Err(StoreError::Refused(format!(
                "the {} generation is of another shape ({part}): a migration came between; drop it",
                generation.name()
            )));
        }
        self.tx.batch_execute(patience.sql()).await?;
        for name in [generation.name(), Generation::Previous.name()] {
            self.tx.execute(FORGET_PLACES, &[&name]).await?;
            self.tx.execute(FORGET, &[&name]).await?;
        }
        self.tx.execute(SWAP, &[&generation.schema(), &wish.models]).await?;
        let previous = Generation::Previous.name();
        self.tx.execute(REMEMBER, &[&previous, &wish.readers, &wish.models, &1_i32]).await?;
        for reader in &wish.readers {
            let seq = row::big(self.places.get(reader).copied().unwrap_or_default());
            self.tx.execute(BEGIN_PLACES, &[&previous, reader, &seq, &1_i32]).await?;
        }
        // Whoever reads now starts again from its place, which is the same.
        self.tx.execute(MOVE_ON, &[&wish.readers]).await?;
        self.tx.execute(AUDIT, &[&step, &actor]).await?;
        Ok(self.tx.commit().await?)
    }

    /// Every worker of every reader of the generation is exactly where the live reader is.
    async fn check_same_place(&self, made: &Made) -> Result<(), StoreError> {
        let name = made.generation.name();
        let rows = self.tx.query(SPREAD, &[&name]).await?;
        if rows.len() != made.wish.readers.len() {
            return Err(StoreError::Fenced(format!("the {name} generation")));
        }
        for row in rows {
            let (reader, low, high): (String, i64, i64) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let live = self.places.get(&reader).copied().map(row::big);
            if live != Some(low) || live != Some(high) {
                return Err(StoreError::Refused(format!(
                    "the {name} generation stands at {low} to {high} of {reader}, the live one at {}",
                    live.unwrap_or_default()
                )));
            }
        }
        Ok(())
    }
}

fn place(row: &Row) -> Result<(String, u64), StoreError> {
    Ok((row.try_get(0)?, row::count(row.try_get(1)?)?))
}
