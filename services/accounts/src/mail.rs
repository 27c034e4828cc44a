//! Mail, and the links in it.

use std::{fmt, sync::Arc, time::Duration};

use domain::secret::Secret;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor, message::Mailbox};

use crate::{Email, LinkToken};

/// The longest that a server may take for a mail.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Sends mail. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    transport: Arc<AsyncSmtpTransport<Tokio1Executor>>,
    from: Mailbox,
}

/// Why a mail did not go out. Says nothing of the mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// The setting is wrong.
    #[error("not an SMTP address: `smtps://user:password@host` or `smtp://host:25`")]
    Url,
    /// The setting is wrong.
    #[error("not a sender: `Konstruct <konstruct@example.com>`")]
    From,
    /// The server does not take it.
    #[error("the mail server refused the mail")]
    Refused,
    /// It may go better later.
    #[error("the mail server did not take the mail")]
    Away,
}

/// A link that works once. It cannot be printed by accident.
#[derive(Clone)]
pub struct Link(Secret);

impl Link {
    pub(crate) fn new(public_url: &str, page: &str, token: &LinkToken) -> Self {
        Self(Secret::from(format!("{public_url}/{page}/{}", token.expose())))
    }

    /// The link itself.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The token in it: what the page's handler reads.
    pub fn token(&self) -> LinkToken {
        let text = self.0.expose();
        LinkToken::from(text.rsplit('/').next().unwrap_or_default().to_owned())
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link(…)")
    }
}

/// Where a link went.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// To the person, by mail.
    Mailed,
    /// There is no mail here, or it did not go out: the administrator passes it on. Shown once, kept
    /// nowhere.
    ShowToAdministrator(Link),
}

/// What is written.
pub(crate) struct Letter<'a> {
    pub(crate) to: &'a Email,
    pub(crate) subject: &'static str,
    pub(crate) text: String,
}

impl Mailer {
    /// Speaks to the server at `url` in the name of `from`.
    pub fn new(url: &Secret, from: &str) -> Result<Self, MailError> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose());
        let transport = builder.map_err(|_| MailError::Url)?.timeout(Some(WAIT_MAX)).build();
        let from = from.parse().map_err(|_| MailError::From)?;
        Ok(Self { transport: Arc::new(transport), from })
    }

    pub(crate) async fn send(&self, letter: Letter<'_>) -> Result<(), MailError> {
        let to = letter.to.as_str().parse().map_err(|_| MailError::Refused)?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(letter.subject)
            .body(letter.text)
            .map_err(|_| MailError::Refused)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(MailError::Refused),
            Err(_) => Err(MailError::Away),
        }
    }
}
