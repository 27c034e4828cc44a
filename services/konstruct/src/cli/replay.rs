//! What can be typed of replays and tests.

use clap::{Args, Subcommand};
use schemas::{AgentId, MessageId, TenantId, Timestamp};

/// `konstruct replay …`.
#[derive(Debug, Args)]
pub(crate) struct Replays {
    /// What to do.
    #[command(subcommand)]
    pub verb: ReplayVerb,
}

/// What can be done with replays.
#[derive(Debug, Subcommand)]
pub(crate) enum ReplayVerb {
    /// Ask recorded turns of an agent again, with their recorded history and results of tools.
    Shadow(Box<Shadow>),
    /// List a tenant's replays, the newest first.
    Runs {
        /// The tenant's slug.
        #[arg(long)]
        tenant: TenantId,
        /// No more than so many.
        #[arg(long, default_value_t = 50)]
        last: u32,
    },
    /// Show what came of a replay.
    Show {
        /// Its name.
        run: String,
        /// As a page of Markdown, with every answer.
        #[arg(long)]
        markdown: bool,
    },
    /// Rebuild the read models beside the live ones and compare them; with `--swap`, put them in their
    /// place. Interrupted, the same command goes on.
    Projections(Projections),
}

/// `konstruct replay shadow`.
#[derive(Debug, Args)]
pub(crate) struct Shadow {
    /// The tenant's slug.
    #[arg(long, required_unless_present = "resume")]
    pub tenant: Option<TenantId>,
    /// The agent's slug.
    #[arg(long, required_unless_present = "resume")]
    pub agent: Option<AgentId>,
    /// What is asked in place of what answered: `draft`, a version, or a file with an agent as it stands in
    /// a tenants' file.
    #[arg(long, required_unless_present = "resume", value_name = "draft|VERSION|FILE.yaml")]
    pub candidate: Option<String>,
    /// The last so many turns that were answered.
    #[arg(long, conflicts_with_all = ["from", "to"], value_name = "TURNS")]
    pub last: Option<u32>,
    /// Turns whose message was received then or later, e.g. 2026-11-21T09:30:00Z.
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,
    /// Turns whose message was received then or before; now if unsaid.
    #[arg(long, requires = "from", value_name = "TIME")]
    pub to: Option<Timestamp>,
    /// What the replay may cost at the most. When it is used up, the replay stops with what it has.
    #[arg(long, value_name = "DOLLARS", value_parser = micros_of)]
    pub budget: Option<u64>,
    /// The model group that judges whether an answer is better than what people got.
    #[arg(long, value_name = "MODEL_GROUP")]
    pub judge: Option<String>,
    /// Do not ask the version that answered once more. It shows how much answers differ of themselves.
    #[arg(long)]
    pub no_baseline: bool,
    /// Say how many turns there are and what they can cost, and ask nobody.
    #[arg(long)]
    pub dry_run: bool,
    /// Ask many turns without asking back.
    #[arg(long, short)]
    pub yes: bool,
    /// Go on with a replay that stopped; turns that are through are not asked again.
    #[arg(
        long,
        value_name = "RUN",
        conflicts_with_all = [
            "tenant", "agent", "candidate", "last", "from", "judge", "no_baseline", "dry_run",
        ]
    )]
    pub resume: Option<String>,
}

/// `konstruct replay projections`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "a flag each, and no two steps at once")]
pub(crate) struct Projections {
    /// Only this read model, e.g. `usage`; may be said again for another one.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["status", "swap", "roll_back", "drop"])]
    pub only: Vec<String>,
    /// Read at most so many events in a second.
    #[arg(long, value_name = "EVENTS_PER_S", value_parser = clap::value_parser!(u64).range(1..))]
    pub rate: Option<u64>,
    /// How many write at the same time, each for its part of the tenants; 2 if nothing is said.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=16),
          conflicts_with_all = ["status", "swap", "roll_back", "drop"])]
    pub workers: Option<u32>,
    /// Say what there is to do, and change nothing.
    #[arg(long, group = "step")]
    pub dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
    /// Show the generations, and how far each is.
    #[arg(long, group = "step")]
    pub status: bool,
    /// Compare once more, and put the rebuilt models in the place of the live ones.
    #[arg(long, groups = ["step", "goes_live"])]
    pub swap: bool,
    /// Put them in place though they are not what is live, e.g. after the projector was changed.
    #[arg(long, requires = "goes_live")]
    pub accept_differences: bool,
    /// Put back what was live before the last swap.
    #[arg(long, groups = ["step", "goes_live"])]
    pub roll_back: bool,
    /// Drop what is not live: a rebuild under way, and what was live before.
    #[arg(long, group = "step")]
    pub drop: bool,
    /// Take the live models for what has left the log, where the base misses a part of that.
    #[arg(long, group = "step")]
    pub new_base: bool,
}

/// `konstruct test …`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Tests {
    /// What to do; nothing said runs them.
    #[command(subcommand)]
    pub verb: Option<TestVerb>,
    #[command(flatten)]
    pub run: RunTests,
}

/// What can be done with tests.
#[derive(Debug, Subcommand)]
pub(crate) enum TestVerb {
    /// Keep a turn as a test.
    Add(Box<AddTest>),
    /// List the tests of an agent.
    Ls {
        /// The tenant's slug.
        #[arg(long)]
        tenant: TenantId,
        /// The agent's slug.
        #[arg(long)]
        agent: AgentId,
    },
    /// Remove a test.
    Rm {
        /// Its name.
        test: String,
    },
    /// Ask the agent every test; exit code 1 if a check does not hold.
    Run(RunTests),
}

