//! Accounts on a real database: links, sign-in, sessions, roles, keys.

mod again;
mod identities;
mod invited;
mod keys;
mod links;
mod provided;
mod races;
mod reads;
mod roles;
mod sign_in;
mod tries;
mod walls;

use accounts::{
    Accounts, Delivery, Grant, LinkToken, Mailer, NewAdministrator, SessionToken, SignIn, Signed,
    Visit, totp,
};
use domain::{seal::MasterKey, secret::Secret};
use schemas::Timestamp;
use store::keys::Masters;

use crate::{World, at, world};

const MARA: &str = "mara@example.com";
const PASSWORD: &str = "correct staple glove";
const OTHER: &str = "violet harbour pencil";
const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// An installation with one administrator, Mara.
struct House {
    world: World,
    accounts: Accounts,
    session: SessionToken,
}

fn secret(text: &str) -> Secret {
    Secret::from(text.to_owned())
}

fn masters(digits: &[&str]) -> Masters {
    let mut keys = digits.iter().map(|it| MasterKey::parse(&it.repeat(64)).unwrap());
    Masters::new(keys.next().unwrap(), keys.collect())
}

fn visit(millis: i64) -> Visit {
    Visit::new(at(millis), "203.0.113.7", "Firefox")
}

async fn empty(mailer: Option<Mailer>) -> (World, Accounts) {
    let world = world().await;
    let platform = world.platform.clone();
    let accounts = Accounts::new(platform, masters(&["1"]), mailer, "https://konstruct.example/");
    (world, accounts)
}

async fn house() -> House {
    house_with(None).await
}

async fn house_with(mailer: Option<Mailer>) -> House {
    let (world, accounts) = empty(mailer).await;
    let link = accounts.set_up_link(at(0)).await.unwrap().token();
    let password = secret(PASSWORD);
    let new = NewAdministrator { email: MARA, name: "Mara", password: &password };
    let session = accounts.set_up(&link, &new, &visit(0)).await.unwrap();
    House { world, accounts, session }
}

impl House {
    /// Signs in with a password and nothing else.
    async fn enter(&self, email: &str, password: &str, millis: i64) -> SessionToken {
        let outcome =
            self.accounts.sign_in(email, &secret(password), &visit(millis)).await.unwrap();
        let SignIn::Done(session) = outcome else { panic!("{outcome:?}") };
        session
    }

    async fn who(&self, session: &SessionToken, millis: i64) -> Option<Signed> {
        self.accounts.principal(session, at(millis)).await.unwrap()
    }

    async fn mara(&self) -> Signed {
        self.who(&self.session, 0).await.unwrap()
    }

    /// Somebody else, whom Mara invites to that role, and whose password is the other one.
    async fn hire(&self, email: &str, grant: &Grant) -> Signed {
        let mara = self.mara().await.principal;
        let made = self.accounts.invite(&mara, email, grant, &visit(0)).await.unwrap();
        let (link, password) = (shown(&made), secret(OTHER));
        let taken = self.accounts.accept_invite(&link, "Some One", &password, &visit(0)).await;
        self.who(&taken.unwrap(), 0).await.unwrap()
    }

    /// Sets an app up for Mara, at that time; gives its secret, her session and a recovery code.
    async fn app(&mut self, millis: i64) -> (Secret, Secret) {
        let signed = self.who(&self.session, millis).await.unwrap();
        let offer = self.accounts.begin_second_factor(&signed).unwrap();
        let code = totp::code_at(&offer.secret, at(millis)).unwrap();
        let (held, now) = (&self.session, visit(millis));
        let confirmed = self.accounts.confirm_second_factor(held, &offer.offer, &code, &now).await;
        let (session, codes) = confirmed.unwrap();
        self.session = session;
        (offer.secret, codes.0[0].clone())
    }
}

/// The link that is passed on where there is no mail.
fn shown(delivery: &Delivery) -> LinkToken {
    let Delivery::ShowToAdministrator(link) = delivery else { panic!("{delivery:?}") };
    link.token()
}

fn until(tried: &SignIn) -> Option<Timestamp> {
    match tried {
        SignIn::Throttled { until } => Some(*until),
        SignIn::Done(_) | SignIn::SecondFactor(_) | SignIn::Refused => None,
    }
}
