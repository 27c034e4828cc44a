//! The way to the look-alike of Slack on a developer's machine. Who makes the calls is handed in:
//! nothing here goes out by itself.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use serde_json::Value;

/// What is asked of it.
#[derive(Clone, Debug)]
pub enum Call {
    /// Something to look at, with its query.
    Get(&'static str, Vec<(&'static str, String)>),
    /// Something to do, with its body.
    Post(&'static str, Value),
}

type Answer = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;

/// Talks to the look-alike. Cheap to clone.
#[derive(Clone)]
pub struct DevSlack(Arc<dyn Fn(Call) -> Answer + Send + Sync>);

impl DevSlack {
    /// Calls are made by `call`.
    pub fn new(call: impl Fn(Call) -> Answer + Send + Sync + 'static) -> Self {
        Self(Arc::new(call))
    }

    /// Looks at something.
    pub async fn get(
        &self,
        what: &'static str,
        query: Vec<(&'static str, String)>,
    ) -> Result<Value, String> {
        (self.0)(Call::Get(what, query)).await
    }

    /// Does something.
    pub async fn post(&self, what: &'static str, body: Value) -> Result<Value, String> {
        (self.0)(Call::Post(what, body)).await
    }
}

impl fmt::Debug for DevSlack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DevSlack")
    }
}
