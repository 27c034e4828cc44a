//! Tools, who has them, and what an agent may cost: the states of an installation at work.

use super::{Page, Who, page};

/// Tenant `acme` has a request that Mara makes, and a server that a draft names.
pub(crate) const EQUIPPED: &[Page] = &[
    page("tools", "/t/{tenant}/tools", "/t/acme/tools", "order-status"),
    page("tools-viewer", "/t/{tenant}/tools", "/t/acme/tools", "Built in").by(Who::Viewer),
    page("tool-new", "/t/{tenant}/tools/new", "/t/acme/tools/new", "Connect a server"),
    page(
        "tool-new-request",
        "/t/{tenant}/tools/new",
        "/t/acme/tools/new?kind=http",
        "What the agent fills in",
    ),
    page(
        "tool-new-server",
        "/t/{tenant}/tools/new",
        "/t/acme/tools/new?kind=mcp",
        "Which of its tools",
    )
    .by(Who::Operator),
    page(
        "tool-new-header",
        "/t/{tenant}/tools/new",
        "/t/acme/tools/new?kind=http",
        "Remove header 1",
    )
    .sent("/tools/new", &[("do", "add-secret")]),
    page(
        "tool-new-refused",
        "/t/{tenant}/tools/new",
        "/t/acme/tools/new?kind=http",
        "The schema is no JSON from line 2, column 11 on",
    )
    .refused(
        "/tools/new",
        &[
            ("do", "save"),
            ("slug", "Not A Slug"),
            ("arguments", "{\n  \"type\": object }"),
            ("timeout_seconds", "0.5"),
        ],
    ),
    page(
        "tool-new-cannot-be",
        "/t/{tenant}/tools/new",
        "/t/acme/tools/new?kind=http",
        "The address is without TLS",
    )
    .refused("/tools/new", &[("do", "save"), ("slug", "order"), ("url", "http://a.example/{x}")]),
    page(
        "tool-new-forbidden",
        "/t/{tenant}/tools/new",
        "/t/acme/tools/new",
        "Go to the first page",
    )
    .by(Who::Viewer)
    .status(403),
    page("tool", "/t/{tenant}/tools/{tool}", "/t/acme/tools/order-status", "Another secret"),
    page("tool-server", "/t/{tenant}/tools/{tool}", "/t/acme/tools/crm", "find_customer")
        .by(Who::Operator),
    page("tool-viewer", "/t/{tenant}/tools/{tool}", "/t/acme/tools/order-status", "a secret")
        .by(Who::Viewer),
    page("tool-refused", "/t/{tenant}/tools/{tool}", "/t/acme/tools/order-status", "said again")
        .refused(
            "/tools/order-status",
            &[("do", "save"), ("url", "https://elsewhere.example/{order}")],
        ),
    page("tool-gone", "/t/{tenant}/tools/{tool}", "/t/acme/tools/none", "Go to the first page")
        .status(404),
    page(
        "tool-remove",
        "/t/{tenant}/tools/{tool}/remove",
        "/t/acme/tools/crm/remove",
        "its secrets are forgotten",
    ),
    page(
        "tool-remove-in-use",
        "/t/{tenant}/tools/{tool}/remove",
        "/t/acme/tools/order-status/remove",
        "Then it can go",
    ),
    page(
        "agent-budget",
        "/t/{tenant}/agents/{agent}/budget",
        "/t/acme/agents/mara/budget",
        "of $2.50",
    ),
    page(
        "agent-budget-none",
        "/t/{tenant}/agents/{agent}/budget",
        "/t/acme/agents/donau/budget",
        "without a budget",
    )
    .by(Who::Viewer),
    page(
        "agent-budget-refused",
        "/t/{tenant}/agents/{agent}/budget",
        "/t/acme/agents/mara/budget",
        "Monthly budget is an amount in dollars",
    )
    .refused("/mara/budget", &[("daily_budget", "2.50"), ("monthly_budget", "much")]),
    page("design-tool-missing", "/t/{tenant}/agents/{agent}", "/t/acme/agents/donau", "missing"),
];
