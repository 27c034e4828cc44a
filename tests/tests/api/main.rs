//! The API over real HTTP, with the real log and the real database behind it.

// For clippy, which takes helpers of tests for tests only where this stands.
#![cfg(test)]

mod changes;
mod conformance;
mod keys;
mod models;
mod once;
mod replays;
mod roles;
mod tools;

use accounts::{Accounts, ApiToken, Grant, PlatformRole, Principal, TenantRole, Visit};
use domain::seal::MasterKey;
use konstruct_tests::{
    fake_slack::Team,
    installation::{Installation, MASTER_KEY, tenant},
};
use reqwest::{Method, StatusCode, header::HeaderMap};
use schemas::{OperatorId, Timestamp};
use serde_json::Value;
use store::{Platform, Settings, keys::Masters};

/// An installation with tenants `acme` and `beta`, and a key for each role.
struct Office {
    it: Installation,
    accounts: Accounts,
    http: reqwest::Client,
    administrator: String,
    engineer: String,
    operator: String,
    viewer: String,
    /// The operator of the other tenant.
    stranger: String,
}

/// An answer.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Office {
    async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// With these settings of the portal.
    async fn open_with(settings: &[(&str, &str)]) -> Self {
        let mut it = Installation::prepare().await.unwrap();
        let tenants = [("acme", "T0ACME", "mara"), ("beta", "T0BETA", "otto")];
        let tenants = tenants.map(|(slug, team, agent)| tenant(slug, team, agent, "brief"));
        it.apply(&format!("tenants:\n{}", tenants.concat())).await.unwrap();
        it.run("projector").await.unwrap();
        it.run_with("portal", settings).await.unwrap();
        it.slack.install("xoxb-T0NEW", Team::new("T0NEW", "U0BOT"));
        let platform = Settings::new(it.database.platform_url());
        let platform = Platform::connect(&platform).await.unwrap();
        let masters = Masters::new(MasterKey::parse(MASTER_KEY).unwrap(), Vec::new());
        let accounts = Accounts::new(platform, masters, None, &it.portal());
        let mut keys = Vec::new();
        for grant in [
            Grant::Platform(PlatformRole::Administrator),
            Grant::Platform(PlatformRole::Engineer),
            Grant::Tenant("acme".parse().unwrap(), TenantRole::Operator),
            Grant::Tenant("acme".parse().unwrap(), TenantRole::Viewer),
            Grant::Tenant("beta".parse().unwrap(), TenantRole::Operator),
        ] {
            keys.push(key(&accounts, &grant).await.1.expose().to_owned());
        }
        let [administrator, engineer, operator, viewer, stranger] = keys.try_into().unwrap();
        let http = reqwest::Client::new();
        let office =
            Self { it, accounts, http, administrator, engineer, operator, viewer, stranger };
        office.until_known().await;
        office
    }

    /// The read models have what `apply` wrote.
    async fn until_known(&self) {
        konstruct_tests::wait::until(std::time::Duration::from_mins(1), "it is known", || async {
            let known = self.get(&self.administrator, "/tenants/beta/agents/otto").await;
            Ok(known.status == StatusCode::OK)
        })
        .await
        .unwrap();
    }

    async fn get(&self, key: &str, path: &str) -> Answer {
        self.send(key, (Method::GET, path), None, &[]).await
    }

    async fn post(&self, key: &str, path: &str, body: Value) -> Answer {
        self.send(key, (Method::POST, path), Some(body), &[]).await
    }

    async fn put(&self, key: &str, path: &str, body: Value) -> Answer {
        self.send(key, (Method::PUT, path), Some(body), &[]).await
    }

    async fn send(
        &self,
        key: &str,
        (method, path): (Method, &str),
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let url = format!("{}/api/v1{path}", self.it.portal());
        let mut request = self.http.request(method, url).bearer_auth(key);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answer { status, headers, body }
    }
}

impl Answer {
    /// The fields that a refusal names.
    fn fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().filter_map(|it| it["field"].as_str()).collect()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn key(accounts: &Accounts, grant: &Grant) -> (OperatorId, ApiToken) {
    let made = accounts.make_api_key(&root(), "a test", grant, &visit()).await.unwrap();
    (made.id, made.key)
}

/// Who makes keys here.
fn root() -> Principal {
    Principal {
        operator: "o-root".parse().unwrap(),
        via: "cli",
        platform: Some(PlatformRole::Administrator),
        tenants: [].into(),
    }
}

fn visit() -> Visit {
    Visit::new(Timestamp::from_millis(0), "127.0.0.1", "a test")
}
