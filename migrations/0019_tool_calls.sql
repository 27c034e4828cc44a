-- The tools that were called for an answer.

-- What a model asked of tools at one time, so that an answer goes on after a crash where it was.
CREATE TABLE tool_round (
    tenant_id     text   COLLATE "C" NOT NULL,
    message_id    text   COLLATE "C" NOT NULL,
    round         int    NOT NULL, -- counts from 0 within one message
    asked         jsonb  NOT NULL, -- schemas::Text, its owner the message
    started_at_ms bigint NOT NULL,
    PRIMARY KEY (tenant_id, message_id, round)
);
CREATE INDEX tool_round_started_at ON tool_round USING brin (started_at_ms)
    WITH (autosummarize = on);
CALL tenant_table('tool_round');
CALL platform_prunes('tool_round', 'tenant_id, message_id, round, started_at_ms');

-- A row commits before its call: one without an outcome may have been carried out.
CREATE TABLE tool_call (
    tenant_id   text    COLLATE "C" NOT NULL,
    message_id  text    COLLATE "C" NOT NULL,
    round       int     NOT NULL,
    index       int     NOT NULL,
    tool        text    NOT NULL,
    arguments   jsonb   NOT NULL, -- schemas::Text, its owner the message
    repeatable  boolean NOT NULL, -- doing it twice is doing it once
    outcome     jsonb,            -- schemas::event::ToolOutcome, its texts the message's
    ended_at_ms bigint,
    PRIMARY KEY (tenant_id, message_id, round, index)
);
CALL tenant_table('tool_call');
CALL platform_prunes('tool_call', 'tenant_id, message_id, round, index');

-- Only age takes them away.
REVOKE DELETE ON tool_round, tool_call FROM konstruct_app;
