-- Who had recorded turns asked again, and until when somebody is at it: two never ask the same run.
ALTER TABLE replay_run ADD COLUMN made_by text; -- the operator; nobody, where the command line did it
ALTER TABLE replay_run ADD COLUMN held_until_ms bigint NOT NULL DEFAULT 0;
ALTER TABLE replay_run ADD COLUMN held_by text; -- whoever took it up last; nobody, once it ended
CREATE INDEX replay_run_agent ON replay_run (tenant_id, agent_id, made_at_ms DESC, run_id);
