//! Every setting of the executable: the environment first, then the file that `KONSTRUCT_CONFIG`
//! names. Read whole, before anything starts; all problems are named at once.

mod portal;
mod tools;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use anyhow::Context as _;
use channels::slack;
use domain::{
    seal::MasterKey,
    secret::Secret,
    share::{Share, directory::DirectoryShare},
};
use providers::Models;
use runtime::{
    config::{ConfigError, Settings},
    telemetry::LogFormat,
};

/// Where health and metrics are, when nobody chose otherwise.
const ADMIN_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8002);

/// Where models are served to programs, when nobody chose otherwise.
const LLM_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8003);

/// Below this, a few long messages, or agents, fill a stream.
const STREAM_MIB_MIN: i64 = 64;

/// Ten tenants that do nothing but fill the log fill it.
const SHARE_PERCENT_DEFAULT: u8 = 10;

const MIB: i64 = 1024 * 1024;

/// Where settings come from: the environment, and the text of the file.
pub(crate) struct Sources {
    file: toml::Table,
    file_text: String,
}

impl Sources {
    /// Reads the file, where there is one.
    pub(crate) fn open() -> anyhow::Result<Self> {
        let Some(path) = std::env::var_os("KONSTRUCT_CONFIG").map(PathBuf::from) else {
            return Ok(Self { file: toml::Table::new(), file_text: String::new() });
        };
        let text = std::fs::read_to_string(&path);
        let file_text = text.with_context(|| format!("`KONSTRUCT_CONFIG`: {}", path.display()))?;
        let file = file_text.parse().with_context(|| format!("in {}", path.display()))?;
        Ok(Self { file, file_text })
    }

    /// A setting. In the file, `KONSTRUCT_NATS_URL` is `nats_url`.
    pub(crate) fn lookup(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().or_else(|| self.in_file(name))
    }

    fn in_file(&self, name: &str) -> Option<String> {
        let key = name.strip_prefix("KONSTRUCT_")?.to_lowercase();
        match self.file.get(&key)? {
            toml::Value::String(text) => Some(text.clone()),
            toml::Value::Integer(number) => Some(number.to_string()),
            toml::Value::Boolean(flag) => Some(flag.to_string()),
            toml::Value::Float(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_)
            | toml::Value::Table(_) => None,
        }
    }

    /// The language models.
    pub(crate) fn models(&self) -> anyhow::Result<Models> {
        let lookup = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        if self.file.contains_key("models") {
            return Ok(Models::from_toml(&self.file_text, &lookup)?);
        }
        Ok(Models::from_env(&lookup)?)
    }
}

/// The installation's keys.
pub(crate) struct MasterKeys {
    /// Wraps.
    pub current: MasterKey,
    /// Unwrap what was wrapped before.
    pub previous: Vec<MasterKey>,
    /// Whether texts are sealed.
    pub seal: bool,
}

/// What a program is told. Each program asks for what it needs and no more.
pub(crate) struct Asked<'a> {
    sources: &'a Sources,
}

impl<'a> Asked<'a> {
    /// Asks those sources.
    pub(crate) fn new(sources: &'a Sources) -> Self {
        Self { sources }
    }

    /// The names of the installation's model groups, as far as they are known here: those of the file,
    /// whose keys need not be at hand, else those of the vendors' variables.
    pub(crate) fn model_groups(&self) -> Vec<String> {
        if let Some(toml::Value::Table(groups)) = self.sources.file.get("models") {
            return groups.keys().cloned().collect();
        }
        let models = self.sources.models();
        models.map(|it| it.groups().map(str::to_owned).collect()).unwrap_or_default()
    }

