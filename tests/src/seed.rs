//! An installation that has been in use for a month: read models, memory and keys, written straight into
//! the tables. One tenant has a tenth of all messages, the others share the rest evenly.

use anyhow::Context as _;
use domain::seal::{MasterKey, Owner, Sealing};
use schemas::{TenantId, Timestamp};
use store::{Keys, keys::Masters};
use tokio_postgres::Client;

use crate::{
    installation::MASTER_KEY,
    postgres::{TestDatabase, raw},
};

/// The tenant with a tenth of all messages.
pub const LARGE: &str = "seed-00000";

/// A word that is in one of each so many messages.
pub const WORD: &str = "invoice";

/// Texts that are sealed and written at a time.
const PIECE: usize = 5_000;

/// How much.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Tenants.
    pub tenants: u32,
    /// Messages of all of them together.
    pub messages: u32,
}

impl Default for Size {
    fn default() -> Self {
        Self { tenants: 10_000, messages: 1_000_000 }
    }
}

/// The keys that open what is sealed here.
pub fn keys(db: store::Database) -> anyhow::Result<Keys> {
    let master = MasterKey::parse(MASTER_KEY)?;
    Ok(Keys::new(db, Masters::new(master, Vec::new()), 100))
}

/// $1 tenants.
const DIRECTORY: [&str; 3] = [
    r#"insert into p_tenant (tenant_id, state, status, name, last_seq)
       select slug, jsonb_build_object('id', slug, 'name', 'Seed ' || n || ' Ltd', 'status', 'active'),
              'active', 'Seed ' || n || ' Ltd', n + 1
         from (select n, 'seed-' || lpad(n::text, 5, '0') as slug
                 from generate_series(0, $1::int - 1) n) t"#,
    r#"insert into p_agent (tenant_id, agent_id, state, version, retired, last_seq)
       select 'seed-' || lpad(n::text, 5, '0'), agent, jsonb_build_object('id', agent, 'published',
              jsonb_build_object('version', 3, 'config', jsonb_build_object(
                  'name', initcap(agent), 'role', 'Support lead', 'model', 'quality',
                  'follow_minutes', 30, 'job_description', plain, 'statement_of_work', plain,
                  'persona', plain, 'system_prompt', plain))), 3, false, n + 1
         from generate_series(0, $1::int - 1) n, unnest('{mara,tom}'::text[]) agent,
              (select '{"plain": "Helps customers."}'::jsonb as plain) p"#,
    r#"insert into p_connection (tenant_id, connection_id, state, agent_id, active, last_seq)
       select 'seed-' || lpad(n::text, 5, '0'), 'slack-T' || n, jsonb_build_object(
              'id', 'slack-T' || n, 'channel', 'slack', 'app', 'default', 'workspace', 'T' || n,
              'bot_user', 'U0MARA', 'agent', 'mara', 'token', 'slack', 'status', 'active'),
              'mara', true, n + 1
         from generate_series(0, $1::int - 1) n"#,
];

/// $1 tenants, $2 messages, $3 now. A thread has four messages; the states are those of a bad month.
const MESSAGES: &str = r#"
    insert into p_message (tenant_id, message_id, connection_id, conversation_id, reference, state,
        detail, agent_id, agent_version, model, input_tokens, output_tokens, cost_micros,
        price_version, received_at_ms, decided_at_ms, completed_at_ms, answered_at_ms,
        last_event_id, last_seq)
    select slug, 'm' || i, wire, thread, jsonb_build_object('id', 'm' || i, 'connection', wire,
               'conversation', thread, 'ts', (at / 1000) || '.000100', 'sender', 'U' || k % 97,
               'place', jsonb_build_object('workspace', 'T' || n, 'channel', 'C' || k / 4 % 7,
                   'kind', 'public', 'thread', (at / 1000) || '.000100')),
           state, case when state = 'failed' then 'models_failed' end, agent, 3,
           case k % 3 when 0 then 'claude-haiku' else 'gpt-mini' end, 1500 + k % 900, 80 + k % 400,
           2000 + k % 7000, '2026-11-01', at, at + 8, at + 900 + k % 4000, at + 1200 + k % 4000,
           'e' || i, i
      from (select i, n, k, at, 'seed-' || lpad(n::text, 5, '0') as slug, 'slack-T' || n as wire,
                   'C' || k / 4 % 7 || '-' || k / 4 as thread,
                   case k % 2 when 0 then 'mara' else 'tom' end as agent,
                   case when i % 5000 = 11 then 'uncertain' when k % 50 = 7 then 'failed'
                        when k % 200 = 3 then 'throttled' else 'delivered' end as state
              from (select i, case when i % 10 = 0 then 0 else i % $1::int end as n,
                           case when i % 10 = 0 then i / 10 else i / $1::int end as k,
                           $3::bigint - ($2::int - i) * (31 * 86400000::bigint / $2::int) as at
                      from generate_series(0, $2::int - 1) i) o) m"#;

