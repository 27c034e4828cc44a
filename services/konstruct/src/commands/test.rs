//! `konstruct test …`: turns that are kept as tests, asked and checked.

use std::{fmt::Write as _, process::ExitCode};

use anyhow::{Context as _, bail};
use domain::replay::check::Check;
use replay::{KeptTest, Tested, Wanted, end_words};
use serde_json::{Value, json};

use crate::{
    cli::{AddTest, RunTests, TestVerb, Tests},
    commands::replay::{Shell, tenant_of, wanted},
    output::{Output, table},
    settings::Sources,
};

/// The beginning of a question that a list shows, in characters.
const QUESTION_CHARS: usize = 60;

/// Does it.
pub(crate) async fn run(
    sources: &Sources,
    args: Tests,
    output: Output,
) -> anyhow::Result<ExitCode> {
    match args.verb {
        Some(TestVerb::Add(args)) => Box::pin(add(sources, *args, output)).await,
        Some(TestVerb::Ls { tenant, agent }) => {
            let shell = Shell::opened(sources, &tenant, json!({ "tests": agent })).await?;
            let who = shell.employee(&tenant, &agent)?;
            let tests = shell.replay.kept_tests((&who.tenant.id, &who.agent.id)).await?;
            let rows: Vec<_> = tests.iter().map(row).collect();
            let text = table(&["TEST", "MESSAGE", "QUESTION", "CHECKS"], &rows);
            output.print(&text, &tests.iter().map(shown).collect::<Vec<_>>())?;
            Ok(ExitCode::SUCCESS)
        }
        Some(TestVerb::Rm { test }) => {
            let tenant = tenant_of(&test)?;
            let shell = Shell::open(sources).await?;
            shell.replay.forget_test(&tenant, &test).await?;
            output.print(&format!("{test} is removed"), &json!({ "removed": test }))?;
            Ok(ExitCode::SUCCESS)
        }
        Some(TestVerb::Run(args)) => all(sources, &args, output).await,
        None => {
            let Tests { tenant, agent, candidate, judge, .. } = args;
            let tenant = tenant.context("say `--tenant`, or see `konstruct test --help`")?;
            let agent = agent.context("say `--agent`")?;
            all(sources, &RunTests { tenant, agent, candidate, judge }, output).await
        }
    }
}

async fn add(sources: &Sources, args: AddTest, output: Output) -> anyhow::Result<ExitCode> {
    let of = |texts: Vec<String>, check: fn(String) -> Check| texts.into_iter().map(check);
    let checks: Vec<_> = of(args.contains, Check::Contains)
        .chain(of(args.lacks, Check::Lacks))
        .chain(of(args.matches, Check::Matches))
        .chain(of(args.calls, Check::Calls))
        .chain(of(args.judged, Check::Judged))
        .collect();
    let shell = Shell::open(sources).await?;
    let who = shell.employee(&args.tenant, &args.agent)?;
    let answered = shell.replay.answered_one(&who, &args.message).await?;
    let turn = shell.freeze(&who, answered).await?;
    let id = shell.replay.keep_test(&who, turn, &checks).await?;
    output.print(&id, &json!({ "test": id }))?;
    Ok(ExitCode::SUCCESS)
}

/// Asks every test, one after the other.
async fn all(sources: &Sources, args: &RunTests, output: Output) -> anyhow::Result<ExitCode> {
    let wanted = args.candidate.as_deref().map_or(Ok(Wanted::Published), wanted)?;
    let what = json!({ "tests": args.agent });
    let shell = Shell::opened(sources, &args.tenant, what).await?;
    let who = shell.employee(&args.tenant, &args.agent)?;
    let candidate = shell.replay.candidate(&who, wanted).await?;
    let tests = shell.replay.kept_tests((&args.tenant, &args.agent)).await?;
    if tests.is_empty() {
        bail!("`{}` has no tests; see `konstruct test add --help`", args.agent);
    }
    let mut tested = Vec::with_capacity(tests.len());
    for test in tests {
        tested.push(shell.replay.test(&who, &candidate, args.judge.as_deref(), test).await?);
    }
    let failed = tested.iter().filter(|it| !it.has_passed()).count();
    let mut text: String = tested.iter().map(said).collect();
    _ = writeln!(text, "{} tests of {}, {failed} failed", tested.len(), candidate.label);
    let shown = json!({
        "candidate": candidate.label,
        "failed": failed,
        "tests": tested.iter().map(tested_json).collect::<Vec<_>>(),
    });
    output.print(&text, &shown)?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn row(test: &KeptTest) -> Vec<String> {
    let checks: Vec<_> = test.checks.iter().map(ToString::to_string).collect();
    vec![test.id.clone(), test.message.to_string(), question(test), checks.join("; ")]
}

fn question(test: &KeptTest) -> String {
    let words: Vec<_> = test.frozen.newest.text.split_whitespace().collect();
    words.join(" ").chars().take(QUESTION_CHARS).collect()
}

fn shown(test: &KeptTest) -> Value {
    json!({
        "id": test.id,
        "message": test.message,
        "question": test.frozen.newest.text,
        "checks": test.checks,
        "made_at": test.made_at,
    })
}

/// A test in lines: what was asked, and each check.
fn said(tested: &Tested) -> String {
    let word = |holds: bool| if holds { "ok  " } else { "FAIL" };
    let (test, end) = (&tested.test, end_words(&tested.outcome.end));
    let mut lines =
        format!("{} {} {}: {end}\n", word(tested.has_passed()), test.id, question(test));
    for (check, holds, reason) in &tested.checks {
        let reason = reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        _ = writeln!(lines, "     {} {check}{reason}", word(*holds));
    }
    lines
}

fn tested_json(tested: &Tested) -> Value {
    let check = |(check, holds, reason): &(Check, bool, Option<String>)| json!({ "check": check, "holds": holds, "reason": reason });
    json!({
        "id": tested.test.id,
        "message": tested.test.message,
        "passed": tested.has_passed(),
        "end": end_words(&tested.outcome.end),
        "answer": tested.outcome.said(),
        "checks": tested.checks.iter().map(check).collect::<Vec<_>>(),
    })
}
