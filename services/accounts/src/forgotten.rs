//! Whoever forgot their password asks for a link. Nobody waits for what comes of it, so nobody learns
//! from how long it takes whether there is an account.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use store::accounts::operators;
use tokio::{sync::Semaphore, task::JoinHandle};

use crate::{
    Accounts, AccountsError, Email, Visit,
    journal::{Deed, note},
    mail::Link,
    passwords::letter,
};

/// So long nobody is sent another one, however often it is asked for. Those that were sent work on
/// until one is used, so whoever asks in somebody else's name spoils nothing.
const ASK_AGAIN: Duration = Duration::from_mins(5);
/// Looked up at once: pages need the database too.
const AT_ONCE_MAX: usize = 2;
/// Waiting, or underway to the mail server. What comes beyond is not heeded.
const ASKS_MAX: usize = 64;

/// Those who have asked. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Asks {
    running: Arc<Semaphore>,
    all: Arc<Semaphore>,
}

impl Asks {
    pub(crate) fn new() -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self { running: semaphore(AT_ONCE_MAX), all: semaphore(ASKS_MAX) }
    }
}

impl Accounts {
    /// Asks for a link to choose another password, and returns before anything is looked up. It goes
    /// out by mail; where there is none, administrators see who asks. The task is for those who must
    /// know when that is done; there is none for what is not heeded.
    pub fn ask_reset(&self, email: &str, visit: &Visit) -> Option<JoinHandle<()>> {
        let email = Email::parse(email).ok()?;
        let Ok(place) = Arc::clone(&self.asks.all).try_acquire_owned() else {
            tracing::warn!("too many ask for another password: one was not heeded");
            return None;
        };
        let (accounts, visit) = (self.clone(), visit.clone());
        Some(tokio::spawn(async move {
            if let Err(error) = accounts.heed(&email, &visit).await {
                tracing::warn!(%error, "a link to choose another password was not sent");
            }
            drop(place);
        }))
    }

    async fn heed(&self, email: &Email, visit: &Visit) -> Result<(), AccountsError> {
        let turn = self.asks.running.acquire().await.map_err(|_| AccountsError::Busy)?;
        let link = self.note_ask(email, visit).await?;
        drop(turn);
        if let (Some(mailer), Some(link)) = (&self.mailer, link) {
            mailer.send(letter(email, &link)).await?;
        }
        Ok(())
    }

    /// Notes who asked, and makes the link to mail, where there is mail. Whoever comes by the provider
    /// of identities alone gets none while there is one: whoever reads their mail would get in without
    /// it. An administrator may make one for them.
    async fn note_ask(&self, email: &Email, visit: &Visit) -> Result<Option<Link>, AccountsError> {
        let last = visit.now.minus(ASK_AGAIN);
        let mut tx = self.platform.accounts().await?;
        let who = operators::reset_asked(&mut tx, email.as_str(), visit.now, last).await?;
        let Some(asked) = who else { return Ok(None) };
        let (who, by_mail) = (asked.id, self.mailer.is_some());
        let (action, detail) = ("password.reset-asked", json!({}));
        note(&mut tx, visit, Deed { who: Some(&who), tenant: None, action, detail }).await?;
        let link = if by_mail && !(asked.is_provided && self.beside_provider) {
            Some(self.make_reset(&mut tx, &who, None, visit.now).await?)
        } else {
            None
        };
        tx.commit().await?;
        Ok(link)
    }
}
