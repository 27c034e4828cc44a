//! `cargo xtask dev`: all of Konstruct on this machine, and one message answered before your eyes.

use std::fs::{self, File};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::child::{Dirs, Service, run_ok, show};
use crate::demo;
use crate::fetch;
use crate::home::Home;
use crate::http;
use crate::model::{self, Llm, Model};
use crate::nats::Nats;
use crate::orphans;
use crate::out;
use crate::postgres::{Cluster, Plan, roles_sql};
use crate::random::write_private;
use crate::secrets::Secrets;
use crate::site;
use crate::stop::Stop;

const READY_MAX: Duration = Duration::from_mins(1);
/// What the look-alike signs with, and the gateway believes.
const SIGNING: &str = "KONSTRUCT_SLACK_SIGNING_SECRET";
/// What `--fresh` removes. The fetched programs stay.
const DATA: [&str; 6] = ["nats", "logs", "secrets.json", "konstruct.toml", "tenants.yaml", "env"];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Which model answers
    #[arg(long, value_enum, default_value = "local")]
    llm: Llm,
    /// Print the answer and its trace, stop everything, and exit 0; exit 1 when anything failed
    #[arg(long)]
    once: bool,
    /// Remove the data of earlier runs first
    #[arg(long)]
    fresh: bool,
}

/// Environment of everything that belongs to Konstruct. What is empty is kept from it.
type Settings = Vec<(&'static str, String)>;

/// What runs, stopped last first.
#[derive(Default)]
struct World(Vec<Service>);

impl Drop for World {
    fn drop(&mut self) {
        while let Some(mut service) = self.0.pop() {
            service.stop();
        }
    }
}

pub(crate) fn dev(home: &Home, options: &Options, stop: &Stop) -> Result<()> {
    let lock = File::create(home.dir.join("dev.lock"))?;
    if lock.try_lock().is_err() {
        bail!("another `cargo xtask dev` is using {}", home.dir.display());
    }
    orphans::end(&home.dirs().run)?;
    if options.fresh {
        wipe(home)?;
    }
    // Asked for before anything starts: a missing key should not cost a minute.
    let vendor = Model::vendor(options.llm, &var)?;
    fetch::wasm_target(home, stop)?;
    let tools = fetch::tools(home, stop)?;
    out::say("building konstruct");
    run_ok(home.cargo(&["build", "--workspace", "--bins"]), stop)?;

    // What runs in the browser; nobody sees it who asks for one message only.
    let site = if options.once { None } else { Some(site::site(home, stop)?) };

    let mut world = World::default();
    let secrets = Secrets::load_or_draw(&home.dir)?;
    let mut settings = servers(home, &tools, &secrets, &mut world, stop)?;
    settings.extend(listeners()?);
    if let Some(site) = site {
        let site = site.into_os_string().into_string().ok();
        settings
            .push(("KONSTRUCT_PORTAL_SITE", site.context("the target directory is not UTF-8")?));
    }
    let gateway = value(&settings, "KONSTRUCT_GATEWAY_URL")?;
    settings.extend(slack(home, &secrets, &gateway, &mut world, stop)?);
    let model = match vendor {
        Some(model) => model,
        None => local_model(home, options.llm, &mut world, stop)?,
    };
    settings.push(("KONSTRUCT_CONFIG", write(home, "konstruct.toml", &model.config)?));
    settings.extend(model.environment);
    let address = konstruct(home, &settings, &mut world, stop)?;

    demo::hello(&command(home, &settings), &mut world.0, stop)?;
    if options.once {
        return Ok(());
    }
    stay(home, &settings, &address, &mut world, stop)
}

fn var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn wipe(home: &Home) -> Result<()> {
    for path in
        DATA.map(|name| home.dir.join(name)).into_iter().chain([home.shared.join("postgres")])
    {
        let removed =
            if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", path.display()));
            }
            Err(_) | Ok(()) => {}
        }
    }
    Ok(())
}

