-- What operators are working on, and who changed what.

-- The draft of an agent as it was saved last. Not derived from the log, so it is in every backup.
CREATE TABLE agent_draft (
    tenant_id     text   COLLATE "C" NOT NULL,
    agent_id      text   COLLATE "C" NOT NULL,
    revision      int    NOT NULL,
    base_version  int    NOT NULL, -- the published version that it goes beyond; 0 for none
    fields        jsonb  NOT NULL, -- schemas::AgentConfig; its texts are sealed
    updated_by    text   NOT NULL,
    updated_at_ms bigint NOT NULL,
    PRIMARY KEY (tenant_id, agent_id)
);
CALL tenant_table('agent_draft');

-- The last revisions of it: whoever edits an older one began with that.
CREATE TABLE agent_draft_revision (
    tenant_id text  COLLATE "C" NOT NULL,
    agent_id  text  COLLATE "C" NOT NULL,
    revision  int   NOT NULL,
    fields    jsonb NOT NULL,
    PRIMARY KEY (tenant_id, agent_id, revision)
);
CALL tenant_table('agent_draft_revision');

-- Every change of the directory, with what it left. A read model: it derives from the log alone.
CREATE TABLE p_change (
    tenant_id       text   COLLATE "C" NOT NULL,
    seq             bigint NOT NULL,
    event_id        text   COLLATE "C" NOT NULL,
    kind            text   COLLATE "C" NOT NULL,
    entity          text   COLLATE "C" NOT NULL, -- `tenant`, `agent:mara`, `connection:slack-T0ACME`
    author_via      text   NOT NULL,
    author_operator text   COLLATE "C",
    time_ms         bigint NOT NULL,
    version         int,             -- the one that was published, if that is what it says
    state           jsonb  NOT NULL, -- the whole new state; its texts are sealed
    PRIMARY KEY (tenant_id, seq),
    UNIQUE (tenant_id, event_id)
);
CREATE INDEX p_change_entity ON p_change (tenant_id, entity, seq DESC);
CREATE INDEX p_change_operator ON p_change (tenant_id, author_operator, seq DESC);
CREATE INDEX p_change_version ON p_change (tenant_id, entity, version) WHERE version IS NOT NULL;
CALL tenant_table('p_change');
CALL platform_may('SELECT', 'p_change', '{rebuild}');
CALL platform_may('DELETE', 'p_change', '{rebuild}');
REVOKE DELETE ON p_change FROM konstruct_app;

-- What changed before this table was there is read from the log once more.
UPDATE checkpoint SET generation = generation + 1, seq = 0 WHERE name = 'project-directory';
