//! A report for people: in columns for a terminal, and as a page of Markdown.

use std::fmt::Write as _;

use domain::replay::{
    Outcome,
    judge::{self, Judged},
    measure::{Measures, Sums},
};

use crate::{
    Report,
    report::{Asked, CaseReport, end_words},
};

/// The longest question in a line, in characters.
const QUESTION_CHARS: usize = 60;

/// Sums side by side, and a line for each turn.
pub fn text(report: &Report) -> String {
    let mut text = head(report);
    for (name, of) in rows() {
        let baseline = report.baseline.as_ref().map(of).unwrap_or_default();
        line(&mut text, &format!("{name:<28}{:>14}{baseline:>14}", of(&report.candidate)));
    }
    line(&mut text, "");
    for case in &report.cases {
        line(&mut text, &short(case));
    }
    text
}

/// The same with every answer.
pub fn markdown(report: &Report) -> String {
    let mut text = format!("# Replay {}\n\n", inline(&report.run.id));
    for said in head(report).lines().take_while(|line| !line.is_empty()) {
        line(&mut text, &format!("- {}", inline(said)));
    }
    text.push_str("\n| | candidate | as it was |\n|---|---:|---:|\n");
    for (name, of) in rows() {
        let baseline = report.baseline.as_ref().map(of).unwrap_or_default();
        line(&mut text, &format!("| {name} | {} | {baseline} |", of(&report.candidate)));
    }
    text.push_str(
        "\nSimilarity is twice the words of the longest common subsequence by the words of both, \
         whatever their case.\n",
    );
    if report.run.judge.is_some() {
        line(&mut text, "\nThe judge is told:\n");
        line(&mut text, &quoted(judge::SYSTEM));
    }
    for case in &report.cases {
        page(&mut text, case);
    }
    text
}

/// What was asked for and how that stands; it ends with an empty line and the names of the columns.
fn head(report: &Report) -> String {
    let run = &report.run;
    let mut text = String::new();
    line(&mut text, &format!("replay {}: {} of {}", run.id, run.candidate, run.agent));
    let state = run.why.as_deref().unwrap_or(&run.state);
    let budget = run.budget_micros.map(|budget| format!(" of {}", dollars(budget)));
    let spent = dollars(run.spent_micros);
    line(&mut text, &format!("{state}; spent {spent}{}", budget.unwrap_or_default()));
    let left = run.cases.saturating_sub(run.unplayable).saturating_sub(run.asked);
    line(
        &mut text,
        &format!(
            "{} turns: {} asked, {left} not yet, {} cannot be",
            run.cases, run.asked, run.unplayable
        ),
    );
    for (why, count) in &report.unplayable {
        line(&mut text, &format!("  {count}: {why}"));
    }
    if let built @ 1.. = report.built_otherwise() {
        let words = "were answered with another builder of prompts than they are asked with now";
        line(&mut text, &format!("{built} {words}"));
    }
    line(&mut text, "");
    let names = format!("{:<28}{:>14}{:>14}", "", "candidate", "as it was");
    line(&mut text, names.trim_end());
    text
}