/// PostgreSQL with its roles, and NATS.
fn servers(
    home: &Home,
    tools: &fetch::Tools,
    secrets: &Secrets,
    world: &mut World,
    stop: &Stop,
) -> Result<Settings> {
    out::say("starting PostgreSQL and NATS");
    let plan = Plan::new(home, tools, home.shared.join("postgres"), &secrets.postgres);
    let cluster = Cluster::start(&plan, &home.dirs(), stop)?;
    let bootstrap = cluster.sql(&roles_sql(&secrets.owner, &secrets.app, &secrets.platform));
    bootstrap.context(
        "cannot prepare the database; if `.konstruct/secrets.json` was lost, use `--fresh`",
    )?;
    let database = |role: &str, password: &str| cluster.url(role, password, "konstruct");
    let mut settings = vec![
        ("KONSTRUCT_ADMIN_DATABASE_URL", database("konstruct_owner", &secrets.owner)),
        ("KONSTRUCT_DATABASE_URL", database("konstruct_app", &secrets.app)),
        ("KONSTRUCT_PLATFORM_DATABASE_URL", database("konstruct_platform", &secrets.platform)),
        ("KONSTRUCT_MASTER_KEY", secrets.master_key.clone()),
    ];
    world.0.push(cluster.service);
    let nats =
        Nats::start(&tools.nats_server, &home.dir.join("nats"), &secrets.nats, &home.dirs(), stop)?;
    settings.push(("KONSTRUCT_NATS_URL", nats.url));
    world.0.push(nats.service);
    Ok(settings)
}

/// The local Slack look-alike, in which people speak to the gateway and employees hear themselves.
fn slack(
    home: &Home,
    secrets: &Secrets,
    gateway: &str,
    world: &mut World,
    stop: &Stop,
) -> Result<Settings> {
    let mut command = Command::new(home.built("debug", "konstruct-fake-slack"));
    command
        .args(["--team", demo::TEAM, "--gateway", gateway, "--signing-secret-env", SIGNING])
        .env(SIGNING, &secrets.slack_signing);
    let url = fake("konstruct-fake-slack", command, &home.dirs(), world, stop)?;
    Ok(vec![
        ("KONSTRUCT_DEV_SLACK_URL", url.clone()),
        ("KONSTRUCT_SLACK_API_URL", format!("{url}/api")),
        (SIGNING, secrets.slack_signing.clone()),
        ("ACME_SLACK_BOT_TOKEN", demo::BOT_TOKEN.to_owned()),
    ])
}

fn local_model(home: &Home, llm: Llm, world: &mut World, stop: &Stop) -> Result<Model> {
    if llm == Llm::Echo {
        let command = Command::new(home.built("debug", "konstruct-fake-llm"));
        let url = fake("konstruct-fake-llm", command, &home.dirs(), world, stop)?;
        return Ok(Model::keyless(&format!("{url}/v1"), "echo"));
    }
    if let Some(url) = var("KONSTRUCT_MODEL_URL") {
        let model = var("KONSTRUCT_MODEL");
        return Ok(Model::keyless(&url, model.as_deref().unwrap_or("smollm2")));
    }
    let fetched = fetch::model(home, stop)?;
    out::say("loading the model");
    let (service, url) =
        model::serve(&home.repo.join("xtask/model/serve.py"), &fetched, &home.dirs(), stop)?;
    world.0.push(service);
    Ok(Model::keyless(&url, "smollm2"))
}

/// One of the test crate's servers. Says on its first line where it listens.
fn fake(
    name: &'static str,
    mut command: Command,
    dirs: &Dirs,
    world: &mut World,
    stop: &Stop,
) -> Result<String> {
    command.args(["--listen", "127.0.0.1:0"]);
    let mut service = Service::start(name, command, dirs)?;
    let url = service.wait_line(stop, READY_MAX, "listening on ")?;
    world.0.push(service);
    Ok(url)
}

/// The customary ports where they are free.
fn listeners() -> Result<Settings> {
    let ports = [
        ("KONSTRUCT_GATEWAY_LISTEN", 8001),
        ("KONSTRUCT_ADMIN_LISTEN", 8002),
        ("KONSTRUCT_PORTAL_LISTEN", 3000),
    ];
    let mut settings: Settings = ports
        .map(|(name, port)| Ok((name, format!("127.0.0.1:{}", http::free_port(port)?))))
        .into_iter()
        .collect::<Result<_>>()?;
    let gateway = value(&settings, "KONSTRUCT_GATEWAY_LISTEN")?;
    settings.push(("KONSTRUCT_GATEWAY_URL", format!("http://{gateway}")));
    // Browsers keep the portal's cookies for this name without TLS.
    let portal = value(&settings, "KONSTRUCT_PORTAL_LISTEN")?.replace("127.0.0.1", "localhost");
    settings.push(("KONSTRUCT_PUBLIC_URL", format!("http://{portal}")));
    settings.push(("KONSTRUCT_REQUIRE_SECOND_FACTOR", "false".to_owned()));
    // A developer's disk need not hold a month of other people's messages; one tenant has all of it.
    settings.push(("KONSTRUCT_EVENTS_MIB", "1024".to_owned()));
    settings.push(("KONSTRUCT_TENANT_SHARE_PERCENT", "100".to_owned()));
    Ok(settings)
}

