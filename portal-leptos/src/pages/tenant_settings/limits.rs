//! What a tenant may ask, and for how long its conversations are kept.

use axum::{
    extract::{Form, Path},
    response::Response,
};
use desk::{DeskError, FieldProblem};
use domain::fields;
use leptos::prelude::*;
use portal_ui::{
    Checkbox, InputKind, Problem, SubmitButton, TextField, Variant,
    format::{count, counted},
};
use schemas::{ChannelKind, Limits, TenantId, directory::KEPT_DAYS};
use views::TenantLine;

use super::{Typed, again, answer, with_problems};
use crate::{
    pages::{
        amounts,
        form::{fingerprint, problem_of, wrong},
    },
    server::{error::PageError, render::Cx},
};

const KEEP: &str = "keep_days";
const FEWER: &str = "fewer_days";

/// What goes by its age, and what does not.
const KEEP_HINT: &str = "From 1 to 30. Left empty, they are kept for 31 days. What is older and over is \
    erased within minutes: what was said and answered, traces, and what agents remember of it. Sums of \
    usage stay, and so do saved tests and what is in doubt.";

/// Stored, if they were made from what is stored, and what goes for good by them was ticked.
pub(super) async fn set(
    cx: Cx,
    Path(tenant): Path<TenantId>,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    let (desk, who) = (&cx.portal.desk, &cx.signed.principal);
    let stored = cx.portal.views.tenant(who, &tenant, cx.now()).await?.tenant.limits;
    if let Some((problem, now)) = overtaken(typed.limits_seen.as_deref(), &stored) {
        let typed = Typed { limits_seen: Some(now), ..typed };
        return with_problems(&cx, &tenant, typed, vec![problem]).await;
    }
    let limits = match meant(&typed, &stored) {
        Ok(limits) => limits,
        Err(wrong) => return again(&cx, &tenant, typed, DeskError::Invalid(wrong)).await,
    };
    if let Some(problem) = unasked(typed.fewer_days.as_deref(), &stored, &limits) {
        return with_problems(&cx, &tenant, typed, vec![problem]).await;
    }
    let written = desk.set_limits(who, &tenant, limits).await;
    answer(&cx, &tenant, typed, (written, "The limits hold from the next message on.")).await
}

/// What to say where other limits are stored than the form was made from, with what tells them.
fn overtaken(seen: Option<&str>, stored: &Limits) -> Option<(Problem, String)> {
    let now = fingerprint(stored);
    seen.filter(|seen| *seen != now)?;
    let all = counted(stored.messages_per_minute.into(), "message", "messages");
    let slack = stored.per_channel.get(&ChannelKind::Slack);
    let slack = slack.map_or("as many".to_owned(), |it| count((*it).into()));
    let kept = said(kept_days(stored));
    let message = format!(
        "Somebody else changed these limits while you typed. What is stored now: {all} a minute, \
         {slack} of these through Slack, conversations kept for {kept}. Save again, and what stands \
         here takes its place"
    );
    Some((wrong("", message), now))
}

/// The limits as they were typed. Those of channels that the form does not name stay.
fn meant(typed: &Typed, stored: &Limits) -> Result<Limits, Vec<FieldProblem>> {
    let all = amounts::per_minute("messages_per_minute", typed.messages_per_minute.as_deref());
    let all =
        all.and_then(|all| all.ok_or_else(|| FieldProblem::new("messages_per_minute", "is empty")));
    let slack = amounts::per_minute("slack_per_minute", typed.slack_per_minute.as_deref());
    let kept = match typed.keep_days.as_deref() {
        Some(days) => amounts::days(KEEP, Some(days)),
        None => Ok(stored.keep_days),
    };
    let kept = kept.and_then(|days| fields::keep_days(days).map_or(Ok(days), Err));
    match (all, slack, kept) {
        (Ok(messages_per_minute), Ok(slack), Ok(keep_days)) => {
            let mut per_channel = stored.per_channel.clone();
            match slack {
                Some(slack) => per_channel.insert(ChannelKind::Slack, slack),
                None => per_channel.remove(&ChannelKind::Slack),
            };
            Ok(Limits { messages_per_minute, per_channel, keep_days })
        }
        (all, slack, kept) => {
            Err([all.err(), slack.err(), kept.err()].into_iter().flatten().collect())
        }
    }
}

/// What goes for good is asked for first: with fewer days, these days are ticked.
fn unasked(ticked: Option<&str>, stored: &Limits, meant: &Limits) -> Option<Problem> {
    let [before, after] = [stored, meant].map(kept_days);
    let is_sure = ticked == Some(after.to_string().as_str());
    (after < before && !is_sure).then(|| {
        let [before, after] = [before, after].map(said);
        let message = format!(
            "Conversations are kept for {before} now. What is older than {after} would be erased within \
             minutes, for good: tick that it may"
        );
        wrong(FEWER, message)
    })
}

/// For how many days conversations are kept.
pub(super) fn kept_days(limits: &Limits) -> u32 {
    limits.keep_days.unwrap_or(KEPT_DAYS)
}

