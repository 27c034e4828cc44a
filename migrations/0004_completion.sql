-- What was asked of models, what came of it, and what a thread remembers.

-- One row a call to a model, committed before the call: a crash in the middle may pay twice, and
-- then shows as an attempt without an outcome.
CREATE TABLE attempt (
    tenant_id     text   COLLATE "C" NOT NULL,
    message_id    text   COLLATE "C" NOT NULL,
    index         int    NOT NULL,
    deployment    text   NOT NULL,
    started_at_ms bigint NOT NULL,
    outcome       jsonb,
    PRIMARY KEY (tenant_id, message_id, index)
);
CALL tenant_table('attempt');

-- The outcome of a message, as the envelope that is published for it. The first one stands.
CREATE TABLE completion (
    tenant_id      text   COLLATE "C" NOT NULL,
    message_id     text   COLLATE "C" NOT NULL,
    envelope       jsonb  NOT NULL,
    event_id       text   COLLATE "C" NOT NULL, -- what it answers: the winning `message.admitted`
    stream_seq     bigint NOT NULL,
    fence          bigint NOT NULL,
    finished_at_ms bigint NOT NULL,
    PRIMARY KEY (tenant_id, message_id)
);
CALL tenant_table('completion');

-- The memory of a thread. An answer has the position of what it answers, and comes after it.
CREATE TABLE turn (
    tenant_id       text    COLLATE "C" NOT NULL,
    connection_id   text    COLLATE "C" NOT NULL,
    conversation_id text    COLLATE "C" NOT NULL,
    message_id      text    COLLATE "C" NOT NULL,
    role            text    COLLATE "C" NOT NULL CHECK (role IN ('person', 'agent')),
    position        bigint  NOT NULL, -- microseconds of the chat system's clock
    sender          text    NOT NULL,
    sender_name     text,
    text            jsonb,            -- schemas::Text, its owner the message; null once deleted
    revision        int     NOT NULL DEFAULT 0,
    edited_at_ms    bigint,
    deleted         boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, connection_id, conversation_id, message_id, role),
    CHECK (deleted = (text IS NULL))
);
CREATE INDEX turn_newest
    ON turn (tenant_id, connection_id, conversation_id, position, message_id, role);
CALL tenant_table('turn');
