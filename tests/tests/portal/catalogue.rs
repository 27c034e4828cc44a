//! The pages, each in its states. A row is a route, where to look, who looks, and what shows there.

mod equipped;
mod full;
mod modelled;
mod past;
mod replayed;

pub(crate) use self::{
    equipped::EQUIPPED, full::FULL, modelled::MODELLED, past::PAST, replayed::REPLAYED,
};

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Nobody is signed in.
    Nobody,
    /// The password was right; the second factor is asked for.
    Half,
    /// An administrator of the installation.
    Administrator,
    /// An operator of tenant `acme`.
    Operator,
    /// A viewer of tenant `acme`.
    Viewer,
}

/// A page in one state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    /// As the table of routes has it.
    pub(crate) route: &'static str,
    /// What its pictures are called.
    pub(crate) name: &'static str,
    /// Where it is; what stands in braces is the house's.
    pub(crate) at: &'static str,
    /// Who looks.
    pub(crate) who: Who,
    /// What shows there.
    pub(crate) shows: &'static str,
    /// The form that is sent there, by the end of its action, and what is typed into it.
    pub(crate) send: Option<(&'static str, &'static [(&'static str, &'static str)])>,
    /// What the answer's status is.
    pub(crate) status: u64,
    /// One card, without a frame and without a script, although somebody is signed in.
    pub(crate) plain: bool,
}

impl Page {
    /// After that form is sent, which is refused.
    const fn refused(
        self,
        action: &'static str,
        fields: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self { status: 422, ..self.sent(action, fields) }
    }

    /// After that form is sent.
    const fn sent(
        self,
        action: &'static str,
        fields: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self { send: Some((action, fields)), ..self }
    }

    const fn status(self, status: u64) -> Self {
        Self { status, ..self }
    }

    const fn plain(self) -> Self {
        Self { plain: true, ..self }
    }

    const fn by(self, who: Who) -> Self {
        Self { who, ..self }
    }
}

/// What an administrator sees there.
const fn page(
    name: &'static str,
    route: &'static str,
    at: &'static str,
    shows: &'static str,
) -> Page {
    let who = Who::Administrator;
    Page { route, name, at, who, shows, send: None, status: 200, plain: false }
}

/// A page that needs no parameter, or whose parameters do not matter.
const fn own(name: &'static str, route: &'static str, shows: &'static str) -> Page {
    page(name, route, route, shows)
}

/// Somebody's long name, typed where it is too much.
const TOO_LONG: &str = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverleihungsurkundenmappenverschlussknopf \
    Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverleihungsurkundenmappenverschlussknopf \
    Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverleihungsurkundenmappenverschlussknopf";

/// Before there is anybody.
pub(crate) const SET_UP: &[Page] = &[
    page("set-up", "/set-up/{token}", "{set-up}", "Make the account").by(Who::Nobody),
    page("set-up-refused", "/set-up/{token}", "{set-up}", "ada at example")
        .by(Who::Nobody)
        .refused(
            "{set-up}",
            &[("name", "Ada"), ("email", "ada at example"), ("password", "short")],
        ),
    page("set-up-gone", "/set-up/{token}", "/set-up/nothing", "link").by(Who::Nobody).status(404),
];

/// A new installation, and tenant `quiet`, in which nothing has happened.
pub(crate) const EMPTY: &[Page] = &[
    own("installation-empty", "/", "Installation"),
    own("tenants-one", "/tenants", "Quiet"),
    page("tenants-none-found", "/tenants", "/tenants?q=zzz", "No tenant is like that"),
    own("usage-all-empty", "/usage", "Usage"),
    own("operators-few", "/operators", "ada@example.com"),
    own("streams-new", "/streams", "DIRECTORY"),
    page(
        "stream-empty",
        "/streams/{stream}",
        "/streams/EVENTS",
        "There is nothing on this stream.",
    ),
    page("home-empty", "/t/{tenant}", "/t/quiet", "The first day"),
    page("agents-empty", "/t/{tenant}/agents", "/t/quiet/agents", "Nobody works here yet"),
    page("tools-empty", "/t/{tenant}/tools", "/t/quiet/tools", "No tools yet"),
    page("models-empty", "/t/{tenant}/models", "/t/quiet/models", "Set up the first group"),
    page("channels-empty", "/t/{tenant}/channels", "/t/quiet/channels", "No workspace"),
    page(
        "channel-new-no-agents",
        "/t/{tenant}/channels/slack/new",
        "/t/quiet/channels/slack/new",
        "Connect Slack",
    ),
    page(
        "conversations-empty",
        "/t/{tenant}/conversations",
        "/t/quiet/conversations",
        "Nobody has written yet",
    ),
    page(
        "activity-empty",
        "/t/{tenant}/activity",
        "/t/quiet/activity",
        "Nothing has happened here",
    ),
    page("usage-empty", "/t/{tenant}/usage", "/t/quiet/usage", "Usage"),
    page("audit-short", "/t/{tenant}/audit", "/t/quiet/audit", "Audit"),
    page("audit-none", "/t/{tenant}/audit", "/t/quiet/audit?kind=agent.published", "Audit"),
    page("members-empty", "/t/{tenant}/members", "/t/quiet/members", "No members yet"),
    page("past-short", "/t/{tenant}/past", "/t/quiet/past", "It had nothing yet"),
    own("keys-empty", "/settings/keys", "API keys"),
    own("dead-letters-none", "/dead-letters", "No dead letters"),
    page(
        "dead-letter-gone",
        "/dead-letters/{letter}",
        "/dead-letters/nothing",
        "Go to the first page",
    )
    .status(404),
    page(
        "dead-letters-group-gone",
        "/dead-letters/groups/{key}",
        "/dead-letters/groups/nothing",
        "Go to the first page",
    )
    .status(404),
];
