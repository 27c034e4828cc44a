//! `bench llm`: what the router adds to a call of a model. The same fake vendor in the same run, asked
//! directly, through the router in this process, and through `konstruct llm`. The vendor has a process of
//! its own, so that this one's time is the callers' and, of one of the three, the router's.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use accounts::{Accounts, Grant, NewApiKey, Visit};
use anyhow::{Context as _, ensure};
use domain::{access::TenantRole, seal::MasterKey};
use konstruct_tests::installation::{Installation, MASTER_KEY, acme, free_port};
use providers::{ClientSettings, Models, Request, Router, Turn, Unrecorded, client};
use reqwest::Client;
use serde_json::{Value, json};
use store::keys::Masters;
use tokio::task::JoinSet;

use super::{
    machine,
    peer::{self, Peer},
    process::{Watched, Window, resident_mib},
    report::{Group, Report, millis, percentile, rate},
    streams, tell,
    vendor::Vendor,
};

/// The answer: twenty tokens.
pub(crate) const ANSWER: &str =
    "one two three four five six seven eight nine ten eleven twelve and so on up to here now";

/// How long a vendor takes to its first token, in milliseconds.
const VENDORS_MS: [u64; 2] = [0, 20];

/// Callers at once.
const CALLERS: [usize; 2] = [1, 32];

/// How long each way is held.
pub(crate) struct Options {
    pub(crate) hold: Duration,
    /// The program of `LiteLLM`, to be measured beside ours.
    pub(crate) litellm: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self { hold: Duration::from_secs(4), litellm: None }
    }
}

/// A way to ask.
#[derive(Clone)]
pub(crate) enum Way {
    /// The vendor itself, as an HTTP client asks it.
    Direct { client: Client, url: String },
    /// The router in this process.
    Router(Arc<Router>),
    /// `konstruct llm`.
    Server { client: Client, url: String, key: String },
}

/// Measures everything.
pub(crate) async fn run(options: &Options) -> anyhow::Result<Report> {
    let mut it = Installation::prepare().await?;
    let machine = machine(&it).await?;
    it.apply(&acme()).await?;
    let (key, port) = (key(&it).await?, free_port()?);
    let client = Client::builder().tcp_nodelay(true).build()?;
    let vendor = Vendor::start(&client).await?;
    settle(&mut it, &vendor.url, port);
    it.run("llm").await?;
    let url = format!("http://127.0.0.1:{port}");
    let server = Way::Server { client: client.clone(), url, key };
    let mut ways = vec![
        ("direct", Way::Direct { client: client.clone(), url: vendor.url.clone() }),
        ("in-process", Way::Router(Arc::new(router(&vendor.url)?))),
        ("konstruct llm", server.clone()),
    ];
    let alone = vec![
        ("the callers".to_owned(), std::process::id()),
        ("the vendor".to_owned(), vendor.pid()?),
        ("konstruct llm".to_owned(), it.pid("llm").context("`konstruct llm` has ended")?),
    ];
    let mut watched = Watched { alone, ..Watched::default() };
    let mut peer = None;
    if let Some(program) = &options.litellm {
        let started = peer.insert(Peer::start(program, &client, &vendor.url).await?);
        watched.families.push(("LiteLLM".to_owned(), started.pid()?));
        let (url, key) = (started.url.clone(), peer::KEY.to_owned());
        ways.push(("LiteLLM", Way::Server { client, url, key }));
    }
    let mut groups = Vec::new();
    for vendor_ms in VENDORS_MS {
        vendor.takes(vendor_ms).await?;
        for callers in CALLERS {
            for streamed in [false, true] {
                let asked = Asked { vendor_ms, callers, streamed };
                groups.push(group(options, &ways, &asked, &watched).await?);
            }
        }
    }
    if let Some(peer) = &peer {
        let mut group = Group::new("LiteLLM's memory", "its first process after all of the above");
        group.add("LiteLLM", resident_mib(peer.pid()?)?, "MiB");
        groups.push(group);
    }
    drop(peer);
    // A service that has done nothing else, and a vendor that holds its answers until it is told.
    it.kill("llm").await?;
    let url = it.llm.url();
    settle(&mut it, &url, port);
    it.run("llm").await?;
    groups.push(streams::memory(&it, &server).await?);
    Ok(Report { machine, groups, broken: Vec::new() })
}

/// `konstruct llm` asks that vendor and listens on that port.
fn settle(it: &mut Installation, vendor: &str, port: u16) {
    let settings = [
        ("OPENAI_API_KEY", "sk-bench".to_owned()),
        ("OPENAI_BASE_URL", format!("{vendor}/v1")),
        ("OPENAI_MODEL", "bench".to_owned()),
        ("KONSTRUCT_LLM_LISTEN", format!("127.0.0.1:{port}")),
    ];
    it.settings.extend(settings.map(|(name, value)| (name.to_owned(), value)));
}

/// How the vendor is asked.
struct Asked {
    vendor_ms: u64,
    callers: usize,
    streamed: bool,
}

