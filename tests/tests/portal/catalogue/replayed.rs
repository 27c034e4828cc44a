//! Answers that are asked again, and turns that are kept as tests: the states of an installation at work.

use super::{Page, Who, page};

const LIST: &str = "/t/{tenant}/agents/{agent}/replays";
const NEW: &str = "/t/{tenant}/agents/{agent}/replays/new";
const ONE: &str = "/t/{tenant}/agents/{agent}/replays/{run}";
const TESTS: &str = "/t/{tenant}/agents/{agent}/tests";
const KEEP: &str = "/t/{tenant}/agents/{agent}/tests/new";
const REMOVE: &str = "/t/{tenant}/agents/{agent}/tests/{test}/remove";
const RUN: &str = "/t/{tenant}/agents/{agent}/tests/run";

/// Mara's two answers were asked again of her draft, and one of them is kept as a test.
pub(crate) const REPLAYED: &[Page] = &[
    page("replays", LIST, "/t/acme/agents/mara/replays", "the draft"),
    page("replays-viewer", LIST, "/t/acme/agents/mara/replays", "the draft").by(Who::Viewer),
    page("replays-none", LIST, "/t/acme/agents/donau/replays", "No replay yet"),
    page("replays-gone", LIST, "/t/acme/agents/nobody/replays", "Go to the first page").status(404),
    page("replay-new", NEW, "/t/acme/agents/mara/replays/new", "Ask 2 answers again"),
    page(
        "replay-new-judged",
        NEW,
        "/t/acme/agents/mara/replays/new?candidate=published&last=1&baseline=no&judge=quality",
        "Ask 1 answer again",
    )
    .by(Who::Operator),
    page(
        "replay-new-cannot-be",
        NEW,
        "/t/acme/agents/mara/replays/new?candidate=99",
        "The agent has no version 99",
    ),
    page("replay-new-unsound", NEW, "/t/acme/agents/donau/replays/new", "The candidate"),
    page("replay-new-refused", NEW, "/t/acme/agents/mara/replays/new", "Tick it")
        .refused("/replays", &[("last", "20")]),
    page("replay-new-forbidden", NEW, "/t/acme/agents/mara/replays/new", "Go to the first page")
        .by(Who::Viewer)
        .status(403),
    page("replay", ONE, "{run}", "What the version that answered says now"),
    page("replay-viewer", ONE, "{run}", "In sums").by(Who::Viewer),
    page("replay-changed", ONE, "{run}?show=changed", "Candidate: similarity"),
    page("replay-past-its-end", ONE, "{run}?from=1000", "In sums"),
    page("replay-gone", ONE, "/t/acme/agents/mara/replays/acme-0", "Go to the first page")
        .status(404),
    page("tests", TESTS, "/t/acme/agents/mara/tests", "contains `Friday`"),
    page("tests-viewer", TESTS, "/t/acme/agents/mara/tests", "contains `Friday`").by(Who::Viewer),
    page("tests-none", TESTS, "/t/acme/agents/donau/tests", "No tests yet"),
    page("test-new", KEEP, "{keep}", "The answer contains"),
    page("test-new-refused", KEEP, "{keep}", "A pattern cannot be read")
        .refused("/tests/new", &[("matches", "(")]),
    page("test-new-of-nothing", KEEP, "/t/acme/agents/mara/tests/new", "Go to the first page")
        .status(400),
    page(
        "test-new-not-answered",
        KEEP,
        "/t/acme/agents/mara/tests/new?message=nothing",
        "Go to the first page",
    )
    .status(404),
    page("test-remove", REMOVE, "{test}/remove", "It goes for good"),
    page("test-remove-operator", REMOVE, "{test}/remove", "Keep it").by(Who::Operator),
    page("test-remove-viewer", REMOVE, "{test}/remove", "Go to the first page")
        .by(Who::Viewer)
        .status(403),
    page(
        "test-remove-gone",
        REMOVE,
        "/t/acme/agents/mara/tests/acme-0/remove",
        "Go to the first page",
    )
    .status(404),
    page("tests-run", RUN, "/t/acme/agents/mara/tests/run?candidate=published", "Run 1 test"),
    page(
        "tests-run-none",
        RUN,
        "/t/acme/agents/mara/tests/run?candidate=9",
        "Go to the first page",
    )
    .status(400),
    page("tests-run-cannot-be", RUN, "/t/acme/agents/donau/tests/run", "The candidate"),
    page("tests-run-refused", RUN, "/t/acme/agents/mara/tests/run", "Tick it")
        .refused("/tests/run", &[]),
];
