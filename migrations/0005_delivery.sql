-- The effect ledger: everything we did, or may have done, in a chat system.

-- One row a message that is answered, locked by whoever works on its answer.
CREATE TABLE reply (
    tenant_id        text    COLLATE "C" NOT NULL,
    message_id       text    COLLATE "C" NOT NULL,
    message          jsonb   NOT NULL, -- schemas::MessageRef
    verdict          text    CHECK (verdict IN ('answer', 'apology', 'notice', 'nothing')),
    parts            int,              -- how many messages the verdict takes
    verdict_event_id text    COLLATE "C",
    waited_out       boolean NOT NULL DEFAULT false,
    outcome          text    CHECK (outcome IN ('delivered', 'uncertain', 'failed', 'closed')),
    fence            bigint  NOT NULL,
    updated_at_ms    bigint  NOT NULL,
    PRIMARY KEY (tenant_id, message_id)
);
CALL tenant_table('reply');

-- `sending` commits before the call. What the chat system did not confirm is `uncertain`, never
-- sent again blindly.
CREATE TABLE effect (
    tenant_id     text    COLLATE "C" NOT NULL,
    effect_id     text    COLLATE "C" NOT NULL,
    message_id    text    COLLATE "C" NOT NULL,
    what          text    NOT NULL CHECK (what IN ('placeholder', 'update', 'post', 'delete')),
    part          int     NOT NULL,
    state         text    NOT NULL
                  CHECK (state IN ('planned', 'sending', 'sent', 'failed', 'uncertain')),
    detail        text,             -- the timestamp once sent, else the chat system's word
    attempt       int     NOT NULL DEFAULT 0,
    repeatable    boolean NOT NULL, -- doing it twice is doing it once
    channel       text    NOT NULL,
    target_ts     text,             -- what is updated or deleted
    payload       jsonb,            -- schemas::Text, its owner the message
    fence         bigint  NOT NULL,
    planned_at_ms bigint  NOT NULL,
    updated_at_ms bigint  NOT NULL,
    PRIMARY KEY (tenant_id, effect_id)
);
CREATE INDEX effect_message ON effect (tenant_id, message_id);
CREATE INDEX effect_open ON effect (tenant_id, state, updated_at_ms)
    WHERE state IN ('planned', 'sending', 'uncertain');
CALL tenant_table('effect');
