-- What operators look at: threads, and what was used and what it cost. Read models like the others:
-- written by the projector alone, from the log alone, no clock in them.

-- One row a thread.
CREATE TABLE p_conversation (
    tenant_id       text   COLLATE "C" NOT NULL,
    connection_id   text   COLLATE "C" NOT NULL,
    conversation_id text   COLLATE "C" NOT NULL,
    place           jsonb  NOT NULL, -- schemas::Place
    people          text[] NOT NULL, -- who wrote in it, in the order of their first words
    agent_id        text   COLLATE "C", -- who answered last
    state           text   NOT NULL, -- where its newest message stands
    messages        int    NOT NULL,
    first_at_ms     bigint NOT NULL,
    last_at_ms      bigint NOT NULL, -- when its newest message came
    answered_at_ms  bigint,
    last_seq        bigint NOT NULL,
    PRIMARY KEY (tenant_id, connection_id, conversation_id)
) WITH (fillfactor = 80);
-- The order of lists; what they are filtered by is in it too, so that what does not fit is passed over
-- without a look at its row.
CREATE INDEX p_conversation_newest
    ON p_conversation (tenant_id, last_at_ms, connection_id, conversation_id, state, agent_id);
CREATE INDEX p_conversation_age ON p_conversation USING brin (last_at_ms) WITH (autosummarize = on);
CALL tenant_table('p_conversation');
CALL platform_may('SELECT', 'p_conversation', '{list,rebuild,prune}');
CALL platform_may('DELETE', 'p_conversation', '{rebuild,prune}');

-- What was used, a row for each day (UTC), agent, version and model; '' and 0 where that is not known.
-- A message counts when it is decided what comes of it: answered, failed or throttled.
CREATE TABLE p_usage (
    tenant_id       text   COLLATE "C" NOT NULL,
    day             int    NOT NULL, -- 20261121
    agent_id        text   COLLATE "C" NOT NULL,
    agent_version   int    NOT NULL,
    model           text   COLLATE "C" NOT NULL,
    messages        bigint NOT NULL,
    answered        bigint NOT NULL,
    failed          bigint NOT NULL, -- no answer, or nobody could be told
    throttled       bigint NOT NULL,
    uncertain       bigint NOT NULL, -- how often it was not known whether a reply arrived
    unpriced        bigint NOT NULL, -- answers whose cost is not known
    input_tokens    bigint NOT NULL,
    output_tokens   bigint NOT NULL,
    cost_micros     bigint NOT NULL,
    latency_ms_sum  bigint NOT NULL, -- of answers
    latency_buckets bigint[] NOT NULL, -- answers by latency; the bounds are in `domain::latency`
    PRIMARY KEY (tenant_id, day, agent_id, agent_version, model)
) WITH (fillfactor = 70);
CALL tenant_table('p_usage');
CALL platform_may('SELECT', 'p_usage', '{list,rebuild}');
CALL platform_may('DELETE', 'p_usage', '{rebuild}');

-- The same by month, for lists of many tenants.
CREATE TABLE p_month (
    tenant_id     text   COLLATE "C" NOT NULL,
    month         int    NOT NULL, -- 202611
    messages      bigint NOT NULL,
    answered      bigint NOT NULL,
    failed        bigint NOT NULL,
    throttled     bigint NOT NULL,
    uncertain     bigint NOT NULL,
    unpriced      bigint NOT NULL,
    input_tokens  bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cost_micros   bigint NOT NULL,
    PRIMARY KEY (tenant_id, month)
) WITH (fillfactor = 70);
CALL tenant_table('p_month');
CALL platform_may('SELECT', 'p_month', '{list,rebuild}');
CALL platform_may('DELETE', 'p_month', '{rebuild}');

-- The same by day and model for the whole installation. Sums of all tenants, and no row of any.
CREATE TABLE p_day (
    day             int    NOT NULL,
    model           text   COLLATE "C" NOT NULL,
    messages        bigint NOT NULL,
    answered        bigint NOT NULL,
    failed          bigint NOT NULL,
    throttled       bigint NOT NULL,
    uncertain       bigint NOT NULL,
    unpriced        bigint NOT NULL,
    input_tokens    bigint NOT NULL,
    output_tokens   bigint NOT NULL,
    cost_micros     bigint NOT NULL,
    latency_ms_sum  bigint NOT NULL,
    latency_buckets bigint[] NOT NULL,
    PRIMARY KEY (day, model)
) WITH (fillfactor = 50);
REVOKE ALL ON p_day FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE ON p_day TO konstruct_app;
GRANT SELECT, DELETE ON p_day TO konstruct_platform;

-- Nobody who serves tenants forgets these by accident.
REVOKE DELETE ON p_conversation, p_usage, p_month FROM konstruct_app;

-- Replies in doubt are few, and are looked for in all tenants.
CREATE INDEX p_message_uncertain ON p_message (tenant_id, received_at_ms) WHERE state = 'uncertain';

-- Elementwise: two rows of buckets as one.
CREATE FUNCTION sum_of_buckets(a bigint[], b bigint[]) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
    SELECT coalesce(array_agg(coalesce(x, 0) + coalesce(y, 0) ORDER BY place), '{}')
      FROM unnest(a, b) WITH ORDINALITY AS pair (x, y, place)
$$;
REVOKE EXECUTE ON FUNCTION sum_of_buckets(bigint[], bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sum_of_buckets(bigint[], bigint[]) TO konstruct_app, konstruct_platform;
CREATE AGGREGATE buckets_sum(bigint[]) (
    SFUNC = sum_of_buckets, STYPE = bigint[], INITCOND = '{}', PARALLEL = SAFE,
    COMBINEFUNC = sum_of_buckets
);
GRANT EXECUTE ON FUNCTION buckets_sum(bigint[]) TO konstruct_app, konstruct_platform;
