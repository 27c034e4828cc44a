-- Recorded turns that are asked again, beside what came of them then, and turns that are kept as tests.

-- One row for each time somebody asks. What it is asked with stands here, so that it goes on after a stop.
CREATE TABLE replay_run (
    tenant_id     text    COLLATE "C" NOT NULL,
    run_id        text    COLLATE "C" NOT NULL,
    agent_id      text    COLLATE "C" NOT NULL,
    candidate     text    NOT NULL, -- for people: `draft`, `version 3`, `the file mara.yaml`
    config        jsonb   NOT NULL, -- schemas::AgentConfig, its texts the agent's
    baseline      boolean NOT NULL, -- whether the version that answered is asked too
    judge         text,             -- the model group that compares
    budget_micros bigint,
    spent_micros  bigint  NOT NULL DEFAULT 0, -- calls under way at their worst
    state         text    NOT NULL CHECK (state IN ('open', 'done', 'stopped')),
    why           text,             -- why it stopped
    made_at_ms    bigint  NOT NULL,
    ended_at_ms   bigint,
    PRIMARY KEY (tenant_id, run_id)
);
CREATE INDEX replay_run_made_at ON replay_run (made_at_ms);
CALL tenant_table('replay_run');
CALL platform_prunes('replay_run', 'tenant_id, run_id, made_at_ms');

-- One row for each turn of a run, there before anything is asked. What is not null is not asked again.
CREATE TABLE replay_case (
    tenant_id        text  COLLATE "C" NOT NULL,
    run_id           text  COLLATE "C" NOT NULL,
    place            int   NOT NULL, -- the newest turn is 0
    message_id       text  COLLATE "C" NOT NULL,
    unplayable       text,  -- why it cannot be asked again
    frozen           jsonb, -- these are schemas::Text, their owner the message
    baseline         jsonb,
    candidate        jsonb,
    baseline_verdict jsonb,
    verdict          jsonb,
    PRIMARY KEY (tenant_id, run_id, place),
    CHECK (unplayable IS NOT NULL OR frozen IS NOT NULL)
);
CALL tenant_table('replay_case');
CALL platform_prunes('replay_case', 'tenant_id, run_id, place');

-- Only age takes them away.
REVOKE DELETE ON replay_run, replay_case FROM konstruct_app;

-- Turns with what is expected of an answer to them. They stay until somebody removes them.
CREATE TABLE saved_test (
    tenant_id  text   COLLATE "C" NOT NULL,
    test_id    text   COLLATE "C" NOT NULL,
    agent_id   text   COLLATE "C" NOT NULL,
    message_id text   COLLATE "C" NOT NULL,
    frozen     jsonb  NOT NULL, -- these are schemas::Text, their owner the message
    checks     jsonb  NOT NULL,
    made_at_ms bigint NOT NULL,
    PRIMARY KEY (tenant_id, test_id)
);
CREATE INDEX saved_test_agent ON saved_test (tenant_id, agent_id, made_at_ms);
CALL tenant_table('saved_test');

-- What of each sum was used by replays and tests.
ALTER TABLE trial_usage ADD COLUMN replayed_calls         bigint NOT NULL DEFAULT 0;
ALTER TABLE trial_usage ADD COLUMN replayed_unpriced      bigint NOT NULL DEFAULT 0;
ALTER TABLE trial_usage ADD COLUMN replayed_input_tokens  bigint NOT NULL DEFAULT 0;
ALTER TABLE trial_usage ADD COLUMN replayed_output_tokens bigint NOT NULL DEFAULT 0;
ALTER TABLE trial_usage ADD COLUMN replayed_cost_micros   bigint NOT NULL DEFAULT 0;
