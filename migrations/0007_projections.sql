-- Read models. Written by the projector alone, with its checkpoint, from the log alone: no column
-- here may come from a clock or from another table, so that a rebuild gives the same bytes.

CREATE TABLE p_tenant (
    tenant_id text   COLLATE "C" NOT NULL PRIMARY KEY,
    state     jsonb  NOT NULL, -- schemas::Tenant
    status    text   NOT NULL,
    name      text   NOT NULL,
    last_seq  bigint NOT NULL
);
CALL tenant_table('p_tenant');
CALL platform_may('SELECT', 'p_tenant', '{list,rebuild}');
CALL platform_may('DELETE', 'p_tenant', '{rebuild}');

CREATE TABLE p_agent (
    tenant_id text   COLLATE "C" NOT NULL,
    agent_id  text   COLLATE "C" NOT NULL,
    state     jsonb  NOT NULL, -- schemas::Agent; its texts are sealed
    version   int,             -- the published one
    retired   boolean NOT NULL,
    last_seq  bigint NOT NULL,
    PRIMARY KEY (tenant_id, agent_id)
);
CALL tenant_table('p_agent');
CALL platform_may('SELECT', 'p_agent', '{list,rebuild}');
CALL platform_may('DELETE', 'p_agent', '{rebuild}');

CREATE TABLE p_connection (
    tenant_id     text   COLLATE "C" NOT NULL,
    connection_id text   COLLATE "C" NOT NULL,
    state         jsonb  NOT NULL, -- schemas::Connection
    agent_id      text   COLLATE "C" NOT NULL,
    active        boolean NOT NULL,
    last_seq      bigint NOT NULL,
    PRIMARY KEY (tenant_id, connection_id)
);
CALL tenant_table('p_connection');
CALL platform_may('SELECT', 'p_connection', '{list,rebuild}');
CALL platform_may('DELETE', 'p_connection', '{rebuild}');

-- Where each message stands.
CREATE TABLE p_message (
    tenant_id       text   COLLATE "C" NOT NULL,
    message_id      text   COLLATE "C" NOT NULL,
    connection_id   text   COLLATE "C" NOT NULL,
    conversation_id text   COLLATE "C" NOT NULL,
    reference       jsonb  NOT NULL, -- schemas::MessageRef
    state           text   NOT NULL,
    detail          text,
    agent_id        text   COLLATE "C",
    agent_version   int,
    model           text,
    input_tokens    bigint,
    output_tokens   bigint,
    cost_micros     bigint,
    price_version   text,
    received_at_ms  bigint,
    decided_at_ms   bigint,
    completed_at_ms bigint,
    answered_at_ms  bigint,
    last_event_id   text   COLLATE "C" NOT NULL,
    last_seq        bigint NOT NULL,
    PRIMARY KEY (tenant_id, message_id)
);
CREATE INDEX p_message_newest ON p_message (tenant_id, received_at_ms DESC, message_id);
CREATE INDEX p_message_conversation
    ON p_message (tenant_id, connection_id, conversation_id, received_at_ms);
CREATE INDEX p_message_state ON p_message (tenant_id, state, received_at_ms DESC);
CALL tenant_table('p_message');
CALL platform_may('SELECT', 'p_message', '{list,rebuild}');
CALL platform_may('DELETE', 'p_message', '{rebuild}');

-- The life of each message, and of each entry of the directory.
CREATE TABLE p_event (
    tenant_id      text   COLLATE "C" NOT NULL,
    stream         text   COLLATE "C" NOT NULL,
    seq            bigint NOT NULL,
    event_id       text   COLLATE "C" NOT NULL,
    correlation_id text   COLLATE "C" NOT NULL,
    causation_id   text   COLLATE "C",
    kind           text   NOT NULL,
    source         text   NOT NULL,
    time_ms        bigint NOT NULL,
    note           text,
    PRIMARY KEY (tenant_id, stream, seq)
);
CREATE INDEX p_event_story ON p_event (tenant_id, correlation_id, seq);
CALL tenant_table('p_event');
CALL platform_may('SELECT', 'p_event', '{rebuild}');
CALL platform_may('DELETE', 'p_event', '{rebuild}');
