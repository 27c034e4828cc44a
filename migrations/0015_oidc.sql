-- Signing in by the word of a provider of identities. Tables of the installation, like those of 0011.

-- Who somebody is at the provider, once it is known: an e-mail is looked at only before.
CREATE TABLE operator_identity (
    issuer       text   COLLATE "C" NOT NULL,
    subject      text   COLLATE "C" NOT NULL,
    operator_id  text   COLLATE "C" NOT NULL UNIQUE REFERENCES operator (id),
    linked_at_ms bigint NOT NULL,
    PRIMARY KEY (issuer, subject)
);
GRANT SELECT, INSERT, DELETE ON operator_identity TO konstruct_platform;

-- Sign-ins that came back from the provider: none comes back twice. What they were is sealed in a
-- cookie of the browser that began them.
CREATE TABLE oidc_returned (
    state_sha256  bytea  PRIMARY KEY,
    expires_at_ms bigint NOT NULL
);
GRANT SELECT, INSERT, DELETE ON oidc_returned TO konstruct_platform;

-- By what a session was opened; what stands between the first factor and the second keeps it too.
ALTER TABLE operator_session
    ADD COLUMN opened_by text NOT NULL DEFAULT 'password' CHECK (opened_by IN ('password', 'provider'));
ALTER TABLE one_use_token
    ADD COLUMN opened_by text CHECK (opened_by IN ('password', 'provider'));
