-- Who may do what, and the few tables that belong to no tenant.
--
-- Run by `konstruct_owner`. The other two roles own nothing, are NOSUPERUSER and NOBYPASSRLS, and
-- have only what a migration grants them.

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO konstruct_app, konstruct_platform;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON ROUTINES FROM PUBLIC;

DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO konstruct_app, konstruct_platform', current_database());
END
$$;

-- The runner's own table; services compare it with what they were built with.
GRANT SELECT ON konstruct_migration TO konstruct_app, konstruct_platform;

-- Every table with a `tenant_id` is finished with `CALL tenant_table('name')`. The owner is bound
-- too (FORCE), and has no policy: a migration that must rewrite rows says
-- `ALTER TABLE … NO FORCE ROW LEVEL SECURITY` and puts it back in the same transaction.
--
-- The expression is direct, not wrapped in a function: it stays STABLE, so that the index led by
-- `tenant_id` is used, and NULLIF is there because a setting that was local once is '' afterwards.
CREATE PROCEDURE tenant_table(name regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('REVOKE ALL ON %s FROM PUBLIC', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO konstruct_app', name);
    EXECUTE format(
        'CREATE POLICY bound_tenant ON %s TO konstruct_app
            USING (tenant_id = nullif(current_setting(''app.current_tenant'', true), ''''))
            WITH CHECK (tenant_id = nullif(current_setting(''app.current_tenant'', true), ''''))',
        name);
END
$$;

-- What `konstruct_platform` may do to the rows of all tenants, one verb and its purposes at a time.
-- A transaction names its purpose in `app.platform_reason`, and leaves a row in `platform_audit`.
CREATE PROCEDURE platform_may(verb text, name regclass, purposes text[]) LANGUAGE plpgsql AS $$
DECLARE
    stated text := format('current_setting(''app.platform_reason'', true) = ANY (%L::text[])', purposes);
    clause text := CASE verb
        WHEN 'INSERT' THEN format('WITH CHECK (%s)', stated)
        WHEN 'UPDATE' THEN format('USING (%s) WITH CHECK (%s)', stated, stated)
        ELSE format('USING (%s)', stated)
    END;
BEGIN
    EXECUTE format('GRANT %s ON %s TO konstruct_platform', verb, name);
    EXECUTE format('CREATE POLICY %I ON %s FOR %s TO konstruct_platform %s',
        'platform_' || lower(verb), name, verb, clause);
END
$$;

-- How far each reader of a stream has come. Moves in the transaction that writes what was read.
-- It holds no tenant's data, only sequence numbers, so the app role may write it.
CREATE TABLE checkpoint (
    name       text   COLLATE "C" PRIMARY KEY,
    generation int    NOT NULL,
    seq        bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON checkpoint TO konstruct_app;
GRANT SELECT, UPDATE ON checkpoint TO konstruct_platform;

-- Who leads an ordered stage. The epoch only grows; a record made under an older one is refused.
CREATE TABLE stage_fence (
    stage text COLLATE "C" PRIMARY KEY,
    epoch bigint      NOT NULL,
    owner text        NOT NULL,
    since timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT, UPDATE ON stage_fence TO konstruct_app;
GRANT SELECT ON stage_fence TO konstruct_platform;

-- Every look across tenants, before it is taken. Append-only: nobody but the owner can change it.
CREATE TABLE platform_audit (
    id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT now(),
    purpose text        NOT NULL CHECK (purpose <> ''),
    actor   text        NOT NULL CHECK (actor <> '')
);
CREATE INDEX platform_audit_at ON platform_audit (at);
GRANT SELECT, INSERT ON platform_audit TO konstruct_platform;

-- Unattended work leaves a row every few seconds. Those, and only those, go after a month.
CREATE FUNCTION forget_unattended_audit() RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH gone AS (
        DELETE FROM public.platform_audit
        WHERE purpose IN ('sweep', 'prune') AND at < now() - interval '30 days'
        RETURNING 1
    )
    SELECT count(*) FROM gone
$$;
REVOKE EXECUTE ON FUNCTION forget_unattended_audit() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_unattended_audit() TO konstruct_platform;
REVOKE EXECUTE ON PROCEDURE tenant_table(regclass), platform_may(text, regclass, text[]) FROM PUBLIC;
