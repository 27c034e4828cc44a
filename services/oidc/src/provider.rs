//! The flow: to the provider, and back with its word.

use std::{sync::Arc, time::Duration};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD as BASE64, Engine as _};
use chrono::{DateTime, Utc};
use domain::secret::Secret;
use openidconnect::{
    AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope, SubjectIdentifier, TokenResponse as _,
    core::{
        CoreAuthPrompt, CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdToken,
        CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreTokenResponse, CoreUserInfoClaims,
    },
};
use schemas::Timestamp;
use tokio::sync::Semaphore;

use crate::{
    Identity, OidcError, Settings, SettingsError,
    http::{Http, is_private},
    identity::{self, SUBJECT_BYTES_MAX},
    known::Known,
};

/// So many calls wait for the provider at once. Whoever is not signed in can start them.
const CALLS_MAX: usize = 16;

/// 256 bits each: state, nonce and verifier (RFC 7636 §4.1 asks for as many).
const DRAWN_LEN: usize = 32;

/// Signed with a key that the provider alone has. Neither `none` nor one whose key we share.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Whether the provider may let somebody pass who proved themselves before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// As it likes.
    Any,
    /// It asks them now. Whether it did is for the caller to see in [`Identity::proved_at`].
    Again,
}

/// A sign-in that has begun: where the browser goes, and what must be remembered until it is back.
#[derive(Debug)]
pub struct Begun {
    /// Where the browser goes.
    pub url: String,
    /// Comes back with the code: it is the browser that went.
    pub state: Secret,
    /// Comes back in the token: it was made for this sign-in.
    pub nonce: Secret,
    /// Proves that the code is ours.
    pub verifier: Secret,
}

/// A provider of identities. Cheap to clone.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

struct Inner {
    http: Http,
    known: Known,
    client_id: ClientId,
    client_secret: Secret,
    redirect: RedirectUrl,
    calls: Semaphore,
}

impl Provider {
    /// Asks nothing of the provider yet. The process must have installed a TLS provider before.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let uri = settings.issuer.parse().map_err(|_| SettingsError::Issuer)?;
        let issuer = IssuerUrl::new(settings.issuer).map_err(|_| SettingsError::Issuer)?;
        if !is_private(&uri) || uri.query().is_some() {
            return Err(SettingsError::Issuer);
        }
        let redirect = RedirectUrl::new(settings.redirect_uri);
        Ok(Self(Arc::new(Inner {
            http: Http::new().map_err(|error| SettingsError::Client(error.to_string()))?,
            known: Known::new(issuer),
            client_id: ClientId::new(settings.client_id),
            client_secret: settings.client_secret,
            redirect: redirect.map_err(|_| SettingsError::Redirect)?,
            calls: Semaphore::new(CALLS_MAX),
        })))
    }

    /// As it names itself.
    pub fn issuer(&self) -> &str {
        self.0.known.issuer()
    }

    /// Begins a sign-in.
    pub async fn begin(&self, prompt: Prompt, now: Timestamp) -> Result<Begun, OidcError> {
        let inner = &self.0;
        let _call = inner.calls.try_acquire().map_err(|_| OidcError::Busy)?;
        let known = inner.known.get(&inner.http, now).await?;
        let (state, nonce, verifier) = (draw(), draw(), draw());
        let challenge = PkceCodeVerifier::new(verifier.expose().to_owned());
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&challenge);
        let client = inner.client(&known);
        let sent = CsrfToken::new(state.expose().to_owned());
        let asked = Nonce::new(nonce.expose().to_owned());
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let mut request = client
            .authorize_url(flow, move || sent, move || asked)
            .add_scopes(["email", "profile"].map(|it| Scope::new(it.to_owned())))
            .set_pkce_challenge(challenge);
        if prompt == Prompt::Again {
            // With `max_age`, the token must say when it was that they proved themselves.
            request = request.add_prompt(CoreAuthPrompt::Login).set_max_age(Duration::ZERO);
        }
        let (url, _, _) = request.url();
        Ok(Begun { url: url.into(), state, nonce, verifier })
    }

    /// Who it is that came back with `code`, by the nonce and the verifier that [`Self::begin`] gave.
    pub async fn finish(
        &self,
        code: &str,
        (nonce, verifier): (&Secret, &Secret),
        now: Timestamp,
    ) -> Result<Identity, OidcError> {
        let inner = &self.0;
        let _call = inner.calls.try_acquire().map_err(|_| OidcError::Busy)?;
        let known = inner.known.get(&inner.http, now).await?;
        let client = inner.client(&known);
        let request = client.exchange_code(AuthorizationCode::new(code.to_owned()));
        let request = request.map_err(|error| OidcError::broken(&error.to_string()))?;
        let verifier = PkceCodeVerifier::new(verifier.expose().to_owned());
        let answer = request.set_pkce_verifier(verifier).request_async(&inner.http).await?;
        let token = answer.id_token();
        let token = token.ok_or_else(|| OidcError::broken("it gave no ID token"))?;
        let nonce = Nonce::new(nonce.expose().to_owned());
        let identity = match prove(&client, token, &nonce, now) {
            // It may have other keys than when it was last asked.
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                let known = inner.known.with_new_keys(&known, &inner.http, now).await?;
                prove(&inner.client(&known), token, &nonce, now)?
            }
            identity => identity?,
        };
        if identity.subject.is_empty() || SUBJECT_BYTES_MAX < identity.subject.len() {
            return Err(OidcError::broken("its name for them is too long"));
        }
        if identity.email.is_some() || known.userinfo_endpoint().is_none() {
            return Ok(identity);
        }
        inner.complete(&client, &answer, identity).await
    }
}