type Row = (&'static str, fn(&Sums) -> String);

fn rows() -> [Row; 16] {
    [
        ("asked", |it| it.asked.to_string()),
        ("the same, word for word", |it| it.exact.to_string()),
        ("similarity (0 to 1)", |it| decimals(it.similarity, 3)),
        ("longer by (characters)", |it| decimals(it.length_change, 1)),
        ("declined by the vendor", |it| it.refused.to_string()),
        ("other tool calls", |it| it.tools_changed.to_string()),
        ("other hand-offs", |it| it.hand_offs_changed.to_string()),
        ("stopped at a tool call", |it| it.unrecorded.to_string()),
        ("without an answer", |it| it.failed.to_string()),
        ("cost", cost),
        ("dearer by", |it| decimals(it.cost_change_micros.map(|it| it / 1e6), 6)),
        ("slower by (ms)", |it| decimals(it.latency_change_ms, 0)),
        ("judged better", |it| it.better.to_string()),
        ("judged as good", |it| it.same.to_string()),
        ("judged worse", |it| it.worse.to_string()),
        ("no verdict", |it| it.no_verdict.to_string()),
    ]
}

fn cost(sums: &Sums) -> String {
    let more = if sums.unpriced == 0 { "" } else { " or more" };
    format!("{}{more}", dollars(sums.cost_micros))
}

/// One turn in a line: how the candidate's answer compares, and the question's beginning.
fn short(case: &CaseReport) -> String {
    let asked = match &case.asked {
        Ok(asked) => asked,
        Err(why) => return format!("{}  cannot be asked again: {why}", case.message),
    };
    let outcome = match (&asked.candidate, asked.measures()) {
        (None, _) => "not asked yet".to_owned(),
        (Some(_), Some(measures)) => compared(&measures),
        (Some(of), None) => end_words(&of.end),
    };
    let verdict = asked.verdict.as_ref().map(|it| format!(", judged {}", word(it)));
    let question: String = asked.question.split_whitespace().collect::<Vec<_>>().join(" ");
    let question: String = question.chars().take(QUESTION_CHARS).collect();
    format!("{}  {outcome}{}  {question}", case.message, verdict.unwrap_or_default())
}

fn compared(measures: &Measures) -> String {
    if measures.exact && measures.tools_same {
        return "the same".to_owned();
    }
    let mut parts = vec![format!("similarity {:.3}", measures.similarity)];
    let more = [
        (measures.refused, "declined by the vendor"),
        (!measures.tools_same, "other tool calls"),
        (!measures.hand_off_same, "another hand-off"),
    ];
    parts.extend(more.into_iter().filter(|(is, _)| *is).map(|(_, words)| words.to_owned()));
    parts.join(", ")
}

fn page(text: &mut String, case: &CaseReport) {
    line(text, &format!("\n## {}\n", case.message));
    let asked: &Asked = match &case.asked {
        Ok(asked) => asked,
        Err(why) => return line(text, &format!("Cannot be asked again: {why}.")),
    };
    line(text, &quoted(&asked.question));
    answer(text, &format!("What people got (version {})", asked.version), Some(&asked.recorded));
    answer(text, "The same version now", asked.baseline.as_ref());
    verdict(text, asked.baseline_verdict.as_ref());
    answer(text, "The candidate", asked.candidate.as_ref());
    verdict(text, asked.verdict.as_ref());
}

fn answer(text: &mut String, title: &str, outcome: Option<&Outcome>) {
    let Some(outcome) = outcome else { return };
    line(text, &format!("\n**{title}**: {}\n", inline(&end_words(&outcome.end))));
    if let Some(said) = outcome.said().filter(|said| !said.trim().is_empty()) {
        line(text, &quoted(said));
    }
}

fn verdict(text: &mut String, judged: Option<&Judged>) {
    if let Some(judged) = judged {
        line(text, &format!("\nJudged {}: {}", word(judged), inline(&judged.reason)));
    }
}

fn word(judged: &Judged) -> &'static str {
    judged.verdict.map_or("no verdict", judge::Verdict::as_str)
}

/// What somebody else wrote, as a quotation: none of its marks begins anything of ours, none of its lines
/// leaves it, and nothing is loaded from elsewhere to show it.
fn quoted(text: &str) -> String {
    // Markdown knows lines that end with a carriage return alone.
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    lines.lines().map(|line| format!("> {}", escaped(line))).collect::<Vec<_>>().join("\n")
}

/// The same in a line of ours.
fn inline(text: &str) -> String {
    let words = text.replace(char::is_control, " ");
    let mut written = String::with_capacity(words.len());
    for c in words.chars() {
        if matches!(c, '*' | '_' | '`' | '|' | '~') {
            written.push('\\');
        }
        written.push_str(&escaped(c.encode_utf8(&mut [0; 4])));
    }
    written
}

/// Without HTML, and without links, pictures and what defines them.
fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => written.push_str("&lt;"),
            '&' => written.push_str("&amp;"),
            '[' | ']' | '\\' => written.extend(['\\', c]),
            _ => written.push(c),
        }
    }
    written
}

fn line(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    _ = writeln!(text, "{line}");
}

fn decimals(number: Option<f64>, places: usize) -> String {
    number.map_or("-".to_owned(), |number| format!("{number:.places$}"))
}

/// Millionths as dollars.
pub(crate) fn dollars(micros: u64) -> String {
    format!("${}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_wrote_stays_in_its_quotation() {
        let cases = [
            ("one\ntwo", "> one\n> two"),
            ("one\r# two\r\nthree\r", "> one\n> # two\n> three"),
            ("a\n\nb", "> a\n> \n> b"),
            ("<img src=x onerror=alert(1)> &lt;", "> &lt;img src=x onerror=alert(1)> &amp;lt;"),
            ("![p](http://x/y) [x]: /z", "> !\\[p\\](http://x/y) \\[x\\]: /z"),
            (r"\[x](y)", r"> \\\[x\](y)"),
        ];
        for (text, want) in cases {
            assert_eq!(quoted(text), want, "{text:?}");
        }
    }

    #[test]
    fn a_word_in_a_line_of_ours_is_a_word() {
        let cases = [
            ("better, it says why", "better, it says why"),
            ("**so**\r\n# it | is", r"\*\*so\*\*  # it \| is"),
            ("refund({\"order\":\"<b>\"})", r#"refund({"order":"&lt;b>"})"#),
            ("the file my_agent.yaml of `mara`", r"the file my\_agent.yaml of \`mara\`"),
        ];
        for (text, want) in cases {
            assert_eq!(inline(text), want, "{text:?}");
        }
    }
}
