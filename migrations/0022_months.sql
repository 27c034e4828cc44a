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
ALTER TABLE trial_usage FORCE ROW LEVEL SECURITY;

CALL tenant_table('trial_month');
CALL platform_may('SELECT', 'trial_month', '{list}');
REVOKE DELETE ON trial_month FROM konstruct_app;

-- Whoever changes a day changes its month, as the same role and bound to the same tenant. No row of
-- `trial_usage` goes while its tenant is there.
CREATE FUNCTION add_to_trial_month() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO trial_month AS m (tenant_id, month, unpriced, input_tokens, output_tokens, cost_micros)
    VALUES (NEW.tenant_id, NEW.day / 100, NEW.unpriced - coalesce(OLD.unpriced, 0),
            NEW.input_tokens - coalesce(OLD.input_tokens, 0),
            NEW.output_tokens - coalesce(OLD.output_tokens, 0),
            NEW.cost_micros - coalesce(OLD.cost_micros, 0))
    ON CONFLICT (tenant_id, month) DO UPDATE SET
        unpriced = m.unpriced + excluded.unpriced,
        input_tokens = m.input_tokens + excluded.input_tokens,
        output_tokens = m.output_tokens + excluded.output_tokens,
        cost_micros = m.cost_micros + excluded.cost_micros;
    RETURN NULL;
END
$$;
CREATE TRIGGER trial_month AFTER INSERT OR UPDATE ON trial_usage
    FOR EACH ROW EXECUTE FUNCTION add_to_trial_month();
