-- A hand-off ends with age in the read model too, as its pause does; the platform role changes nothing
-- else of a thread.
CALL platform_may('UPDATE', 'p_conversation', '{prune}');
REVOKE UPDATE ON p_conversation FROM konstruct_platform;
GRANT UPDATE (handed_off_at_ms, handed_off_message_id) ON p_conversation TO konstruct_platform;
