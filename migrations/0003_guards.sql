-- What the guards remember: the first delivery of a message, and who spent how much.

-- Two keys a message: `d:{connection}:{delivery}` and `m:{message}`. The row holds the envelope
-- that came first; whoever brings the same envelope again gets the same verdict.
CREATE TABLE dedup_verdict (
    tenant_id  text   COLLATE "C" NOT NULL,
    key        text   COLLATE "C" NOT NULL,
    event_id   text   COLLATE "C" NOT NULL,
    stream_seq bigint NOT NULL,
    seen_at_ms bigint NOT NULL,
    PRIMARY KEY (tenant_id, key)
);
CREATE INDEX dedup_verdict_seen_at ON dedup_verdict (seen_at_ms);
CALL tenant_table('dedup_verdict');
CALL platform_may('SELECT', 'dedup_verdict', '{prune}');
CALL platform_may('DELETE', 'dedup_verdict', '{prune}');

-- GCRA keeps one instant a limit. Rows are rewritten all day: room for HOT updates.
CREATE TABLE rate_limit (
    tenant_id text   COLLATE "C" NOT NULL,
    scope     text   COLLATE "C" NOT NULL, -- 'tenant', or a kind of channel such as 'slack'
    tat_us    bigint NOT NULL,
    PRIMARY KEY (tenant_id, scope)
) WITH (fillfactor = 50);
CALL tenant_table('rate_limit');

CREATE TABLE rate_verdict (
    tenant_id     text   COLLATE "C" NOT NULL,
    message_id    text   COLLATE "C" NOT NULL,
    event_id      text   COLLATE "C" NOT NULL,
    stream_seq    bigint NOT NULL,
    verdict       jsonb  NOT NULL,
    decided_at_ms bigint NOT NULL,
    PRIMARY KEY (tenant_id, message_id)
);
CREATE INDEX rate_verdict_decided_at ON rate_verdict (decided_at_ms);
CALL tenant_table('rate_verdict');
CALL platform_may('SELECT', 'rate_verdict', '{prune}');
CALL platform_may('DELETE', 'rate_verdict', '{prune}');

-- Who was last told that a limit was met, and when it resets. They are told again after that.
CREATE TABLE notice (
    tenant_id   text   COLLATE "C" NOT NULL,
    person      text   COLLATE "C" NOT NULL,
    told_at_ms  bigint NOT NULL,
    retry_at_ms bigint NOT NULL,
    PRIMARY KEY (tenant_id, person)
);
CREATE INDEX notice_told_at ON notice (told_at_ms);
CALL tenant_table('notice');
CALL platform_may('SELECT', 'notice', '{prune}');
CALL platform_may('DELETE', 'notice', '{prune}');
