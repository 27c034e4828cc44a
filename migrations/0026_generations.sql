-- Generations of the read models. The live one is in `public`; another one is the same tables in a schema
-- of its own, which the projector's code fills when that stands first on its search path:
--
--   models_base      EVENTS as it was at a place that is about to leave the log; a rebuild begins there
--   models_next      a rebuild under way
--   models_previous  what was live before the last swap
--
-- A likeness is made from the catalogue, so that a read model is declared once, where it is live.

CREATE TABLE generation (
    name         text        COLLATE "C" PRIMARY KEY CHECK (name IN ('base', 'next', 'previous')),
    readers      text[]      COLLATE "C" NOT NULL, -- the streams that are read for it
    models       text[]      COLLATE "C" NOT NULL, -- its tables that are to be live, or were
    workers      int         NOT NULL CHECK (0 < workers),
    since        timestamptz NOT NULL DEFAULT now(),
    taken_at_seq bigint      -- where the base was taken over from the live one; none if it was read whole
);
REVOKE ALL ON generation FROM PUBLIC;
GRANT SELECT ON generation TO konstruct_app, konstruct_platform;

-- The place of each reader of a generation is a row of `checkpoint`, `next/project-events/0`: it goes with
-- the generation, and whoever still writes there is refused.

-- The read models that hold what is told on EVENTS.
CREATE FUNCTION models_of_events() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT '{p_conversation,p_day,p_event,p_message,p_month,p_usage}'::text[]
$$;

-- One table with its columns, keys, indexes, policies and rights, as it is in `public`. Names stay, so
-- that a table that was swapped in is altered by later migrations like any other.
CREATE PROCEDURE generation_table(place text, model text)
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    source   oid  := format('public.%I', model)::regclass;
    likeness text := format('%I.%I', place, model);
    part     text;
BEGIN
    EXECUTE format('CREATE TABLE %s (LIKE public.%I INCLUDING ALL EXCLUDING INDEXES)', likeness, model);
    FOR part IN
        SELECT parts.statement FROM (
            SELECT 1 AS turn, format('ALTER TABLE %s SET (%s)', likeness, array_to_string(reloptions, ', '))
                   AS statement
              FROM pg_class WHERE oid = source AND reloptions IS NOT NULL
            UNION ALL
            SELECT 2, format('ALTER TABLE %s ADD CONSTRAINT %I %s', likeness, conname,
                             pg_get_constraintdef(oid))
              FROM pg_constraint WHERE conrelid = source AND contype IN ('p', 'u')
            UNION ALL
            SELECT 3, regexp_replace(pg_get_indexdef(indexrelid), ' ON (ONLY )?public\.',
                                     format(' ON %I.', place))
              FROM pg_index i WHERE indrelid = source
               AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
            UNION ALL
            SELECT 4, format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', polname, likeness,
                             CASE WHEN polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                             CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
                                         WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                             (SELECT string_agg(quote_ident(rolname), ', ')
                                FROM pg_roles r WHERE r.oid = ANY (polroles)),
                             ' USING (' || pg_get_expr(polqual, polrelid) || ')',
                             ' WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')')
              FROM pg_policy WHERE polrelid = source
            UNION ALL
            SELECT 5, format('GRANT %s ON %s TO %I', a.privilege_type, likeness, r.rolname)
              FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
             WHERE c.oid = source AND a.grantee <> c.relowner
            UNION ALL
            SELECT 5, format('GRANT %s (%I) ON %s TO %I', a.privilege_type, c.attname, likeness, r.rolname)
              FROM pg_attribute c CROSS JOIN LATERAL aclexplode(c.attacl) a
              JOIN pg_roles r ON r.oid = a.grantee
             WHERE c.attrelid = source AND NOT c.attisdropped
            UNION ALL
            SELECT 6, format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', likeness)
              FROM pg_class WHERE oid = source AND relrowsecurity
            UNION ALL
            SELECT 7, format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', likeness)
              FROM pg_class WHERE oid = source AND relforcerowsecurity
        ) parts ORDER BY parts.turn, parts.statement
    LOOP
        EXECUTE part;
    END LOOP;
END
$$;

-- All of them, empty.
CREATE PROCEDURE generation_make(place text) LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    model text;
BEGIN
    EXECUTE format('CREATE SCHEMA %I', place);
    EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC', place);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO konstruct_app, konstruct_platform', place);
    FOR model IN
        SELECT relname FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname ~ '^p_' ORDER BY 1
    LOOP
        CALL public.generation_table(place, model);
    END LOOP;
END
$$;

-- What EVENTS told, from one generation into another. The owner is bound by row-level security, but for
-- the moment of this.
CREATE PROCEDURE generation_rows(source text, place text)
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    model   text;
    listed  text;
    forced  boolean;
    side    text;
