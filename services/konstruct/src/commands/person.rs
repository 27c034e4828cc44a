//! `konstruct person …`.

mod erase;

use crate::{cli::PersonVerb, output::Output, settings::Asked};

/// Does it.
pub(crate) async fn run(asked: &Asked<'_>, verb: PersonVerb, output: Output) -> anyhow::Result<()> {
    match verb {
        PersonVerb::Erase(args) => Box::pin(erase::run(asked, &args, output)).await,
    }
}
