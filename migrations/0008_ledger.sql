-- The ledger as delivery uses it: an effect moves under the lock of its reply, and is found by the
-- message it belongs to.

-- Who says again how a reply ended, when its event is handled again.
ALTER TABLE reply ADD COLUMN outcome_event_id text COLLATE "C";
-- Until now the event that decided said so, or an echo whose word is out.
ALTER TABLE reply NO FORCE ROW LEVEL SECURITY;
UPDATE reply SET outcome_event_id = verdict_event_id WHERE outcome IS NOT NULL;
ALTER TABLE reply FORCE ROW LEVEL SECURITY;

-- Words are in the log, sealed; a reply's fence says who leads.
ALTER TABLE effect DROP COLUMN payload, DROP COLUMN fence;

-- Nothing asks for effects by their state, and an index on what changes with every step makes every
-- step write all indexes.
DROP INDEX effect_open;
-- Led by the message: led by the tenant, it is mistaken for the way to an effect's id while the
-- database has no statistics.
DROP INDEX effect_message;
CREATE INDEX effect_message ON effect (message_id, tenant_id);

-- Room on the page for the next version of a row.
ALTER TABLE reply SET (fillfactor = 70);
ALTER TABLE effect SET (fillfactor = 70);
