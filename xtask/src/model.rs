//! Which model answers in the demo, and `konstruct.toml`, which tells Konstruct so.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};
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
    /// `OpenAI` (`OPENAI_API_KEY`), or what `OPENAI_BASE_URL` points at (then `OPENAI_MODEL` as well)
    Openai,
    /// Anthropic (`ANTHROPIC_API_KEY`, `ANTHROPIC_MODEL`)
    Anthropic,
    /// Ollama (`OLLAMA_HOST`, `OLLAMA_MODEL`)
    Ollama,
    /// A fake vendor that says back what it heard
    Echo,
}

/// What tells Konstruct which model answers.
pub(crate) struct Model {
    /// `konstruct.toml`.
    pub(crate) config: String,
    /// Variables of its environment. An empty one is kept from it.
    pub(crate) environment: Vec<(&'static str, String)>,
}

/// Each vendor that runs elsewhere, and the variables that make Konstruct ask it; one of them is needed.
const VENDORS: [(Llm, &str, &[&str]); 3] = [
    (Llm::Openai, "openai", &["OPENAI_API_KEY", "OPENAI_BASE_URL"]),
    (Llm::Anthropic, "anthropic", &["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"]),
    (Llm::Ollama, "ollama", &["OLLAMA_HOST"]),
];

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Model {
    /// A server here with `OpenAI`'s wire format that wants no key, in both groups.
    pub(crate) fn keyless(base_url: &str, model: &str) -> Self {
        let group = |group: &str| {
            format!(
                "[[models.{group}]]\nname = \"openai\"\nvendor = \"openai\"\nmodel = {}\nbase_url = {}\n\
                 max_output_tokens = 128\ncontext_window = 4096\n",
                quoted(model),
                quoted(base_url)
            )
        };
        let config = format!("{HEAD}\n{}\n{}", group("quality"), group("fast"));
        Self { config, environment: Vec::new() }
    }

    /// A vendor that runs elsewhere, by its customary variables; none for those that `dev` starts itself.
    pub(crate) fn vendor(llm: Llm, var: Lookup) -> Result<Option<Self>> {
        let Some((_, name, own)) = VENDORS.iter().find(|(vendor, ..)| *vendor == llm) else {
            return Ok(None);
        };
        let mut environment = Vec::new();
        if llm == Llm::Ollama && var("OLLAMA_HOST").is_none() {
            environment.push(("OLLAMA_HOST", "127.0.0.1".to_owned()));
        } else if own.iter().all(|name| var(name).is_none()) {
            bail!("`--llm {name}` needs {}", own.join(" or "));
        }
        let others = VENDORS.iter().filter(|(vendor, ..)| *vendor != llm);
        let others = others.flat_map(|(.., variables)| variables.iter());
        environment.extend(others.map(|name| (*name, String::new())));
        Ok(Some(Self { config: HEAD.to_owned(), environment }))
    }
}

const HEAD: &str = "# Written anew by every `cargo xtask dev`.\n";

/// A JSON string of plain text is a TOML string too.
fn quoted(text: &str) -> String {
    serde_json::json!(text).to_string()
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
        let error = Model::vendor(Llm::Anthropic, &|_| None).err().unwrap();
        let says = "`--llm anthropic` needs ANTHROPIC_API_KEY or ANTHROPIC_BASE_URL";
        assert_eq!(error.to_string(), says);
        assert!(Model::vendor(Llm::Local, &|_| None).unwrap().is_none());
    }

    #[test]
    fn the_vendor_asked_for_is_the_only_one_and_its_key_is_not_written() {
        let model = Model::vendor(Llm::Openai, &|_| Some("sk-secret".to_owned())).unwrap().unwrap();
        assert_eq!(model.config, HEAD);
        let kept = ["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "OLLAMA_HOST"];
        assert_eq!(model.environment, kept.map(|name| (name, String::new())));
        let here = Model::vendor(Llm::Ollama, &|_| None).unwrap().unwrap();
        assert_eq!(here.environment.first(), Some(&("OLLAMA_HOST", "127.0.0.1".to_owned())));
    }

    #[test]
    fn a_server_here_is_in_both_groups() {
        expect![[r#"
            # Written anew by every `cargo xtask dev`.

            [[models.quality]]
            name = "openai"
            vendor = "openai"
            model = "echo"
            base_url = "http://127.0.0.1:1/v1"
            max_output_tokens = 128
            context_window = 4096

            [[models.fast]]
            name = "openai"
            vendor = "openai"
            model = "echo"
            base_url = "http://127.0.0.1:1/v1"
            max_output_tokens = 128
            context_window = 4096
        "#]]
        .assert_eq(&Model::keyless("http://127.0.0.1:1/v1", "echo").config);
    }
}
