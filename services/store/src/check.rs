//! What `konstruct doctor` asks of the database.

pub mod walls;

use tokio_postgres::{Client, error::SqlState};

use crate::{Database, StoreError, migrate, role, row};

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, in a few words.
    pub what: &'static str,
    /// What was found.
    pub found: String,
    /// How to put it right; nothing if it is right.
    pub fix: Option<String>,
}

impl Finding {
    fn good(what: &'static str, found: String) -> Self {
        Self { what, found, fix: None }
    }

    fn bad(what: &'static str, found: String, fix: &str) -> Self {
        Self { what, found, fix: Some(fix.to_owned()) }
    }

    /// Whether it is right.
    pub const fn is_good(&self) -> bool {
        self.fix.is_none()
    }
}

/// Looks at everything that can be seen as the app role.
pub async fn check(db: &Database) -> Result<Vec<Finding>, StoreError> {
    let connection = db.unbound().await?;
    let client: &Client = &connection;
    Ok(vec![
        version(client).await?,
        roles(client).await?,
        walls(client).await?,
        unbound(client).await?,
        migrations(client).await,
        generations(client).await?,
        restored(client).await?,
    ])
}

async fn version(client: &Client) -> Result<Finding, StoreError> {
    let sql =
        "select current_setting('server_version_num')::int, current_setting('server_version')";
    let row = client.query_one(sql, &[]).await?;
    let found = format!("PostgreSQL {}", row.try_get::<_, String>(1)?);
    if row.try_get::<_, i32>(0)? < role::VERSION_MIN {
        return Ok(Finding::bad("server", found, "upgrade it to PostgreSQL 15 or newer"));
    }
    Ok(Finding::good("server", found))
}

async fn roles(client: &Client) -> Result<Finding, StoreError> {
    let sql = "
        select rolname::text, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb
          from pg_roles
         where rolname in ('konstruct_app', 'konstruct_platform', 'konstruct_owner') order by 1";
    let rows = client.query(sql, &[]).await?;
    let mut strong = Vec::new();
    for row in &rows {
        if row.try_get::<_, bool>(1)? {
            strong.push(row.try_get::<_, String>(0)?);
        }
    }
    if rows.len() != 3 {
        let fix = "create konstruct_app, konstruct_platform and konstruct_owner with LOGIN";
        return Ok(Finding::bad("roles", format!("{} of 3", rows.len()), fix));
    }
    if !strong.is_empty() {
        let fix = "alter role … nosuperuser nobypassrls nocreaterole nocreatedb";
        return Ok(Finding::bad("roles", format!("too strong: {}", strong.join(", ")), fix));
    }
    Ok(Finding::good("roles", "three, none of which can pass row-level security".to_owned()))
}

async fn walls(client: &Client) -> Result<Finding, StoreError> {
    let gaps = walls::gaps(client).await?;
    let tables = walls::tenant_tables(client).await?.len();
    if gaps.is_empty() {
        let found = format!("all {tables} tenant tables are walled");
        return Ok(Finding::good("row-level security", found));
    }
    let found: Vec<_> = gaps.iter().map(ToString::to_string).collect();
    let fix = "run `konstruct migrate`; a table made by hand needs `CALL tenant_table('…')`";
    Ok(Finding::bad("row-level security", found.join("; "), fix))
}

/// What a connection sees that nobody bound: nothing, unless the role or a pooler presets a tenant.
async fn unbound(client: &Client) -> Result<Finding, StoreError> {
    let what = "unbound connection";
    let sql = "select coalesce(current_setting('app.current_tenant', true), '')";
    let bound: String = client.query_one(sql, &[]).await?.try_get(0)?;
    if !bound.is_empty() {
        let fix = "alter role konstruct_app reset all; and `app.current_tenant` must not be preset by a pooler";
        return Ok(Finding::bad(what, format!("it is bound to `{bound}`"), fix));
    }
    for table in walls::tenant_tables(client).await? {
        let sql = format!("select exists (select from {})", walls::quoted(&table));
        if client.query_one(&sql, &[]).await?.try_get(0)? {
            return Ok(Finding::bad(what, format!("it sees rows of {table}"), "see above"));
        }
    }
    Ok(Finding::good(what, "sees no row of any tenant".to_owned()))
}

async fn migrations(client: &Client) -> Finding {
    let what = "migrations";
    match migrate::missing(client).await {
        Ok(pending) if pending.is_empty() => {
            Finding::good(what, format!("all {} are in", migrate::MIGRATIONS.len()))
        }
        Ok(pending) => {
            let names: Vec<_> = pending.iter().map(|migration| migration.name).collect();
            Finding::bad(what, format!("missing: {}", names.join(", ")), "run `konstruct migrate`")
        }
        Err(error) => Finding::bad(what, error.to_string(), "run `konstruct migrate`"),
    }
}

/// Whether this is a backup that was put back, and what followed from that.
async fn restored(client: &Client) -> Result<Finding, StoreError> {
    let what = "restore";
    let sql = "
        select cut_at_ms, restored_at_ms, lost_at_ms from restoration
         order by restored_at_ms desc limit 1";
    let rows = match client.query(sql, &[]).await {
        Ok(rows) => rows,
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let Some(newest) = rows.first() else {
        return Ok(Finding::good(what, "there was none".to_owned()));
    };
    let (cut, restored, lost) = (row::at(newest, 0)?, row::at(newest, 1)?, row::at(newest, 2)?);
    let found = format!(
        "of {cut}, put back {restored}; replies to what was written before {lost} and was open are \
         sent at an operator's word only"
    );
    Ok(Finding::good(what, found))
}

/// Which generations of the read models there are.
async fn generations(client: &Client) -> Result<Finding, StoreError> {
    let sql = "select name from generation order by name";
    let rows = match client.query(sql, &[]).await {
        Ok(rows) => rows,
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let mut names = vec!["live".to_owned()];
    for row in &rows {
        names.push(row.try_get(0)?);
    }
    Ok(Finding::good("read models", names.join(", ")))
}