async fn group(
    options: &Options,
    ways: &[(&'static str, Way)],
    asked: &Asked,
    watched: &Watched,
) -> anyhow::Result<Group> {
    let Asked { vendor_ms, callers, streamed } = *asked;
    let form = if streamed { "streamed" } else { "whole" };
    let title = format!("{callers} callers, vendor at {vendor_ms} ms, {form}");
    tell(&title);
    let work = "each caller asks again as soon as it has the whole answer of twenty tokens; the \
                router asks for it streamed in either form, a direct caller as it wants it";
    let mut group = Group::new(title, work);
    let mut base = None;
    for (name, way) in ways {
        let window = Window::open(watched.clone())?;
        let begun = Instant::now();
        let mut callers_at_work = JoinSet::new();
        for _ in 0..callers {
            let (way, hold) = (way.clone(), options.hold);
            callers_at_work.spawn(async move {
                let mut times = Vec::new();
                while begun.elapsed() < hold {
                    let asked = Instant::now();
                    ask(&way, streamed).await?;
                    times.push(asked.elapsed());
                }
                anyhow::Ok(times)
            });
        }
        let mut times = Vec::new();
        while let Some(found) = callers_at_work.join_next().await {
            times.extend(found??);
        }
        let per_second = rate(times.len(), begun.elapsed());
        let usage = window.close()?;
        times.sort_unstable();
        let at = |percent| millis(percentile(&times, percent));
        let cpu = usage.each_us(times.len());
        let direct: Direct = *base.get_or_insert(Direct {
            per_second,
            times_ms: [at(50), at(95), at(99)],
            cpu_us: cpu,
        });
        let rate = (direct.per_second, "direct");
        group.compare(format!("{name}, rate"), (per_second, "/s"), rate);
        for (percent, direct) in [50, 95, 99].into_iter().zip(direct.times_ms) {
            group.compare(format!("{name}, p{percent}"), (at(percent), "ms"), (direct, "direct"));
            group.add(format!("{name}, added to p{percent}"), at(percent) - direct, "ms");
        }
        group.compare(format!("{name}, CPU"), (cpu, "us"), (direct.cpu_us, "direct"));
        group.add(format!("{name}, added CPU"), cpu - direct.cpu_us, "us");
        usage.per(times.len(), &format!("request, {name}"), &mut group);
    }
    Ok(group)
}

/// What the others are compared with.
#[derive(Clone, Copy)]
struct Direct {
    per_second: f64,
    /// p50, p95, p99
    times_ms: [f64; 3],
    cpu_us: f64,
}

/// One whole answer; that it is whole is looked at.
pub(crate) async fn ask(way: &Way, streamed: bool) -> anyhow::Result<()> {
    let text = match way {
        Way::Direct { client, url } => {
            let request =
                client.post(format!("{url}/v1/chat/completions")).json(&body("bench", streamed));
            said(request.bearer_auth("sk-bench"), streamed).await?
        }
        Way::Server { client, url, key } => {
            let request =
                client.post(format!("{url}/v1/chat/completions")).json(&body("quality", streamed));
            said(request.bearer_auth(key), streamed).await?
        }
        Way::Router(router) => {
            let request = Request {
                turns: vec![Turn::user("how are you?")],
                max_output_tokens: 100,
                ..Request::default()
            };
            let deadline = tokio::time::Instant::now() + Duration::from_mins(1);
            let answered = if streamed {
                router.stream("quality", &request, deadline, &Unrecorded, drop).await
            } else {
                router.complete("quality", &request, deadline, &Unrecorded).await
            };
            answered?.answer.text
        }
    };
    ensure!(text == ANSWER, "another answer: {text:?}");
    Ok(())
}

pub(crate) fn body(model: &str, stream: bool) -> Value {
    json!({
        "model": model, "stream": stream, "max_tokens": 100,
        "messages": [{ "role": "user", "content": "how are you?" }],
    })
}

/// The text of an answer, as a client reads it.
async fn said(request: reqwest::RequestBuilder, streamed: bool) -> anyhow::Result<String> {
    let answer = request.send().await?.error_for_status()?;
    if !streamed {
        let whole: Value = answer.json().await?;
        let text = whole.pointer("/choices/0/message/content").and_then(Value::as_str);
        return Ok(text.context("no content")?.to_owned());
    }
    let all = answer.bytes().await?;
    let mut text = String::new();
    let events =
        std::str::from_utf8(&all)?.split("\n\n").filter_map(|it| it.strip_prefix("data: "));
    for event in events.filter(|event| *event != "[DONE]") {
        let chunk: Value = serde_json::from_str(event)?;
        let piece = chunk.pointer("/choices/0/delta/content").and_then(Value::as_str);
        text.push_str(piece.unwrap_or_default());
    }
    Ok(text)
}

/// A key of an operator of `acme`.
async fn key(it: &Installation) -> anyhow::Result<String> {
    let masters = Masters::new(MasterKey::parse(MASTER_KEY)?, Vec::new());
    let accounts = Accounts::new(it.database.platform().await?, masters, None, &it.portal());
    let visit = Visit::new(schemas::Timestamp::from_millis(0), "127.0.0.1", "bench");
    let grant = Grant::Tenant("acme".parse()?, TenantRole::Operator);
    let made: NewApiKey =
        accounts.make_api_key(&Accounts::console()?, "bench", &grant, &visit).await?;
    Ok(made.key.expose().to_owned())
}

/// The same models as those of `konstruct llm`.
fn router(vendor: &str) -> anyhow::Result<Router> {
    let url = format!("{vendor}/v1");
    let lookup = |name: &str| match name {
        "OPENAI_API_KEY" => Some("sk-bench".to_owned()),
        "OPENAI_BASE_URL" => Some(url.clone()),
        "OPENAI_MODEL" => Some("bench".to_owned()),
        _ => None,
    };
    let models = Models::from_env(&lookup)?;
    Ok(Router::from_config(&models, client(&ClientSettings::default())?))
}
