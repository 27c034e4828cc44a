-- Events that must wait longer than a pause between attempts. The sweeper takes what is due, of
-- all tenants, and puts it back on the log; the rows hold no text.
CREATE TABLE deferred (
    tenant_id  text   COLLATE "C" NOT NULL,
    consumer   text   COLLATE "C" NOT NULL,
    event_id   text   COLLATE "C" NOT NULL,
    lane       text   COLLATE "C" NOT NULL,
    subject    text   NOT NULL,
    stream_seq bigint NOT NULL,
    due_at_ms  bigint NOT NULL,
    reason     text   NOT NULL,
    attempts   int    NOT NULL,
    PRIMARY KEY (tenant_id, consumer, event_id)
);
CREATE INDEX deferred_due ON deferred (due_at_ms, stream_seq);
CREATE INDEX deferred_lane ON deferred (tenant_id, consumer, lane);
CALL tenant_table('deferred');
CALL platform_may('SELECT', 'deferred', '{sweep,list}');
CALL platform_may('DELETE', 'deferred', '{sweep}');
