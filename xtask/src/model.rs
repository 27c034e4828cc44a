//! Which model answers in the demo, and `konstruct.toml`, which tells Konstruct so.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::child::{Dirs, Service};
use crate::http;
use crate::stop::Stop;

/// Loading takes 4 s on a quiet machine.
const START_MAX: Duration = Duration::from_mins(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Llm {
    /// A real, tiny model on this machine
    Local,
    /// `OpenAI`, or what `OPENAI_BASE_URL` points at (needs `OPENAI_API_KEY`; `OPENAI_MODEL`)
    Openai,
    /// Anthropic (needs `ANTHROPIC_API_KEY`; `ANTHROPIC_MODEL`)
    Anthropic,
    /// Ollama (`OLLAMA_HOST`, `OLLAMA_MODEL`)
    Ollama,
    /// A fake vendor that says back what it heard
    Echo,
}

/// One deployment in `konstruct.toml`.
pub(crate) struct Deployment {
    vendor: &'static str,
    model: String,
    /// None: the vendor's own.
    base_url: Option<String>,
    api_key_env: Option<&'static str>,
    context_window: u32,
    max_output_tokens: u32,
}

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Deployment {
    /// A server with `OpenAI`'s wire format that wants no key.
    pub(crate) fn keyless(base_url: String, model: String) -> Self {
        let base_url = Some(base_url);
        Self {
            vendor: "openai",
            model,
            base_url,
            api_key_env: None,
            context_window: 4096,
            max_output_tokens: 128,
        }
    }

    /// A vendor that runs elsewhere; none for those that `dev` starts itself.
    pub(crate) fn vendor(llm: Llm, var: Lookup) -> Result<Option<Self>> {
        let model = |name, default: &str| var(name).unwrap_or_else(|| default.to_owned());
        let (vendor, model, base_url, key) = match llm {
            Llm::Local | Llm::Echo => return Ok(None),
            Llm::Openai => (
                "openai",
                model("OPENAI_MODEL", "gpt-5-mini"),
                var("OPENAI_BASE_URL"),
                Some("OPENAI_API_KEY"),
            ),
            Llm::Anthropic => (
                "anthropic",
                model("ANTHROPIC_MODEL", "claude-haiku-4-5"),
                var("ANTHROPIC_BASE_URL"),
                Some("ANTHROPIC_API_KEY"),
            ),
            Llm::Ollama => (
                "ollama",
                model("OLLAMA_MODEL", "llama3.2"),
                Some(ollama_url(var("OLLAMA_HOST"))),
                None,
            ),
        };
        if let Some(key) = key {
            var(key).with_context(|| format!("`--llm {vendor}` needs {key}"))?;
        }
        Ok(Some(Self {
            vendor,
            model,
            base_url,
            api_key_env: key,
            context_window: 32_768,
            max_output_tokens: 1024,
        }))
    }

    /// `konstruct.toml` with this deployment in both groups.
    pub(crate) fn config(&self) -> String {
        let group = |group: &str| {
            let mut lines =
                vec![format!("[[models.{group}]]"), format!("name = \"{}\"", self.vendor)];
            lines.push(format!("vendor = \"{}\"", self.vendor));
            lines.push(format!("model = {}", quoted(&self.model)));
            lines.extend(self.base_url.as_ref().map(|url| format!("base_url = {}", quoted(url))));
            lines.extend(self.api_key_env.map(|name| format!("api_key_env = \"{name}\"")));
            lines.push(format!("max_output_tokens = {}", self.max_output_tokens));
            lines.push(format!("context_window = {}", self.context_window));
            lines.join("\n") + "\n"
        };
        format!(
            "# Written anew by every `cargo xtask dev`.\n\n{}\n{}",
            group("quality"),
            group("fast")
        )
    }
}

/// A JSON string of plain text is a TOML string too.
fn quoted(text: &str) -> String {
    serde_json::json!(text).to_string()
}

/// Ollama's own variable may come without a scheme, without a port, and as an address to listen on.
fn ollama_url(host: Option<String>) -> String {
    let host = host.filter(|host| !host.is_empty()).unwrap_or_else(|| "127.0.0.1".to_owned());
    let (scheme, rest) = host.split_once("://").unwrap_or(("http", &host));
    let rest = rest.trim_end_matches('/').replacen("0.0.0.0", "127.0.0.1", 1);
    if rest.contains(':') || host.contains("://") {
        format!("{scheme}://{rest}")
    } else {
        format!("{scheme}://{rest}:11434")
    }
}

/// Starts the model from `fetched`, and gives its base URL.
pub(crate) fn serve(
    script: &Path,
    fetched: &Path,
    dirs: &Dirs,
    stop: &Stop,
) -> Result<(Service, String)> {
    let port = http::free_port(0)?;
    let mut command = Command::new("python3");
    command.arg(script).arg(fetched).arg(port.to_string()).env("PYTHONPATH", fetched);
    let mut service = Service::start("model", command, dirs)?;
    let address = format!("127.0.0.1:{port}");
    service.wait(stop, START_MAX, || {
        matches!(http::status(&address, "/health"), Ok(200)).then_some(())
    })?;
    Ok((service, format!("http://{address}/v1")))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_vendor_without_its_key_is_refused_by_name() {
        let error = Deployment::vendor(Llm::Anthropic, &|_| None).err().unwrap();
        assert_eq!(error.to_string(), "`--llm anthropic` needs ANTHROPIC_API_KEY");
        assert!(Deployment::vendor(Llm::Local, &|_| None).unwrap().is_none());
    }

    #[test]
    fn the_key_is_named_and_not_written() {
        let set = |name: &str| (name == "OPENAI_API_KEY").then(|| "sk-secret".to_owned());
        let config = Deployment::vendor(Llm::Openai, &set).unwrap().unwrap().config();
        expect![[r#"
            # Written anew by every `cargo xtask dev`.

            [[models.quality]]
            name = "openai"
            vendor = "openai"
            model = "gpt-5-mini"
            api_key_env = "OPENAI_API_KEY"
            max_output_tokens = 1024
            context_window = 32768

            [[models.fast]]
            name = "openai"
            vendor = "openai"
            model = "gpt-5-mini"
            api_key_env = "OPENAI_API_KEY"
            max_output_tokens = 1024
            context_window = 32768
        "#]]
        .assert_eq(&config);
    }

    #[test]
    fn every_customary_ollama_host_is_a_url() {
        let cases = [
            (None, "http://127.0.0.1:11434"),
            (Some(""), "http://127.0.0.1:11434"),
            (Some("0.0.0.0:8080"), "http://127.0.0.1:8080"),
            (Some("gpu-box"), "http://gpu-box:11434"),
            (Some("https://gpu.example/"), "https://gpu.example"),
        ];
        for (given, want) in cases {
            assert_eq!(ollama_url(given.map(str::to_owned)), want, "{given:?}");
        }
    }
}
