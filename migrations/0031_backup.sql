-- Backups, and what a restore leaves behind.

-- Whoever backs up reads every row, as the owner, in a transaction that says so. The owner could have
-- that by taking row-level security off, which would hold up everybody; this holds up nobody.
CREATE PROCEDURE owner_backs_up(name regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE POLICY owner_backup ON %s FOR SELECT TO konstruct_owner
            USING (current_setting(''app.platform_reason'', true) = ''backup'')',
        name);
END
$$;
REVOKE EXECUTE ON PROCEDURE owner_backs_up(regclass) FROM PUBLIC;

-- The tables that are there, in every generation of the read models.
DO $$
DECLARE
    target regclass;
BEGIN
    FOR target IN SELECT polrelid::regclass FROM pg_policy WHERE polname = 'bound_tenant' LOOP
        CALL owner_backs_up(target);
    END LOOP;
END
$$;

-- And those that come: as in 0024, with the last line new.
CREATE OR REPLACE PROCEDURE tenant_table(name regclass) LANGUAGE plpgsql AS $$
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
    CALL platform_erases(name);
    CALL owner_backs_up(name);
END
$$;

-- Each time that a backup was put back. What was written before `lost_at_ms` may have been answered by
-- the installation that was lost; what an operator says at a later place than `events_seq` is said since.
CREATE TABLE restoration (
    restored_at_ms bigint PRIMARY KEY,
    cut_at_ms      bigint NOT NULL, -- what the backup holds, it held then
    lost_at_ms     bigint NOT NULL,
    events_seq     bigint NOT NULL,
    actor          text   NOT NULL CHECK (actor <> '')
);
REVOKE ALL ON restoration FROM PUBLIC;
GRANT SELECT ON restoration TO konstruct_app, konstruct_platform;
