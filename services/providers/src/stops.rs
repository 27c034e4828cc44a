//! Where an answer ends, for vendors that do not end it there themselves.
//!
//! **Invariant:** however a text comes in pieces, what is shown of it is what is left of the whole.

use crate::{Answer, Deployment, Failure, FailureClass, Finish, Request, Vendor};

/// Looks for texts that end an answer. The first that is whole ends it, before its own beginning; of two
/// that are whole at once the longer one does.
#[derive(Default)]
pub(crate) struct Stops {
    texts: Vec<String>,
    /// How much of the text was looked at, in bytes.
    seen: usize,
    /// Where the answer ends.
    end: Option<usize>,
}

impl Deployment {
    /// Whether the vendor ends an answer there. Anthropic refuses what is nothing but white space.
    fn stops_at(&self, stop: &str) -> bool {
        self.takes_stop && !(self.vendor == Vendor::Anthropic && stop.trim().is_empty())
    }

    /// The ends of an answer that its vendor is told.
    pub(crate) fn stops_of<'r>(&self, ask: &'r Request) -> Vec<&'r str> {
        ask.stop.iter().map(String::as_str).filter(|stop| self.stops_at(stop)).collect()
    }
}

impl Stops {
    /// Those of a request that its vendor is not told.
    pub(crate) fn untold(to: &Deployment, ask: &Request) -> Self {
        let untold = ask.stop.iter().filter(|stop| !to.stops_at(stop));
        Self { texts: untold.cloned().collect(), ..Self::default() }
    }

    /// What of a text in the making may be shown: none of what may yet turn out to end it. The text only
    /// grows from one call to the next, and so does what is shown.
    pub(crate) fn shown<'t>(&mut self, text: &'t str) -> &'t str {
        let end = self.look(text).unwrap_or_else(|| text.len().saturating_sub(self.held(text)));
        text.get(..end).unwrap_or_default()
    }

    /// Ends a whole answer where it should have ended.
    pub(crate) fn cut(&mut self, answer: Answer) -> Result<Answer, Failure> {
        let Some(end) = self.look(&answer.text) else { return Ok(answer) };
        let mut text = answer.text;
        text.truncate(end);
        if text.trim().is_empty() {
            let failure =
                Failure::new(FailureClass::Empty, "the answer ends before its first word");
            return Err(Failure { usage: answer.usage.map(Box::new), ..failure });
        }
        // What it would have called came after its end.
        Ok(Answer { text, calls: Vec::new(), finish: Finish::Stop, ..answer })
    }

    /// Where the text ends, if it does. Linear in what is new.
    fn look(&mut self, text: &str) -> Option<usize> {
        if self.end.is_none() {
            let longest = self.texts.iter().map(String::len).max().unwrap_or(0);
            let from = text.floor_char_boundary(self.seen.saturating_sub(longest));
            let new = text.get(from..).unwrap_or_default();
            let found = self.texts.iter().filter_map(|stop| {
                let at = new.find(stop.as_str())?;
                Some((at + stop.len(), at))
            });
            self.end = found.min().map(|(_, at)| from + at);
            self.seen = text.len();
        }
        self.end
    }

    /// How many bytes at the end of a text may be the beginning of its end.
    fn held(&self, text: &str) -> usize {
        let begins = |stop: &String| {
            let mut parts = stop.char_indices().map(|(at, _)| at).rev();
            parts.find(|at| stop.get(..*at).is_some_and(|part| text.ends_with(part)))
        };
        self.texts.iter().filter_map(begins).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stops(stops: &[&str]) -> Stops {
        let texts = stops.iter().map(|&stop| stop.to_owned()).collect();
        Stops { texts, ..Stops::default() }
    }

    fn answer(text: &str) -> Answer {
        Answer {
            text: text.to_owned(),
            calls: Vec::new(),
            kept: None,
            model: "m".to_owned(),
            usage: None,
            finish: Finish::Length,
        }
    }

    #[test]
    fn a_text_ends_before_the_first_end_that_is_whole() {
        let cases: [(&[&str], &str, &str); 8] = [
            (&[], "one END two", "one END two"),
            (&["END"], "one END two END", "one "),
            (&["END"], "one EN", "one EN"),
            (&["\n\n"], "one\ntwo\n\nthree", "one\ntwo"),
            (&["two", "one t"], "one two", ""),
            (&["abcd", "bc"], "xabcd", "xa"),
            (&["bc", "abc"], "xabc", "x"),
            (&["é"], "caf\u{e9} crème", "caf"),
        ];
        for (ends, text, want) in cases {
            let cut = stops(ends).cut(answer(text));
            match cut {
                Ok(cut) => {
                    assert_eq!(cut.text, want, "{ends:?}");
                    let finish = if text == want { Finish::Length } else { Finish::Stop };
                    assert_eq!(cut.finish, finish, "{ends:?}");
                }
                Err(failure) => {
                    assert_eq!((want, failure.class), ("", FailureClass::Empty), "{ends:?}");
                }
            }
        }
    }

    #[test]
    fn what_may_be_an_end_is_not_shown_until_it_is_known() {
        let mut stops = stops(&["END", "\n\n"]);
        let texts = ["on", "one E", "one EN", "one ENTER\n", "one ENTER\ntwo\n\n"];
        let shown = texts.map(|text| stops.shown(text));
        assert_eq!(shown, ["on", "one ", "one ", "one ENTER", "one ENTER\ntwo"]);
    }

    proptest! {
        #[test]
        fn however_it_comes_in_pieces_what_is_shown_is_what_is_left_of_the_whole(
            pieces in proptest::collection::vec("[abé\n]{0,4}", 0..12),
            ends in proptest::collection::vec("[abé\n]{1,4}", 0..4),
        ) {
            let ends: Vec<&str> = ends.iter().map(String::as_str).collect();
            let whole = pieces.concat();
            let left = match stops(&ends).look(&whole) {
                Some(end) => whole[..end].to_owned(),
                None => whole.clone(),
            };
            let (mut in_pieces, mut text, mut shown) = (stops(&ends), String::new(), String::new());
            for piece in &pieces {
                text.push_str(piece);
                let more = in_pieces.shown(&text);
                prop_assert!(more.starts_with(&shown), "{more:?} takes {shown:?} back");
                shown = more.to_owned();
            }
            prop_assert!(left.starts_with(&shown));
            let end = in_pieces.look(&whole).unwrap_or(whole.len());
            prop_assert_eq!(&whole[..end], left.as_str(), "at the end all of it is known");
            for stop in &ends {
                prop_assert!(!left.contains(stop));
            }
        }
    }
}