/// What the projector adds up, from the messages as they are. A bucket holds all answers of a row.
const SUMS: [&str; 4] = [
    "insert into p_conversation (tenant_id, connection_id, conversation_id, place, people, agent_id,
         state, messages, first_at_ms, last_at_ms, answered_at_ms, last_seq)
     select tenant_id, connection_id, conversation_id, (array_agg(reference -> 'place'))[1],
            array_agg(distinct reference ->> 'sender'),
            (array_agg(agent_id order by received_at_ms desc))[1],
            (array_agg(state order by received_at_ms desc))[1], count(*), min(received_at_ms),
            max(received_at_ms), max(answered_at_ms), max(last_seq)
       from p_message group by 1, 2, 3",
    "insert into p_usage (tenant_id, day, agent_id, agent_version, model, messages, answered, failed,
         throttled, uncertain, unpriced, input_tokens, output_tokens, cost_micros, latency_ms_sum,
         latency_buckets)
     select tenant_id, to_char(to_timestamp(received_at_ms / 1000) at time zone 'utc', 'YYYYMMDD')::int,
            agent_id, agent_version, model, count(*), count(*) filter (where state = 'delivered'),
            count(*) filter (where state = 'failed'), count(*) filter (where state = 'throttled'),
            count(*) filter (where state = 'uncertain'), 0, sum(input_tokens), sum(output_tokens),
            sum(cost_micros), sum(completed_at_ms - received_at_ms),
            array_fill(0::bigint, '{7}') || count(*) || array_fill(0::bigint, '{12}')
       from p_message group by 1, 2, 3, 4, 5",
    "insert into p_month select tenant_id, day / 100, sum(messages), sum(answered), sum(failed),
            sum(throttled), sum(uncertain), 0, sum(input_tokens), sum(output_tokens), sum(cost_micros)
       from p_usage group by 1, 2",
    "insert into p_day select day, model, sum(messages), sum(answered), sum(failed), sum(throttled),
            sum(uncertain), 0, sum(input_tokens), sum(output_tokens), sum(cost_micros),
            sum(latency_ms_sum), buckets_sum(latency_buckets)
       from p_usage group by 1, 2",
];

/// $1 tenants, $2 now: programs of each fifth of them, every day of a month.
const PROGRAMS: &str = "
    insert into trial_usage (tenant_id, day, agent_id, model, calls, unpriced, input_tokens,
        output_tokens, cost_micros)
    select 'seed-' || lpad(n::text, 5, '0'),
           to_char(to_timestamp($2::bigint / 1000) at time zone 'utc' - day * interval '1 day',
                   'YYYYMMDD')::int, '', 'gpt-mini', 3, 0, 900, 80, 500 + n % 700
      from generate_series(0, $1::int - 1, 5) n, generate_series(0, 30) day";

/// As the sweeper leaves it.
const PROGRAMS_ADDED_UP: &str = "
    insert into trial_day select day, model, sum(unpriced), sum(input_tokens), sum(output_tokens),
           sum(cost_micros) from trial_usage group by day, model;
    truncate trial_change";

