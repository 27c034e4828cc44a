-- Erasing one person of a tenant: rows by the names of their messages, and of what was sent for these.

-- The names that were erased. They are derived and cannot be turned back, and nobody is named here; what
-- still comes under them, late, is erased as well.
CREATE TABLE erased_name (
    tenant_id    text   COLLATE "C" NOT NULL,
    name         text   COLLATE "C" NOT NULL, -- of a message, or of an effect
    erased_at_ms bigint NOT NULL,
    PRIMARY KEY (tenant_id, name)
);
CREATE INDEX erased_name_erased_at ON erased_name (erased_at_ms);
CALL tenant_table('erased_name');
CALL platform_prunes('erased_name', 'tenant_id, name, erased_at_ms');

-- How far EVENTS was looked at for them, a row for each tenant that has any.
CREATE TABLE erased_place (
    tenant_id text   COLLATE "C" NOT NULL PRIMARY KEY,
    place     bigint NOT NULL
);
CALL tenant_table('erased_place');
CALL platform_may('SELECT', 'erased_place', '{sweep,prune}');
CALL platform_may('DELETE', 'erased_place', '{prune}');
-- Only age takes them away.
REVOKE DELETE ON erased_name, erased_place FROM konstruct_app;

-- Of a turn of a replay the platform role sees which message it is.
GRANT SELECT (message_id) ON replay_case TO konstruct_platform;

-- What is known of a thread changes with the messages that go from it.
CALL on_generations('p_conversation', 'GRANT UPDATE (people, agent_id, state, messages, first_at_ms,
    last_at_ms, answered_at_ms, last_seq) ON %s TO konstruct_platform');
