//! What a deployment turned out not to take. Learnt from its own refusal, mended all at once, and
//! remembered for as long as the process lives.

use crate::config::TokenParam;

/// How a deployment differs from what its settings and its name say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quirks {
    /// What it calls the limit of tokens.
    pub token_param: Option<TokenParam>,
    /// It refuses a temperature.
    pub no_temperature: bool,
    /// It refuses to be told where an answer ends.
    pub no_stop: bool,
}

impl Quirks {
    /// What a refusal teaches, by its code or type and its message, both in lower case. Where it is
    /// about a parameter at all, all that reasoning models are known to refuse is mended with it: they
    /// name one at a time, and each would cost a round trip.
    pub(crate) fn of(names: &str, message: &str) -> Option<Self> {
        let about = ["unsupported_parameter", "unsupported_value", "unknown_parameter"];
        let says = ["unsupported parameter", "unsupported value", "not supported with this model"];
        let unknown = ["unrecognized request argument", "extra inputs are not permitted"];
        let has = |parts: &[&str], text: &str| parts.iter().any(|part| text.contains(part));
        let no_stop = Self { no_stop: true, ..Self::default() };
        // Anthropic's word, as it comes through servers that speak another format.
        if has(&["stop sequence"], message) && has(&["whitespace"], message) {
            return Some(no_stop);
        }
        if !has(&about, names) && !has(&says, message) && !has(&unknown, message) {
            return None;
        }
        // A server that does not know the new name: OpenAI's own knows both.
        let knows_old_only = message.contains("max_completion_tokens")
            && !message.contains("use 'max_completion_tokens'")
            && !message.contains("'max_tokens'");
        if knows_old_only {
            let token_param = Some(TokenParam::MaxTokens);
            return Some(Self { token_param, ..Self::default() });
        }
        let is_stop = has(&["'stop'", "`stop`", ": stop", "stop_sequences"], message);
        let reasons = message.contains("with this model");
        if is_stop && !reasons {
            return Some(no_stop);
        }
        let known = message.contains("max_tokens") || message.contains("temperature");
        let token_param = Some(TokenParam::MaxCompletionTokens);
        (known || is_stop).then_some(Self { token_param, no_temperature: true, no_stop: true })
    }

    /// Adds what was learnt; whether any of it is new.
    pub(crate) fn learn(&mut self, more: Self) -> bool {
        let before = *self;
        self.token_param = more.token_param.or(self.token_param);
        self.no_temperature |= more.no_temperature;
        self.no_stop |= more.no_stop;
        before != *self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_refusal_teaches() {
        let reasoning = Quirks {
            token_param: Some(TokenParam::MaxCompletionTokens),
            no_temperature: true,
            no_stop: true,
        };
        let old = Quirks { token_param: Some(TokenParam::MaxTokens), ..Quirks::default() };
        let no_stop = Quirks { no_stop: true, ..Quirks::default() };
        for (names, message, want) in [
            (
                "unsupported_parameter invalid_request_error",
                "unsupported parameter: 'max_tokens' is not supported with this model. use \
                 'max_completion_tokens' instead.",
                Some(reasoning),
            ),
            (
                "unsupported_value invalid_request_error",
                "unsupported value: 'temperature' does not support 0.2 with this model.",
                Some(reasoning),
            ),
            ("", "unrecognized request argument supplied: max_completion_tokens", Some(old)),
            ("unsupported_parameter", "unsupported parameter: 'logit_bias'", None),
            (
                "unsupported_parameter invalid_request_error",
                "unsupported parameter: 'stop' is not supported with this model.",
                Some(reasoning),
            ),
            ("", "unrecognized request argument supplied: stop", Some(no_stop)),
            (
                "invalid_request_error",
                "stop_sequences: each stop sequence must contain non-whitespace",
                Some(no_stop),
            ),
            ("invalid_request_error", "max_tokens is too large", None),
        ] {
            assert_eq!(Quirks::of(names, message), want, "{message}");
        }
    }

    #[test]
    fn what_is_known_teaches_nothing() {
        let mut quirks = Quirks::default();
        let learnt = Quirks { no_temperature: true, ..Quirks::default() };
        assert!(quirks.learn(learnt));
        assert!(!quirks.learn(learnt));
    }
}
