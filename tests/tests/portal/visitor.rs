//! People who visit the portal over HTTP, and the accounts they have.

use accounts::{Accounts, Delivery, Grant, SessionToken, SignIn, Visit};
use anyhow::{Context as _, bail};
use domain::{
    access::{PlatformRole, TenantRole},
    seal::MasterKey,
    secret::Secret,
};
use konstruct_tests::installation::{Installation, MASTER_KEY};
use portal::server::flash::Flash;
use reqwest::{
    Client, Method, RequestBuilder, Response, StatusCode,
    header::{COOKIE, HeaderMap, SET_COOKIE},
    redirect::Policy,
};
use schemas::{TenantId, Timestamp};
use store::keys::Masters;

/// Long enough, and nobody's.
pub(crate) const PASSWORD: &str = "a quiet harbour at 4 in the morning";

/// Whoever gives accounts to people.
pub(crate) struct Staff {
    accounts: Accounts,
    base: String,
}

impl Staff {
    pub(crate) async fn of(it: &Installation) -> anyhow::Result<Self> {
        let platform = it.database.platform().await?;
        let masters = Masters::new(MasterKey::parse(MASTER_KEY)?, Vec::new());
        let accounts = Accounts::new(platform, masters, None, &it.portal());
        Ok(Self { accounts, base: it.portal() })
    }

    pub(crate) async fn administrator(&self) -> anyhow::Result<Visitor> {
        self.hired("ada@example.com", Grant::Platform(PlatformRole::Administrator)).await
    }

    pub(crate) async fn engineer(&self) -> anyhow::Result<Visitor> {
        self.hired("ed@example.com", Grant::Platform(PlatformRole::Engineer)).await
    }

    pub(crate) async fn operator(&self, tenant: &str) -> anyhow::Result<Visitor> {
        let grant = Grant::Tenant(tenant.parse()?, TenantRole::Operator);
        self.hired(&format!("op@{tenant}.example"), grant).await
    }

    pub(crate) async fn viewer(&self, tenant: &str) -> anyhow::Result<Visitor> {
        let grant = Grant::Tenant(tenant.parse()?, TenantRole::Viewer);
        self.hired(&format!("eve@{tenant}.example"), grant).await
    }

    /// Somebody with an account, whose only role was taken away.
    pub(crate) async fn roleless(&self, tenant: &str) -> anyhow::Result<Visitor> {
        let (email, tenant) = ("leo@acme.example", tenant.parse::<TenantId>()?);
        self.hired(email, Grant::Tenant(tenant.clone(), TenantRole::Viewer)).await?;
        let (console, visit) = (Accounts::console()?, visit()?);
        let all = self.accounts.operators(&console).await?;
        let one = all.into_iter().find(|it| it.email == email).context("nobody has this e-mail")?;
        self.accounts.remove_member(&console, &tenant, &one.id, &visit).await?;
        let password = Secret::from(PASSWORD.to_owned());
        let SignIn::Done(session) = self.accounts.sign_in(email, &password, &visit).await? else {
            bail!("they are not let in")
        };
        Visitor::new(&self.base, Some(session))
    }

    /// Whoever is not signed in.
    pub(crate) fn nobody(&self) -> anyhow::Result<Visitor> {
        Visitor::new(&self.base, None)
    }

    /// Lets somebody sign in no more.
    pub(crate) async fn disable(&self, email: &str) -> anyhow::Result<()> {
        let (console, visit) = (Accounts::console()?, visit()?);
        let all = self.accounts.operators(&console).await?;
        let one = all.into_iter().find(|it| it.email == email).context("nobody has this e-mail")?;
        Ok(self.accounts.disable(&console, &one.id, &visit).await?)
    }

    /// The path of a link that invites somebody to a tenant.
    pub(crate) async fn invitation(&self, email: &str, tenant: &str) -> anyhow::Result<String> {
        let grant = Grant::Tenant(tenant.parse()?, TenantRole::Viewer);
        let made = self.accounts.invite(&Accounts::console()?, email, &grant, &visit()?).await?;
        let Delivery::ShowToAdministrator(link) = made else { bail!("it was mailed") };
        Ok(format!("/invite/{}", link.token().expose()))
    }

