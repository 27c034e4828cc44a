//! An operator has a message answered again: its outcome takes the place of the one on record.
//!
//! What tools were called for is not called again: the model goes on with what came of it.

use runtime::{Delivery, Failure, Verdict};
use schemas::{Event, Kind, Message, event::MessageReopened};
use store::completions;

use crate::{Completion, answer::before, from_store, outcome, thread::TURNS_READ_MAX};

/// What stands on record, for an operator who has a message answered again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Nothing, or what may be replaced.
    Open,
    /// What came of the same command: it is said again.
    Said,
    /// What is not replaced: a later command's, or an answer that the person may have.
    Closed,
}

impl Completion {
    /// The outcome that an operator asked for: the one on record, or one made now. Where there is an
    /// answer already that the operator did not speak of, nothing is asked and nothing said.
    pub(crate) async fn answer_again(
        &self,
        delivery: &Delivery,
        data: &MessageReopened,
    ) -> Result<Vec<Event>, Failure> {
        let before = before(delivery, &data.message, TURNS_READ_MAX);
        let mut prior = self.completions.before(before).await.map_err(from_store)?;
        let done = prior.completion.take();
        match (standing(delivery, data, done.as_ref()), done) {
            (Standing::Said, Some(done)) => Ok(outcome::said(done)),
            (Standing::Closed, _) => Ok(Vec::new()),
            (Standing::Open | Standing::Said, _) => {
                self.decide(delivery, &data.message, &mut prior).await
            }
        }
    }

    /// The message whose person waits for a word, where the event is given up.
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is waited for")]
    pub(crate) async fn unanswered<'a>(
        &self,
        delivery: &'a Delivery,
    ) -> Result<Option<&'a Message>, Failure> {
        match &delivery.cause.event {
            Event::MessageAdmitted(data) => Ok(Some(&data.message)),
            Event::MessageReopened(data) => {
                let prior = self.completions.before(before(delivery, &data.message, 0)).await;
                let known = match prior.map_err(from_store) {
                    Ok(prior) => prior.completion,
                    Err(failure) if failure.verdict == Verdict::Wait => return Err(failure),
                    Err(failure) => {
                        tracing::warn!(error = %failure, "it is not known what the person has");
                        return Ok(None);
                    }
                };
                let open = standing(delivery, data, known.as_ref()) != Standing::Closed;
                Ok(open.then_some(&data.message))
            }
            _ => Ok(None),
        }
    }
}

fn standing(
    delivery: &Delivery,
    data: &MessageReopened,
    known: Option<&completions::Completion>,
) -> Standing {
    let Some(done) = known else { return Standing::Open };
    if done.cause == delivery.cause.id {
        return Standing::Said;
    }
    let is_late = delivery.first_sequence <= done.seq;
    let kind = done.envelope.event.kind();
    let has_answer = matches!(kind, Kind::CompletionFinished | Kind::CompletionHandedOff);
    if is_late || has_answer && !data.anew { Standing::Closed } else { Standing::Open }
}

#[cfg(test)]
mod tests {
    use schemas::Envelope;

    use super::*;

    fn sample(topic: &str) -> Envelope {
        let path = format!("{}/../../schemas/samples/{topic}.v1.json", env!("CARGO_MANIFEST_DIR"));
        Envelope::decode(&std::fs::read(path).unwrap()).unwrap()
    }

    #[test]
    fn an_answer_is_replaced_where_the_operator_says_so_and_only_by_a_later_command() {
        let cases = [
            (None, false, Standing::Open),
            (Some(("completion.failed", "admitted", 3)), false, Standing::Open),
            (Some(("completion.finished", "admitted", 3)), false, Standing::Closed),
            (Some(("completion.finished", "admitted", 3)), true, Standing::Open),
            (Some(("completion.handed_off", "admitted", 3)), false, Standing::Closed),
            (Some(("message.held", "admitted", 3)), false, Standing::Open),
            (Some(("completion.failed", "later", 9)), true, Standing::Closed),
            (Some(("completion.finished", "mine", 5)), false, Standing::Said),
        ];
        let cause = Envelope { id: "mine".parse().unwrap(), ..sample("message.reopened") };
        let delivery = Delivery { cause, sequence: 7, first_sequence: 5, attempt: 1 };
        let Event::MessageReopened(data) = delivery.cause.event.clone() else { panic!() };
        for (known, anew, want) in cases {
            let data = MessageReopened { anew, ..data.clone() };
            let known = known.map(|(topic, cause, seq)| completions::Completion {
                envelope: sample(topic),
                cause: cause.parse().unwrap(),
                seq,
                near: Vec::new(),
            });
            assert_eq!(standing(&delivery, &data, known.as_ref()), want, "{known:?} {anew}");
        }
    }
}
