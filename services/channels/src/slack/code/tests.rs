use std::collections::BTreeSet;

use super::*;

/// The codes that Slack lists for the methods we call, in groups.
const FACTS: &[(&str, Class)] = &[
    ("account_inactive invalid_auth token_revoked not_authed team_access_not_granted", Dead),
    ("token_expired", Dead),
    ("missing_scope", MissingScope),
    ("channel_not_found not_in_channel is_archived messages_tab_disabled", Target),
    ("restricted_action restricted_action_thread_locked", Target),
    ("restricted_action_read_only_channel restricted_action_thread_only_channel", Target),
    ("restricted_action_non_threadable_channel ekm_access_denied", Target),
    ("thread_not_found cannot_reply_to_message user_not_found", Target),
    ("edit_window_closed message_not_found is_inactive", CannotUpdate),
    ("streaming_state_conflict cant_update_message", CannotUpdate),
    ("msg_too_long msg_blocks_too_long msg_blocks_too_many invalid_blocks no_text", Payload),
    ("markdown_text_conflict metadata_too_large too_many_attachments", Payload),
    ("duplicate_channel_not_found duplicate_message_not_found", Payload),
    ("ratelimited rate_limited", RateLimited),
    ("service_unavailable team_added_to_org org_login_required", Transient),
    ("fatal_error internal_error", Ambiguous),
];

#[test]
fn every_code_of_the_facts_has_its_class() {
    for (codes, want) in FACTS {
        for code in codes.split(' ') {
            assert!(CODES.iter().any(|(known, _)| *known == code), "{code} is not in the table");
            assert_eq!(class_of(code), *want, "{code}");
        }
    }
}

#[test]
fn every_code_stands_there_once() {
    let unique: BTreeSet<&str> = CODES.iter().map(|(code, _)| *code).collect();
    assert_eq!(unique.len(), CODES.len());
    for code in unique {
        assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code}");
    }
}

#[test]
fn each_class_is_one_outcome() {
    let rejected = |code: &str, class| SendOutcome::Rejected { code: code.to_owned(), class };
    let ten = Some(Duration::from_secs(10));
    let cases = [
        ("token_revoked", rejected("token_revoked", Rejection::Connection)),
        ("missing_scope", rejected("missing_scope", Rejection::Connection)),
        ("is_archived", rejected("is_archived", Rejection::Target)),
        ("edit_window_closed", rejected("edit_window_closed", Rejection::Target)),
        ("msg_too_long", rejected("msg_too_long", Rejection::Payload)),
        ("never_heard_of", rejected("never_heard_of", Rejection::Payload)),
        ("ratelimited", SendOutcome::RetryAfter(Duration::from_secs(10))),
        ("service_unavailable", SendOutcome::RetryAfter(Duration::from_secs(10))),
        ("fatal_error", SendOutcome::Ambiguous("fatal_error".to_owned())),
    ];
    for (code, want) in cases {
        assert_eq!(outcome_of(code, ten), want, "{code}");
    }
    assert_eq!(outcome_of("ratelimited", None), SendOutcome::RetryAfter(RETRY_DEFAULT));
}

#[test]
fn a_code_that_is_no_code_is_cut() {
    let long = "a\n\u{1b}[31m".repeat(100);
    let SendOutcome::Rejected { code, .. } = outcome_of(&long, None) else {
        panic!("not rejected")
    };
    assert!(code.len() <= 64 && code.bytes().all(|b| b.is_ascii_graphic()));
}