/// Migrates, sets up, applies the demo tenant, starts every service; gives the gateway's address once it is ready.
fn konstruct(home: &Home, settings: &Settings, world: &mut World, stop: &Stop) -> Result<String> {
    let tenants = write(home, "tenants.yaml", demo::TENANTS)?;
    for args in [&["migrate"][..], &["setup"], &["apply", "-f", tenants.as_str()]] {
        let mut verb = command(home, settings)();
        verb.args(args);
        out::say(show(&verb));
        run_ok(verb, stop)?;
    }
    let mut all = command(home, settings)();
    all.arg("all");
    out::say(show(&all));
    let mut service = Service::start("konstruct", all, &home.dirs())?;
    let (address, admin) =
        (value(settings, "KONSTRUCT_GATEWAY_LISTEN")?, value(settings, "KONSTRUCT_ADMIN_LISTEN")?);
    service.wait(stop, READY_MAX, || {
        matches!(http::status(&admin, "/health/ready"), Ok(200)).then_some(())
    })?;
    world.0.push(service);
    Ok(address)
}

fn value(settings: &Settings, name: &str) -> Result<String> {
    let found = settings.iter().find(|(key, _)| *key == name);
    Ok(found.with_context(|| format!("{name} is not set"))?.1.clone())
}

/// Makes `konstruct` commands that know where everything is.
fn command(home: &Home, settings: &Settings) -> impl Fn() -> Command {
    let program = home.built("debug", "konstruct");
    let (settings, dir) = (settings.clone(), home.repo.clone());
    move || {
        let mut command = Command::new(&program);
        for (name, value) in &settings {
            if value.is_empty() {
                command.env_remove(name)
            } else {
                command.env(name, value)
            };
        }
        command.current_dir(&dir);
        command
    }
}

fn write(home: &Home, name: &str, text: &str) -> Result<String> {
    let path = home.dir.join(name);
    write_private(&path, text)?;
    path.into_os_string().into_string().ok().context("the repository's path is not UTF-8")
}

/// Serves until Ctrl-C, or until a child ends by itself.
fn stay(
    home: &Home,
    settings: &Settings,
    gateway: &str,
    world: &mut World,
    stop: &Stop,
) -> Result<()> {
    let env = write(home, "env", &shell(settings))?;
    let konstruct = home.built("debug", "konstruct");
    out::say(format!(
        "\nEverything runs. Ctrl-C stops it; its data stays for the next time (`--fresh` removes it).\n\n\
         \x20 portal     {}\n\
         \x20 chat       {}/dev/chat  (a channel with Mara in it, once you are signed in)\n\
         \x20 gateway    http://{gateway}/slack/events\n\
         \x20 Slack      {} (a look-alike, on this machine)\n\
         \x20 logs       {}\n\
         \x20 talk       set -a; . {env}; set +a; {} say --tenant acme \"hello\"",
        entrance(home, settings, stop)?,
        value(settings, "KONSTRUCT_PUBLIC_URL")?,
        value(settings, "KONSTRUCT_SLACK_API_URL")?,
        home.dirs().logs.display(),
        konstruct.display(),
    ));
    while stop.tick().is_ok() {
        for service in &mut world.0 {
            // The terminal sends Ctrl-C to no child: one that ends, ended by itself.
            if let Err(ended) = service.check() {
                bail!(ended);
            }
        }
    }
    out::say("stopping");
    Ok(())
}

/// Where the portal is entered: by the link that makes its first operator, until there is one.
fn entrance(home: &Home, settings: &Settings, stop: &Stop) -> Result<String> {
    let mut link = command(home, settings)();
    link.args(["operator", "set-up-link", "--json"]).stderr(std::process::Stdio::null());
    let made = demo::output(link, stop).ok();
    let said = made.and_then(|made| serde_json::from_str::<serde_json::Value>(&made).ok());
    let link = said.as_ref().and_then(|said| said.get("link")).and_then(|link| link.as_str());
    match link {
        Some(link) => Ok(format!("{link}  (makes its first operator; works once, for a day)")),
        None => value(settings, "KONSTRUCT_PUBLIC_URL"),
    }
}

fn shell(settings: &Settings) -> String {
    let line =
        |(name, value): &(&str, String)| format!("{name}='{}'", value.replace('\'', r"'\''"));
    let set = settings.iter().filter(|(_, value)| !value.is_empty());
    set.map(line).collect::<Vec<_>>().join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_the_shell() {
        let settings =
            vec![("A", "plain".to_owned()), ("B", "it's".to_owned()), ("C", String::new())];
        assert_eq!(shell(&settings), "A='plain'\nB='it'\\''s'\n");
    }
}
