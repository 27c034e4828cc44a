-- What operators decide where something went wrong.

-- An outcome of a message takes the place of an earlier one only where an operator asked for it.
ALTER TABLE completion ADD COLUMN reopened boolean NOT NULL DEFAULT false;

-- A reply begins anew where an operator says so: what was done for it counts for its round only.
ALTER TABLE reply ADD COLUMN round int NOT NULL DEFAULT 0;
ALTER TABLE reply ADD COLUMN order_event_id text COLLATE "C"; -- the operator's last word on it
ALTER TABLE reply ADD COLUMN order_seq bigint NOT NULL DEFAULT 0; -- and its place on the stream
ALTER TABLE effect ADD COLUMN round int NOT NULL DEFAULT 0;

-- What was decided of a dead letter; the first decision stands. The letter itself is on the log.
CREATE TABLE letter_decision (
    tenant_id     text   COLLATE "C" NOT NULL,
    letter        text   COLLATE "C" NOT NULL, -- consumer, stream and sequence
    verb          text   NOT NULL CHECK (verb IN ('retried', 'edited', 'discarded')),
    reason        text,
    via           text   NOT NULL,
    operator      text,
    decided_at_ms bigint NOT NULL,
    published_seq bigint, -- none while it is not known that what follows is on the log
    PRIMARY KEY (tenant_id, letter)
);
CREATE INDEX letter_decision_age ON letter_decision USING brin (decided_at_ms)
    WITH (autosummarize = on);
CALL tenant_table('letter_decision');
CALL platform_prunes('letter_decision', 'tenant_id, letter, decided_at_ms');
-- Only age takes them away.
REVOKE DELETE ON letter_decision FROM konstruct_app;
