//! `konstruct test …`: turns that are kept as tests, asked and checked.

use std::{fmt::Write as _, process::ExitCode};

use anyhow::{Context as _, bail};
use domain::replay::{Outcome, check::Check};
use replay::{
    Employee, KeptTest, ReplayError, TestReport, TestSetup, Tested, UnreadableTest, Wanted,
    end_words, run_json,
};
use serde_json::{Value, json};

use crate::{
    cli::{AddTest, RunTests, TestVerb, Tests},
    commands::{
        asking::{Through, ask_back, estimated, going, say},
        replay::{Shell, tenant_of, wanted},
    },
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
            let kept = shell.replay.kept_tests((&tenant, &who.agent.id)).await?;
            let unreadable = kept.unreadable.iter();
            let rows: Vec<_> =
                kept.tests.iter().map(row).chain(unreadable.clone().map(unreadable_row)).collect();
            let text = table(&["TEST", "MESSAGE", "QUESTION", "CHECKS"], &rows);
            let shown: Vec<_> =
                kept.tests.iter().map(shown).chain(unreadable.map(|it| json!(it))).collect();
            output.print(&text, &shown)?;
            Ok(ExitCode::SUCCESS)
        }
        Some(TestVerb::Rm { test }) => {
            let tenant = tenant_of(&test)?;
            let shell = Shell::open(sources).await?;
            shell.replay.forget_test((&tenant, None), &test).await?;
            output.print(&format!("{test} is removed"), &json!({ "removed": test }))?;
            Ok(ExitCode::SUCCESS)
        }
        Some(TestVerb::Run(args)) => Box::pin(all(sources, &args, output)).await,
        None => Box::pin(all(sources, &args.run, output)).await,
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

/// Asks every test, or what is missing of a run that stopped.
async fn all(sources: &Sources, args: &RunTests, output: Output) -> anyhow::Result<ExitCode> {
    if let Some(run) = &args.resume {
        let tenant = tenant_of(run)?;
        let shell = Shell::opened(sources, &tenant, json!({ "tests of": run })).await?;
        let known = shell.replay.run(&tenant, run).await?;
        if !known.of_tests {
            return Err(ReplayError::NotOfTests(run.clone()).into());
        }
        let who = shell.employee(&tenant, &known.agent)?;
        let unreadable = shell.replay.kept_tests((&tenant, &known.agent)).await?.unreadable;
        let of = (run.as_str(), known.cases);
        return ask(&shell, &who, of, (args.budget, unreadable), output).await;
    }
    let tenant = args.tenant.as_ref();
    let tenant = tenant.context("say `--tenant`, or see `konstruct test --help`")?;
    let agent = args.agent.as_ref().context("say `--agent`")?;
    let wanted = args.candidate.as_deref().map_or(Ok(Wanted::Published), wanted)?;
    let shell = Shell::opened(sources, tenant, json!({ "tests": agent })).await?;
    let who = shell.employee(tenant, agent)?;
    let setup = TestSetup {
        candidate: shell.replay.candidate(&who, wanted).await?,
        judge: args.judge.clone(),
        budget_micros: args.budget,
        made_by: None,
    };
    let kept = shell.replay.kept_tests((tenant, agent)).await?;
    if kept.tests.is_empty() && kept.unreadable.is_empty() {
        bail!("`{agent}` has no tests; see `konstruct test add --help`");
    }
    let estimate = shell.replay.estimate_tests(&who, &setup, &kept.tests).await?;
    let mut text = estimated(&estimate, "tests");
    text.extend(kept.unreadable.iter().map(unreadable_line));
    if args.dry_run {
        let shown = json!({ "estimate": estimate, "unreadable": kept.unreadable });
        output.print(&text, &shown)?;
        return Ok(ExitCode::SUCCESS);
    }
    ask_back((&estimate, "tests"), &text, args.yes, output)?;
    let run = shell.replay.make_tests(&who, &setup, &kept.tests).await?;
    let of = (run.as_str(), u64::from(estimate.turns));
    ask(&shell, &who, of, (None, kept.unreadable), output).await
}