CALL on_generations('p_conversation', 'CREATE POLICY platform_erase_update ON %s FOR UPDATE
    TO konstruct_platform
    USING (current_setting(''app.platform_reason'', true) = ANY (''{erase}''::text[]))
    WITH CHECK (current_setting(''app.platform_reason'', true) = ANY (''{erase}''::text[]))');

-- Which rows of a table go with stories: $2 are their names, with those of their events and dead letters,
-- and $3 is whose they are; '' where that is not known any more.
CREATE FUNCTION in_stories(target regclass) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT CASE
        WHEN relname IN ('attempt', 'completion', 'effect', 'p_message', 'pause', 'rate_verdict',
                         'replay_case', 'reply', 'tool_call', 'tool_round', 'turn')
            THEN 'message_id = ANY ($2)'
        WHEN relname = 'p_event'
            THEN 'stream = ''EVENTS'' AND (correlation_id = ANY ($2) OR effect_id = ANY ($2))'
        WHEN relname = 'deferred' THEN 'event_id = ANY ($2)'
        WHEN relname = 'letter_decision' THEN 'letter = ANY ($2)'
        WHEN relname = 'notice' THEN 'split_part(person, ''/'', 3) = $3'
    END FROM pg_class WHERE oid = target
$$;

-- The tables that have such rows, in every generation of the read models.
CREATE FUNCTION story_tables() RETURNS SETOF regclass
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT polrelid::regclass FROM pg_policy
     WHERE polname = 'platform_erase_delete' AND in_stories(polrelid::regclass) IS NOT NULL
     ORDER BY polrelid::regclass::text
$$;

-- How many rows there are, by table.
CREATE FUNCTION rows_of_stories(tenant text, names text[], person text)
    RETURNS TABLE (table_name text, had bigint)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public AS $$
DECLARE
    target regclass;
BEGIN
    FOR target IN SELECT * FROM story_tables() LOOP
        table_name := target::text;
        EXECUTE format('SELECT count(*) FROM %s WHERE tenant_id = $1 AND (%s)', target,
            in_stories(target)) INTO had USING tenant, names, person;
        RETURN NEXT;
    END LOOP;
END
$$;

-- Takes messages out of what is known of their threads, before they go. A thread whose last message that
-- is goes with it. Where messages are gone by their age already, what was counted of them stays, and of the
-- people only those leave whose messages go.
CREATE FUNCTION take_from_threads(messages regclass, tenant text, names text[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    threads text := (SELECT format('%I.p_conversation', n.nspname)
                       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                      WHERE c.oid = messages);
BEGIN
    EXECUTE format('
        UPDATE %1$s t SET
            messages = greatest(t.messages - gone.messages, 0),
            people = CASE WHEN rest.messages = t.messages - gone.messages AND 0 < rest.messages
                          THEN rest.people[1:16]
                          ELSE ARRAY(SELECT was.person
                                       FROM unnest(t.people) WITH ORDINALITY AS was (person, place)
                                      WHERE was.person <> ALL (gone.people)
                                         OR was.person = ANY (coalesce(rest.people, ''{}''))
                                      ORDER BY was.place) END,
            agent_id = CASE WHEN 0 < rest.messages THEN rest.agent_id ELSE t.agent_id END,
            state = coalesce(rest.state, t.state),
            first_at_ms = CASE WHEN rest.messages = t.messages - gone.messages AND 0 < rest.messages
                               THEN rest.first_at_ms ELSE t.first_at_ms END,
            last_at_ms = coalesce(rest.last_at_ms, t.last_at_ms),
            answered_at_ms = CASE WHEN 0 < rest.messages THEN rest.answered_at_ms
                                  ELSE t.answered_at_ms END,
            handed_off_at_ms = CASE WHEN t.handed_off_message_id = ANY ($2) THEN NULL
                                    ELSE t.handed_off_at_ms END,
            handed_off_message_id = CASE WHEN t.handed_off_message_id = ANY ($2) THEN NULL
                                         ELSE t.handed_off_message_id END,
            last_seq = coalesce(rest.last_seq, t.last_seq)
          FROM (SELECT connection_id, conversation_id, count(received_at_ms)::int AS messages,
                       array_agg(DISTINCT coalesce(reference->>''sender'', '''')) AS people
                  FROM %2$s WHERE tenant_id = $1 AND message_id = ANY ($2)
                 GROUP BY connection_id, conversation_id) gone
         CROSS JOIN LATERAL (
                SELECT count(m.received_at_ms)::int AS messages,
                       (array_agg(m.agent_id ORDER BY m.last_seq DESC)
                            FILTER (WHERE m.agent_id IS NOT NULL))[1] AS agent_id,
                       (array_agg(m.state ORDER BY m.received_at_ms DESC, m.message_id DESC)
                            FILTER (WHERE m.received_at_ms IS NOT NULL))[1] AS state,
                       min(m.received_at_ms) AS first_at_ms, max(m.received_at_ms) AS last_at_ms,
                       max(m.answered_at_ms) AS answered_at_ms, max(m.last_seq) AS last_seq,
                       (SELECT array_agg(who.sender ORDER BY who.first_at_ms, who.sender)
                          FROM (SELECT w.reference->>''sender'' AS sender,
                                       min(w.received_at_ms) AS first_at_ms
                                  FROM %2$s w
                                 WHERE w.tenant_id = $1 AND w.connection_id = gone.connection_id
                                   AND w.conversation_id = gone.conversation_id
                                   AND w.received_at_ms IS NOT NULL AND w.message_id <> ALL ($2)
                                 GROUP BY 1) who) AS people
                  FROM %2$s m
                 WHERE m.tenant_id = $1 AND m.connection_id = gone.connection_id
                   AND m.conversation_id = gone.conversation_id AND m.message_id <> ALL ($2)) rest
         WHERE t.tenant_id = $1 AND t.connection_id = gone.connection_id
           AND t.conversation_id = gone.conversation_id', threads, messages) USING tenant, names;
    EXECUTE format('
        DELETE FROM %1$s t
         WHERE t.tenant_id = $1 AND t.messages = 0
           AND EXISTS (SELECT FROM %2$s m
                WHERE m.tenant_id = $1 AND m.connection_id = t.connection_id
                  AND m.conversation_id = t.conversation_id AND m.message_id = ANY ($2))
           AND NOT EXISTS (SELECT FROM %2$s m
                WHERE m.tenant_id = $1 AND m.connection_id = t.connection_id
                  AND m.conversation_id = t.conversation_id AND m.message_id <> ALL ($2))',
        threads, messages) USING tenant, names;
END
$$;

-- Deletes those rows, and says how many they were.
CREATE FUNCTION erase_stories(tenant text, names text[], person text) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    target regclass;
    gone bigint;
    total bigint := 0;
BEGIN
    FOR target IN SELECT * FROM story_tables() LOOP
        IF target::text ~ '(^|\.)p_message$' THEN
            PERFORM take_from_threads(target, tenant, names);
        END IF;
        EXECUTE format('DELETE FROM %s WHERE tenant_id = $1 AND (%s)', target, in_stories(target))
            USING tenant, names, person;
        GET DIAGNOSTICS gone = ROW_COUNT;
        total := total + gone;
    END LOOP;
    RETURN total;
END
$$;

-- The threads of each generation that name somebody among their people, and have no message of theirs but
-- those of these names: as `UPDATE … SET people` and `SELECT count(*)` want it.
CREATE FUNCTION named_in_threads(threads regclass) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT format('
        t.tenant_id = $1 AND $3 = ANY (t.people) AND NOT EXISTS (
            SELECT FROM %I.p_message m
             WHERE m.tenant_id = $1 AND m.connection_id = t.connection_id
               AND m.conversation_id = t.conversation_id AND m.reference->>''sender'' = $3
               AND m.message_id <> ALL ($2))', n.nspname)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = threads
$$;

CREATE FUNCTION thread_tables() RETURNS SETOF regclass
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT polrelid::regclass FROM pg_policy JOIN pg_class c ON c.oid = polrelid
     WHERE polname = 'platform_erase_update' AND c.relname = 'p_conversation'
     ORDER BY polrelid::regclass::text
$$;

-- How many they are, by table.
CREATE FUNCTION threads_of_person(tenant text, names text[], person text)
    RETURNS TABLE (table_name text, had bigint)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public AS $$
DECLARE
    target regclass;
BEGIN
    FOR target IN SELECT * FROM thread_tables() LOOP
        table_name := target::text;
        EXECUTE format('SELECT count(*) FROM %s t WHERE %s', target, named_in_threads(target))
            INTO had USING tenant, names, person;
        RETURN NEXT;
    END LOOP;
END
$$;

-- They name that person no more. Says how many they were.
CREATE FUNCTION erase_from_threads(tenant text, names text[], person text) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    target regclass;
    gone bigint;
    total bigint := 0;
BEGIN
    FOR target IN SELECT * FROM thread_tables() LOOP
        EXECUTE format('UPDATE %s t SET people = array_remove(t.people, $3) WHERE %s', target,
            named_in_threads(target)) USING tenant, names, person;
        GET DIAGNOSTICS gone = ROW_COUNT;
        total := total + gone;
    END LOOP;
    RETURN total;
END
$$;

REVOKE EXECUTE ON FUNCTION in_stories(regclass), story_tables(), rows_of_stories(text, text[], text),
    take_from_threads(regclass, text, text[]), erase_stories(text, text[], text),
    named_in_threads(regclass), thread_tables(), threads_of_person(text, text[], text),
    erase_from_threads(text, text[], text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION in_stories(regclass), story_tables(), rows_of_stories(text, text[], text),
    take_from_threads(regclass, text, text[]), erase_stories(text, text[], text),
    named_in_threads(regclass), thread_tables(), threads_of_person(text, text[], text),
    erase_from_threads(text, text[], text) TO konstruct_platform;
