//! Turns that are asked again: what a program wants asked, and what has begun.

use replay::{TURNS_AT_HAND_MAX, Wanted, Wish};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::ApiError;

/// Answers that are asked again where nobody chose.
const LAST_DEFAULT: u32 = 20;

/// Answers that are to be asked again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "candidate": "draft", "last": 20, "judge": "quality" }))]
pub(crate) struct NewReplay {
    /// Who answers: `draft`, `published`, or a version by its number.
    #[serde(default = "draft")]
    #[schema(default = "draft", pattern = "^(draft|published|[0-9]{1,9})$")]
    pub(crate) candidate: String,
    /// How many of the last answers.
    #[serde(default = "last")]
    #[schema(default = 20, minimum = 1, maximum = 50)]
    pub(crate) last: u32,
    /// Whether the version that answered is asked too, so that one sees what differs of itself.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub(crate) baseline: bool,
    /// The model group that judges which answer is better; nobody if none.
    #[serde(default)]
    pub(crate) judge: Option<String>,
    /// What it may cost, in millionths of a dollar; what it takes at the most if none. Where a model has no
    /// price, none can be kept, and the budgets of agent and tenant hold.
    #[serde(default)]
    pub(crate) budget_micros: Option<u64>,
}

/// Tests that are to be run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTestRun {
    /// Who answers: `draft` or `published`.
    #[serde(default = "draft")]
    #[schema(default = "draft", pattern = "^(draft|published)$")]
    pub(crate) candidate: String,
}

/// How a replay goes on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct More {
    /// How much more it may cost than it was to, in millionths of a dollar.
    #[serde(default)]
    pub(crate) more_micros: u64,
}

/// Something goes on in the background.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Begun {
    /// The run.
    #[schema(example = "acme-5f1c9a7e02")]
    pub(crate) id: String,
    /// Where to see how far it is, and what comes of it.
    #[schema(example = "/api/v1/tenants/acme/agents/mara/replays/acme-5f1c9a7e02")]
    pub(crate) href: String,
}

impl Begun {
    /// `href` is below [`crate::BASE`].
    pub(crate) fn new(id: String, href: &str) -> Self {
        Self { id, href: format!("{}{href}", crate::BASE) }
    }
}

impl NewReplay {
    /// What is wanted, and what it may cost.
    pub(crate) fn wish(&self) -> Result<(Wish, Option<u64>), ApiError> {
        let Self { candidate, last, baseline, judge, budget_micros } = self;
        let candidate = Wanted::named(candidate).ok_or_else(|| {
            let problem = "is neither `draft` nor `published` nor the number of a version";
            ApiError::field("candidate", problem)
        })?;
        if !(1..=TURNS_AT_HAND_MAX).contains(last) {
            let problem = format!("is not from 1 to {TURNS_AT_HAND_MAX}");
            return Err(ApiError::field("last", problem));
        }
        let judge = judge.clone();
        Ok((Wish { candidate, last: *last, baseline: *baseline, judge }, *budget_micros))
    }
}

impl NewTestRun {
    /// Who is asked.
    pub(crate) fn wanted(&self) -> Result<Wanted, ApiError> {
        match self.candidate.as_str() {
            "draft" => Ok(Wanted::Draft),
            "published" => Ok(Wanted::Published),
            _ => Err(ApiError::field("candidate", "is neither `draft` nor `published`")),
        }
    }
}

fn draft() -> String {
    "draft".to_owned()
}

const fn last() -> u32 {
    LAST_DEFAULT
}

const fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn wish(body: Value) -> Result<(Wish, Option<u64>), ApiError> {
        serde_json::from_value::<NewReplay>(body).unwrap().wish()
    }

    #[test]
    fn what_is_left_out_is_the_last_20_of_the_draft_beside_what_answered() {
        let (wish, budget) = wish(json!({})).unwrap();
        assert!(matches!(wish.candidate, Wanted::Draft));
        assert_eq!((wish.last, wish.baseline, wish.judge, budget), (20, true, None, None));
    }

    #[test]
    fn what_is_out_of_bounds_is_named() {
        assert_eq!(TURNS_AT_HAND_MAX, 50, "as the description has it");
        let (most, budget) = wish(json!({ "last": 50, "budget_micros": 7 })).unwrap();
        assert_eq!((most.last, budget), (50, Some(7)));
        for (body, field) in [
            (json!({ "last": 0 }), "last"),
            (json!({ "last": 51 }), "last"),
            (json!({ "candidate": "mara.yaml" }), "candidate"),
            (json!({ "candidate": "" }), "candidate"),
        ] {
            let Err(ApiError::Invalid(wrong)) = wish(body.clone()) else { panic!("{body}") };
            assert_eq!(wrong[0].field, field, "{body}");
        }
    }

    #[test]
    fn tests_are_run_of_the_draft_or_of_what_answers() {
        let wanted = |candidate: &str| NewTestRun { candidate: candidate.to_owned() }.wanted();
        assert!(matches!(wanted("draft"), Ok(Wanted::Draft)));
        assert!(matches!(wanted("published"), Ok(Wanted::Published)));
        let want = ApiError::field("candidate", "is neither `draft` nor `published`");
        assert_eq!(wanted("3").unwrap_err(), want);
    }
}
