use accounts::{
    AccountsError, Grant, LinkToken, Mailer, NewAdministrator, PlatformRole, SignIn, TenantRole,
};
use konstruct_tests::fake_smtp::{FakeSmtp, Mail};

use super::{
    HOUR, House, MARA, MINUTE, OTHER, PASSWORD, empty, house, house_with, secret, shown, visit,
};
use crate::{at, tenant};

impl House {
    /// Asks, and waits until that is done.
    pub(super) async fn ask_reset(&self, email: &str, millis: i64) {
        self.accounts.ask_reset(email, &visit(millis)).unwrap().await.unwrap();
    }
}

pub(super) fn mailed(mail: &Mail, page: &str) -> LinkToken {
    let begin = format!("https://konstruct.example/{page}/");
    let link = mail.word(&begin).unwrap_or_else(|| panic!("{mail:?}"));
    LinkToken::from(link.trim_start_matches(&begin).to_owned())
}

#[tokio::test]
async fn a_set_up_link_works_once_and_only_the_last_one_does() {
    let (_world, accounts) = empty(None).await;
    assert!(accounts.is_new().await.unwrap());
    let voided = accounts.set_up_link(at(0)).await.unwrap().token();
    let link = accounts.set_up_link(at(0)).await.unwrap();
    assert!(link.expose().starts_with("https://konstruct.example/set-up/"), "{link:?}");
    let link = link.token();
    assert!(!accounts.is_set_up_link(&voided, at(1)).await.unwrap());
    assert!(!accounts.is_set_up_link(&link, at(24 * HOUR)).await.unwrap());
    let (good, bad) = (secret(PASSWORD), secret("short"));
    let new = |password| NewAdministrator { email: MARA, name: "Mara", password };
    let refused = accounts.set_up(&link, &new(&bad), &visit(1)).await;
    assert!(matches!(refused, Err(AccountsError::Password(_))), "the link is not used up");
    let session = accounts.set_up(&link, &new(&good), &visit(1)).await.unwrap();
    let signed = accounts.principal(&session, at(1)).await.unwrap().unwrap();
    assert_eq!(signed.principal.platform, Some(PlatformRole::Administrator));
    let again = accounts.set_up(&link, &new(&good), &visit(1)).await;
    assert!(matches!(again, Err(AccountsError::Link)), "{again:?}");
    assert!(matches!(accounts.set_up_link(at(2)).await, Err(AccountsError::IsSetUp)));
}

#[tokio::test]
async fn a_link_that_cannot_be_mailed_is_shown() {
    let smtp = FakeSmtp::start().await.unwrap();
    let mailer = Mailer::new(&secret(smtp.url()), "konstruct@example.com").unwrap();
    drop(smtp);
    let house = house_with(Some(mailer)).await;
    let mara = house.mara().await.principal;
    let grant = Grant::Platform(PlatformRole::Engineer);
    let invited = house.accounts.invite(&mara, "eva@example.com", &grant, &visit(1)).await;
    let link = shown(&invited.unwrap());
    assert!(house.accounts.invitation(&link, at(2)).await.unwrap().is_some(), "it works");
}

#[tokio::test]
async fn a_reset_ends_sessions_signs_nobody_in_and_keeps_the_second_factor() {
    let mut smtp = FakeSmtp::start().await.unwrap();
    let mailer = Mailer::new(&secret(smtp.url()), "Konstruct <konstruct@example.com>").unwrap();
    let mut house = house_with(Some(mailer)).await;
    house.app(0).await;
    house.ask_reset("nobody@example.com", 1).await;
    house.ask_reset(" Mara@Example.com", 1).await;
    house.ask_reset(MARA, 2).await;
    let mail = smtp.next().await.unwrap();
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("konstruct@example.com", &[MARA.to_owned()][..])
    );
    let link = mailed(&mail, "reset");
    assert!(house.accounts.is_reset_link(&link, at(30 * MINUTE)).await.unwrap());
    assert!(!house.accounts.is_reset_link(&link, at(30 * MINUTE + 1)).await.unwrap());
    house.accounts.reset_password(&link, &secret(OTHER), &visit(MINUTE)).await.unwrap();
    assert!(house.who(&house.session, MINUTE).await.is_none(), "sessions end");
    let again = house.accounts.reset_password(&link, &secret(OTHER), &visit(MINUTE)).await;
    assert!(matches!(again, Err(AccountsError::Link)));
    let sign_in = async |password: &str| {
        house.accounts.sign_in(MARA, &secret(password), &visit(MINUTE)).await.unwrap()
    };
    assert!(matches!(sign_in(PASSWORD).await, SignIn::Refused));
    assert!(matches!(sign_in(OTHER).await, SignIn::SecondFactor(_)), "and it is asked for");
    let word = smtp.next().await.unwrap();
    assert!(word.data.contains("was changed"), "the only other mail: {word:?}");
    assert!(smtp.is_empty());
}