/// Asks what is missing; what came of each test is kept as it comes.
async fn ask(
    shell: &Shell,
    who: &Employee,
    (run, count): (&str, u64),
    (budget, unreadable): (Option<u64>, Vec<UnreadableTest>),
    output: Output,
) -> anyhow::Result<ExitCode> {
    let how = format!("go on with `konstruct test --resume {run}`");
    if !output.json {
        say(&format!("run {run}; if it stops, {how}"))?;
    }
    let through = Through::new("tests", count, output);
    let going = going(run, budget);
    let asking = Box::pin(shell.replay.go_on_tests(who, going, || through.one()));
    let report = asking.await.context(how)?;
    through.end();
    output.print(&told(&report, &unreadable), &report_json(&report, &unreadable))?;
    let is_done = report.run.state == "done" && unreadable.is_empty();
    Ok(if is_done && report.failed() == (0, 0) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Every test in lines, and how many failed.
fn told(report: &TestReport, unreadable: &[UnreadableTest]) -> String {
    let mut text: String = report.tests.iter().map(said).collect();
    text.extend(unreadable.iter().map(unreadable_line));
    let (failed, unknown) = report.failed();
    let of = &report.run.candidate;
    _ = write!(text, "{} tests of {of}, {failed} failed", report.tests.len());
    if 0 < unknown {
        _ = write!(text, ", {unknown} not asked to the end");
    }
    if !unreadable.is_empty() {
        _ = write!(text, "; {} cannot be read", unreadable.len());
    }
    if let Some(why) = &report.run.why {
        _ = write!(text, "; {why}");
    }
    text.push('\n');
    text
}

fn report_json(report: &TestReport, unreadable: &[UnreadableTest]) -> Value {
    let (failed, unknown) = report.failed();
    json!({
        "run": run_json(&report.run),
        "candidate": report.run.candidate,
        "failed": failed,
        "unknown": unknown,
        "tests": report.tests.iter().map(tested_json).collect::<Vec<_>>(),
        "unreadable": unreadable,
    })
}

fn unreadable_line(test: &UnreadableTest) -> String {
    format!("FAIL {} cannot be read: {} (message {})\n", test.id, test.why, test.message)
}

fn unreadable_row(test: &UnreadableTest) -> Vec<String> {
    let why = format!("cannot be read: {}", test.why);
    vec![test.id.clone(), test.message.to_string(), why, String::new()]
}

fn row(test: &KeptTest) -> Vec<String> {
    let checks: Vec<_> = test.checks.iter().map(ToString::to_string).collect();
    let question = short(&test.frozen.newest.text);
    vec![test.id.clone(), test.message.to_string(), question, checks.join("; ")]
}

/// The beginning of what is asked, in one line.
fn short(question: &str) -> String {
    let words: Vec<_> = question.split_whitespace().collect();
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
    let word = |holds: Option<bool>| match holds {
        Some(true) => "ok  ",
        Some(false) => "FAIL",
        None => "?   ",
    };
    let (id, passed) = (&tested.id, word(tested.has_passed()));
    let answer = match &tested.answer {
        Ok(answer) => answer,
        Err(why) => return format!("{passed} {id}: {why}\n"),
    };
    let end = answer.outcome.as_ref().map(|outcome| end_words(&outcome.end));
    let end = end.unwrap_or_else(|| "not asked yet".to_owned());
    let mut lines = format!("{passed} {id} {}: {end}\n", short(&answer.question));
    for checked in answer.checks.iter().flatten() {
        let reason = checked.reason.as_ref().map(|reason| format!(" ({reason})"));
        let (holds, reason) = (word(Some(checked.holds)), reason.unwrap_or_default());
        _ = writeln!(lines, "     {holds} {}{reason}", checked.check);
    }
    lines
}

fn tested_json(tested: &Tested) -> Value {
    let (id, message, passed) = (&tested.id, &tested.message, tested.has_passed());
    match &tested.answer {
        Err(why) => {
            json!({ "id": id, "message": message, "passed": passed, "unreadable": why.to_string() })
        }
        Ok(answer) => {
            let outcome = answer.outcome.as_ref();
            json!({
                "id": id,
                "message": message,
                "passed": passed,
                "end": outcome.map(|outcome| end_words(&outcome.end)),
                "answer": outcome.and_then(Outcome::said),
                "checks": answer.checks,
            })
        }
    }
}
