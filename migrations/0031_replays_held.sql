-- Who had recorded turns asked again, and until when somebody is at it: two never ask the same run.
ALTER TABLE replay_run ADD COLUMN made_by text; -- the operator; nobody, where the command line did it
ALTER TABLE replay_run ADD COLUMN held_until_ms bigint NOT NULL DEFAULT 0;
CREATE INDEX replay_run_agent ON replay_run (tenant_id, agent_id, made_at_ms DESC, run_id);

-- What came of a test when it was asked last.
ALTER TABLE saved_test ADD COLUMN result jsonb; -- schemas::Text, its owner the message
ALTER TABLE saved_test ADD COLUMN asked_at_ms bigint;
