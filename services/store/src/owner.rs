//! The owner's session, for what no service does.

use tokio_postgres::Client;
use tracing::warn;

use crate::{Role, Settings, StoreError, role, tls};

/// Connects as the owner, and as nobody else.
pub(crate) async fn connect(settings: &Settings) -> Result<Client, StoreError> {
    let config = settings.config(Role::Owner)?;
    let (client, connection) = config.connect(tls::connector(settings)?).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            warn!(error = %StoreError::from(error), "lost the owner's session");
        }
    });
    role::verify(&client, Role::Owner).await?;
    Ok(client)
}
