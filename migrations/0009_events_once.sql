-- An event counts once, however often it is published: JetStream forgets its id after ten minutes.

-- The first of each stays, as a rebuild would have it.
ALTER TABLE p_event NO FORCE ROW LEVEL SECURITY;
DELETE FROM p_event again USING p_event first
 WHERE again.tenant_id = first.tenant_id AND again.event_id = first.event_id AND first.seq < again.seq;
ALTER TABLE p_event FORCE ROW LEVEL SECURITY;
ALTER TABLE p_event ADD CONSTRAINT p_event_once UNIQUE (tenant_id, event_id);

-- The effect that was seen: it belongs to the story of its message, which the event does not name.
ALTER TABLE p_event ADD COLUMN effect_id text COLLATE "C";
CREATE INDEX p_event_effect ON p_event (tenant_id, effect_id) WHERE effect_id IS NOT NULL;

-- What the chat system said of a reply in doubt, apart from what was decided: it goes with the doubt.
ALTER TABLE p_message ADD COLUMN doubt text;
ALTER TABLE p_message NO FORCE ROW LEVEL SECURITY;
UPDATE p_message SET doubt = detail, detail = NULL WHERE state = 'uncertain';
UPDATE p_message SET detail = NULL WHERE state = 'delivered';
ALTER TABLE p_message FORCE ROW LEVEL SECURITY;

-- An operator who looks for a message does not always know whose it is.
DROP POLICY platform_select ON p_event;
CALL platform_may('SELECT', 'p_event', '{rebuild,trace}');
DROP POLICY platform_select ON p_tenant;
CALL platform_may('SELECT', 'p_tenant', '{list,rebuild,trace}');
