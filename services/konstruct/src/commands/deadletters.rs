//! `konstruct deadletters …`: what could not be handled, and what is done about it.

mod show;

use std::{io::Read as _, path::Path};

use anyhow::{Context as _, bail};
use desk::{
    REASON_CHARS_MAX,
    repair::{Change, Done, GroupOfLetters, Kept, Repair, RepairError, Wanted, of_group},
};
use domain::look::instant;
use schemas::{Author, Timestamp};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    confirm::{FEW, author, confirm},
    repair::repair,
};
use crate::{
    cli::{Chosen, DeadLetters, LetterVerb},
    output::{Output, table},
    settings::Asked,
    wiring::Base,
};

/// The longest event that is read, in bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Does it.
pub(crate) async fn run(
    asked: &Asked<'_>,
    args: DeadLetters,
    output: Output,
) -> anyhow::Result<()> {
    let base = Base::connect(asked, "konstruct-deadletters", CancellationToken::new()).await?;
    let repair = repair(&base).await;
    match args.verb {
        LetterVerb::Ls { tenant, consumer, since, all_states } => {
            let since = then(&base, since.as_deref())?;
            let wanted = Wanted { tenant, consumer, since, until: None, decided: all_states };
            let kept = repair.kept(&wanted).await?;
            let groups = repair.groups(&kept).await?;
            output.print(&listed(&groups, &kept), &groups_json(&groups, &kept))
        }
        LetterVerb::Show { id, open, by } => {
            let kept = repair.one(&id).await?;
            let by = open.then(|| author(by.as_deref()));
            show::show(asked, (&base, &repair), (&kept, by.as_ref()), output).await
        }
        LetterVerb::Retry { chosen, dry_run } => {
            let kept = choose(&base, &repair, &chosen).await?;
            let by = author(chosen.by.as_deref());
            if dry_run {
                return would_retry(&repair, &kept, &by, output).await;
            }
            ask_for(&kept, "are handled once more", chosen.yes)?;
            let mut done = Vec::with_capacity(kept.len());
            for it in &kept {
                done.push((it, repair.retry(it, &by).await));
            }
            told(&done, output)
        }
        LetterVerb::Edit { id, data, by } => {
            let kept = repair.one(&id).await?;
            let edited = read(&data)?;
            match repair.edit(&kept, &edited, &author(by.as_deref())).await {
                Err(RepairError::Invalid(problems)) => {
                    bail!("nothing was published:\n  {}", problems.join("\n  "))
                }
                done => told(&[(&kept, done)], output),
            }
        }
        LetterVerb::Discard { chosen, reason } => {
            if reason.trim().is_empty() {
                bail!("say why: `--reason` is empty");
            }
            if REASON_CHARS_MAX < reason.chars().count() {
                bail!("`--reason` is longer than {REASON_CHARS_MAX} characters");
            }
            let kept = choose(&base, &repair, &chosen).await?;
            ask_for(&kept, "are left as they are", chosen.yes)?;
            let (by, mut done) = (author(chosen.by.as_deref()), Vec::with_capacity(kept.len()));
            for it in &kept {
                done.push((it, repair.discard(it, &reason, &by).await));
            }
            told(&done, output)
        }
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let (mut bytes, what) = (Vec::new(), path.display());
    if path.as_os_str() == "-" {
        std::io::stdin().take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("cannot open {what}"))?;
        let read = file.take(FILE_BYTES_MAX).read_to_end(&mut bytes);
        read.with_context(|| format!("cannot read {what}"))?;
    }
    Ok(bytes)
}

fn then(base: &Base, since: Option<&str>) -> anyhow::Result<Option<Timestamp>> {
    let now = base.context.clock.now();
    Ok(since.map(|since| instant(since, now)).transpose()?)
}

async fn choose(base: &Base, repair: &Repair, chosen: &Chosen) -> anyhow::Result<Vec<Kept>> {
    if let Some(id) = &chosen.which.id {
        return Ok(vec![repair.one(id).await?]);
    }
    let since = then(base, chosen.since.as_deref())?;
    let wanted = Wanted { tenant: chosen.tenant.clone(), since, ..Wanted::default() };
    let kept = repair.kept(&wanted).await?;
    if let Some(key) = &chosen.which.group {
        let found = of_group(kept, key);
        let found = found.with_context(|| format!("there is no group `{key}` that is open"))?;
        return Ok(found.1);
    }
    Ok(kept)
}

fn ask_for(kept: &[Kept], what: &str, yes: bool) -> anyhow::Result<()> {
    if kept.len() <= FEW {
        return Ok(());
    }
    confirm(&format!("{} letters {what}", kept.len()), yes)
}

