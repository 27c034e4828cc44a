-- Keys and secrets. Primary data: never rebuilt, so in every backup.

-- The tenant's data key, wrapped by the master key. A tombstone (`wrapped` is null) says that the
-- tenant was erased: nothing sealed with its key can be read again, and no new key is made.
CREATE TABLE tenant_key (
    tenant_id          text   COLLATE "C" NOT NULL PRIMARY KEY,
    wrapped            text,
    master_fingerprint text   NOT NULL,
    created_at_ms      bigint NOT NULL,
    forgotten_at_ms    bigint,
    CHECK (wrapped IS NOT NULL OR forgotten_at_ms IS NOT NULL)
);
CALL tenant_table('tenant_key');
CALL platform_may('SELECT', 'tenant_key', '{rotate-master-key}');
CALL platform_may('UPDATE', 'tenant_key', '{rotate-master-key}');

-- Tokens of chat systems and the like, sealed with the tenant's data key. Events carry the name.
CREATE TABLE secret (
    tenant_id     text   COLLATE "C" NOT NULL,
    name          text   COLLATE "C" NOT NULL,
    sealed        text   NOT NULL,
    updated_at_ms bigint NOT NULL,
    PRIMARY KEY (tenant_id, name)
);
CALL tenant_table('secret');
