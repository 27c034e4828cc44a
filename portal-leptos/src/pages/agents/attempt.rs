//! Talks to the draft as it stands in the form, saved or not. Nothing of it is kept but what it used.

use axum::{
    body::Body,
    extract::Form,
    http::header,
    response::{IntoResponse, Response},
};
use domain::prompt::{Prompt, Role, Speaker};
use portal_ui::format;
use schemas::Tenant;
use std::time::Duration;
use tokio::sync::mpsc;
use trial::{TrialAnswer, TrialError, TrialInput};

use super::{parts::At, typed::Typed};
use crate::{
    islands::wire::{TryEvent, TryTurn},
    server::{error::PageError, render::Cx},
};

/// What the draft is asked, or why it cannot be.
async fn input(cx: &Cx, at: &At, typed: &Typed) -> Result<Result<TrialInput, String>, PageError> {
    let config = match typed.config() {
        Ok(config) => config,
        Err(problems) => {
            let first = problems.into_iter().next().map(|problem| problem.message);
            return Ok(Err(first.unwrap_or_default()));
        }
    };
    let who = &cx.signed.principal;
    // There is no draft of an agent that there is not.
    cx.portal.desk.live(who, &at.tenant, &at.agent).await?;
    let tenant = cx.portal.views.tenant(who, &at.tenant, cx.now()).await?;
    let person = || Speaker::Person { id: "you".to_owned(), name: Some(cx.signed.name.clone()) };
    let history = typed.turns.iter().map(|(is_person, text)| {
        let speaker = if *is_person { person() } else { Speaker::Agent };
        (speaker, text.clone())
    });
    let history = history.collect();
    let newest = (person(), typed.question.clone());
    let (agent, Tenant { name, status, .. }) = (at.agent.clone(), tenant.tenant);
    let budgets = cx.portal.desk.budgets(who, &at.tenant, &at.agent)?;
    let (tenant_name, at) = (name, cx.now());
    Ok(Ok(TrialInput { config, agent, tenant_name, status, budgets, history, newest, at }))
}

/// The turns so far, and the answer to what is asked now; the last one says why where there is none.
pub(super) async fn whole(
    cx: &Cx,
    at: &At,
    typed: &Typed,
) -> Result<(Vec<TryTurn>, Option<String>), PageError> {
    let mut turns = typed.turns_shown();
    let Some(trial) = &cx.portal.trial else { return Err(PageError::NotFound) };
    let input = match input(cx, at, typed).await? {
        Ok(input) => input,
        Err(problem) => return Ok((turns, Some(problem))),
    };
    match trial.answer(&cx.signed.principal, &at.tenant, input, |_| {}).await {
        Ok(answer) => {
            turns.push(said(&typed.question));
            turns.push(answered(&answer));
            Ok((turns, None))
        }
        Err(error) => Ok((turns, Some(words(&error)))),
    }
}

/// The answer as it comes: a line of JSON for each [`TryEvent`]. Whoever goes away ends the call.
pub(super) async fn stream(
    cx: Cx,
    at: At,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let Some(trial) = cx.portal.trial.clone() else { return Err(PageError::NotFound) };
    let input = input(&cx, &at, &Typed::read(pairs)).await?;
    // An answer has an end, and so has what waits here for a slow reader.
    let (lines, read) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let last = match input {
            Err(problem) => TryEvent::Failed(problem),
            Ok(input) => {
                let show = lines.clone();
                let on = move |delta| {
                    let event = match delta {
                        trial::Delta::Text(text) => TryEvent::Text(text),
                        trial::Delta::Restart => TryEvent::Restart,
                    };
                    drop(show.send(line(&event)));
                };
                let asked = trial.answer(&cx.signed.principal, &at.tenant, input, on);
                tokio::select! {
                    answer = asked => match answer {
                        Ok(answer) => TryEvent::Done(answered(&answer)),
                        Err(error) => TryEvent::Failed(words(&error)),
                    },
                    () = lines.closed() => return,
                }
            }
        };
        drop(lines.send(line(&last)));
    });
    let body = futures::stream::unfold(read, |mut read| async move {
        read.recv().await.map(|line| (Ok::<_, std::convert::Infallible>(line), read))
    });
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((kind, Body::from_stream(body)).into_response())
}

fn line(event: &TryEvent) -> String {
    // Strings in enums always are JSON.
    let mut line = serde_json::to_string(event).unwrap_or_default();
    line.push('\n');
    line
}

fn said(question: &str) -> TryTurn {
    let (text, facts, prompt) = (question.to_owned(), String::new(), String::new());
    TryTurn { person: true, text, facts, prompt }
}

fn answered(answer: &TrialAnswer) -> TryTurn {
    TryTurn {
        person: false,
        text: answer.text.clone(),
        facts: facts(answer),
        prompt: shown(&answer.prompt),
    }
}

/// `1.2 s · 350 tokens in, 80 out · ≈ 0.4 ¢ · gpt-5`.
fn facts(answer: &TrialAnswer) -> String {
    let mut facts = vec![format::duration(Duration::from_millis(answer.latency_ms))];
    if let Some(usage) = &answer.usage
        && let (Some(input), Some(output)) = (usage.input_tokens, usage.output_tokens)
    {
        facts.push(format!("{} tokens in, {} out", format::count(input), format::count(output)));
    }
    facts.push(match answer.cost.amount {
        Some(amount) => format::about(amount.0),
        None => "no price known".to_owned(),
    });
    facts.push(answer.model.clone());
    facts.join(" · ")
}

/// The prompt as a text.
fn shown(prompt: &Prompt) -> String {
    let mut text = prompt.system.clone();
    for turn in &prompt.turns {
        let who = match turn.role {
            Role::User => "People",
            Role::Assistant => "Agent",
        };
        text.push_str("\n\n── ");
        text.push_str(who);
        text.push('\n');
        text.push_str(&turn.text);
    }
    text
}

/// Why there is no answer, for whoever asked.
fn words(error: &TrialError) -> String {
    match error {
        TrialError::Denied(_) => "Your role does not allow trials.".to_owned(),
        TrialError::Empty => "Write something to ask first.".to_owned(),
        TrialError::TooLong => "That is too long for one message.".to_owned(),
        TrialError::Busy => "Your last question is still being answered.".to_owned(),
        TrialError::TooOften { .. } => {
            "You have tried as often as you may in a minute. Wait a moment.".to_owned()
        }
        TrialError::Suspended => {
            "This tenant is suspended, so nobody answers for it, drafts included. Resume it first."
                .to_owned()
        }
        TrialError::DayIsOver => {
            "Drafts of this tenant were tried as often as they may be in a day. Come back tomorrow."
                .to_owned()
        }
        TrialError::OverBudget(met) => {
            let whose = if met.agent.is_some() { "this agent" } else { "this tenant" };
            format!("The budget of {whose} has no room for another call. Raise it, or come back.")
        }
        TrialError::Unrecorded(_) => {
            "What a trial costs cannot be written down right now. Try again in a moment.".to_owned()
        }
        TrialError::NoModels(_) => {
            "The keys of this tenant's models cannot be read right now. Try again in a moment."
                .to_owned()
        }
        TrialError::NoAnswer(exhausted) => format!("No model answered: {exhausted}."),
    }
}
