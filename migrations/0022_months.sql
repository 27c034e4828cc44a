-- What the installation's usage by tenant is made of: one month of all tenants, and no row of another.
-- Neither column changes, so that a sum that grows leaves the index alone.
CREATE INDEX p_month_list ON p_month (month, tenant_id);

-- What `trial_usage` comes to in a month, so that months need not be added up day by day. Like that, it is
-- in every backup.
CREATE TABLE trial_month (
    tenant_id     text   COLLATE "C" NOT NULL,
    month         int    NOT NULL, -- 202611
    unpriced      bigint NOT NULL,
    input_tokens  bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cost_micros   bigint NOT NULL,
    PRIMARY KEY (tenant_id, month)
) WITH (fillfactor = 70);
CREATE INDEX trial_month_list ON trial_month (month, tenant_id);

-- What there is already, of all tenants: before there are walls for it, and with those of the other open
-- to its owner for as long as this transaction.
ALTER TABLE trial_usage NO FORCE ROW LEVEL SECURITY;
INSERT INTO trial_month
SELECT tenant_id, day / 100, sum(unpriced), sum(input_tokens), sum(output_tokens), sum(cost_micros)
  FROM trial_usage GROUP BY tenant_id, day / 100;

-- The same by day and model for the whole installation: sums of all tenants, and no row of any. Nobody who
-- calls a model waits for another tenant: a change is a row of its own, until the sweeper adds it to its day.
CREATE TABLE trial_day (
    day           int    NOT NULL,
    model         text   COLLATE "C" NOT NULL,
    unpriced      bigint NOT NULL,
    input_tokens  bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cost_micros   bigint NOT NULL,
    PRIMARY KEY (day, model)
);
CREATE TABLE trial_change (
    number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    day           int    NOT NULL,
    model         text   COLLATE "C" NOT NULL,
    unpriced      bigint NOT NULL,
    input_tokens  bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cost_micros   bigint NOT NULL
);
INSERT INTO trial_day
SELECT day, model, sum(unpriced), sum(input_tokens), sum(output_tokens), sum(cost_micros)
  FROM trial_usage GROUP BY day, model;
REVOKE ALL ON trial_day, trial_change FROM PUBLIC;
GRANT INSERT ON trial_change TO konstruct_app;
GRANT SELECT, DELETE ON trial_change TO konstruct_platform;
GRANT SELECT, INSERT, UPDATE ON trial_day TO konstruct_platform;
ALTER TABLE trial_usage FORCE ROW LEVEL SECURITY;

CALL tenant_table('trial_month');
CALL platform_may('SELECT', 'trial_month', '{list}');
REVOKE DELETE ON trial_month FROM konstruct_app;

-- Whoever changes a tenant's day changes its month, as the same role and bound to the same tenant.
CREATE FUNCTION add_up_trials() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    unpriced      bigint := NEW.unpriced - coalesce(OLD.unpriced, 0);
    input_tokens  bigint := NEW.input_tokens - coalesce(OLD.input_tokens, 0);
    output_tokens bigint := NEW.output_tokens - coalesce(OLD.output_tokens, 0);
    cost_micros   bigint := NEW.cost_micros - coalesce(OLD.cost_micros, 0);
BEGIN
    INSERT INTO trial_month AS m
    VALUES (NEW.tenant_id, NEW.day / 100, unpriced, input_tokens, output_tokens, cost_micros)
    ON CONFLICT ON CONSTRAINT trial_month_pkey DO UPDATE SET
        unpriced = m.unpriced + excluded.unpriced,
        input_tokens = m.input_tokens + excluded.input_tokens,
        output_tokens = m.output_tokens + excluded.output_tokens,
        cost_micros = m.cost_micros + excluded.cost_micros;
    INSERT INTO trial_change (day, model, unpriced, input_tokens, output_tokens, cost_micros)
    VALUES (NEW.day, NEW.model, unpriced, input_tokens, output_tokens, cost_micros);
    RETURN NULL;
END
$$;
CREATE TRIGGER sums AFTER INSERT OR UPDATE ON trial_usage
    FOR EACH ROW EXECUTE FUNCTION add_up_trials();
