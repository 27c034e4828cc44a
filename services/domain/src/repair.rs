//! What an operator may do about a message and its reply, from what is known of both.
//!
//! **Invariant:** what has arrived, or may have, is sent once more only where the operator says so.

use schemas::{
    Kind,
    event::{ReplyDecision, ReplyKind},
};

use crate::{
    effect::EffectState,
    reply_state::{ReplyState, Verdict},
};

/// What is known of a message.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Where it stands in the read models, e.g. `admitted`; nothing where it is not known there.
    pub state: Option<&'a str>,
    /// The event that says what came of it, if that is on record.
    pub outcome: Option<Kind>,
    /// Its reply, if one was begun.
    pub reply: Option<&'a ReplyState>,
}

/// Why not, and what to do.
pub type Refusal = &'static str;

const NO_WORDS: Refusal =
    "there are no words on record to send: `konstruct reprocess` has it answered again";
const IN_DOUBT: Refusal =
    "it may have arrived: look, then say `konstruct reply sent` or `konstruct reply again`";
const ARRIVED: Refusal = "it has arrived: `--again` sends it once more";
const TOLD_OTHERWISE: Refusal = "it was handed over, and its person was told otherwise: `konstruct reprocess --again` has it \
     answered again";
const HAS_IT: Refusal = "its person has the answer: discard it";
const NOT_IN_DOUBT: Refusal = "nothing of its reply is in doubt";
const ANSWERED: Refusal = "it has an answer: `--again` has it answered once more";
const ON_ITS_WAY: Refusal = "it is on its way: `--again` does not wait for it";

/// Says that what is in doubt has arrived.
pub fn sent(known: &Known<'_>) -> Result<ReplyDecision, Refusal> {
    if is_in_doubt(known) { Ok(ReplyDecision::Sent) } else { Err(NOT_IN_DOUBT) }
}

/// Sends what is in doubt, or was refused.
pub fn again(known: &Known<'_>) -> Result<ReplyDecision, Refusal> {
    if !is_in_doubt(known) && !is_refused(known) {
        return Err(NOT_IN_DOUBT);
    }
    has_words(known)?;
    Ok(ReplyDecision::Again)
}

/// Sends the outcome on record, as far as the person has not got it; all of it, if `anew`.
pub fn redeliver(known: &Known<'_>, anew: bool) -> Result<ReplyDecision, Refusal> {
    has_words(known)?;
    if anew {
        return Ok(ReplyDecision::Anew);
    }
    if is_in_doubt(known) {
        return Err(IN_DOUBT);
    }
    let is_whole = !is_refused(known)
        && known.reply.is_some_and(|reply| match reply.verdict {
            None => false,
            Some(Verdict::Nothing) => true,
            Some(Verdict::Reply { parts, .. }) => (0..parts.max(1))
                .all(|part| matches!(reply.part(part), Some(EffectState::Sent { .. }))),
        });
    if is_whole { Err(ARRIVED) } else { Ok(ReplyDecision::Again) }
}

/// Sends the answer that is on record for an event which was set aside, though word of a failure is out.
/// Where the person has that word, the ledger makes room for the answer; what has arrived is not sent again.
pub fn unsaid(known: &Known<'_>) -> Result<ReplyDecision, Refusal> {
    let verdict = known.reply.and_then(|reply| reply.verdict);
    match verdict.and_then(Verdict::kind) {
        Some(ReplyKind::Apology) if known.outcome == Some(Kind::CompletionHandedOff) => {
            Err(TOLD_OTHERWISE)
        }
        Some(ReplyKind::Apology) => Ok(ReplyDecision::Again),
        _ => redeliver(known, false).map_err(|why| if why == ARRIVED { HAS_IT } else { why }),
    }
}

/// Has the message answered again. Says whether that is done though it has an answer.
pub fn reprocess(known: &Known<'_>, anew: bool) -> Result<bool, Refusal> {
    if anew {
        return Ok(true);
    }
    if is_in_doubt(known) {
        return Err(IN_DOUBT);
    }
    match (known.outcome, known.state) {
        (Some(Kind::CompletionFinished | Kind::CompletionHandedOff), _) => Err(ANSWERED),
        (None, Some("accepted" | "admitted")) => Err(ON_ITS_WAY),
        (Some(_) | None, _) => Ok(false),
    }
}

/// Whether the words of the reply are on record, so that they can be sent again.
fn has_words(known: &Known<'_>) -> Result<(), Refusal> {
    let on_record = match known.outcome {
        Some(Kind::CompletionFinished) => ReplyKind::Answer,
        Some(Kind::CompletionFailed) => ReplyKind::Apology,
        Some(Kind::CompletionHandedOff) => ReplyKind::HandOff,
        Some(Kind::MessageHeld) => ReplyKind::Held,
        Some(_) | None => return Err(NO_WORDS),
    };
    match known.reply.and_then(|reply| reply.verdict) {
        None => Ok(()),
        Some(verdict) if verdict.kind() == Some(on_record) => Ok(()),
        Some(_) => Err(NO_WORDS),
    }
}

