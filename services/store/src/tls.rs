//! Proof that the server is the one we mean.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{Settings, StoreError};

/// TLS by ring, with the authorities of the settings or else of the system.
pub(crate) fn connector(settings: &Settings) -> Result<MakeRustlsConnect, StoreError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::Refused(format!("TLS: {error}")))?
        .with_root_certificates(roots(settings)?)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn roots(settings: &Settings) -> Result<RootCertStore, StoreError> {
    let mut roots = RootCertStore::empty();
    let Some(path) = &settings.ca_file else {
        // None at all is no error here: without TLS nobody asks them.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    let problem = |what: String| {
        StoreError::Refused(format!("KONSTRUCT_DATABASE_CA_FILE {}: {what}", path.display()))
    };
    for certificate in CertificateDer::pem_file_iter(path).map_err(|e| problem(e.to_string()))? {
        let certificate = certificate.map_err(|e| problem(e.to_string()))?;
        roots.add(certificate).map_err(|e| problem(e.to_string()))?;
    }
    if roots.is_empty() {
        return Err(problem("there is no certificate in it".to_owned()));
    }
    Ok(roots)
}
