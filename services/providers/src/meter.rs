//! What is measured of each call to a vendor, by OpenTelemetry's conventions for generative AI
//! (<https://opentelemetry.io/docs/specs/semconv/gen-ai/>): histograms, and a span that the log lines of
//! the call stand in. In Prometheus a name's dots are underscores, and its unit comes last, unless it is
//! no unit but a word in braces.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use metrics::{Label, histogram};
use schemas::usage::Usage;
use tracing::{Span, field::Empty, info_span};

use crate::{Answer, Deployment, Finish, call::Tried};

/// `gen_ai.client.operation.duration`, in seconds: one call to a vendor, from request to end.
const DURATION: &str = "gen_ai_client_operation_duration_seconds";

/// `gen_ai.client.operation.time_to_first_chunk`, in seconds. What vendors themselves call their
/// `gen_ai.server.time_to_first_token` is not ours to measure.
const FIRST_CHUNK: &str = "gen_ai_client_operation_time_to_first_chunk_seconds";

/// `gen_ai.client.token.usage`, in `{token}`.
const TOKENS: &str = "gen_ai_client_token_usage";

/// As the conventions want them.
const SECONDS: [f64; 14] =
    [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

const COUNTS: [f64; 14] = [
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// The histograms, each with the upper ends of its buckets.
pub const HISTOGRAMS: [(&str, &[f64]); 3] =
    [(DURATION, &SECONDS), (FIRST_CHUNK, &SECONDS), (TOKENS, &COUNTS)];

/// The only operation there is.
const CHAT: &str = "chat";

/// The names that a deployment's vendor gives its model which have a series of their own: a vendor
/// could think of a new one each time.
const NAMES_MAX: usize = 8;

/// The conventions' word for what has no name of its own.
const OTHER: &str = "_OTHER";

/// What a vendor called the model of one deployment so far.
#[derive(Debug, Default)]
pub(crate) struct Names(Mutex<BTreeSet<String>>);

impl Names {
    /// That name, as long as there are few.
    fn bounded(&self, name: &str) -> String {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_ours =
            known.contains(name) || (known.len() < NAMES_MAX && known.insert(name.to_owned()));
        if is_ours { name.to_owned() } else { OTHER.to_owned() }
    }
}

/// The span of a call; what comes of it is filled in by [`measure`].
pub(crate) fn span(to: &Deployment) -> Span {
    info_span!(
        "chat",
        gen_ai.operation.name = CHAT,
        gen_ai.provider.name = to.vendor.as_str(),
        gen_ai.request.model = to.model.as_str(),
        gen_ai.response.model = Empty,
        gen_ai.response.finish_reasons = Empty,
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
        error.type = Empty,
    )
}

/// Takes the measure of a call that is over.
pub(crate) fn measure(span: &Span, to: &Deployment, names: &Names, tried: &Tried) {
    let mut labels = vec![
        Label::from_static_parts("gen_ai_operation_name", CHAT),
        Label::from_static_parts("gen_ai_provider_name", to.vendor.as_str()),
        // Tenants name as many models as they like, and what they name is theirs.
        Label::new(
            "gen_ai_request_model",
            if to.is_of_tenant { OTHER } else { &to.model }.to_owned(),
        ),
    ];
    let answer = tried.result.as_ref().ok();
    if let Some(Answer { model, finish, .. }) = answer {
        span.record("gen_ai.response.model", model.as_str());
        span.record("gen_ai.response.finish_reasons", reason(*finish));
        let model = if to.is_of_tenant { OTHER.to_owned() } else { names.bounded(model) };
        labels.push(Label::new("gen_ai_response_model", model));
    }
    if let Some(first) = tried.first_token {
        histogram!(FIRST_CHUNK, labels.clone()).record(first.as_secs_f64());
    }
    let failure = tried.result.as_ref().err();
    let usage = match failure {
        Some(failure) => failure.usage.as_deref(),
        None => answer.and_then(|answer| answer.usage.as_ref()),
    };
    if let Some(Usage { input_tokens, output_tokens, .. }) = usage {
        let counts = [
            ("input", "gen_ai.usage.input_tokens", *input_tokens),
            ("output", "gen_ai.usage.output_tokens", *output_tokens),
        ];
        for (kind, field, count) in counts {
            let Some(count) = count else { continue };
            span.record(field, count);
            let kind = Label::from_static_parts("gen_ai_token_type", kind);
            let labels: Vec<_> = labels.iter().cloned().chain([kind]).collect();
            histogram!(TOKENS, labels).record(float(count));
        }
    }
    if let Some(failure) = failure {
        span.record("error.type", failure.class.as_str());
        labels.push(Label::from_static_parts("error_type", failure.class.as_str()));
    }
    histogram!(DURATION, labels).record(tried.latency.as_secs_f64());
}

fn reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::Calls => "tool_calls",
        Finish::Other => "other",
    }
}

/// More tokens than this are no answer's.
fn float(count: u64) -> f64 {
    u32::try_from(count).unwrap_or(u32::MAX).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendor_that_thinks_of_ever_new_names_makes_no_more_series() {
        let names = Names::default();
        let called: BTreeSet<_> = (0..100).map(|n| names.bounded(&format!("m{n}"))).collect();
        assert_eq!(called.len(), NAMES_MAX + 1);
        assert_eq!((names.bounded("m0").as_str(), names.bounded("m99").as_str()), ("m0", OTHER));
    }
}