/// The story of each message of the large tenant, and the first event of all others.
const EVENTS: &str = "
    insert into p_event (tenant_id, stream, seq, event_id, correlation_id, kind, source, time_ms)
    select tenant_id, 'EVENTS', last_seq * 5 + step, 'e' || last_seq || '-' || step, message_id,
           kind, 'seed', received_at_ms + coalesce(after, 0)
      from p_message, lateral (values
           (0, 'message.received', 0), (1, 'message.accepted', 4), (2, 'message.admitted', 8),
           (3, 'completion.finished', completed_at_ms - received_at_ms),
           (4, 'reply.delivered', answered_at_ms - received_at_ms)) as told (step, kind, after)
     where step = 0 or tenant_id = 'seed-00000'";
const ATTEMPTS: &str = "
    insert into attempt (tenant_id, message_id, index, deployment, started_at_ms)
    select tenant_id, message_id, 0, 'quality-a', received_at_ms + 10 from p_message
     where tenant_id = 'seed-00000'";
/// Plain, as where sealing is turned off; the large tenant's are sealed.
const TURNS: &str = r#"
    insert into turn (tenant_id, connection_id, conversation_id, message_id, role, position, sender,
        sender_name, text)
    select tenant_id, connection_id, conversation_id, message_id, role, received_at_ms * 1000,
           case role when 'person' then reference ->> 'sender' else agent_id end, null,
           '{"plain": "Where is my order, please?"}'
      from p_message, unnest('{person,agent}'::text[]) role
     where tenant_id <> 'seed-00000' and state <> 'throttled'"#;
const SEALED: &str = "
    insert into turn (tenant_id, connection_id, conversation_id, message_id, role, position, sender,
        sender_name, text)
    select tenant_id, connection_id, conversation_id, message_id, role, received_at_ms * 1000,
           case role when 'person' then reference ->> 'sender' else agent_id end, 'Ana', words::jsonb
      from unnest($1::text[], $2::text[], $3::text[]) as said (message_id, role, words)
      join p_message using (message_id) where tenant_id = 'seed-00000'";

/// Fills an empty database, as it would be at `now`.
pub async fn fill(database: &TestDatabase, size: Size, now: Timestamp) -> anyhow::Result<()> {
    let admin = raw(&database.superuser_url()).await?;
    let (tenants, messages) = (i32::try_from(size.tenants)?, i32::try_from(size.messages)?);
    for sql in DIRECTORY {
        admin.execute(sql, &[&tenants]).await.context("directory")?;
    }
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
        [&tenants, &messages, &now.as_millis()];
    admin.execute(MESSAGES, &params).await.context("messages")?;
    admin.batch_execute("analyze p_message").await?;
    admin.execute(PROGRAMS, &[&tenants, &now.as_millis()]).await.context("programs")?;
    admin.batch_execute(PROGRAMS_ADDED_UP).await?;
    for sql in SUMS.into_iter().chain([EVENTS, ATTEMPTS, TURNS]) {
        admin.execute(sql, &[]).await.with_context(|| sql.to_owned())?;
    }
    seal(database, &admin, now).await?;
    Ok(admin.batch_execute("vacuum analyze").await?)
}

/// The words of the large tenant.
async fn seal(database: &TestDatabase, admin: &Client, now: Timestamp) -> anyhow::Result<()> {
    let tenant: TenantId = LARGE.parse()?;
    let key = keys(database.database().await?)?.get(&tenant, now).await?;
    let sealing = Sealing::On(key);
    let sql = "select message_id from p_message where tenant_id = $1 and state <> 'throttled'";
    let rows = admin.query(sql, &[&LARGE]).await?;
    let ids = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
    for piece in ids.chunks(PIECE) {
        let (mut messages, mut roles, mut words) = (Vec::new(), Vec::new(), Vec::new());
        for id in piece {
            let owner = Owner { tenant: &tenant, of: id };
            let asked = if id.ends_with("000") { WORD } else { "order" };
            let said = format!("Where is my {asked}? It should have been here on Tuesday.");
            for (role, text) in [("person", said.as_str()), ("agent", "It is on its way to you.")] {
                messages.push(id.as_str());
                roles.push(role);
                words.push(serde_json::to_string(&sealing.seal(owner, text))?);
            }
        }
        admin.execute(SEALED, &[&messages, &roles, &words]).await?;
    }
    Ok(())
}
