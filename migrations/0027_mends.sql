-- Tests are run as replays are, a tenant is erased table by table, and its receipt stays.

-- A run may be of turns that are kept as tests: each case has its test, and what was expected then.
ALTER TABLE replay_run ADD COLUMN of_tests boolean NOT NULL DEFAULT false;
ALTER TABLE replay_case ADD COLUMN test_id text COLLATE "C";
ALTER TABLE replay_case ADD COLUMN checks jsonb; -- schemas::Text, its owner the message
COMMENT ON COLUMN replay_case.verdict IS 'the judge''s; of a test, which of its checks hold';

-- Every time that somebody erased a tenant, with the receipt once that was done. It is signed, and kept as
-- it was signed; of the tenant there is nothing in it but the slug. Belongs to no tenant.
CREATE TABLE erasure (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant      text   COLLATE "C" NOT NULL,
    began_at_ms bigint NOT NULL,
    by_whom     text   NOT NULL,
    ended_at_ms bigint,
    receipt     text
);
CREATE INDEX erasure_tenant ON erasure (tenant, id);
REVOKE ALL ON erasure FROM PUBLIC;
GRANT SELECT, INSERT ON erasure TO konstruct_platform;
GRANT UPDATE (ended_at_ms, receipt) ON erasure TO konstruct_platform;

-- The tables that have rows of tenants, in the order in which they are erased.
CREATE FUNCTION erasable_tables() RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT polrelid::regclass::text FROM pg_policy WHERE polname = 'platform_erase_delete' ORDER BY 1
$$;

-- How many rows one of them has to erase; none if it is gone meanwhile.
CREATE FUNCTION erasable_rows_of(name text, tenant text, kept bigint[]) RETURNS bigint
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public AS $$
DECLARE
    target regclass := to_regclass(name);
    had bigint := 0;
BEGIN
    IF target IS NOT NULL THEN
        EXECUTE format('SELECT count(*) FROM %s WHERE tenant_id = $1 %s', target, not_kept(target))
            INTO had USING tenant, kept;
    END IF;
    RETURN had;
END
$$;

-- Deletes at most so many of them, and says how many those were.
CREATE FUNCTION erase_rows_of(name text, tenant text, kept bigint[], rows_max bigint) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    target regclass := to_regclass(name);
    gone bigint := 0;
BEGIN
    IF target IS NOT NULL THEN
        EXECUTE format(
            'DELETE FROM %1$s WHERE (%2$s) IN
                 (SELECT %2$s FROM %1$s WHERE tenant_id = $1 %3$s LIMIT $3)',
            target, coalesce(primary_key_of(target), 'tenant_id'), not_kept(target))
            USING tenant, kept, rows_max;
        GET DIAGNOSTICS gone = ROW_COUNT;
    END IF;
    RETURN gone;
END
$$;
REVOKE EXECUTE ON FUNCTION erasable_tables(), erasable_rows_of(text, text, bigint[]),
    erase_rows_of(text, text, bigint[], bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erasable_tables(), erasable_rows_of(text, text, bigint[]),
    erase_rows_of(text, text, bigint[], bigint) TO konstruct_platform;
