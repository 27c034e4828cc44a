-- What is old goes: what was said and done stays for 31 days, a day longer than the log keeps its
-- events. What is not finished stays, however old.

-- The platform role sees of these tables what tells their age, and nothing of what they hold.
CREATE PROCEDURE platform_prunes(name regclass, columns text) LANGUAGE plpgsql AS $$
DECLARE
    clause text := 'USING (current_setting(''app.platform_reason'', true) = ANY (''{prune}''::text[]))';
BEGIN
    EXECUTE format('GRANT SELECT (%s) ON %s TO konstruct_platform', columns, name);
    EXECUTE format('CREATE POLICY platform_select ON %s FOR SELECT TO konstruct_platform %s',
        name, clause);
    CALL platform_may('DELETE', name, '{prune}');
END
$$;
REVOKE EXECUTE ON PROCEDURE platform_prunes(regclass, text) FROM PUBLIC;

-- Nothing else ever deletes these rows. Rows lie in the order of their age, so a summary of each piece
-- of a table finds the old ones; a write pays nearly nothing for it.
ALTER TABLE reply ADD COLUMN made_at_ms bigint NOT NULL
    DEFAULT (extract(epoch FROM now()) * 1000)::bigint;
CREATE INDEX reply_made_at ON reply USING brin (made_at_ms) WITH (autosummarize = on);
CREATE INDEX completion_finished_at ON completion USING brin (finished_at_ms)
    WITH (autosummarize = on);
CREATE INDEX attempt_started_at ON attempt USING brin (started_at_ms) WITH (autosummarize = on);
CREATE INDEX turn_position ON turn USING brin (position) WITH (autosummarize = on);
CREATE INDEX p_message_age ON p_message USING brin
    ((coalesce(received_at_ms, decided_at_ms, completed_at_ms, answered_at_ms)))
    WITH (autosummarize = on);
CREATE INDEX p_event_age ON p_event USING brin (time_ms) WITH (autosummarize = on);

CALL platform_prunes('reply', 'tenant_id, message_id, outcome, made_at_ms, updated_at_ms');
CALL platform_prunes('effect', 'tenant_id, message_id, state, updated_at_ms');
CALL platform_prunes('completion', 'tenant_id, message_id, finished_at_ms');
CALL platform_prunes('attempt', 'tenant_id, message_id, index, started_at_ms');
CALL platform_prunes('turn',
    'tenant_id, connection_id, conversation_id, message_id, role, position');

ALTER POLICY platform_select ON p_message
    USING (current_setting('app.platform_reason', true) = ANY ('{list,rebuild,prune}'::text[]));
ALTER POLICY platform_select ON p_event
    USING (current_setting('app.platform_reason', true) = ANY ('{rebuild,trace,prune}'::text[]));
ALTER POLICY platform_delete ON p_message
    USING (current_setting('app.platform_reason', true) = ANY ('{rebuild,prune}'::text[]));
ALTER POLICY platform_delete ON p_event
    USING (current_setting('app.platform_reason', true) = ANY ('{rebuild,prune}'::text[]));

-- Whoever serves tenants forgets nothing by accident.
REVOKE DELETE ON reply, effect, completion, attempt, turn, p_message, p_event FROM konstruct_app;

-- When the next deferred event is due: asked every second, tells nothing of anybody, and so leaves
-- no row in the audit.
CREATE POLICY platform_look ON deferred FOR SELECT TO konstruct_platform
    USING (current_setting('app.platform_reason', true) = ANY ('{look}'::text[]));

-- Who stands before whom in a conversation.
DROP INDEX deferred_lane;
CREATE INDEX deferred_lane ON deferred (tenant_id, consumer, lane, stream_seq);

-- A deferred event keeps its row until it is handled, so that its thread waits for it. The sweeper
-- only moves the time at which it would be brought back once more.
ALTER TABLE deferred ADD COLUMN brought_back int NOT NULL DEFAULT 0; -- since it was deferred last
CALL platform_may('UPDATE', 'deferred', '{sweep}');
