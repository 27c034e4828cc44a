-- The newest threads of one connection, for how it is doing: without it, all of its threads are read.
CREATE INDEX p_conversation_of_connection ON p_conversation (tenant_id, connection_id, last_at_ms);