async fn would_retry(
    repair: &Repair,
    kept: &[Kept],
    by: &Author,
    output: Output,
) -> anyhow::Result<()> {
    let (mut lines, mut shown) = (Vec::new(), Vec::new());
    for it in kept {
        let (line, value) = match repair.would_retry(it, by).await {
            Ok(done) => (
                format!("{} would be {}", it.id, done.what),
                json!({ "letter": it.id, "what": done.what }),
            ),
            Err(error) => (
                format!("{} would be left as it is: {error}", it.id),
                json!({ "letter": it.id, "refused": error.to_string() }),
            ),
        };
        lines.push(line);
        shown.push(value);
    }
    lines.push(format!("{} letters, nothing was done (dry run)", kept.len()));
    output.print(&lines.join("\n"), &Value::Array(shown))
}

fn told(done: &[(&Kept, Result<Done, RepairError>)], output: Output) -> anyhow::Result<()> {
    let (mut lines, mut shown, mut refused) = (Vec::new(), Vec::new(), 0);
    for (kept, done) in done {
        match done {
            Ok(done) => {
                lines.push(format!("{} {}", done.letter, done.what));
                shown
                    .push(json!({ "letter": done.letter, "what": done.what, "event": done.event }));
            }
            Err(error) => {
                refused += 1;
                lines.push(format!("{} is left as it is: {error}", kept.id));
                shown.push(json!({ "letter": kept.id, "refused": error.to_string() }));
            }
        }
    }
    if done.is_empty() {
        lines.push("no dead letters".to_owned());
    }
    output.print(&lines.join("\n"), &Value::Array(shown))?;
    if 0 < refused {
        bail!("{refused} of {} letters were left as they are", done.len());
    }
    Ok(())
}

fn listed(groups: &[GroupOfLetters], kept: &[Kept]) -> String {
    if groups.is_empty() {
        return "no dead letters".to_owned();
    }
    let row = |it: &GroupOfLetters| {
        let it = &it.group;
        vec![
            it.key.clone(),
            it.consumer.clone(),
            it.topic.clone(),
            it.letters.len().to_string(),
            it.first.to_string(),
            it.last.to_string(),
            it.letters.last().cloned().unwrap_or_default(),
        ]
    };
    let header = ["GROUP", "CONSUMER", "EVENT", "LETTERS", "FIRST", "LAST", "EXAMPLE"];
    let rows: Vec<_> = groups.iter().map(row).collect();
    let mut lines = vec![table(&header, &rows)];
    for it in groups {
        lines.push(format!("\n{}: {}", it.group.key, it.group.cause));
        lines.extend(it.before.iter().map(|change| format!("  before it: {}", changed(change))));
        let states = decided(it, kept);
        lines.extend((!states.is_empty()).then(|| format!("  decided: {}", states.join(", "))));
    }
    lines.join("\n")
}

/// E.g. `agent.published of acme (agent:mara) by portal ada at 2026-…`.
fn changed(change: &Change) -> String {
    let Change { tenant, kind, entity, by, at } = change;
    let who = by.operator.as_deref().unwrap_or_default();
    let who = format!("{} {who}", by.via);
    format!("{kind} of {tenant} ({entity}) by {} at {at}", who.trim_end())
}

/// What was decided of a group's letters, e.g. `2 retried`.
fn decided(group: &GroupOfLetters, kept: &[Kept]) -> Vec<String> {
    let mut counts = std::collections::BTreeMap::<_, usize>::new();
    for it in group.among(kept) {
        if let Some(decision) = &it.decision {
            *counts.entry(decision.verb.as_str()).or_default() += 1;
        }
    }
    counts.into_iter().map(|(verb, count)| format!("{count} {verb}")).collect()
}

fn groups_json(groups: &[GroupOfLetters], kept: &[Kept]) -> Value {
    let group = |it: &GroupOfLetters| {
        let before: Vec<_> = it.before.iter().map(change_json).collect();
        let letters: Vec<_> = it.among(kept).into_iter().map(letter_json).collect();
        let it = &it.group;
        json!({
            "group": it.key,
            "consumer": it.consumer,
            "event": it.topic,
            "cause": it.cause,
            "letters": it.letters.len(),
            "tenants": it.tenants,
            "first": it.first,
            "last": it.last,
            "example": it.letters.last(),
            "before": before,
            "all": letters,
        })
    };
    Value::Array(groups.iter().map(group).collect())
}

fn change_json(change: &Change) -> Value {
    let Change { tenant, kind, entity, by, at } = change;
    json!({ "tenant": tenant, "kind": kind, "entity": entity, "by": by, "at": at })
}

/// A letter with what was decided of it.
fn letter_json(kept: &Kept) -> Value {
    let decision = kept.decision.as_ref().map(|it| {
        json!({
            "what": it.verb.as_str(),
            "reason": it.reason,
            "by": it.by,
            "at": it.at,
            "published": it.published,
        })
    });
    json!({
        "id": kept.id,
        "tenant": kept.tenant,
        "consumer": kept.letter.consumer,
        "event": kept.letter.event,
        "topic": kept.letter.topic(),
        "reason": kept.letter.reason,
        "attempts": kept.letter.attempts,
        "at": kept.letter.at,
        "stream": kept.letter.stream,
        "sequence": kept.letter.sequence,
        "subject": kept.letter.subject,
        "decision": decision,
    })
}
