//! Lines of the log in words.

use std::collections::BTreeMap;

use accounts::Entry;
use portal_ui::format::counted;
use schemas::{OperatorId, TenantId};
use serde_json::Value;

/// What is called how.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) people: BTreeMap<OperatorId, String>,
    pub(super) keys: BTreeMap<OperatorId, String>,
    pub(super) tenants: BTreeMap<TenantId, String>,
}

/// Every kind, as a list to choose from has it.
pub(super) const KINDS: [(&str, &str); 35] = [
    ("sign-in.done", "Signed in"),
    ("sign-in.refused", "Was not let in"),
    ("sign-out", "Signed out"),
    ("session.ended", "Ended a session"),
    ("session.others-ended", "Ended their other sessions"),
    ("password.changed", "Changed the password"),
    ("password.reset-asked", "Forgot the password"),
    ("password.reset", "Chose another password by a link"),
    ("second-factor.set-up", "Set up a second factor"),
    ("second-factor.new-codes", "Made new recovery codes"),
    ("identity.linked", "Was linked to the provider of identities"),
    ("identity.unlinked", "Took a link to the provider away"),
    ("operator.set-up", "Set up the installation"),
    ("operator.renamed", "Changed their name"),
    ("operator.disabled", "Disabled an account"),
    ("operator.enabled", "Enabled an account"),
    ("operator.role-given", "Changed a role over the installation"),
    ("operator.reset-link-made", "Made a link to choose another password"),
    ("operator.second-factor-removed", "Removed a second factor"),
    ("invite.made", "Invited somebody"),
    ("invite.revoked", "Took an invitation back"),
    ("invite.accepted", "Took an invitation"),
    ("member.role-given", "Changed a role in a tenant"),
    ("member.removed", "Removed a member"),
    ("api-key.made", "Made an API key"),
    ("api-key.revoked", "Revoked an API key"),
    ("conversations.read", "Read conversations of a tenant"),
    ("replay.started", "Had turns asked again"),
    ("replay.stopped", "Stopped a replay"),
    ("replay.resumed", "Took a replay up again"),
    ("test.kept", "Kept a turn as a test"),
    ("test.removed", "Removed a test"),
    ("test.run", "Ran tests"),
    ("tenant.imported", "Imported a tenant"),
    ("person.erased", "Erased a person of a tenant"),
];

/// Who did it.
pub(super) fn who(entry: &Entry, names: &Names) -> String {
    match &entry.operator {
        Some(id) => called(id, names),
        None => text(&entry.detail, "email").unwrap_or("Somebody unknown").to_owned(),
    }
}

fn called(id: &OperatorId, names: &Names) -> String {
    if id.as_str() == "console" {
        return "The command line".to_owned();
    }
    let name = names.people.get(id).or_else(|| names.keys.get(id));
    name.cloned().unwrap_or_else(|| format!("Somebody who is gone ({id})"))
}

