//! What is known of the provider: its description and its keys, fetched when they are needed.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use openidconnect::{
    IssuerUrl, JsonWebKeySet,
    core::{CoreJsonWebKey, CoreProviderMetadata},
};
use schemas::Timestamp;

use crate::{
    OidcError,
    http::{Http, is_private},
};

/// So long a description is believed.
const KEPT: Duration = Duration::from_hours(1);

/// The last description that was fetched.
pub(crate) struct Known {
    issuer: IssuerUrl,
    last: Mutex<Option<(Timestamp, Arc<CoreProviderMetadata>)>>,
}

impl Known {
    pub(crate) fn new(issuer: IssuerUrl) -> Self {
        Self { issuer, last: Mutex::new(None) }
    }

    pub(crate) fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    /// The description with its keys. Whoever comes while another one fetches it fetches it too: nobody
    /// waits behind a call that hangs.
    pub(crate) async fn get(
        &self,
        http: &Http,
        now: Timestamp,
    ) -> Result<Arc<CoreProviderMetadata>, OidcError> {
        if let Some(known) = self.fresh(now) {
            return Ok(known);
        }
        let found = CoreProviderMetadata::discover_async(self.issuer.clone(), http).await?;
        // The browser is sent there, and the code comes back from there.
        let door = found.authorization_endpoint().as_str().parse();
        if !door.is_ok_and(|uri| is_private(&uri)) {
            return Err(OidcError::broken("it names an address without TLS"));
        }
        Ok(self.keep(found, now))
    }

    /// The same with keys of this moment: the provider has new ones.
    pub(crate) async fn with_new_keys(
        &self,
        known: &CoreProviderMetadata,
        http: &Http,
        now: Timestamp,
    ) -> Result<Arc<CoreProviderMetadata>, OidcError> {
        let keys = JsonWebKeySet::<CoreJsonWebKey>::fetch_async(known.jwks_uri(), http).await?;
        Ok(self.keep(known.clone().set_jwks(keys), now))
    }

    fn fresh(&self, now: Timestamp) -> Option<Arc<CoreProviderMetadata>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, known) = last.as_ref()?;
        (now < at.plus(KEPT)).then(|| Arc::clone(known))
    }

    fn keep(&self, found: CoreProviderMetadata, now: Timestamp) -> Arc<CoreProviderMetadata> {
        let found = Arc::new(found);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((now, Arc::clone(&found)));
        found
    }
}