/// Whether something of the reply may or may not be there.
fn is_in_doubt(known: &Known<'_>) -> bool {
    let doubt =
        |it: &EffectState| matches!(it, EffectState::Uncertain { .. } | EffectState::Sending);
    known.reply.is_some_and(|reply| reply.posts.iter().flatten().chain(&reply.note).any(doubt))
}

/// Whether a part was refused. The word to whoever takes over does not count: where it was refused, the
/// conversation is the agent's again.
fn is_refused(known: &Known<'_>) -> bool {
    let refused = |it: &EffectState| matches!(it, EffectState::Failed { .. });
    known.reply.is_some_and(|reply| reply.posts.iter().flatten().any(refused))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(posts: Vec<Option<EffectState>>) -> ReplyState {
        let verdict = Some(Verdict::Reply { kind: ReplyKind::Answer, parts: posts.len().max(1) });
        ReplyState { verdict, posts, ..ReplyState::new() }
    }

    #[test]
    fn what_may_be_done_depends_on_what_is_known() {
        let there = || Some(EffectState::Sent { ts: "1.1".to_owned() });
        let doubt = || Some(EffectState::Uncertain { detail: "timeout".to_owned() });
        let refused = || Some(EffectState::Failed { code: "is_archived".to_owned() });
        let finished = Some(Kind::CompletionFinished);
        let failed = Some(Kind::CompletionFailed);
        let held = Some(Kind::MessageHeld);
        let [arrived, lost, gone] = [there(), doubt(), refused()].map(|it| answered(vec![it]));
        let half = answered(vec![there(), None]);
        let notice = ReplyState {
            verdict: Some(Verdict::Reply { kind: ReplyKind::Notice, parts: 1 }),
            ..lost.clone()
        };
        let none = ReplyState::new();
        let handed_off = Some(Kind::CompletionHandedOff);
        let untold = ReplyState {
            verdict: Some(Verdict::Reply { kind: ReplyKind::HandOff, parts: 1 }),
            note: refused(),
            ..arrived.clone()
        };
        // outcome, reply: sent, again, redeliver, redeliver --again, reprocess, reprocess --again
        let cases = [
            ((finished, Some(&arrived)), "- - - anew - yes"),
            ((finished, Some(&lost)), "sent again - anew - yes"),
            ((finished, Some(&gone)), "- again again anew - yes"),
            ((finished, Some(&half)), "- - again anew - yes"),
            ((finished, Some(&none)), "- - again anew - yes"),
            ((finished, None), "- - again anew - yes"),
            ((failed, None), "- - again anew no yes"),
            ((handed_off, Some(&untold)), "- - - anew - yes"),
            ((held, None), "- - again anew no yes"),
            ((None, Some(&notice)), "sent - - - - yes"),
            ((None, None), "- - - - no yes"),
        ];
        for ((outcome, reply), want) in cases {
            let known = Known { state: Some("failed"), outcome, reply };
            let decided =
                |it: Result<ReplyDecision, Refusal>| it.map_or("-", ReplyDecision::as_str);
            let reopened =
                |it: Result<bool, Refusal>| it.map_or("-", |anew| if anew { "yes" } else { "no" });
            let got = [
                decided(sent(&known)),
                decided(again(&known)),
                decided(redeliver(&known, false)),
                decided(redeliver(&known, true)),
                reopened(reprocess(&known, false)),
                reopened(reprocess(&known, true)),
            ];
            assert_eq!(got.join(" "), want, "{known:?}");
        }
        let sorry = ReplyState {
            verdict: Some(Verdict::Reply { kind: ReplyKind::Apology, parts: 1 }),
            ..arrived.clone()
        };
        let doubted = ReplyState { verdict: sorry.verdict, ..lost.clone() };
        for (reply, want) in [
            (None, Ok(ReplyDecision::Again)),
            (Some(&half), Ok(ReplyDecision::Again)),
            (Some(&arrived), Err(HAS_IT)),
            (Some(&lost), Err(IN_DOUBT)),
            (Some(&sorry), Ok(ReplyDecision::Again)),
            (Some(&doubted), Ok(ReplyDecision::Again)),
            (Some(&notice), Err(NO_WORDS)),
        ] {
            let known = Known { state: None, outcome: finished, reply };
            assert_eq!(unsaid(&known), want, "{known:?}");
        }
        let known = Known { state: None, outcome: handed_off, reply: Some(&sorry) };
        assert_eq!(unsaid(&known), Err(TOLD_OTHERWISE));
        let on_its_way = Known { state: Some("admitted"), outcome: None, reply: None };
        assert_eq!(reprocess(&on_its_way, false), Err(ON_ITS_WAY));
    }
}
