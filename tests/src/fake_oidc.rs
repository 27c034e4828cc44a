//! A provider of identities over HTTP, that can misbehave.
//!
//! It holds a client to the rules as real ones do (redirect URI, PKCE, the client's secret, a code works
//! once), and signs with keys that it makes at its start.

mod keys;
mod server;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::net::TcpListener;

pub use self::keys::Algorithm;
use self::keys::Keys;

/// As it calls the installation.
pub const CLIENT_ID: &str = "konstruct";
/// What the installation proves itself with.
pub const CLIENT_SECRET: &str = "a client's secret / with: odd+letters";

/// Whoever sits before the browser, as the provider knows them.
#[derive(Clone, Debug)]
pub struct Person {
    /// For good.
    pub subject: String,
    /// Other claims about them.
    pub claims: Value,
}

impl Person {
    /// Somebody with an e-mail that is checked.
    pub fn new(subject: &str, email: &str) -> Self {
        Self::claiming(
            subject,
            json!({ "email": email, "email_verified": true, "name": "Some One" }),
        )
    }

    /// Somebody with these claims.
    pub fn claiming(subject: &str, claims: Value) -> Self {
        Self { subject: subject.to_owned(), claims }
    }
}

/// What it does wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trick {
    /// Nothing.
    #[default]
    None,
    /// Sends the browser back with this error and no code.
    Refuse(&'static str),
    /// Sends the browser back with nothing.
    Forget,
    /// Says in the answer that it is another provider (RFC 9207).
    OtherVoice,
    /// A token for another sign-in.
    WrongNonce,
    /// A token without a nonce.
    NoNonce,
    /// A token for another client.
    WrongAudience,
    /// A token for this client and another.
    TwoAudiences,
    /// A token of another provider.
    WrongIssuer,
    /// A token of an hour ago.
    Expired,
    /// `alg: none`.
    Unsigned,
    /// HS256, keyed with the public key that it publishes.
    SignedWithPublicKey,
    /// HS256, keyed with the client's secret.
    SignedWithSecret,
    /// A key that it does not publish, by the name of one that it does.
    OtherKey,
    /// A name that is longer than names may be.
    LongSubject,
    /// No ID token.
    NoToken,
    /// Says 500 when asked for a token.
    TokenFails,
    /// Never answers when asked for a token.
    TokenHangs,
    /// Answers without end when asked for a token.
    TokenHuge,
    /// Sends the client elsewhere when asked for a token.
    TokenMoved,
    /// Says 500 when asked for its description.
    Away,
    /// Describes another provider.
    OtherDescription,
    /// Says what is not in the ID token about somebody else.
    OtherUserInfo,
}

/// The provider. Stops with this value.
pub struct FakeOidc {
    url: String,
    world: World,
    server: tokio::task::JoinHandle<()>,
}

#[derive(Clone)]
struct World(Arc<Mutex<State>>);

struct State {
    issuer: String,
    redirect_uri: String,
    person: Person,
    trick: Trick,
    keys: Keys,
    /// How long ago they typed their password; not said, if none.
    proved_ago_s: Option<u64>,
    /// Whether it says who they are at its `UserInfo` endpoint only.
    thin: bool,
    codes: Vec<server::Issued>,
    asked: Vec<Vec<(String, String)>>,
    key_reads: usize,
    token_calls: usize,
}

impl World {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FakeOidc {
    /// Listens on a port of its own. Browsers come back to `portal`.
    pub async fn start(portal: &str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Self::on(listener, portal)
    }

    /// Listens there.
    pub fn on(listener: TcpListener, portal: &str) -> anyhow::Result<Self> {
        let url = format!("http://{}", listener.local_addr()?);
        let world = World(Arc::new(Mutex::new(State {
            issuer: url.clone(),
            redirect_uri: format!("{portal}/sign-in/oidc/callback"),
            person: Person::new("ann", "ann@example.com"),
            trick: Trick::None,
            keys: Keys::draw(Algorithm::Rs256)?,
            proved_ago_s: Some(0),
            thin: false,
            codes: Vec::new(),
            asked: Vec::new(),
            key_reads: 0,
            token_calls: 0,
        })));
        let app = server::router(world.clone());
        let server = tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        Ok(Self { url, world, server })
    }

    /// What an installation is told of it.
    pub fn settings(&self) -> [(String, String); 4] {
        [
            ("ISSUER", self.url.as_str()),
            ("CLIENT_ID", CLIENT_ID),
            ("CLIENT_SECRET", CLIENT_SECRET),
            ("NAME", "Acme SSO"),
        ]
        .map(|(name, value)| (format!("KONSTRUCT_OIDC_{name}"), value.to_owned()))
    }

    /// From now on, this is who sits before the browser.
    pub fn seat(&self, person: Person) {
        self.world.lock().person = person;
    }

    /// From now on it does this.
    pub fn play(&self, trick: Trick) {
        self.world.lock().trick = trick;
    }

    /// When they typed their password, in seconds before now; not said, if none.
    pub fn proved(&self, ago_s: Option<u64>) {
        self.world.lock().proved_ago_s = ago_s;
    }

    /// Whether ID tokens say as little as they may.
    pub fn thin(&self, thin: bool) {
        self.world.lock().thin = thin;
    }

    /// Other keys, in the place of those there were.
    pub fn rotate(&self, to: Algorithm) -> anyhow::Result<()> {
        let keys = Keys::draw(to)?;
        self.world.lock().keys = keys;
        Ok(())
    }

    /// The parameters that the last browser came with.
    pub fn asked(&self, name: &str) -> Option<String> {
        let world = self.world.lock();
        let found = world.asked.last()?.iter().find(|(it, _)| it == name);
        found.map(|(_, value)| value.clone())
    }

    /// How often its keys were read.
    pub fn key_reads(&self) -> usize {
        self.world.lock().key_reads
    }

    /// How often somebody wanted a token for a code.
    pub fn token_calls(&self) -> usize {
        self.world.lock().token_calls
    }
}

impl Drop for FakeOidc {
    fn drop(&mut self) {
        self.server.abort();
    }
}