#[tokio::test]
async fn whoever_asks_in_somebody_elses_name_voids_no_link_of_theirs() {
    let mut smtp = FakeSmtp::start().await.unwrap();
    let mailer = Mailer::new(&secret(smtp.url()), "konstruct@example.com").unwrap();
    let house = house_with(Some(mailer)).await;
    let mut links = Vec::new();
    for (millis, sent) in [(0, true), (5 * MINUTE - 1, false), (5 * MINUTE, true)] {
        house.ask_reset(MARA, millis).await;
        if sent {
            links.push(mailed(&smtp.next().await.unwrap(), "reset"));
        }
    }
    assert!(smtp.is_empty());
    for link in &links {
        assert!(house.accounts.is_reset_link(link, at(6 * MINUTE)).await.unwrap());
    }
    let used = house.accounts.reset_password(&links[0], &secret(OTHER), &visit(6 * MINUTE)).await;
    used.unwrap();
    for link in &links {
        assert!(!house.accounts.is_reset_link(link, at(6 * MINUTE)).await.unwrap());
    }
}

#[tokio::test]
async fn without_mail_an_administrator_sees_who_asks_for_a_reset() {
    let house = house().await;
    house.ask_reset(MARA, 5).await;
    let mara = house.mara().await.principal;
    let listed = house.accounts.operators(&mara).await.unwrap();
    assert_eq!(listed[0].reset_asked_at, Some(at(5)));
    let link = house.accounts.reset_link(&mara, &mara.operator, &visit(6)).await.unwrap();
    house.accounts.reset_password(&shown(&link), &secret(OTHER), &visit(7)).await.unwrap();
    house.enter(MARA, OTHER, 8).await;
    assert_eq!(house.accounts.operators(&mara).await.unwrap()[0].reset_asked_at, None);
}

#[tokio::test]
async fn a_changed_password_needs_the_present_one_and_ends_other_sessions() {
    let house = house().await;
    let (one, two) = (house.session.clone(), house.enter(MARA, PASSWORD, 1).await);
    let change = async |present: &str| {
        let (present, other) = (secret(present), secret(OTHER));
        house.accounts.change_password(&two, &present, &other, &visit(2)).await.unwrap()
    };
    assert!(matches!(change(OTHER).await, SignIn::Refused));
    assert!(house.who(&one, 2).await.is_some());
    let SignIn::Done(three) = change(PASSWORD).await else { panic!("refused") };
    assert!(house.who(&one, 3).await.is_none());
    assert!(house.who(&two, 3).await.is_none());
    assert!(house.who(&three, 3).await.is_some());
    house.enter(MARA, OTHER, 3).await;
}

#[tokio::test]
async fn an_invitation_is_for_its_email_once_and_the_last_one_counts() {
    let mut smtp = FakeSmtp::start().await.unwrap();
    let mailer = Mailer::new(&secret(smtp.url()), "konstruct@example.com").unwrap();
    let house = house_with(Some(mailer)).await;
    let mara = house.mara().await.principal;
    let grant = Grant::Tenant(tenant("acme"), TenantRole::Operator);
    let invite = async || {
        house.accounts.invite(&mara, "Ada@example.com", &grant, &visit(0)).await.unwrap();
    };
    invite().await;
    let voided = mailed(&smtp.next().await.unwrap(), "invite");
    invite().await;
    let link = mailed(&smtp.next().await.unwrap(), "invite");
    assert!(house.accounts.invitation(&voided, at(1)).await.unwrap().is_none());
    assert!(house.accounts.invitation(&link, at(72 * HOUR)).await.unwrap().is_none());
    let found = house.accounts.invitation(&link, at(1)).await.unwrap().unwrap();
    assert_eq!((found.email.as_str(), found.has_account), ("ada@example.com", false));
    let foreign = house.accounts.join(&link, &house.mara().await, &visit(1)).await;
    assert!(matches!(foreign, Err(AccountsError::Link)), "it is Ada's");

    let session = house.accounts.accept_invite(&link, "Ada", &secret(OTHER), &visit(1)).await;
    let ada = house.who(&session.unwrap(), 1).await.unwrap();
    assert_eq!((ada.email.as_str(), ada.principal.platform), ("ada@example.com", None));
    assert_eq!(ada.principal.tenants, [(tenant("acme"), TenantRole::Operator)].into());
    let again = house.accounts.accept_invite(&link, "Eve", &secret(OTHER), &visit(1)).await;
    assert!(matches!(again, Err(AccountsError::Link)));

    let grant = Grant::Tenant(tenant("other"), TenantRole::Viewer);
    house.accounts.invite(&mara, "ada@example.com", &grant, &visit(2)).await.unwrap();
    let link = mailed(&smtp.next().await.unwrap(), "invite");
    let taken = house.accounts.accept_invite(&link, "Eve", &secret(OTHER), &visit(2)).await;
    assert!(matches!(taken, Err(AccountsError::EmailTaken)));
    house.accounts.join(&link, &ada, &visit(2)).await.unwrap();
    let session = house.enter("ada@example.com", OTHER, 3).await;
    assert_eq!(house.who(&session, 3).await.unwrap().principal.tenants.len(), 2);
}
