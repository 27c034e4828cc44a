//! The walls between tenants, read from the catalogue: what PostgreSQL will do, not what a file
//! says it should. Every schema is looked at: another generation of the read models holds rows of tenants
//! too.

use std::fmt;

use tokio_postgres::Client;

use crate::StoreError;

/// Tables that belong to no tenant. Every other table must be walled.
pub const PLATFORM_TABLES: [&str; 20] = [
    "api_answer",
    "api_key",
    "checkpoint",
    "erasure",
    "generation",
    "konstruct_migration",
    "oidc_returned",
    "one_use_token",
    "operator",
    "operator_identity",
    "operator_log",
    "operator_session",
    "p_day",
    "platform_audit",
    "recovery_code",
    "restoration",
    "sign_in_throttle",
    "stage_fence",
    "trial_change",
    "trial_day",
];

/// What every tenant table's policy for the app role says, as PostgreSQL writes it back.
const EXPRESSION: &str =
    "(tenant_id = NULLIF(current_setting('app.current_tenant'::text, true), ''::text))";

/// What the owner's says, who reads all of it for a backup.
const BACKUP: &str = "(current_setting('app.platform_reason'::text, true) = 'backup'::text)";

/// A table that tenants do not have to themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The table.
    pub table: String,
    /// What is missing.
    pub problem: String,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.table, self.problem)
    }
}

const TABLES: &str = "
    select case n.nspname when 'public' then c.relname::text else n.nspname::text || '.' || c.relname end,
        c.relkind::text, c.relrowsecurity, c.relforcerowsecurity,
        c.relowner = any(array(select oid from pg_roles
            where rolname in ('konstruct_app', 'konstruct_platform'))),
        coalesce((select a.attname = 'tenant_id' from pg_index i
            join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
           where i.indrelid = c.oid and i.indisprimary), false),
        (select count(*) from pg_index i
           join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
          where i.indrelid = c.oid and i.indisunique and a.attname <> 'tenant_id'),
        coalesce((select a.attnotnull from pg_attribute a
           where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped), false),
        exists (select from aclexplode(c.relacl) where grantee = 0)
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       and c.relkind in ('r', 'p', 'm', 'v', 'f') and c.relname <> all($1)
     order by n.nspname <> 'public', 1";
const POLICIES: &str = "
    select case schemaname when 'public' then tablename::text else schemaname::text || '.' || tablename end,
           policyname::text, roles::text[], cmd, permissive, qual, with_check
      from pg_policies order by 1, 2";

/// The tables of tenants, in alphabetical order, the live ones first; those of other generations with
/// their schema.
pub async fn tenant_tables(client: &Client) -> Result<Vec<String>, StoreError> {
    let sql = "
        select case n.nspname when 'public' then c.relname::text
                    else n.nspname::text || '.' || c.relname end
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
           and c.relkind in ('r', 'p') and c.relname <> all($1)
         order by n.nspname <> 'public', 1";
    let rows = client.query(sql, &[&PLATFORM_TABLES.as_slice()]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Every way in which a table is not walled.
pub async fn gaps(client: &Client) -> Result<Vec<Gap>, StoreError> {
    let mut policies = Vec::new();
    for row in client.query(POLICIES, &[]).await? {
        policies.push(Policy {
            table: row.try_get(0)?,
            name: row.try_get(1)?,
            roles: row.try_get(2)?,
            command: row.try_get(3)?,
            permissive: row.try_get(4)?,
            using: row.try_get(5)?,
            check: row.try_get(6)?,
        });
    }
    let mut gaps = Vec::new();
    for row in client.query(TABLES, &[&PLATFORM_TABLES.as_slice()]).await? {
        let table = Table {
            name: row.try_get(0)?,
            kind: row.try_get(1)?,
            enabled: row.try_get(2)?,
            forced: row.try_get(3)?,
            owned_by_us: row.try_get(4)?,
            led_by_tenant: row.try_get(5)?,
            other_uniques: row.try_get(6)?,
            not_null: row.try_get(7)?,
            public: row.try_get(8)?,
        };
        let own: Vec<_> = policies.iter().filter(|policy| policy.table == table.name).collect();
        let problems = table.problems().into_iter().chain(policy_problems(&own));
        gaps.extend(problems.map(|problem| Gap { table: table.name.clone(), problem }));
    }
    Ok(gaps)
}

/// A table as it may stand in a statement, its schema before it where there is one.
pub(crate) fn quoted(table: &str) -> String {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    table.split('.').map(quoted).collect::<Vec<_>>().join(".")
}

#[expect(clippy::struct_excessive_bools, reason = "a row of the catalogue is a list of answers")]
struct Table {
    name: String,
    kind: String,
    enabled: bool,
    forced: bool,
    owned_by_us: bool,
    led_by_tenant: bool,
    other_uniques: i64,
    not_null: bool,
    public: bool,
}

impl Table {
    fn problems(&self) -> Vec<String> {
        if !matches!(self.kind.as_str(), "r" | "p") {
            return vec!["views and foreign tables pass row-level security by".to_owned()];
        }
        let rules = [
            (self.enabled, "row-level security is not enabled"),
            (self.forced, "row-level security is not forced on the owner"),
            (!self.owned_by_us, "a role that serves tenants owns it"),
            (self.led_by_tenant, "its primary key does not start with tenant_id"),
            (self.other_uniques == 0, "a unique key that does not start with tenant_id"),
            (self.not_null, "tenant_id is missing or may be null"),
            (!self.public, "everybody may use it"),
        ];
        rules.iter().filter(|(holds, _)| !holds).map(|(_, text)| (*text).to_owned()).collect()
    }
}

struct Policy {
    table: String,
    name: String,
    roles: Vec<String>,
    command: String,
    permissive: String,
    using: Option<String>,
    check: Option<String>,
}

/// The app role has the one policy there is for it, word for word; the platform role's name their
/// purposes; the owner reads, to back up; nobody else has any.
fn policy_problems(policies: &[&Policy]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut walls = 0;
    for policy in policies {
        let name = &policy.name;
        match policy.roles.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["konstruct_app"] if policy.is_wall() => walls += 1,
            ["konstruct_app"] => problems.push(format!("policy {name} says something else")),
            ["konstruct_platform"] if policy.names_purposes() => {}
            ["konstruct_platform"] => problems.push(format!("policy {name} names no purpose")),
            ["konstruct_owner"] if policy.is_backup() => {}
            _ => problems.push(format!("policy {name} is for somebody else")),
        }
    }
    if walls != 1 {
        problems.push("the app role has no policy with USING and WITH CHECK".to_owned());
    }
    problems
}

impl Policy {
    fn is_wall(&self) -> bool {
        self.command == "ALL"
            && self.permissive == "PERMISSIVE"
            && self.using.as_deref() == Some(EXPRESSION)
            && self.check.as_deref() == Some(EXPRESSION)
    }

    fn is_backup(&self) -> bool {
        self.command == "SELECT" && self.using.as_deref() == Some(BACKUP) && self.check.is_none()
    }

    fn names_purposes(&self) -> bool {
        let mut clauses = self.using.iter().chain(&self.check).peekable();
        let is_there = clauses.peek().is_some();
        is_there
            && clauses
                .all(|it| it.contains("current_setting('app.platform_reason'::text, true) = ANY"))
    }
}