    /// The path of an operator's page.
    pub(crate) async fn page_of(&self, email: &str) -> anyhow::Result<String> {
        let all = self.accounts.operators(&Accounts::console()?).await?;
        let one = all.into_iter().find(|it| it.email == email).context("nobody has this e-mail")?;
        Ok(format!("/operators/{}", one.id))
    }

    /// The path of a link to choose another password.
    pub(crate) async fn reset_link(&self, email: &str) -> anyhow::Result<String> {
        let (console, visit) = (Accounts::console()?, visit()?);
        let all = self.accounts.operators(&console).await?;
        let one = all.into_iter().find(|it| it.email == email).context("nobody has this e-mail")?;
        let made = self.accounts.reset_link(&console, &one.id, &visit).await?;
        let Delivery::ShowToAdministrator(link) = made else { bail!("it was mailed") };
        Ok(format!("/reset/{}", link.token().expose()))
    }

    async fn hired(&self, email: &str, grant: Grant) -> anyhow::Result<Visitor> {
        let visit = visit()?;
        let invited = self.accounts.invite(&Accounts::console()?, email, &grant, &visit).await?;
        let Delivery::ShowToAdministrator(link) = invited else { bail!("it was mailed") };
        let password = Secret::from(PASSWORD.to_owned());
        let opened = self.accounts.accept_invite(&link.token(), email, &password, &visit).await?;
        Visitor::new(&self.base, Some(opened))
    }
}

fn visit() -> anyhow::Result<Visit> {
    Ok(Visit::new(Timestamp::from_millis(now_ms()?), "127.0.0.1", "test"))
}

pub(crate) fn now_ms() -> anyhow::Result<i64> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(i64::try_from(since.as_millis())?)
}

/// The value of the hidden field of that name.
pub(crate) fn hidden(page: &str, name: &str) -> anyhow::Result<String> {
    let from = page.split(&format!("name=\"{name}\"")).nth(1).context("no such field")?;
    let value = from.split("value=\"").nth(1).and_then(|rest| rest.split('"').next());
    Ok(value.context("no value")?.to_owned())
}

/// What the next page will say.
pub(crate) fn flash_of(answer: &Response) -> anyhow::Result<Flash> {
    let mut held = HeaderMap::new();
    for cookie in answer.headers().get_all(SET_COOKIE) {
        held.append(COOKIE, cookie.clone());
    }
    Flash::of(&held).context("nothing will be said")
}

/// One person with a browser that runs no scripts and follows no redirects.
pub(crate) struct Visitor {
    client: Client,
    base: String,
    session: Option<SessionToken>,
}

impl Visitor {
    fn new(base: &str, session: Option<SessionToken>) -> anyhow::Result<Self> {
        let client = Client::builder().redirect(Policy::none()).build()?;
        // Names of the portal's own machine are looked up nowhere.
        let base = base.replace("localhost", "127.0.0.1");
        Ok(Self { client, base, session })
    }

    /// The session as a browser's cookie has it.
    pub(crate) fn cookie(&self) -> anyhow::Result<&str> {
        Ok(self.session.as_ref().context("nobody is signed in")?.expose())
    }

    /// A request as our own pages send it.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.foreign(method, path).header("sec-fetch-site", "same-origin")
    }

    /// A request that says nothing of where it comes from.
    pub(crate) fn foreign(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.session {
            Some(session) => request.header("cookie", format!("__Host-ks={}", session.expose())),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Response> {
        Ok(self.request(Method::GET, path).send().await?)
    }

    /// The text of a page that is there.
    pub(crate) async fn read(&self, path: &str) -> anyhow::Result<String> {
        let answer = self.get(path).await?;
        anyhow::ensure!(answer.status() == StatusCode::OK, "{path}: {}", answer.status());
        text_of(answer).await
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> anyhow::Result<Response> {
        Ok(self.request(Method::POST, path).form(form).send().await?)
    }
}

/// A page without the markers that tell a script where one text ends and another begins.
pub(crate) async fn text_of(page: Response) -> anyhow::Result<String> {
    Ok(page.text().await?.replace("<!>", ""))
}
