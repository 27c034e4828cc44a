//! `konstruct replay …`: recorded turns asked again, and what came of that; the read models are rebuilt
//! in `rebuild.rs`.

use std::{fmt::Write as _, process::ExitCode, sync::Arc};

use anyhow::{Context as _, bail};
use domain::plan::DesiredAgent;
use replay::{Employee, Replay, ReplayError, Report, Setup, TURNS_MAX, Turn, Wanted, run_json};
use schemas::{
    AgentId, Envelope, Event, Message, TenantId, Timestamp,
    event::{MessageAdmitted, MessageReopened},
};
use serde_json::{Value, json};
use store::replays::{Answered, Span};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{ReplayVerb, Replays, Shadow},
    commands::asking::{Through, ask_back, estimated, going, say},
    output::{Output, table},
    settings::{Asked, Sources},
    wiring::{self, Base, Vault},
};

/// The longest file with a candidate, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What asking again needs.
pub(crate) struct Shell {
    pub(crate) base: Base,
    pub(crate) replay: Replay,
}

impl Shell {
    pub(crate) async fn open(sources: &Sources) -> anyhow::Result<Self> {
        let asked = Asked::new(sources);
        let base = Base::connect(&asked, "konstruct-replay", CancellationToken::new()).await?;
        base.directory.ready().await;
        let vault = Vault::open(&asked, &base.db)?;
        let models = wiring::models(sources, &base, &vault)?;
        let clock = base.context.clock.clone();
        let clock: replay::Clock = Arc::new(move || clock.now());
        let replay = Replay::new(models, base.db.clone(), vault.sealer, clock);
        Ok(Self { base, replay })
    }

    /// The same, once it is written down that words of a tenant's are opened, and for what.
    pub(crate) async fn opened(
        sources: &Sources,
        tenant: &TenantId,
        what: Value,
    ) -> anyhow::Result<Self> {
        wiring::note_opened(&Asked::new(sources), tenant, what).await?;
        Self::open(sources).await
    }

    /// An agent that answers.
    pub(crate) fn employee(&self, tenant: &TenantId, agent: &AgentId) -> anyhow::Result<Employee> {
        let found = self.base.directory.read(|known| Employee::find(known, tenant, agent));
        Ok(found?)
    }

    /// A turn with all that asking it again takes; the message is as the log has it, admitted or reopened.
    pub(crate) async fn freeze(&self, who: &Employee, turn: Answered) -> anyhow::Result<Turn> {
        let admitted = match &turn.record {
            Some((_, seq)) => self.admitted(who, &turn, *seq).await?,
            None => None,
        };
        Ok(self.replay.freeze(who, turn, admitted).await?)
    }

    async fn admitted(
        &self,
        who: &Employee,
        turn: &Answered,
        seq: u64,
    ) -> anyhow::Result<Option<Message>> {
        let found = self.base.context.bus.at(&nats::EVENTS, seq).await?;
        let envelope = found.and_then(|found| Envelope::decode(&found.payload).ok());
        // The log may have been made anew since: then something else stands there.
        let envelope = envelope.filter(|it| it.tenant == who.tenant.id);
        let Some(
            Event::MessageAdmitted(MessageAdmitted { message })
            | Event::MessageReopened(MessageReopened { message, .. }),
        ) = envelope.map(|it| it.event)
        else {
            return Ok(None);
        };
        Ok(Some(message).filter(|message| message.key.id == turn.message))
    }
}

/// Does it.
pub(crate) async fn run(
    sources: &Sources,
    args: Replays,
    output: Output,
) -> anyhow::Result<ExitCode> {
    match args.verb {
        ReplayVerb::Shadow(args) => Box::pin(shadow(sources, &args, output)).await,
        ReplayVerb::Runs { tenant, last } => {
            let shell = Shell::open(sources).await?;
            let runs = shell.replay.runs(&tenant, last).await?;
            let row = |it: &store::replays::RunRow| {
                let state = it.why.clone().unwrap_or_else(|| it.state.clone());
                let asked = format!("{} of {}", it.asked, it.cases.saturating_sub(it.unplayable));
                let agent = it.agent.to_string();
                let tests = if it.of_tests { " (tests)" } else { "" };
                vec![
                    it.id.clone(),
                    agent,
                    format!("{}{tests}", it.candidate),
                    asked,
                    it.made_at.to_string(),
                    state,
                ]
            };
            let rows: Vec<_> = runs.iter().map(row).collect();
            let header = ["REPLAY", "AGENT", "CANDIDATE", "ASKED", "MADE", "STATE"];
            output.print(&table(&header, &rows), &runs.iter().map(run_json).collect::<Vec<_>>())?;
            Ok(ExitCode::SUCCESS)
        }
        ReplayVerb::Show { run, markdown } => {
            let tenant = tenant_of(&run)?;
            let shell = Shell::opened(sources, &tenant, json!({ "replay": run })).await?;
            let report = shell.replay.report(&tenant, &run).await?;
            let text = if markdown { replay::markdown(&report) } else { replay::text(&report) };
            output.print(&text, &report.json())?;
            Ok(ExitCode::SUCCESS)
        }
        ReplayVerb::Projections(args) => {
            Box::pin(super::rebuild::projections(&Asked::new(sources), &args, output)).await
        }
    }
}