pub(super) fn said(days: u32) -> String {
    counted(days.into(), "day", "days")
}

pub(super) fn form(line: &TenantLine, typed: &Typed, problems: &[Problem]) -> AnyView {
    let limits = &line.tenant.limits;
    let seen = typed.limits_seen.clone().unwrap_or_else(|| fingerprint(limits));
    let stored = limits.per_channel.get(&ChannelKind::Slack).map(ToString::to_string);
    let all = typed.messages_per_minute.clone();
    let all = all.unwrap_or_else(|| limits.messages_per_minute.to_string());
    let slack = typed.slack_per_minute.clone().or(stored).unwrap_or_default();
    let stored = limits.keep_days.map(|days| days.to_string());
    let kept = typed.keep_days.clone().or(stored).unwrap_or_default();
    let fewer = problem_of(problems, FEWER).map(|error| fewer(&kept, error));
    let [wrong_all, wrong_slack, wrong_kept] =
        ["messages_per_minute", "slack_per_minute", KEEP].map(|it| problem_of(problems, it));
    view! {
        <form method="post" action=format!("/t/{}/settings/limits", line.tenant.id) class="stack">
            <input type="hidden" name="limits_seen" value=seen />
            <TextField
                name="messages_per_minute"
                label="Messages a minute, over all channels"
                kind=InputKind::Code
                value=all
                required=true
                error=wrong_all
            />
            <TextField
                name="slack_per_minute"
                label="Of these through Slack"
                kind=InputKind::Code
                hint="Left empty, as many as over all channels."
                value=slack
                error=wrong_slack
            />
            <TextField
                name=KEEP
                label="Days that conversations are kept"
                kind=InputKind::Code
                hint=KEEP_HINT
                value=kept
                error=wrong_kept
            />
            {fewer}
            <div class="form-actions">
                <SubmitButton variant=Variant::Plain>"Set the limits"</SubmitButton>
            </div>
        </form>
    }
    .into_any()
}

/// The tick is for these days: with others typed, it is asked for again.
fn fewer(kept: &str, error: String) -> AnyView {
    let days = amounts::days(KEEP, Some(kept)).ok().flatten().unwrap_or(KEPT_DAYS);
    let label = format!("Erase what is older than {}, for good", said(days));
    view! { <Checkbox name=FEWER label=label value=days.to_string() error=Some(error) /> }
        .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(keep_days: Option<u32>) -> Limits {
        Limits { messages_per_minute: 600, keep_days, ..Limits::default() }
    }

    #[test]
    fn fewer_days_are_ticked_and_more_are_not() {
        let cases = [
            (None, Some(14), None, true),
            (None, Some(14), Some("14"), false),
            (None, Some(1), Some("14"), true),
            (Some(14), Some(13), Some("yes"), true),
            (Some(14), Some(14), None, false),
            (Some(14), Some(30), None, false),
            (Some(30), None, None, false),
        ];
        for (before, after, ticked, want) in cases {
            let asked = unasked(ticked, &limits(before), &limits(after));
            assert_eq!(asked.is_some(), want, "{before:?} {after:?} {ticked:?}");
        }
        let asked = unasked(None, &limits(None), &limits(Some(1))).unwrap();
        let want = "Conversations are kept for 31 days now. What is older than 1 day would be erased \
                    within minutes, for good: tick that it may";
        assert_eq!((&*asked.field, &*asked.message), (FEWER, want));
    }

    #[test]
    fn who_comes_second_reads_what_the_first_one_stored() {
        let seen = fingerprint(&limits(Some(14)));
        assert_eq!(overtaken(Some(&seen), &limits(Some(14))), None);
        assert_eq!(overtaken(None, &limits(Some(30))), None);
        let (problem, now) = overtaken(Some(&seen), &limits(Some(30))).unwrap();
        let want = "Somebody else changed these limits while you typed. What is stored now: 600 \
                    messages a minute, as many of these through Slack, conversations kept for 30 days. \
                    Save again, and what stands here takes its place";
        assert_eq!(problem.message, want);
        assert_eq!(overtaken(Some(&now), &limits(Some(30))), None);
    }

    #[test]
    fn what_is_wrong_with_limits_is_said_at_once_and_what_is_not_named_stays() {
        let typed = |all: &str, kept: Option<&str>| Typed {
            messages_per_minute: Some(all.to_owned()),
            keep_days: kept.map(str::to_owned),
            ..Typed::default()
        };
        assert_eq!(meant(&typed("9", None), &limits(Some(14))).unwrap().keep_days, Some(14));
        assert_eq!(meant(&typed("9", Some("")), &limits(Some(14))).unwrap().keep_days, None);
        for (all, kept) in [("", "0"), ("many", "31")] {
            let wrong = meant(&typed(all, Some(kept)), &limits(None)).unwrap_err();
            let wrong: Vec<_> = wrong.iter().map(|it| it.field).collect();
            assert_eq!(wrong, ["messages_per_minute", KEEP], "{all:?} {kept:?}");
        }
    }
}
