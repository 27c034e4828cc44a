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

-- What an import brings was used elsewhere: it is the tenant's, and in no sum of this installation's days,
-- as its answers are in no `p_day`. As in 0022, but for that.
CREATE OR REPLACE FUNCTION add_up_trials() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    unpriced      bigint := NEW.unpriced - coalesce(OLD.unpriced, 0);
    input_tokens  bigint := NEW.input_tokens - coalesce(OLD.input_tokens, 0);
    output_tokens bigint := NEW.output_tokens - coalesce(OLD.output_tokens, 0);
    cost_micros   bigint := NEW.cost_micros - coalesce(OLD.cost_micros, 0);
BEGIN
    INSERT INTO trial_month AS m
    VALUES (NEW.tenant_id, NEW.day / 100, unpriced, input_tokens, output_tokens, cost_micros)
    ON CONFLICT ON CONSTRAINT trial_month_pkey DO UPDATE SET
        unpriced = m.unpriced + excluded.unpriced,
        input_tokens = m.input_tokens + excluded.input_tokens,
        output_tokens = m.output_tokens + excluded.output_tokens,
        cost_micros = m.cost_micros + excluded.cost_micros;
    IF current_setting('app.imports', true) IS DISTINCT FROM 'on' THEN
        INSERT INTO trial_change (day, model, unpriced, input_tokens, output_tokens, cost_micros)
        VALUES (NEW.day, NEW.model, unpriced, input_tokens, output_tokens, cost_micros);
    END IF;
    RETURN NULL;
END
$$;