impl Inner {
    fn client(&self, known: &CoreProviderMetadata) -> Client {
        let secret = ClientSecret::new(self.client_secret.expose().to_owned());
        let id = self.client_id.clone();
        let client = CoreClient::from_provider_metadata(known.clone(), id, Some(secret));
        let client = client.set_redirect_uri(self.redirect.clone());
        let ways = known.token_endpoint_auth_methods_supported().map_or(&[][..], Vec::as_slice);
        let is_way = |way| ways.contains(&way);
        let in_body = is_way(CoreClientAuthMethod::ClientSecretPost)
            && !is_way(CoreClientAuthMethod::ClientSecretBasic);
        if in_body { client.set_auth_type(AuthType::RequestBody) } else { client }
    }

    async fn complete(
        &self,
        client: &Client,
        answer: &CoreTokenResponse,
        identity: Identity,
    ) -> Result<Identity, OidcError> {
        use openidconnect::OAuth2TokenResponse as _;
        let subject = SubjectIdentifier::new(identity.subject.clone());
        let request = client.user_info(answer.access_token().clone(), Some(subject));
        let request = request.map_err(|error| OidcError::broken(&error.to_string()))?;
        let said: CoreUserInfoClaims = request.request_async(&self.http).await?;
        Ok(identity::complete(identity, &said))
    }
}

/// Who the token is about, if it proves that.
fn prove(
    client: &Client,
    token: &CoreIdToken,
    nonce: &Nonce,
    now: Timestamp,
) -> Result<Identity, ClaimsVerificationError> {
    // At a time that cannot be, every token has expired.
    let now = DateTime::from_timestamp_millis(now.as_millis()).unwrap_or(DateTime::<Utc>::MAX_UTC);
    let verifier = client.id_token_verifier();
    let verifier = verifier.set_allowed_algs(ALGORITHMS).set_time_fn(move || now);
    Ok(identity::read(token.claims(&verifier, nonce)?))
}

fn draw() -> Secret {
    Secret::from(BASE64.encode(rand::random::<[u8; DRAWN_LEN]>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_called_with_tls() {
        for (issuer, want) in [
            ("https://id.example.com", None),
            ("http://id.example.com", Some(SettingsError::Issuer)),
            ("id.example.com", Some(SettingsError::Issuer)),
            ("https://id.example.com/?realm=acme", Some(SettingsError::Issuer)),
            ("", Some(SettingsError::Issuer)),
        ] {
            let settings = Settings {
                issuer: issuer.to_owned(),
                client_id: "konstruct".to_owned(),
                client_secret: Secret::from("s".to_owned()),
                redirect_uri: "https://konstruct.example/sign-in/oidc/callback".to_owned(),
            };
            rustls::crypto::ring::default_provider().install_default().ok();
            assert_eq!(Provider::new(settings).err(), want, "{issuer}");
        }
    }

    #[test]
    fn what_is_drawn_is_long_enough_for_a_verifier() {
        let (one, two) = (draw(), draw());
        assert_eq!(one.expose().len(), 43);
        assert_ne!(one, two);
    }
}
