//! The states of an installation at work.

use super::{Page, TOO_LONG, Who, own, page};

/// An installation at work: tenant `acme` has all there is.
pub(crate) const FULL: &[Page] = &[
    own("sign-in", "/sign-in", "Sign in").by(Who::Nobody),
    own("sign-in-refused", "/sign-in", "ada@example.com")
        .by(Who::Nobody)
        .refused("/sign-in", &[("email", "ada@example.com"), ("password", "not this one at all")]),
    own("second-factor", "/sign-in/second-factor", "code").by(Who::Half).plain(),
    own("second-factor-too-late", "/sign-in/second-factor", "That took too long")
        .by(Who::Half)
        .plain()
        .sent("/sign-in/second-factor", &[("code", "000000")]),
    own("recovery-code", "/sign-in/recovery-code", "code").by(Who::Half).plain(),
    own("provider-none", "/sign-in/oidc/callback", "There is no such page")
        .by(Who::Nobody)
        .status(404),
    own("forgot", "/forgot", "E-mail").by(Who::Nobody),
    own("forgot-asked", "/forgot", "We have your request")
        .by(Who::Nobody)
        .sent("/forgot", &[("email", "ada@example.com")]),
    page("reset", "/reset/{token}", "{reset}", "assword").by(Who::Nobody),
    page("reset-refused", "/reset/{token}", "{reset}", "assword")
        .by(Who::Nobody)
        .refused("{reset}", &[("password", "short")]),
    page("reset-gone", "/reset/{token}", "/reset/nothing", "link").by(Who::Nobody).status(404),
    page("invite", "/invite/{token}", "{invite}", "new@example.com").by(Who::Nobody),
    page("invite-refused", "/invite/{token}", "{invite}", "new@example.com")
        .by(Who::Nobody)
        .refused("{invite}", &[("name", "New"), ("password", "short")]),
    page("invite-gone", "/invite/{token}", "/invite/nothing", "link").by(Who::Nobody).status(404),
    own("installation", "/", "Installation"),
    own("installation-operator", "/", "acme").by(Who::Operator),
    own("tenants", "/tenants", "Acme Ltd"),
    own("tenants-viewer", "/tenants", "Acme Ltd").by(Who::Viewer),
    own("tenant-new", "/tenants/new", "Create tenant"),
    own("tenant-new-refused", "/tenants/new", "Slug")
        .refused("/tenants/new", &[("name", TOO_LONG), ("slug", "No Slug!")]),
    own("usage-all", "/usage", "Usage"),
    page("usage-all-table", "/usage", "/usage?view=table&by=model", "gpt-5.4-mini"),
    own("operators", "/operators", "op@acme.example"),
    own("operators-not-theirs", "/operators", "Go to the first page").by(Who::Operator).status(404),
    own("operator-invite", "/operators/invite", "Invite"),
    own("operator-invite-refused", "/operators/invite", "E-mail")
        .refused("/operators/invite", &[("email", "not an address"), ("role", "engineer")]),
    own("operator-invited", "/operators/invite", "A link to pass on")
        .sent("/operators/invite", &[("email", "someone@example.com"), ("role", "engineer")]),
    page("operator", "/operators/{operator}", "{operator}", "Disable this account"),
    page("operator-gone", "/operators/{operator}", "/operators/nobody", "Go to the first page")
        .status(404),
    own("log", "/log", "made the API key Ledger"),
    page("log-filtered", "/log", "/log?kind=invite.accepted", "took the invitation"),
    page("log-none", "/log", "/log?kind=member.removed", "No line is like that"),
    own("dead-letters", "/dead-letters", "message.received by dedup"),
    page("dead-letters-of-tenant", "/dead-letters", "/dead-letters?tenant=acme", "Decide of all"),
    page("dead-letters-of-no-tenant", "/dead-letters", "/dead-letters?tenant=No+Slug", "Tenant")
        .status(422),
    page("dead-letter", "/dead-letters/{letter}", "{letter}", "not an envelope"),
    page("dead-letter-refused", "/dead-letters/{letter}", "{letter}", "Reason is empty")
        .refused("{letter}", &[("do", "discard"), ("reason", " ")]),
    page("dead-letters-group", "/dead-letters/groups/{key}", "{cause}", "Of acme (1)."),
    page("dead-letters-group-refused", "/dead-letters/groups/{key}", "{cause}", "Reason is empty")
        .refused("{cause}", &[("do", "discard"), ("reason", " ")]),
    own("dead-letters-not-theirs", "/dead-letters", "Go to the first page")
        .by(Who::Operator)
        .status(404),
    own("log-not-theirs", "/log", "Go to the first page").by(Who::Operator).status(404),
    own("streams", "/streams", "project-events"),
    own("streams-not-theirs", "/streams", "Go to the first page").by(Who::Operator).status(404),
    page("stream", "/streams/{stream}", "/streams/DIRECTORY", "agent.published"),
    page(
        "stream-none",
        "/streams/{stream}",
        "/streams/DIRECTORY?story=m1",
        "Nothing here is like that",
    ),
    page("stream-refused", "/streams/{stream}", "/streams/EVENTS?tenant=No+Slug", "only a-z, 0-9")
        .status(422),
    page("event", "/streams/{stream}/{sequence}", "/streams/DIRECTORY/1", "tenant.created"),
    page(
        "event-gone",
        "/streams/{stream}/{sequence}",
        "/streams/DIRECTORY/999999",
        "There is no such message",
    )
    .status(404),
    page("home", "/t/{tenant}", "/t/acme", "Acme Ltd"),
    page("home-viewer", "/t/{tenant}", "/t/acme", "Acme Ltd").by(Who::Viewer),
    page("home-no-such-tenant", "/t/{tenant}", "/t/nobody", "Go to the first page").status(404),
    page("agents", "/t/{tenant}/agents", "/t/acme/agents", "Mara"),
    page("agents-viewer", "/t/{tenant}/agents", "/t/acme/agents", "Mara").by(Who::Viewer),
    page("agent-new", "/t/{tenant}/agents/new", "/t/acme/agents/new", "Create agent"),
    page("agent-new-refused", "/t/{tenant}/agents/new", "/t/acme/agents/new", "Slug")
        .refused("/agents/new", &[("name", TOO_LONG), ("slug", "Not A Slug")]),
    page(
        "agent-new-forbidden",
        "/t/{tenant}/agents/new",
        "/t/acme/agents/new",
        "Go to the first page",
    )
    .by(Who::Viewer)
    .status(403),
    page("design", "/t/{tenant}/agents/{agent}", "/t/acme/agents/mara", "Try it"),
    page("design-operator", "/t/{tenant}/agents/{agent}", "/t/acme/agents/mara", "Try it")
        .by(Who::Operator),
    page("design-viewer", "/t/{tenant}/agents/{agent}", "/t/acme/agents/mara", "Mara")
        .by(Who::Viewer),
    page("design-new", "/t/{tenant}/agents/{agent}", "/t/acme/agents/donau", "Never published"),
    page("design-refused", "/t/{tenant}/agents/{agent}", "/t/acme/agents/mara", "Follow").refused(
        "/agents/mara",
        &[("do", "save"), ("name", TOO_LONG), ("follow_minutes", "100000")],
    ),
    page("design-tried", "/t/{tenant}/agents/{agent}", "/t/acme/agents/mara", "echo")
        .sent("/agents/mara", &[("do", "try"), ("question", "Where is my parcel?")]),
    page(
        "design-gone",
        "/t/{tenant}/agents/{agent}",
        "/t/acme/agents/nobody",
        "Go to the first page",
    )
    .status(404),
    page("merge", "/t/{tenant}/agents/{agent}", "/t/acme/agents/mara", "Keep yours")
        .sent(
            "/agents/mara",
            &[("do", "save"), ("revision", "0"), ("persona", "curt, and only in the morning")],
        )
        .status(409),
    page(
        "publish",
        "/t/{tenant}/agents/{agent}/publish",
        "/t/acme/agents/mara/publish",
        "Publish version",
    ),
    page(
        "publish-first",
        "/t/{tenant}/agents/{agent}/publish",
        "/t/acme/agents/donau/publish",
        "Publish version 1",
    ),
    page(
        "publish-refused",
        "/t/{tenant}/agents/{agent}/publish",
        "/t/acme/agents/mara/publish",
        "Publish",
    )
    .refused("/publish", &[("version", "0")]),
    page("discard", "/t/{tenant}/agents/{agent}/discard", "/t/acme/agents/mara/discard", "Keep it"),
    page(
        "retire",
        "/t/{tenant}/agents/{agent}/retire",
        "/t/acme/agents/mara/retire",
        "Retire Mara",
    ),
    page(
        "retire-refused",
        "/t/{tenant}/agents/{agent}/retire",
        "/t/acme/agents/mara/retire",
        "as it is written",
    )
    .refused("/retire", &[("name", "nobody")]),
    page(
        "versions",
        "/t/{tenant}/agents/{agent}/versions",
        "/t/acme/agents/mara/versions",
        "Version 2",
    ),
    page(
        "versions-none",
        "/t/{tenant}/agents/{agent}/versions",
        "/t/acme/agents/donau/versions",
        "No version",
    ),
    page(
        "version",
        "/t/{tenant}/agents/{agent}/versions/{version}",
        "/t/acme/agents/mara/versions/1",
        "Publish as version",
    ),
    page(
        "version-viewer",
        "/t/{tenant}/agents/{agent}/versions/{version}",
        "/t/acme/agents/mara/versions/1",
        "What it said",
    )
    .by(Who::Viewer),
    page(
        "version-gone",
        "/t/{tenant}/agents/{agent}/versions/{version}",
        "/t/acme/agents/mara/versions/99",
        "Go to the first page",
    )
    .status(404),
    page(
        "versions-compared",
        "/t/{tenant}/agents/{agent}/versions/diff",
        "/t/acme/agents/mara/versions/diff?from=1&to=2",
        "Version 2",
    ),
    page("channels", "/t/{tenant}/channels", "/t/acme/channels", "T0ACME"),
    page(
        "channel-new",
        "/t/{tenant}/channels/slack/new",
        "/t/acme/channels/slack/new",
        "Check the token",
    ),
    page(
        "channel-new-refused",
        "/t/{tenant}/channels/slack/new",
        "/t/acme/channels/slack/new",
        "token",
    )
    .refused("/channels/slack/new", &[("bot_token", "xoxp-nothing"), ("agent", "mara")]),
    page(
        "channel",
        "/t/{tenant}/channels/{connection}",
        "/t/acme/channels/slack-T0ACME",
        "Disconnect",
    ),
    page(
        "channel-viewer",
        "/t/{tenant}/channels/{connection}",
        "/t/acme/channels/slack-T0ACME",
        "How it is doing",
    )
    .by(Who::Viewer),
    page(
        "channel-refused",
        "/t/{tenant}/channels/{connection}",
        "/t/acme/channels/slack-T0ACME",
        "Disconnect",
    )
    .refused("/disconnect", &[("workspace", "nothing")]),
    page("conversations", "/t/{tenant}/conversations", "/t/acme/conversations", "parcel"),
    page(
        "conversations-found",
        "/t/{tenant}/conversations",
        "/t/acme/conversations?q=parcel",
        "parcel",
    ),
    page(
        "conversations-none-found",
        "/t/{tenant}/conversations",
        "/t/acme/conversations?q=zzz&state=failed",
        "No conversation",
    ),
    page(
        "conversation",
        "/t/{tenant}/conversations/{connection}/{conversation}",
        "{conversation}",
        "parcel",
    ),
    page(
        "conversation-gone",
        "/t/{tenant}/conversations/{connection}/{conversation}",
        "/t/acme/conversations/slack-T0ACME/C1-1",
        "Go to the first page",
    )
    .status(404),
    page(
        "trace",
        "/t/{tenant}/messages/{message}",
        "{message}",
        "What current_time was told and said",
    ),
    page("trace-failed", "/t/{tenant}/messages/{message}", "{failed}", "failed"),
    own("find-message", "/trace", "Find a message"),
    page("find-message-none", "/trace", "/trace?ref=nothing", "nothing").status(404),
    page("activity", "/t/{tenant}/activity", "/t/acme/activity", "parcel"),
    page("usage", "/t/{tenant}/usage", "/t/acme/usage", "Usage"),
    page(
        "usage-table",
        "/t/{tenant}/usage",
        "/t/acme/usage?view=table&by=version",
        "Mara, version 2",
    ),
    page("usage-viewer", "/t/{tenant}/usage", "/t/acme/usage?show=messages", "Usage")
        .by(Who::Viewer),
    page("audit", "/t/{tenant}/audit", "/t/acme/audit", "ada@example.com"),
    page("members", "/t/{tenant}/members", "/t/acme/members", "op@acme.example"),
    page("members-viewer", "/t/{tenant}/members", "/t/acme/members", "op@acme.example")
        .by(Who::Viewer),
    page("members-refused", "/t/{tenant}/members", "/t/acme/members", "not an address")
        .refused("/members/invite", &[("email", "not an address"), ("role", "viewer")]),
    page("tenant-settings", "/t/{tenant}/settings", "/t/acme/settings", "Suspend it"),
    page("tenant-settings-viewer", "/t/{tenant}/settings", "/t/acme/settings", "Acme Ltd")
        .by(Who::Viewer),
    page("tenant-settings-refused", "/t/{tenant}/settings", "/t/acme/settings", "Suspend it")
        .refused("/settings/limits", &[("messages_per_minute", "many")]),
    page(
        "tenant-fewer-days",
        "/t/{tenant}/settings",
        "/t/acme/settings",
        "Erase what is older than",
    )
    .refused("/settings/limits", &[("keep_days", "7")]),
    page("tenant-budget-refused", "/t/{tenant}/settings", "/t/acme/settings", "Suspend it")
        .refused("/settings/budget", &[("monthly_budget", "-5")]),
    page("tenant-suspended", "/t/{tenant}/settings", "/t/paused/settings", "Resume it"),
    own("profile", "/settings", "ada@example.com"),
    own("profile-operator", "/settings", "op@acme.example").by(Who::Operator),
    own("profile-refused", "/settings", "Enter your name").refused("/settings", &[("name", " ")]),
    own("security", "/settings/security", "password"),
    own("security-refused", "/settings/security", "password").refused(
        "/settings/security/password",
        &[("present_password", "wrong"), ("password", "short")],
    ),
    own("enrolment", "/settings/security/second-factor", "Set up a second factor").plain(),
    own("enrolment-refused", "/settings/security/second-factor", "Set up a second factor")
        .plain()
        .refused("/settings/security/second-factor", &[("code", "000000")]),
    own("confirm", "/settings/confirm", "Your password again").plain(),
    own("confirm-refused", "/settings/confirm", "Your password again")
        .plain()
        .refused("/settings/confirm", &[("password", "wrong")]),
    own("sessions", "/settings/sessions", "This"),
    own("keys", "/settings/keys", "Ledger"),
    page("keys-of-tenant", "/settings/keys", "/settings/keys?of=acme", "API keys"),
    own("keys-viewer", "/settings/keys", "API keys").by(Who::Viewer),
    own("keys-refused", "/settings/keys", "Say what the key is for")
        .refused("/settings/keys", &[("name", " "), ("role", "engineer")]),
    own("keys-made", "/settings/keys", "by ada@example.com")
        .sent("/settings/keys", &[("name", "Exports"), ("role", "engineer")]),
    page("nowhere", "*", "/nowhere", "Go to the first page").status(404),
    page("nowhere-nobody", "*", "/nowhere", "Go to the first page").by(Who::Nobody).status(404),
    own("shortcuts", "/settings/shortcuts", "Single keys"),
    page("local-chat", "/dev/chat", "/dev/chat?channel=C1", "parcel"),
];
