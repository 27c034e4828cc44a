//! Agents: who works here, and how each of them is shaped.
//!
//! What is typed goes through one form ([`typed`]), whoever reads it: a save, a trial, a merge.

mod asking;
mod attempt;
mod autosave;
mod budget;
mod design;
pub(super) mod differences;
mod discard;
mod merge;
mod new;
mod parts;
mod past;
mod publish;
mod replays;
mod retire;
mod roster;
mod saved;
mod typed;
mod versions;

use domain::access::Permission;

use crate::server::routes::{Need, Routes};

pub(crate) fn routes() -> Routes {
    let read = Need::Tenant(Permission::AgentsRead);
    let write = Need::Tenant(Permission::AgentsWrite);
    let usage = Need::Tenant(Permission::UsageRead);
    let manage = Need::Tenant(Permission::TenantsManage);
    let conversations = Need::Tenant(Permission::ConversationsRead);
    Routes::default()
        .get("/t/{tenant}/agents", read, roster::show)
        .get("/t/{tenant}/agents/new", write, new::show)
        .post("/t/{tenant}/agents/new", write, new::create)
        .get("/t/{tenant}/agents/{agent}", read, design::show)
        .post("/t/{tenant}/agents/{agent}", write, design::submit)
        .post("/t/{tenant}/agents/{agent}/autosave", write, autosave::submit)
        .post("/t/{tenant}/agents/{agent}/try", write, attempt::stream)
        .post("/t/{tenant}/agents/{agent}/merge", write, merge::decide)
        .get("/t/{tenant}/agents/{agent}/discard", write, discard::show)
        .post("/t/{tenant}/agents/{agent}/discard", write, discard::submit)
        .get("/t/{tenant}/agents/{agent}/publish", write, publish::show)
        .post("/t/{tenant}/agents/{agent}/publish", write, publish::submit)
        .get("/t/{tenant}/agents/{agent}/retire", write, retire::show)
        .post("/t/{tenant}/agents/{agent}/retire", write, retire::submit)
        .get("/t/{tenant}/agents/{agent}/budget", usage, budget::show)
        .post("/t/{tenant}/agents/{agent}/budget", manage, budget::submit)
        .get("/t/{tenant}/agents/{agent}/versions", read, versions::list)
        .get("/t/{tenant}/agents/{agent}/versions/diff", read, versions::compare)
        .get("/t/{tenant}/agents/{agent}/versions/{version}", read, versions::one)
        .post("/t/{tenant}/agents/{agent}/versions/{version}", write, versions::restore)
        .get("/t/{tenant}/agents/{agent}/past", read, past::show)
        .get("/t/{tenant}/agents/{agent}/replays", read, replays::list)
        .post("/t/{tenant}/agents/{agent}/replays", write, replays::start)
        .get("/t/{tenant}/agents/{agent}/replays/new", write, replays::plan)
        .get("/t/{tenant}/agents/{agent}/replays/{run}", conversations, replays::show)
        .get("/t/{tenant}/agents/{agent}/replays/{run}/report.md", conversations, replays::markdown)
        .get("/t/{tenant}/agents/{agent}/replays/{run}/report.json", conversations, replays::json)
        .post("/t/{tenant}/agents/{agent}/replays/{run}/stop", write, replays::stop)
        .post("/t/{tenant}/agents/{agent}/replays/{run}/resume", write, replays::go_on)
        .get("/t/{tenant}/agents/{agent}/tests", conversations, saved::list)
        .get("/t/{tenant}/agents/{agent}/tests/new", write, saved::new)
        .post("/t/{tenant}/agents/{agent}/tests/new", write, saved::keep)
        .get("/t/{tenant}/agents/{agent}/tests/run", write, saved::plan)
        .post("/t/{tenant}/agents/{agent}/tests/run", write, saved::start)
        .post("/t/{tenant}/agents/{agent}/tests/stop", write, saved::stop)
        .post("/t/{tenant}/agents/{agent}/tests/resume", write, saved::go_on)
        .get("/t/{tenant}/agents/{agent}/tests/{test}/remove", write, saved::ask)
        .post("/t/{tenant}/agents/{agent}/tests/{test}/remove", write, saved::remove)
}
