//! Logs and metrics.

use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines, one object a line.
    Json,
}

impl std::str::FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err("it is `text` or `json`"),
        }
    }
}

/// What no setting turns on: at `debug`, the database driver logs every parameter, keys and people's
/// words among them, and the HTTP client every header.
const NEVER: &str = "tokio_postgres=info,hyper=info,hyper_util=info,reqwest=info";

/// Starts logging to standard error. `filter` is in the words of `RUST_LOG`.
pub fn start_logs(format: LogFormat, filter: &str) -> anyhow::Result<()> {
    let mut filter = EnvFilter::try_new(filter)?;
    for directive in NEVER.split(',') {
        filter = filter.add_directive(directive.parse()?);
    }
    let registry = tracing_subscriber::registry().with(filter);
    match format {
        LogFormat::Text => registry.with(fmt::layer().with_writer(std::io::stderr)).try_init()?,
        LogFormat::Json => {
            registry.with(fmt::layer().json().with_writer(std::io::stderr)).try_init()?;
        }
    }
    Ok(())
}

/// How often what was observed is added up. Until then each observation takes room of its own.
const ADD_UP: Duration = Duration::from_secs(5);

/// Starts counting; the handle renders what was counted for Prometheus. A histogram has a name and the
/// upper ends of its buckets.
pub fn start_metrics(histograms: &[(&str, &[f64])]) -> anyhow::Result<PrometheusHandle> {
    let mut builder = PrometheusBuilder::new();
    for (name, buckets) in histograms {
        builder = builder.set_buckets_for_metric(Matcher::Full((*name).to_owned()), buckets)?;
    }
    let metrics = builder.install_recorder()?;
    // For as long as the process counts, whether anybody asks or not.
    let adding = metrics.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(ADD_UP).await;
            adding.run_upkeep();
        }
    });
    Ok(metrics)
}
