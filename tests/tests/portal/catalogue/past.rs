//! The states of time bars, where there is much to look back at.

use super::{Page, Who, page};

const AGENT: &str = "/t/{tenant}/agents/{agent}/past";
const TENANT: &str = "/t/{tenant}/past";

/// An agent and a tenant at some moment.
pub(crate) const PAST: &[Page] = &[
    page("agent-past", AGENT, "/t/acme/agents/mara/past", "What version 3 said"),
    page("agent-past-viewer", AGENT, "/t/acme/agents/mara/past?at=0s", "What is different now")
        .by(Who::Viewer),
    page("agent-past-draft", AGENT, "/t/acme/agents/donau/past", "Not published"),
    page("agent-past-before", AGENT, "/t/acme/agents/mara/past?at=2h", "Mara was not there yet"),
    page(
        "agent-past-refused",
        AGENT,
        "/t/acme/agents/mara/past?at=yesterday",
        "“yesterday” is no moment",
    )
    .status(422),
    page("agent-past-gone", AGENT, "/t/acme/agents/nobody/past", "Go to the first page")
        .status(404),
    page("tenant-past", TENANT, "/t/acme/past", "What it had"),
    page("tenant-past-viewer", TENANT, "/t/acme/past?at=0s", "Nothing: it stands now")
        .by(Who::Viewer),
    page("tenant-past-before", TENANT, "/t/acme/past?at=2h", "was not there yet"),
    page("tenant-past-refused", TENANT, "/t/acme/past?at=2999-01-01T00%3A00", "lies ahead")
        .status(422),
];
