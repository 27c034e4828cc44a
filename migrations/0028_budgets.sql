-- The tenants that have a budget of the month: few of all, for the page that asks whose is nearly used up.
CREATE INDEX p_tenant_budget ON p_tenant (tenant_id)
    WHERE state->'budget'->>'monthly_micros' IS NOT NULL;
-- The base has the shape of what is live.
CREATE INDEX p_tenant_budget ON models_base.p_tenant (tenant_id)
    WHERE state->'budget'->>'monthly_micros' IS NOT NULL;
