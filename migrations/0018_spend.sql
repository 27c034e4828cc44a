-- What is spent of budgets, and what calls under way may spend. Only what has a budget is in here.

-- One row for each budget and period. Not derived from the log, so it is in every backup.
CREATE TABLE spend (
    tenant_id       text   COLLATE "C" NOT NULL,
    scope           text   COLLATE "C" NOT NULL, -- `day 20261121`, `month 20261101 mara`
    limit_micros    bigint NOT NULL, -- the budget, as it was asked for last
    settled_micros  bigint NOT NULL, -- what calls cost that are over
    reserved_micros bigint NOT NULL, -- what those in `reservation` may cost
    told_by         text   COLLATE "C", -- the message that brought it to 80 per cent
    asked_at_ms     bigint NOT NULL, -- when room was taken last
    PRIMARY KEY (tenant_id, scope)
) WITH (fillfactor = 50);
CALL tenant_table('spend');
CALL platform_may('SELECT', 'spend', '{list,prune}');
CALL platform_may('UPDATE', 'spend', '{prune}');
CALL platform_may('DELETE', 'spend', '{prune}');
REVOKE DELETE ON spend FROM konstruct_app;

-- One row for each call to a model that has room in budgets and is not over: committed before the call,
-- gone when it is settled, which is once.
CREATE TABLE reservation (
    tenant_id  text   COLLATE "C" NOT NULL,
    holder     text   COLLATE "C" NOT NULL, -- the message, or the trial or request it is made for
    index      int    NOT NULL, -- counts the holder's calls
    micros     bigint NOT NULL, -- what it can cost at the most
    scopes     text[] COLLATE "C" NOT NULL, -- where it has room
    made_at_ms bigint NOT NULL,
    PRIMARY KEY (tenant_id, holder, index)
);
CREATE INDEX reservation_made_at ON reservation (made_at_ms);
CALL tenant_table('reservation');
CALL platform_may('SELECT', 'reservation', '{prune}');
CALL platform_may('DELETE', 'reservation', '{prune}');