BEGIN
    FOREACH model IN ARRAY public.models_of_events() LOOP
        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO listed
          FROM pg_attribute
         WHERE attrelid = format('public.%I', model)::regclass AND 0 < attnum AND NOT attisdropped
           AND attgenerated = '';
        SELECT relforcerowsecurity INTO forced
          FROM pg_class WHERE oid = format('public.%I', model)::regclass;
        IF forced THEN
            FOREACH side IN ARRAY ARRAY[source, place] LOOP
                EXECUTE format('ALTER TABLE %I.%I NO FORCE ROW LEVEL SECURITY', side, model);
            END LOOP;
        END IF;
        EXECUTE format('INSERT INTO %I.%I (%s) SELECT %s FROM %I.%I WHERE %s', place, model, listed,
            listed, source, model, CASE model WHEN 'p_event' THEN 'stream = ''EVENTS''' ELSE 'true' END);
        IF forced THEN
            FOREACH side IN ARRAY ARRAY[source, place] LOOP
                EXECUTE format('ALTER TABLE %I.%I FORCE ROW LEVEL SECURITY', side, model);
            END LOOP;
        END IF;
    END LOOP;
END
$$;

-- The base, as the live models are now: what they hold of events that have left the log is taken on trust.
CREATE PROCEDURE generation_take_base(reader text) LANGUAGE plpgsql AS $$
DECLARE
    place bigint;
BEGIN
    -- The projector moves its row first, so it is before this or after it.
    LOCK TABLE checkpoint IN EXCLUSIVE MODE;
    place := coalesce((SELECT seq FROM checkpoint WHERE name = reader), 0);
    DELETE FROM checkpoint WHERE name = 'base/' || reader || '/0';
    DELETE FROM generation WHERE name = 'base';
    DROP SCHEMA IF EXISTS models_base CASCADE;
    CALL generation_make('models_base');
    CALL generation_rows('public', 'models_base');
    INSERT INTO checkpoint (name, generation, seq) VALUES ('base/' || reader || '/0', 1, place);
    INSERT INTO generation (name, readers, models, workers, taken_at_seq)
        VALUES ('base', ARRAY[reader], models_of_events(), 1, nullif(place, 0));
END
$$;

-- Puts these tables of a generation in the place of the live ones, which with the rest of its tables
-- become the previous generation. A statement that waits here meanwhile looks the names up again.
CREATE PROCEDURE generation_swap(source text, models text[])
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    model text;
    rest  text[];
BEGIN
    EXECUTE (SELECT 'LOCK TABLE ' || string_agg(format('public.%I', it), ', ' ORDER BY it)
                 || ' IN ACCESS EXCLUSIVE MODE' FROM unnest(models) it);
    CREATE SCHEMA models_leaving;
    REVOKE ALL ON SCHEMA models_leaving FROM PUBLIC;
    GRANT USAGE ON SCHEMA models_leaving TO konstruct_app, konstruct_platform;
    FOREACH model IN ARRAY models LOOP
        EXECUTE format('ALTER TABLE public.%I SET SCHEMA models_leaving', model);
        EXECUTE format('ALTER TABLE %I.%I SET SCHEMA public', source, model);
    END LOOP;
    rest := ARRAY(SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = source AND c.relkind = 'r');
    FOREACH model IN ARRAY rest LOOP
        EXECUTE format('ALTER TABLE %I.%I SET SCHEMA models_leaving', source, model);
    END LOOP;
    EXECUTE format('DROP SCHEMA %I', source);
    DROP SCHEMA IF EXISTS models_previous CASCADE;
    ALTER SCHEMA models_leaving RENAME TO models_previous;
END
$$;

-- For the planner, before it is live.
CREATE PROCEDURE generation_analyze(place text) LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    model text;
BEGIN
    FOR model IN
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = place AND c.relkind = 'r'
    LOOP
        EXECUTE format('ANALYZE %I.%I', place, model);
    END LOOP;
END
$$;

-- For migrations to come: a read model changes in every generation at once. `%s` is the table.
-- CALL on_generations('p_month', 'ALTER TABLE %s ADD COLUMN …');
CREATE PROCEDURE on_generations(model text, statement text) LANGUAGE plpgsql AS $$
DECLARE
    likeness text;
BEGIN
    FOR likeness IN
        SELECT format('%I.%I', n.nspname, c.relname)
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relname = model AND c.relkind = 'r'
           AND n.nspname IN ('public', 'models_base', 'models_next', 'models_previous')
    LOOP
        EXECUTE format(statement, likeness);
    END LOOP;
END
$$;

-- What of an erased tenant's rows stays: as in 0024, in whichever generation the table is.
CREATE OR REPLACE FUNCTION not_kept(target regclass) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT CASE relname
        WHEN 'p_event' THEN 'AND NOT (stream = ''DIRECTORY'' AND seq = ANY ($2))'
        WHEN 'p_change' THEN 'AND seq <> ALL ($2)'
        WHEN 'p_tenant' THEN 'AND last_seq <> ALL ($2)'
        ELSE ''
    END FROM pg_class WHERE oid = target
$$;

REVOKE EXECUTE ON FUNCTION models_of_events() FROM PUBLIC;
REVOKE EXECUTE ON PROCEDURE generation_table(text, text), generation_make(text),
    generation_rows(text, text), generation_take_base(text), generation_swap(text, text[]),
    generation_analyze(text), on_generations(text, text) FROM PUBLIC;

CALL generation_take_base('project-events');
