//! Who we are in the database, and what nobody who serves tenants may be.

use tokio_postgres::Client;

use crate::StoreError;

/// The oldest server we work with: the schema rights of 15.
pub(crate) const VERSION_MIN: i32 = 150_000;

/// The three ways into the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Bound to one tenant at a time.
    App,
    /// Across tenants, for what the policies spell out.
    Platform,
    /// Owns the tables; used by migrations, and to make and swap generations of the read models.
    Owner,
}

impl Role {
    /// Its name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Role::App => "konstruct_app",
            Role::Platform => "konstruct_platform",
            Role::Owner => "konstruct_owner",
        }
    }

    /// The setting that holds its URL.
    pub const fn setting(self) -> &'static str {
        match self {
            Role::App => "KONSTRUCT_DATABASE_URL",
            Role::Platform => "KONSTRUCT_PLATFORM_DATABASE_URL",
            Role::Owner => "KONSTRUCT_ADMIN_DATABASE_URL",
        }
    }
}

/// What the server says of the role we are connected as.
struct Standing {
    name: String,
    superuser: bool,
    bypasses: bool,
    owned: i64,
    may_become: Option<String>,
    is_expected: bool,
    version: i32,
}

const STANDING: &str = "
    select me.rolname::text, me.rolsuper, me.rolbypassrls,
        (select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where c.relowner = me.oid and c.relkind in ('r', 'p') and n.nspname !~ '^pg_') as owned,
        (select other.rolname::text from pg_roles other
          where other.oid <> me.oid and pg_has_role(me.oid, other.oid, 'member')
            and (other.rolsuper or other.rolbypassrls or other.rolname = 'konstruct_owner')
          limit 1) as may_become,
        coalesce(pg_has_role(me.oid, to_regrole($1)::oid, 'usage'), false) as is_expected,
        current_setting('server_version_num')::int as version
    from pg_roles me where me.rolname = current_user";

/// Refuses, with the way out, whoever row-level security would not bind.
pub(crate) async fn verify(client: &Client, role: Role) -> Result<(), StoreError> {
    let row = client.query_one(STANDING, &[&role.name()]).await?;
    let standing = Standing {
        name: row.try_get(0)?,
        superuser: row.try_get(1)?,
        bypasses: row.try_get(2)?,
        owned: row.try_get(3)?,
        may_become: row.try_get(4)?,
        is_expected: row.try_get(5)?,
        version: row.try_get(6)?,
    };
    match problem(&standing, role) {
        None => Ok(()),
        Some(problem) => Err(StoreError::Refused(problem)),
    }
}

fn problem(me: &Standing, role: Role) -> Option<String> {
    let name = &me.name;
    if me.version < VERSION_MIN {
        let major = me.version / 10_000;
        return Some(format!("PostgreSQL {major} is too old: 15 or newer is needed"));
    }
    let what = if me.superuser {
        format!("`{name}` is a superuser, whom row-level security does not bind")
    } else if me.bypasses {
        format!("`{name}` has BYPASSRLS, so row-level security does not bind it")
    } else if role == Role::Owner {
        return wrong_role(me, role);
    } else if 0 < me.owned {
        format!("`{name}` owns {} tables, so it could turn row-level security off", me.owned)
    } else if let Some(other) = &me.may_become {
        format!("`{name}` is a member of `{other}`, whom row-level security does not bind")
    } else {
        return wrong_role(me, role);
    };
    Some(format!(
        "refusing to serve: {what}. Point {} at the role `{}`, which `konstruct doctor` describes",
        role.setting(),
        role.name()
    ))
}

fn wrong_role(me: &Standing, role: Role) -> Option<String> {
    (!me.is_expected).then(|| {
        format!(
            "{} connects as `{}`, which is not `{}` nor a member of it",
            role.setting(),
            me.name,
            role.name()
        )
    })
}
