//! Stages that one worker at a time may run; the others stand by.

use std::time::Duration;

use domain::doubt::Doubt;
use runtime::Context;
use store::{
    Database,
    backup::Restoration,
    fence::{Fence, Leadership},
};
use tracing::{info, warn};

use crate::wiring;

/// The pause before the next try to lead.
const AGAIN_PAUSE: Duration = Duration::from_secs(1);

/// Runs `stage` whenever this process leads it, until the context says stop. When the lead is
/// lost, the stage is stopped at once; what it had in hand comes again to the next leader.
pub(crate) async fn lead<F, R>(
    context: Context,
    db: Database,
    stage: &'static str,
    run: F,
) -> anyhow::Result<()>
where
    F: Fn(Context, Fence) -> R + Send + 'static,
    R: Future<Output = anyhow::Result<()>> + Send,
{
    while !context.stop.is_cancelled() {
        let owner = wiring::owner();
        let acquired = Leadership::acquire(&db, stage, &owner);
        let Some(acquired) = context.stop.run_until_cancelled(acquired).await else { break };
        match acquired {
            Ok(leadership) => turn(&context, &leadership, stage, &run).await?,
            Err(error) => warn!(stage, %error, "cannot ask to lead"),
        }
        _ = context.stop.run_until_cancelled(tokio::time::sleep(AGAIN_PAUSE)).await;
    }
    Ok(())
}

/// What a restore left in doubt, if there was one. Whoever acts without knowing it may do so twice, so this
/// waits for the database, but for nobody who was told to stop.
pub(crate) async fn doubt(context: &Context, db: &Database) -> Option<Doubt> {
    loop {
        match Restoration::doubt(db).await {
            Ok(doubt) => return doubt,
            Err(error) => warn!(%error, "it is not known yet whether there was a restore"),
        }
        let pause = tokio::time::sleep(AGAIN_PAUSE);
        context.stop.run_until_cancelled(pause).await?;
    }
}

async fn turn<F, R>(
    context: &Context,
    leadership: &Leadership,
    stage: &'static str,
    run: &F,
) -> anyhow::Result<()>
where
    F: Fn(Context, Fence) -> R,
    R: Future<Output = anyhow::Result<()>>,
{
    let fence = leadership.fence().clone();
    info!(stage, epoch = fence.epoch(), "leading");
    let stop = context.stop.child_token();
    let mut work = std::pin::pin!(run(Context { stop: stop.clone(), ..context.clone() }, fence));
    tokio::select! {
        ended = &mut work => ended,
        () = leadership.lost() => {
            warn!(stage, "the lead is lost");
            stop.cancel();
            work.await
        }
    }
}
