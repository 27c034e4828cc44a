-- A thread that a colleague has stays theirs when the message it was handed over with is erased: its row
-- names nobody but by channel and time, and without it the agent would speak there again. It goes by its
-- age. As in 0030, but for `pause`.
CREATE OR REPLACE FUNCTION in_stories(target regclass) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT CASE
        WHEN relname IN ('attempt', 'completion', 'effect', 'p_message', 'rate_verdict', 'replay_case',
                         'reply', 'tool_call', 'tool_round', 'turn')
            THEN 'message_id = ANY ($2)'
        WHEN relname = 'p_event'
            THEN 'stream = ''EVENTS'' AND (correlation_id = ANY ($2) OR effect_id = ANY ($2))'
        WHEN relname = 'deferred' THEN 'event_id = ANY ($2)'
        WHEN relname = 'letter_decision' THEN 'letter = ANY ($2)'
        WHEN relname = 'notice' THEN 'split_part(person, ''/'', 3) = $3'
    END FROM pg_class WHERE oid = target
$$;
