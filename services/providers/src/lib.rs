//! Language models: three wire formats behind one trait, and a router that gets one whole answer.
//!
//! Start at [`Router::complete`], or at [`Router::stream`] for the text as it comes. It tries the deployments of a model group in order, then those of
//! the groups it falls back to, and says of each failure what to do next ([`FailureClass::action`]).
//!
//! **Invariant:** an answer is whole or it is not an answer. It counts only with its vendor's end
//! marker; the text of a broken attempt is dropped, and the text of two attempts is never mixed.
//! **Invariant:** vendor JSON never leaves its folder. What vendors report of usage is kept raw.
//! **Invariant:** no key, prompt or answer is in an error, a log line or a `Debug` of this crate; a body in
//! which our own key comes back is not read.
//! **Invariant:** a future that is dropped ends its call, and the recorder is told what was made.
//! **Invariant:** everything is bounded: frames, bodies, attempts, pauses, and time.
//!
//! To add a vendor: a folder with a `Dialect` and a `Draft`, a variant and a line in [`Vendor`]. The
//! contract suite in `tests/it` then runs for it, once `konstruct_tests::fake_llm` speaks it.
//!
//! In which order deployments are tried is decided by `choose` from what `health` knows of each;
//! what follows from a failure within one request by `plan`. All three are pure.

mod answer;
mod anthropic;
mod call;
mod calls;
mod choose;
mod classify;
mod client;
mod config;
mod echo;
mod exhausted;
mod failure;
mod frames;
mod health;
mod meter;
mod ollama;
mod openai;
mod plan;
mod prices;
mod quirks;
mod reading;
mod record;
mod report;
mod request;
mod retry_after;
mod router;
mod run;
mod status;
mod stops;
mod stream;
mod table;
mod vendor;

pub use answer::{Answer, Finish, Kept, ToolCall};
pub use calls::CALLS_OF_ANSWER_MAX;
pub use client::{ClientSettings, client};
pub use config::{ConfigError, Deployment, Models, ModelsToml, deployment_problems};
pub use domain::secret::Secret;
pub use exhausted::{Cause, Exhausted};
pub use failure::{Action, Failure, FailureClass};
pub use frames::{Frames, Framing, TooLong};
pub use meter::HISTOGRAMS;
pub use prices::{Prices, total_cost};
pub use record::{AttemptStart, NotStarted, Recorder, Unrecorded};
pub use request::{Image, Request, Schema, Timeouts, Tool, ToolChoice, Turn};
pub use router::{Completed, Router, WorstCost};
pub use status::{DeploymentStatus, State as DeploymentState};
pub use stream::Delta;
pub use vendor::Vendor;
