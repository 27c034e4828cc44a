//! The app role's door.

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts};
use schemas::{TenantId, Timestamp};

use crate::{
    Role, Settings, StoreError, TenantTx,
    generation::Generation,
    migrate, role,
    session::Session,
    settings::{CONNECT_WAIT_MAX, POOL_WAIT_MAX},
    tls,
};

/// A read model that a generation does not have: what is written to it there would reach the live one.
const MISSING: &str = "
    select c.relname::text from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname ~ '^p_'
       and to_regclass(format('%I.%I', $1::text, c.relname)) is null
     order by 1 limit 1";

/// A pool of connections of the app role. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    pool: Pool,
    settings: Settings,
}

impl Database {
    /// Connects, and refuses a role that row-level security would not bind.
    pub async fn connect(settings: &Settings) -> Result<Self, StoreError> {
        let pool = open(settings, Role::App).await?;
        Ok(Self { pool, settings: settings.clone() })
    }

    /// The same with connections of their own that only read: their statements are planned for what a
    /// page asks, and end after 5 s. Whatever such a transaction sees is still one tenant's.
    pub async fn reader(settings: &Settings) -> Result<Self, StoreError> {
        Self::connect(&settings.reading()).await
    }

    /// The same role with connections of their own to another generation of the read models. What is
    /// written there moves with a place of that generation, see [`crate::generation`].
    pub async fn generation(
        &self,
        generation: Generation,
        connections: usize,
    ) -> Result<Self, StoreError> {
        let settings = self.settings.within(generation.schema()).pool_size(connections);
        let db = Self::connect(&settings).await?;
        let connection = db.pool.get().await?;
        if let Some(row) = connection.query_opt(MISSING, &[&generation.schema()]).await? {
            let (name, table): (_, String) = (generation.name(), row.try_get(0)?);
            return Err(StoreError::Refused(format!(
                "the {name} generation has no table {table}: it is gone, or a migration came between"
            )));
        }
        drop(connection);
        Ok(db)
    }

    /// A transaction of one tenant. It begins, in one round trip, with its first statement.
    pub async fn tenant(&self, tenant: &TenantId) -> Result<TenantTx, StoreError> {
        Ok(TenantTx::new(Session::new(&self.pool).await?, tenant))
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.now().await.map(drop)
    }

    /// The time by the database's clock.
    pub async fn now(&self) -> Result<Timestamp, StoreError> {
        let sql = "select (extract(epoch from clock_timestamp()) * 1000)::bigint";
        let row = self.pool.get().await?.query_one(sql, &[]).await?;
        Ok(Timestamp::from_millis(row.try_get(0)?))
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// A connection for the catalogue, bound to nobody.
    pub(crate) async fn unbound(&self) -> Result<Object, StoreError> {
        let connection = self.pool.get().await?;
        connection.batch_execute("RESET ALL").await?;
        Ok(connection)
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }
}

/// A pool of connections of `role`, whose standing is verified.
pub(crate) async fn open(settings: &Settings, role: Role) -> Result<Pool, StoreError> {
    let config = settings.config(role)?;
    // `Clean` would reset the session on its way back to the pool, and near double what a small
    // transaction takes (155 µs to 290 µs a transaction, eight at once on two busy cores). Nothing
    // it would reset can matter: a transaction binds its tenant before its first statement, over
    // whatever the session may hold, and there is no way to the pool but a transaction.
    let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config, tls::connector(settings)?, manager);
    let timeouts = Timeouts {
        wait: Some(POOL_WAIT_MAX),
        create: Some(CONNECT_WAIT_MAX),
        recycle: Some(POOL_WAIT_MAX),
    };
    let pool = Pool::builder(manager)
        .max_size(settings.pool_size)
        .timeouts(timeouts)
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let connection = pool.get().await?;
    role::verify(&connection, role).await?;
    migrate::verify(&connection).await?;
    drop(connection);
    Ok(pool)
}
