-- Who signs in to the portal, and what they may. These tables belong to the installation, not to a
-- tenant: only the platform role reads and writes them, and whoever serves tenants has no grant.

CREATE TABLE operator (
    id                text   COLLATE "C" PRIMARY KEY,
    email             text   COLLATE "C" NOT NULL UNIQUE CHECK (email = lower(email)),
    name              text   NOT NULL,
    password          text,                        -- argon2id as a PHC string; none until it is chosen
    totp_sealed       text,                        -- under the installation's master key
    totp_last_step    bigint NOT NULL DEFAULT 0,   -- a code of this step or before is used up
    platform_role     text   CHECK (platform_role IN ('administrator', 'engineer')),
    reset_asked_at_ms bigint,
    disabled_at_ms    bigint,
    created_at_ms     bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON operator TO konstruct_platform;

-- The token itself is in the cookie only.
CREATE TABLE operator_session (
    token_sha256    bytea    PRIMARY KEY,
    id              text     COLLATE "C" NOT NULL UNIQUE, -- names it in lists; opens nothing
    operator_id     text     COLLATE "C" NOT NULL REFERENCES operator (id),
    created_at_ms   bigint   NOT NULL,
    last_seen_at_ms bigint   NOT NULL,
    expires_at_ms   bigint   NOT NULL,
    fresh_until_ms  bigint   NOT NULL,
    aal             smallint NOT NULL CHECK (aal IN (1, 2)),
    agent           text     NOT NULL,
    ip              text     NOT NULL,
    revoked_at_ms   bigint
);
CREATE INDEX operator_session_of ON operator_session (operator_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON operator_session TO konstruct_platform;

CREATE TABLE recovery_code (
    operator_id text  COLLATE "C" NOT NULL REFERENCES operator (id),
    sha256      bytea NOT NULL,
    PRIMARY KEY (operator_id, sha256)
);
GRANT SELECT, INSERT, DELETE ON recovery_code TO konstruct_platform;

-- Links that work once, and the first half of a sign-in with two factors.
CREATE TABLE one_use_token (
    sha256        bytea  PRIMARY KEY,
    purpose       text   NOT NULL CHECK (purpose IN ('setup', 'invite', 'reset', 'second-factor')),
    operator_id   text   COLLATE "C" REFERENCES operator (id),
    email         text   COLLATE "C",
    tenant        text   COLLATE "C",
    role          text,
    made_by       text   COLLATE "C",
    created_at_ms bigint NOT NULL,
    expires_at_ms bigint NOT NULL,
    used_at_ms    bigint
);
CREATE INDEX one_use_token_email ON one_use_token (email) WHERE email IS NOT NULL;
CREATE INDEX one_use_token_operator ON one_use_token (operator_id) WHERE operator_id IS NOT NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON one_use_token TO konstruct_platform;

-- Failed tries of an account, whether it exists or not: its key is a keyed hash of what was typed.
CREATE TABLE sign_in_throttle (
    account    bytea  PRIMARY KEY,
    tries      int    NOT NULL,
    last_at_ms bigint NOT NULL,
    until_ms   bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_throttle TO konstruct_platform;

-- Keys of the API. The key itself is shown once and kept nowhere.
CREATE TABLE api_key (
    id              text   COLLATE "C" PRIMARY KEY,
    sha256          bytea  NOT NULL UNIQUE,
    prefix          text   NOT NULL,
    name            text   NOT NULL,
    tenant          text   COLLATE "C", -- none for one of the installation
    role            text   NOT NULL CHECK (
        role IN ('administrator', 'engineer') AND tenant IS NULL
        OR role IN ('operator', 'viewer') AND tenant IS NOT NULL),
    created_by      text   COLLATE "C" NOT NULL,
    created_at_ms   bigint NOT NULL,
    last_used_at_ms bigint,
    revoked_at_ms   bigint
);
CREATE INDEX api_key_tenant ON api_key (tenant);
GRANT SELECT, INSERT, UPDATE ON api_key TO konstruct_platform;

-- What operators did to accounts and sessions. Append-only: nobody but the owner can change it.
CREATE TABLE operator_log (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_ms    bigint NOT NULL,
    operator text   COLLATE "C",
    tenant   text   COLLATE "C",
    action   text   NOT NULL CHECK (action <> ''),
    detail   jsonb  NOT NULL,
    ip       text   NOT NULL
);
CREATE INDEX operator_log_tenant ON operator_log (tenant, id);
CREATE INDEX operator_log_operator ON operator_log (operator, id);
GRANT SELECT, INSERT ON operator_log TO konstruct_platform;

-- Roles within tenants. Every request of the portal reads one operator's, across tenants, and leaves
-- no row in the audit; a change does.
CREATE TABLE membership (
    tenant_id   text   COLLATE "C" NOT NULL,
    operator_id text   COLLATE "C" NOT NULL,
    role        text   NOT NULL CHECK (role IN ('operator', 'viewer')),
    since_ms    bigint NOT NULL,
    PRIMARY KEY (tenant_id, operator_id)
);
CREATE INDEX membership_operator ON membership (operator_id);
CALL tenant_table('membership');
CALL platform_may('SELECT', 'membership', '{sign-in,members}');
CALL platform_may('INSERT', 'membership', '{members}');
CALL platform_may('UPDATE', 'membership', '{members}');
CALL platform_may('DELETE', 'membership', '{members}');