/// What was done, for a sentence that begins with who did it.
pub(super) fn did(entry: &Entry, names: &Names) -> String {
    let it = &entry.detail;
    let whom = || {
        let id = text(it, "operator").and_then(|id| id.parse().ok());
        id.map_or_else(|| "somebody".to_owned(), |id| called(&id, names))
    };
    let key = || {
        let name = text(it, "key").and_then(|id| names.keys.get(&id.parse::<OperatorId>().ok()?));
        name.map_or_else(|| "an API key".to_owned(), |name| format!("the API key {name}"))
    };
    let role = text(it, "role").unwrap_or_default();
    let agent = || text(it, "agent").unwrap_or("an agent");
    match entry.action.as_str() {
        "sign-in.done" => format!("signed in {}", by(text(it, "how").unwrap_or_default())),
        "sign-in.refused" => format!("was not let in: {}", refused(it)),
        "sign-out" => "signed out".to_owned(),
        "session.ended" => "ended one of their sessions".to_owned(),
        "session.others-ended" => "ended their other sessions".to_owned(),
        "password.changed" => "changed the password".to_owned(),
        "password.reset-asked" => "forgot the password, and asked for a link".to_owned(),
        "password.reset" => "chose another password by a link".to_owned(),
        "second-factor.set-up" => "set up a second factor".to_owned(),
        "second-factor.new-codes" => "made new recovery codes".to_owned(),
        "identity.linked" => "was linked to the provider of identities".to_owned(),
        "identity.unlinked" => format!("took away the provider's link to {}", whom()),
        "operator.set-up" => "set up the installation".to_owned(),
        "operator.renamed" => "changed their name".to_owned(),
        "operator.disabled" => format!("disabled the account of {}", whom()),
        "operator.enabled" => format!("let {} sign in again", whom()),
        "operator.role-given" if role.is_empty() => {
            format!("took the role over the installation from {}", whom())
        }
        "operator.role-given" => format!("made {} {role} of the installation", whom()),
        "operator.reset-link-made" => format!("made a link for {} to choose a password", whom()),
        "operator.second-factor-removed" => format!("removed the second factor of {}", whom()),
        "invite.made" => {
            format!("invited {} as {role}", text(it, "email").unwrap_or("somebody"))
        }
        "invite.revoked" => {
            format!("took back the invitation of {}", text(it, "email").unwrap_or("somebody"))
        }
        "invite.accepted" => format!("took the invitation to be {role}"),
        "member.role-given" => format!("made {} {role}", whom()),
        "member.removed" => format!("removed {} from the members", whom()),
        "api-key.made" => format!("made {}, as {role}", key()),
        "api-key.revoked" => format!("revoked {}", key()),
        "conversations.read" => read(it).to_owned(),
        "replay.started" => format!("had turns of {} asked again", agent()),
        "replay.stopped" => format!("stopped a replay of {}", agent()),
        "replay.resumed" => format!("took a replay of {} up again", agent()),
        "test.kept" => format!("kept a turn of {} as a test", agent()),
        "test.removed" => format!("removed a test of {}", agent()),
        "test.run" => format!("ran the tests of {}", agent()),
        "tenant.imported" => "imported the tenant from another installation".to_owned(),
        "person.erased" => erased(it),
        other => other.to_owned(),
    }
}

fn text<'a>(detail: &'a Value, name: &str) -> Option<&'a str> {
    detail.get(name)?.as_str()
}

fn by(how: &str) -> &str {
    match how {
        "password" => "by password",
        "code" => "by password and code",
        "recovery code" => "by a recovery code",
        "provider" => "through the provider of identities",
        other => other,
    }
}

fn refused(detail: &Value) -> &str {
    match (text(detail, "how"), text(detail, "why")) {
        (Some("second factor"), _) => "the code was wrong",
        (Some("disabled"), _) | (_, Some("disabled")) => "the account is disabled",
        (_, Some("no account")) => "no account has that e-mail",
        (_, Some("e-mail not checked")) => "the provider has not checked the e-mail",
        (_, Some("linked to somebody else")) => "the account is linked to somebody else",
        (how, why) => why.or(how).unwrap_or("no reason is known"),
    }
}

fn read(detail: &Value) -> &'static str {
    let is = |name: &str| detail.get(name).and_then(Value::as_bool) == Some(true);
    if detail.get("export").is_some() {
        return "exported all data of the tenant";
    }
    if detail.get("message").is_some() {
        return "looked at the trace of a message";
    }
    if detail.get("sequence").is_some() {
        return "opened an event of the log";
    }
    if ["replay", "replays", "test", "tests"].iter().any(|name| detail.get(name).is_some()) {
        return "opened turns that are asked again";
    }
    if detail.get("activity").is_some() {
        return "looked at what happens";
    }
    match (is("list"), is("searched")) {
        (_, true) => "searched conversations",
        (true, false) => "looked through conversations",
        (false, false) => "read a conversation",
    }
}

