-- Erasing a tenant: every row of it in every table, found in the catalogue.

-- The columns of a table's primary key, as they stand in a statement.
CREATE FUNCTION primary_key_of(name regclass) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum)
      FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
     WHERE indrelid = name AND indisprimary
$$;

-- The platform role may delete rows for that purpose; for it, it sees their keys, and nothing else of them.
CREATE PROCEDURE platform_erases(name regclass) LANGUAGE plpgsql AS $$
DECLARE
    clause text := 'USING (current_setting(''app.platform_reason'', true) = ANY (''{erase}''::text[]))';
BEGIN
    EXECUTE format('GRANT SELECT (%s), DELETE ON %s TO konstruct_platform',
        coalesce(primary_key_of(name), 'tenant_id'), name);
    EXECUTE format('CREATE POLICY platform_erase_select ON %s FOR SELECT TO konstruct_platform %s',
        name, clause);
    EXECUTE format('CREATE POLICY platform_erase_delete ON %s FOR DELETE TO konstruct_platform %s',
        name, clause);
END
$$;
REVOKE EXECUTE ON PROCEDURE platform_erases(regclass) FROM PUBLIC;

-- The tables that are there. A tenant's key is no row to delete: it becomes a tombstone.
DO $$
DECLARE
    target regclass;
BEGIN
    FOR target IN
        SELECT polrelid::regclass FROM pg_policy
         WHERE polname = 'bound_tenant' AND polrelid <> 'tenant_key'::regclass
    LOOP
        CALL platform_erases(target);
    END LOOP;
END
$$;

-- And those that come: as in 0001, with the last line new.
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
END
$$;

-- What of a tenant's rows stays: those of the read models that derive from what the directory's stream
-- keeps, by the sequences in $2. A rebuild gives the same.
CREATE FUNCTION not_kept(target regclass) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT CASE target::text
        WHEN 'p_event' THEN 'AND NOT (stream = ''DIRECTORY'' AND seq = ANY ($2))'
        WHEN 'p_change' THEN 'AND seq <> ALL ($2)'
        WHEN 'p_tenant' THEN 'AND last_seq <> ALL ($2)'
        ELSE ''
    END
$$;

-- How many rows there are to erase, by table.
CREATE FUNCTION erasable_rows(tenant text, kept bigint[])
    RETURNS TABLE (table_name text, had bigint)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public AS $$
DECLARE
    target regclass;
BEGIN
    FOR target IN
        SELECT polrelid::regclass FROM pg_policy WHERE polname = 'platform_erase_delete'
         ORDER BY polrelid::regclass::text
    LOOP
        table_name := target::text;
        EXECUTE format('SELECT count(*) FROM %s WHERE tenant_id = $1 %s', target, not_kept(target))
            INTO had USING tenant, kept;
        RETURN NEXT;
    END LOOP;
END
$$;

-- Deletes at most so many of them from each table, and says how many those were.
CREATE FUNCTION erase_rows(tenant text, kept bigint[], rows_max bigint) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    target regclass;
    gone bigint;
    total bigint := 0;
BEGIN
    FOR target IN
        SELECT polrelid::regclass FROM pg_policy WHERE polname = 'platform_erase_delete'
         ORDER BY polrelid::regclass::text
    LOOP
        EXECUTE format(
            'DELETE FROM %1$s WHERE (%2$s) IN
                 (SELECT %2$s FROM %1$s WHERE tenant_id = $1 %3$s LIMIT $3)',
            target, coalesce(primary_key_of(target), 'tenant_id'), not_kept(target))
            USING tenant, kept, rows_max;
        GET DIAGNOSTICS gone = ROW_COUNT;
        total := total + gone;
    END LOOP;
    RETURN total;
END
$$;
REVOKE EXECUTE ON FUNCTION primary_key_of(regclass), not_kept(regclass),
    erasable_rows(text, bigint[]), erase_rows(text, bigint[], bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION primary_key_of(regclass), not_kept(regclass),
    erasable_rows(text, bigint[]), erase_rows(text, bigint[], bigint) TO konstruct_platform;

-- Keys of the API that were a tenant's go with it; what they did stays in `operator_log`.
GRANT DELETE ON api_key TO konstruct_platform;