    fn read<T>(&self, read: impl FnOnce(&mut Settings<'_>) -> Option<T>) -> Result<T, ConfigError> {
        let lookup = |name: &str| self.sources.lookup(name);
        let mut settings = Settings::new(&lookup);
        let value = read(&mut settings);
        settings.finish(value)
    }

    /// How logs look and which there are.
    pub(crate) fn logs(&self) -> Result<(LogFormat, String), ConfigError> {
        self.read(|settings| {
            let format = settings.or("KONSTRUCT_LOG_FORMAT", LogFormat::Text);
            let filter = settings.or("RUST_LOG", "info".to_owned());
            format.zip(filter)
        })
    }

    /// The address of NATS.
    pub(crate) fn nats_url(&self) -> Result<String, ConfigError> {
        self.read(|settings| settings.required("KONSTRUCT_NATS_URL"))
    }

    /// The database as `setting` reaches it.
    pub(crate) fn database(&self, setting: &str) -> Result<store::Settings, ConfigError> {
        self.read(|settings| {
            let url: Option<String> = settings.required(setting);
            let size = settings.or("KONSTRUCT_DATABASE_POOL", 16_usize);
            let ca = settings.text("KONSTRUCT_DATABASE_CA_FILE").map(PathBuf::from);
            let (url, size) = url.zip(size)?;
            Some(store::Settings::new(url).pool_size(size).ca_file(ca))
        })
    }

    /// The master keys, and whether texts are sealed.
    pub(crate) fn master_keys(&self) -> Result<MasterKeys, ConfigError> {
        self.read(|settings| {
            let current: Option<String> = settings.required("KONSTRUCT_MASTER_KEY");
            let previous = settings.text("KONSTRUCT_MASTER_KEY_PREVIOUS").unwrap_or_default();
            let seal = settings.or("KONSTRUCT_SEAL_TEXT", true);
            let mut parse = |name: &str, hex: &str| match MasterKey::parse(hex) {
                Ok(key) => Some(key),
                Err(error) => {
                    settings.problem(format!("`{name}`: {error}"));
                    None
                }
            };
            let current = current.and_then(|hex| parse("KONSTRUCT_MASTER_KEY", &hex));
            let previous = previous.split(',').map(str::trim).filter(|hex| !hex.is_empty());
            let previous =
                previous.map(|hex| parse("KONSTRUCT_MASTER_KEY_PREVIOUS", hex)).collect();
            Some(MasterKeys {
                current: current?,
                previous: Option::<Vec<_>>::unwrap_or_default(previous),
                seal: seal?,
            })
        })
    }

    /// What Slack signs with.
    pub(crate) fn signing_secret(&self) -> Result<Secret, ConfigError> {
        let name = "KONSTRUCT_SLACK_SIGNING_SECRET";
        self.read(|settings| settings.required::<String>(name).map(Secret::from))
    }

    /// Slack's Web API, and whether we keep to its published pace.
    pub(crate) fn slack_api(&self) -> Result<(String, slack::Pacing), ConfigError> {
        self.read(|settings| {
            let url = settings.or("KONSTRUCT_SLACK_API_URL", slack::API_URL.to_owned());
            let paced = settings.or("KONSTRUCT_SLACK_PACING", true);
            let pacing = |paced| if paced { slack::Pacing::Slack } else { slack::Pacing::Unpaced };
            url.zip(paced.map(pacing))
        })
    }

    /// Where the gateway is reached.
    pub(crate) fn gateway_url(&self) -> Result<String, ConfigError> {
        let default = "http://127.0.0.1:8001".to_owned();
        self.read(|settings| settings.or("KONSTRUCT_GATEWAY_URL", default))
    }

    /// Where browsers reach the portal: what links in mails begin with.
    pub(crate) fn public_url(&self) -> Result<String, ConfigError> {
        let default = "http://localhost:3000".to_owned();
        self.read(|settings| settings.or("KONSTRUCT_PUBLIC_URL", default))
    }

    /// The mail server and in whose name mail is sent, if mail is sent.
    pub(crate) fn mail(&self) -> Result<Option<(Secret, String)>, ConfigError> {
        self.read(|settings| {
            let Some(url) = settings.text("KONSTRUCT_SMTP_URL") else { return Some(None) };
            let from = settings.required::<String>("KONSTRUCT_MAIL_FROM")?;
            Some(Some((Secret::from(url), from)))
        })
    }

    /// Where a service serves its health and metrics; nowhere if that is `off`.
    pub(crate) fn admin_listen(&self) -> Result<Option<SocketAddr>, ConfigError> {
        self.read(|settings| match settings.text("KONSTRUCT_ADMIN_LISTEN").as_deref() {
            Some("off") => Some(None),
            Some(_) | None => settings.or("KONSTRUCT_ADMIN_LISTEN", ADMIN_LISTEN).map(Some),
        })
    }

    /// Where models are served to programs: nowhere beside the other services, unless it is set.
    pub(crate) fn llm_listen(&self, alone: bool) -> Result<Option<SocketAddr>, ConfigError> {
        self.read(|settings| match settings.text("KONSTRUCT_LLM_LISTEN").as_deref() {
            None if !alone => Some(None),
            Some(_) | None => settings.or("KONSTRUCT_LLM_LISTEN", LLM_LISTEN).map(Some),
        })
    }

    /// How large the streams are here.
    pub(crate) fn sizes(&self) -> Result<nats::Sizes, ConfigError> {
        self.read(|settings| {
            let default = nats::Sizes::default();
            let mut bytes = |name: &str, default: i64| {
                let mib = settings.or(name, default / MIB)?;
                if !(STREAM_MIB_MIN..=i64::MAX / MIB).contains(&mib) {
                    settings.problem(format!("`{name}`: {STREAM_MIB_MIN} or more"));
                }
                Some(mib.saturating_mul(MIB))
            };
            let events = bytes("KONSTRUCT_EVENTS_MIB", default.events_bytes_max);
            let directory = bytes("KONSTRUCT_DIRECTORY_MIB", default.directory_bytes_max);
            let (events_bytes_max, directory_bytes_max) = events.zip(directory)?;
            Some(nats::Sizes { events_bytes_max, directory_bytes_max })
        })
    }

    /// How much of the log one tenant may fill.
    pub(crate) fn share(&self) -> Result<Share, ConfigError> {
        let bytes = self.sizes()?.events_bytes_max.unsigned_abs();
        Ok(Share::of_log(bytes, self.share_percent()?))
    }

    /// How much of the directory's log one tenant may fill.
    pub(crate) fn directory_share(&self) -> Result<DirectoryShare, ConfigError> {
        let bytes = self.sizes()?.directory_bytes_max.unsigned_abs();
        Ok(DirectoryShare::of_log(bytes, self.share_percent()?))
    }

    fn share_percent(&self) -> Result<u8, ConfigError> {
        let name = "KONSTRUCT_TENANT_SHARE_PERCENT";
        self.read(|settings| {
            let percent = settings.or(name, SHARE_PERCENT_DEFAULT)?;
            if !(1..=100).contains(&percent) {
                settings.problem(format!("`{name}`: from 1 to 100"));
            }
            Some(percent)
        })
    }

    /// Where a program listens.
    pub(crate) fn listen(
        &self,
        setting: &str,
        default: SocketAddr,
    ) -> Result<SocketAddr, ConfigError> {
        self.read(|settings| settings.or(setting, default))
    }
}