/// Who it was is not known any more.
fn erased(detail: &Value) -> String {
    let messages = detail.get("messages").and_then(Value::as_u64).unwrap_or_default();
    let messages = counted(messages, "message", "messages");
    let of = text(detail, "by").map_or(String::new(), |by| format!(", as {by} asked"));
    format!("erased a person with {messages}{of}")
}

#[cfg(test)]
mod tests {
    use accounts::ACTIONS;
    use schemas::Timestamp;
    use serde_json::json;

    use super::*;

    fn entry(action: &str, detail: Value) -> Entry {
        let operator = Some("o1".parse().unwrap());
        let (at, ip) = (Timestamp::from_millis(0), "127.0.0.1".to_owned());
        Entry { id: 1, at, operator, tenant: None, action: action.to_owned(), detail, ip }
    }

    fn names() -> Names {
        let people = [("o1", "Ada"), ("o2", "Ben")];
        let people = people.map(|(id, name)| (id.parse().unwrap(), name.to_owned()));
        let keys = [("k1".parse().unwrap(), "Ledger".to_owned())];
        Names { people: people.into(), keys: keys.into(), tenants: BTreeMap::new() }
    }

    #[test]
    fn every_kind_has_words() {
        assert_eq!(KINDS.map(|(kind, _)| kind), ACTIONS);
        for action in ACTIONS {
            assert_ne!(did(&entry(action, json!({})), &names()), action);
        }
    }

    #[test]
    fn a_line_reads_as_a_sentence_of_names() {
        let check = |action, detail, want: &str| {
            let entry = entry(action, detail);
            let said = format!("{} {}", who(&entry, &names()), did(&entry, &names()));
            assert_eq!(said, want);
        };
        check("sign-in.done", json!({ "how": "code" }), "Ada signed in by password and code");
        let given = json!({ "operator": "o2", "role": "engineer" });
        check("operator.role-given", given, "Ada made Ben engineer of the installation");
        let taken = json!({ "operator": "o2", "role": null });
        check("operator.role-given", taken, "Ada took the role over the installation from Ben");
        let made = json!({ "key": "k1", "role": "viewer" });
        check("api-key.made", made, "Ada made the API key Ledger, as viewer");
        let gone = json!({ "operator": "o9" });
        check("operator.disabled", gone, "Ada disabled the account of Somebody who is gone (o9)");
        let read = json!({ "list": true, "searched": true });
        check("conversations.read", read, "Ada searched conversations");
        let opened = json!({ "stream": "EVENTS", "sequence": 7 });
        check("conversations.read", opened, "Ada opened an event of the log");
        let of = json!({ "agent": "mara", "replay": "acme-1f" });
        check("replay.started", of, "Ada had turns of mara asked again");
        let exported = json!({ "export": "acme.jsonl", "by": "olga" });
        check("conversations.read", exported, "Ada exported all data of the tenant");
        for (messages, what) in [(7, "7 messages"), (1, "1 message")] {
            let erased = json!({ "messages": messages, "by": "olga@example.com" });
            let want = format!("Ada erased a person with {what}, as olga@example.com asked");
            check("person.erased", erased, &want);
        }
        for what in ["replay", "replays", "test", "tests"] {
            let what = json!({ what: "acme-1f" });
            check("conversations.read", what, "Ada opened turns that are asked again");
        }
    }

    #[test]
    fn whoever_has_no_account_is_called_by_their_e_mail() {
        let why = json!({ "how": "provider", "why": "no account", "email": "eve@example.com" });
        let stranger = Entry { operator: None, ..entry("sign-in.refused", why) };
        assert_eq!(who(&stranger, &names()), "eve@example.com");
        assert_eq!(did(&stranger, &names()), "was not let in: no account has that e-mail");
        let nobody = Entry { operator: None, ..entry("sign-in.refused", json!({})) };
        assert_eq!(who(&nobody, &names()), "Somebody unknown");
    }
}
