-- Handing a conversation over to a person, and back.

-- Conversations that a person has: their agent is silent there until the row has an end.
CREATE TABLE pause (
    tenant_id       text   COLLATE "C" NOT NULL,
    message_id      text   COLLATE "C" NOT NULL, -- that was handed over
    connection_id   text   COLLATE "C" NOT NULL,
    conversation_id text   COLLATE "C" NOT NULL,
    since_ms        bigint NOT NULL,
    ended_by        text   COLLATE "C", -- the event that gave it back
    ended_at_ms     bigint,
    PRIMARY KEY (tenant_id, message_id)
);
CREATE INDEX pause_conversation ON pause (tenant_id, connection_id, conversation_id);
CREATE INDEX pause_since ON pause USING brin (since_ms) WITH (autosummarize = on);
CALL tenant_table('pause');
CALL platform_prunes('pause', 'tenant_id, message_id, since_ms');
-- Only age takes them away.
REVOKE DELETE ON pause FROM konstruct_app;

ALTER TABLE reply DROP CONSTRAINT reply_verdict_check;
ALTER TABLE reply ADD CONSTRAINT reply_verdict_check
    CHECK (verdict IN ('answer', 'apology', 'notice', 'hand_off', 'held', 'nothing'));
ALTER TABLE effect DROP CONSTRAINT effect_what_check;
ALTER TABLE effect ADD CONSTRAINT effect_what_check
    CHECK (what IN ('placeholder', 'update', 'post', 'delete', 'note'));

-- Since when a person has it, and the message it was handed over with.
ALTER TABLE p_conversation ADD COLUMN handed_off_at_ms bigint;
ALTER TABLE p_conversation ADD COLUMN handed_off_message_id text COLLATE "C";
CREATE INDEX p_conversation_handed_off ON p_conversation (tenant_id, handed_off_at_ms)
    WHERE handed_off_at_ms IS NOT NULL;