async fn shadow(sources: &Sources, args: &Shadow, output: Output) -> anyhow::Result<ExitCode> {
    if let Some(run) = &args.resume {
        let tenant = tenant_of(run)?;
        let shell = Shell::opened(sources, &tenant, json!({ "replay": run })).await?;
        let known = shell.replay.run(&tenant, run).await?;
        if known.of_tests {
            return Err(ReplayError::OfTests(run.clone()).into());
        }
        let who = shell.employee(&tenant, &known.agent)?;
        let left = known.cases.saturating_sub(known.unplayable);
        return ask(&shell, &who, (run.as_str(), left), args.budget, output).await;
    }
    let tenant = args.tenant.as_ref().context("say `--tenant`")?;
    let agent = args.agent.as_ref().context("say `--agent`")?;
    let wanted = wanted(args.candidate.as_deref().context("say `--candidate`")?)?;
    let shell = Shell::opened(sources, tenant, json!({ "replays": agent })).await?;
    let who = shell.employee(tenant, agent)?;
    let setup = Setup {
        candidate: shell.replay.candidate(&who, wanted).await?,
        baseline: !args.no_baseline,
        judge: args.judge.clone(),
        budget_micros: args.budget,
    };
    let answered = shell.replay.answered(&who, span(args)?).await?;
    if answered.is_empty() {
        bail!(
            "`{agent}` answered nothing then; the read models may be behind, see `konstruct doctor`"
        );
    }
    if args.from.is_some() && usize::try_from(TURNS_MAX).is_ok_and(|most| most <= answered.len()) {
        bail!("there are {TURNS_MAX} turns or more in that time: narrow `--from` and `--to`");
    }
    let mut turns = Vec::with_capacity(answered.len());
    for turn in answered {
        turns.push(shell.freeze(&who, turn).await?);
    }
    let estimate = shell.replay.estimate(&who, &setup, &turns).await?;
    let text = format!("{}{}", estimated(&estimate, "turns"), unplayable(&turns));
    if args.dry_run {
        output.print(&text, &estimate)?;
        return Ok(ExitCode::SUCCESS);
    }
    ask_back((&estimate, "turns"), &text, args.yes, output)?;
    let run = shell.replay.make(&who, &setup, &turns).await?;
    ask(&shell, &who, (run.as_str(), u64::from(estimate.turns)), None, output).await
}

/// Asks what is missing. Whoever stops it, or is stopped, is told how it goes on.
async fn ask(
    shell: &Shell,
    who: &Employee,
    (run, turns): (&str, u64),
    budget: Option<u64>,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let how = format!("go on with `konstruct replay shadow --resume {run}`");
    if !output.json {
        say(&format!("replay {run}; if it stops, {how}"))?;
    }
    let through = Through::new("turns", turns, output);
    let owner = wiring::owner();
    let going = going((run, owner.as_str()), budget);
    let asking = Box::pin(shell.replay.go_on(who, going, || through.one()));
    let report = asking.await.context(how)?;
    through.end();
    output.print(&replay::text(&report), &report.json())?;
    Ok(ended(&report))
}

/// A replay that stopped has not done what was asked for.
fn ended(report: &Report) -> ExitCode {
    if report.run.state == "done" { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The turns that cannot be asked, each with the reason.
fn unplayable(turns: &[Turn]) -> String {
    let reasons = turns.iter().filter_map(|turn| Some((turn, turn.frozen.as_ref().err()?)));
    let mut text = format!("{} turns cannot be asked again\n", reasons.clone().count());
    for (turn, why) in reasons {
        _ = writeln!(text, "  {}: {why}", turn.message);
    }
    text
}

/// Which turns.
fn span(args: &Shadow) -> anyhow::Result<Span> {
    let end = Timestamp::from_millis(i64::MAX);
    match (args.last, args.from) {
        (Some(last), _) if (1..=TURNS_MAX).contains(&last) => {
            Ok(Span { from: Timestamp::default(), to: end, most: last })
        }
        (Some(_), _) => bail!("`--last`: from 1 to {TURNS_MAX}"),
        (None, Some(from)) => Ok(Span { from, to: args.to.unwrap_or(end), most: TURNS_MAX }),
        (None, None) => bail!("say which turns: `--last N`, or `--from TIME`"),
    }
}

/// `draft`, a version, or a file.
pub(crate) fn wanted(candidate: &str) -> anyhow::Result<Wanted> {
    if candidate == "draft" {
        return Ok(Wanted::Draft);
    }
    if let Ok(version) = candidate.parse() {
        return Ok(Wanted::Version(version));
    }
    let size = std::fs::metadata(candidate).with_context(|| format!("`{candidate}`"))?.len();
    if FILE_BYTES_MAX < size {
        bail!("`{candidate}` is longer than {FILE_BYTES_MAX} bytes");
    }
    let text = std::fs::read_to_string(candidate).with_context(|| format!("`{candidate}`"))?;
    let agent: DesiredAgent =
        serde_norway::from_str(&text).with_context(|| format!("in `{candidate}`"))?;
    Ok(Wanted::File { name: candidate.to_owned(), agent: Box::new(agent) })
}

pub(crate) fn tenant_of(name: &str) -> anyhow::Result<TenantId> {
    replay::tenant_of(name).with_context(|| format!("`{name}` is no name of a replay or a test"))
}
