-- What was answered to a program that named its request, so that the same request is carried out once
-- however often it is sent. It holds ids and nothing that anybody said. A table of the installation.
CREATE TABLE api_answer (
    operator_id    text   COLLATE "C" NOT NULL, -- the key of the API
    name           text   COLLATE "C" NOT NULL, -- its `Idempotency-Key`
    request_sha256 bytea  NOT NULL,
    at_ms          bigint NOT NULL,
    status         int,                         -- none while the request is carried out
    location       text,
    body           text,
    PRIMARY KEY (operator_id, name)
);
CREATE INDEX api_answer_at ON api_answer (at_ms);
GRANT SELECT, INSERT, UPDATE, DELETE ON api_answer TO konstruct_platform;
