//! What each of Slack's error codes says of the future. One table; nobody else names a code.
//!
//! The codes: the error lists of the methods we call (docs.slack.dev/reference/methods).

use std::time::Duration;

use domain::effect::{Rejection, SendOutcome};

/// What a code says of the future.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The installation or its token is dead.
    Dead,
    /// The installation lacks a permission: someone has to install again.
    MissingScope,
    /// This channel or thread takes nothing from us.
    Target,
    /// The message cannot be changed: post anew.
    CannotUpdate,
    /// What we sent does not fit: a fault of ours.
    Payload,
    /// Not carried out; it may work later.
    Transient,
    /// Not carried out; too many calls.
    RateLimited,
    /// "Some aspect of the operation succeeded": it may be there.
    Ambiguous,
}

use Class::{Ambiguous, CannotUpdate, Dead, MissingScope, Payload, RateLimited, Target, Transient};

/// How long a call waits that may work later, when Slack does not say.
pub(super) const RETRY_DEFAULT: Duration = Duration::from_secs(30);

/// Every code we know, once.
const CODES: &[(&str, Class)] = &[
    ("access_denied", Dead),
    ("account_inactive", Dead),
    ("app_not_installed", Dead),
    ("enterprise_is_restricted", Dead),
    ("invalid_auth", Dead),
    ("not_allowed_token_type", Dead),
    ("not_authed", Dead),
    ("team_access_not_granted", Dead),
    ("token_expired", Dead),
    ("token_revoked", Dead),
    ("two_factor_setup_required", Dead),
    ("missing_scope", MissingScope),
    ("no_permission", MissingScope),
    ("as_user_not_supported", Payload),
    ("cannot_reply_to_message", Target),
    ("channel_not_found", Target),
    ("channel_type_not_supported", Target),
    ("ekm_access_denied", Target),
    ("is_archived", Target),
    ("message_limit_exceeded", Target),
    ("messages_tab_disabled", Target),
    ("not_in_channel", Target),
    ("restricted_action", Target),
    ("restricted_action_non_threadable_channel", Target),
    ("restricted_action_read_only_channel", Target),
    ("restricted_action_thread_locked", Target),
    ("restricted_action_thread_only_channel", Target),
    ("slack_connect_file_link_sharing_blocked", Target),
    ("team_not_found", Target),
    ("thread_not_found", Target),
    ("user_not_found", Target),
    ("user_not_in_channel", Target),
    ("cant_delete_message", CannotUpdate),
    ("cant_update_message", CannotUpdate),
    ("compliance_exports_prevent_deletion", CannotUpdate),
    ("edit_window_closed", CannotUpdate),
    ("is_inactive", CannotUpdate),
    ("message_not_found", CannotUpdate),
    ("streaming_state_conflict", CannotUpdate),
    ("update_failed", Ambiguous),
    ("duplicate_channel_not_found", Payload),
    ("duplicate_message_not_found", Payload),
    ("invalid_arg_name", Payload),
    ("invalid_arguments", Payload),
    ("invalid_array_arg", Payload),
    ("invalid_blocks", Payload),
    ("invalid_blocks_format", Payload),
    ("invalid_charset", Payload),
    ("invalid_form_data", Payload),
    ("invalid_json", Payload),
    ("invalid_metadata_format", Payload),
    ("invalid_metadata_schema", Payload),
    ("invalid_post_type", Payload),
    ("invalid_thread_ts", Payload),
    ("json_not_object", Payload),
    ("markdown_text_conflict", Payload),
    ("metadata_must_be_sent_from_app", Payload),
    ("metadata_too_large", Payload),
    ("method_deprecated", Payload),
    ("missing_post_type", Payload),
    ("msg_blocks_too_long", Payload),
    ("msg_blocks_too_many", Payload),
    ("msg_too_long", Payload),
    ("no_text", Payload),
    ("too_many_attachments", Payload),
    ("unknown_method", Payload),
    ("accesslimited", Transient),
    ("org_login_required", Transient),
    ("request_timeout", Transient),
    ("service_unavailable", Transient),
    ("team_added_to_org", Transient),
    ("rate_limited", RateLimited),
    ("ratelimited", RateLimited),
    ("fatal_error", Ambiguous),
    ("internal_error", Ambiguous),
];

/// What a code says of the future. One that we do not know is a refusal for good: Slack said that
/// the call failed, so that nothing is there, and the code is shown to whoever can teach us.
pub fn class_of(code: &str) -> Class {
    let found = CODES.iter().find(|(known, _)| *known == code);
    found.map_or(Payload, |(_, class)| *class)
}

/// What came of a call that was answered with that code.
pub(super) fn outcome_of(code: &str, retry_after: Option<Duration>) -> SendOutcome {
    let rejected = |class| SendOutcome::Rejected { code: bounded(code), class };
    match class_of(code) {
        Dead | MissingScope => rejected(Rejection::Connection),
        Target | CannotUpdate => rejected(Rejection::Target),
        Payload => rejected(Rejection::Payload),
        Transient | RateLimited => SendOutcome::RetryAfter(retry_after.unwrap_or(RETRY_DEFAULT)),
        Ambiguous => SendOutcome::Ambiguous(bounded(code)),
    }
}

/// A code is a word; what is longer is not one.
fn bounded(code: &str) -> String {
    code.chars().filter(char::is_ascii_graphic).take(64).collect()
}

#[cfg(test)]
mod tests;