/// `konstruct test add`.
#[derive(Debug, Args)]
pub(crate) struct AddTest {
    /// The tenant's slug.
    #[arg(long)]
    pub tenant: TenantId,
    /// The agent's slug.
    #[arg(long)]
    pub agent: AgentId,
    /// The message that it answered.
    #[arg(long)]
    pub message: MessageId,
    /// This is in the answer, whatever the case. May be said again, like all that follow.
    #[arg(long, value_name = "TEXT")]
    pub contains: Vec<String>,
    /// This is not in the answer.
    #[arg(long, value_name = "TEXT")]
    pub lacks: Vec<String>,
    /// This regular expression matches somewhere in the answer.
    #[arg(long, value_name = "PATTERN")]
    pub matches: Vec<String>,
    /// A tool of that name is called.
    #[arg(long, value_name = "TOOL")]
    pub calls: Vec<String>,
    /// A model finds that the answer meets this.
    #[arg(long, value_name = "CRITERION")]
    pub judged: Vec<String>,
}

/// `konstruct test run`.
#[derive(Debug, Args)]
pub(crate) struct RunTests {
    /// The tenant's slug.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// The agent's slug.
    #[arg(long)]
    pub agent: Option<AgentId>,
    /// What is asked: `draft`, a version, or a file; what is published if unsaid.
    #[arg(long, value_name = "draft|VERSION|FILE.yaml")]
    pub candidate: Option<String>,
    /// The model group that judges; the agent's own if unsaid.
    #[arg(long, value_name = "MODEL_GROUP")]
    pub judge: Option<String>,
    /// What the tests may cost at the most. When it is used up, they stop with what there is.
    #[arg(long, value_name = "DOLLARS", value_parser = micros_of)]
    pub budget: Option<u64>,
    /// Say how many tests there are and what they can cost, and ask nobody.
    #[arg(long)]
    pub dry_run: bool,
    /// Ask many tests without asking back.
    #[arg(long, short)]
    pub yes: bool,
    /// Go on with a run of tests that stopped, or show one that is done; what was asked is not asked again.
    #[arg(
        long,
        value_name = "RUN",
        conflicts_with_all = ["tenant", "agent", "candidate", "judge", "dry_run"]
    )]
    pub resume: Option<String>,
}

/// Dollars as a person writes them, e.g. `2.50`, in millionths.
pub(crate) fn micros_of(text: &str) -> Result<u64, String> {
    let wrong = || "an amount of dollars like 2.50, with no more than 6 places".to_owned();
    let text = text.trim().trim_start_matches('$');
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || 6 < part.len() || !is_number(whole) || !is_number(part) {
        return Err(wrong());
    }
    let dollars: u64 = whole.parse().map_err(|_| wrong())?;
    let part: u64 = format!("{part:0<6}").parse().map_err(|_| wrong())?;
    let micros = dollars.checked_mul(1_000_000).and_then(|it| it.checked_add(part));
    micros.filter(|it| i64::try_from(*it).is_ok()).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    #[test]
    fn dollars_are_read_to_the_millionth() {
        let cases = [
            ("2", Some(2_000_000)),
            ("2.5", Some(2_500_000)),
            ("$0.000001", Some(1)),
            ("0", Some(0)),
            ("2.", Some(2_000_000)),
            (".5", None),
            ("0.0000001", None),
            ("-1", None),
            ("1e3", None),
            ("", None),
            ("99999999999999", None),
        ];
        for (text, want) in cases {
            assert_eq!(micros_of(text).ok(), want, "{text}");
        }
    }

    #[test]
    fn a_replay_is_made_or_taken_up_again() {
        let parse = |line: &str| Cli::try_parse_from(line.split_whitespace());
        let made = "konstruct replay shadow --tenant acme --agent mara --candidate draft --last 9";
        assert!(parse(made).is_ok());
        assert!(parse("konstruct replay shadow --resume acme-1 --budget 2").is_ok());
        assert!(parse("konstruct replay shadow --tenant acme --last 9").is_err());
        assert!(parse("konstruct replay shadow --resume acme-1 --last 9").is_err());
        assert!(parse(&format!("{made} --from 2026-11-21T09:30:00Z")).is_err());
    }

    #[test]
    fn tests_run_without_a_verb() {
        let line = "konstruct test --tenant acme --agent mara --candidate 3";
        let cli = Cli::try_parse_from(line.split_whitespace()).unwrap();
        let Command::Test(tests) = cli.command else { panic!("another command") };
        assert!(tests.verb.is_none());
        let agent = tests.run.agent.as_ref().map(AgentId::as_str);
        assert_eq!((agent, tests.run.candidate.as_deref()), (Some("mara"), Some("3")));
        let line = "konstruct test run --tenant acme --agent mara";
        let cli = Cli::try_parse_from(line.split_whitespace()).unwrap();
        assert!(matches!(cli.command, Command::Test(Tests { verb: Some(TestVerb::Run(_)), .. })));
    }

    #[test]
    fn tests_have_a_budget_and_are_taken_up_again() {
        let parse = |line: &str| Cli::try_parse_from(line.split_whitespace());
        let of = "--tenant acme --agent mara";
        for verb in ["test", "test run"] {
            let cli = parse(&format!("konstruct {verb} {of} --budget 0.5 --yes")).unwrap();
            let Command::Test(tests) = cli.command else { panic!("another command") };
            let run = if let Some(TestVerb::Run(run)) = tests.verb { run } else { tests.run };
            assert_eq!((run.budget, run.yes), (Some(500_000), true), "{verb}");
            assert!(parse(&format!("konstruct {verb} --resume acme-1 --budget 2")).is_ok());
            assert!(parse(&format!("konstruct {verb} --resume acme-1 {of}")).is_err());
        }
        assert!(parse("konstruct test --budget 2 ls --tenant acme --agent mara").is_err());
    }
}
