-- What each tenant has taken of what is shared: room in the directory's log, and trials that cost money.

-- What a change takes there, nearly. Made of the row, so those that are here have it as well, and sums
-- need not read the states.
ALTER TABLE p_change ADD COLUMN bytes bigint NOT NULL
    GENERATED ALWAYS AS (octet_length(state::text)) STORED;

-- What trials of drafts used, a row for each day (UTC), agent and model. Not derived from the log, so it
-- is in every backup.
CREATE TABLE trial_usage (
    tenant_id     text   COLLATE "C" NOT NULL,
    day           int    NOT NULL, -- 20261121
    agent_id      text   COLLATE "C" NOT NULL,
    model         text   COLLATE "C" NOT NULL, -- as configured
    calls         bigint NOT NULL, -- each counted before it is made
    unpriced      bigint NOT NULL, -- calls whose cost is not known, or not yet
    input_tokens  bigint NOT NULL DEFAULT 0,
    output_tokens bigint NOT NULL DEFAULT 0,
    cost_micros   bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, day, agent_id, model)
) WITH (fillfactor = 70);
CREATE INDEX trial_usage_day ON trial_usage (day);
CALL tenant_table('trial_usage');
CALL platform_may('SELECT', 'trial_usage', '{list}');
REVOKE DELETE ON trial_usage FROM konstruct_app;
