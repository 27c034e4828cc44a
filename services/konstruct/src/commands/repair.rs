//! `konstruct redeliver`, `konstruct reprocess`, `konstruct reply`: what is done about single messages.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use desk::repair::{Asked, Repair, Wish};
use schemas::{Author, MessageId, TenantId};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    confirm::{FEW, author, confirm},
    trace::find::find,
};
use crate::{
    cli::{Messages, ReplyVerb, ReplyWord},
    output::Output,
    settings,
    wiring::Base,
};

/// What repairs are made with, once it is known who exists.
pub(crate) async fn repair(base: &Base) -> Repair {
    base.directory.ready().await;
    Repair {
        bus: base.context.bus.clone(),
        db: base.db.clone(),
        directory: base.directory.clone(),
        clock: base.context.clock.clone(),
    }
}

/// Sends replies, as far as people have not got them.
pub(crate) async fn redeliver(
    settings: &settings::Asked<'_>,
    args: &Messages,
    output: Output,
) -> anyhow::Result<()> {
    Box::pin(several(settings, args, Wish::Redeliver { anew: args.again }, output)).await
}

/// Has messages answered again.
pub(crate) async fn reprocess(
    settings: &settings::Asked<'_>,
    args: &Messages,
    output: Output,
) -> anyhow::Result<()> {
    Box::pin(several(settings, args, Wish::Reprocess { anew: args.again }, output)).await
}

/// Says what became of a reply in doubt.
pub(crate) async fn reply(
    settings: &settings::Asked<'_>,
    args: ReplyWord,
    output: Output,
) -> anyhow::Result<()> {
    let (of, wish) = match args.verb {
        ReplyVerb::Sent(of) => (of, Wish::Sent),
        ReplyVerb::Again(of) => (of, Wish::Again),
    };
    let base = Base::connect(settings, "konstruct-reply", CancellationToken::new()).await?;
    let which = (of.message.as_str(), of.tenant.as_ref());
    let (tenant, message) = find(settings, &base, which).await?;
    let (repair, by) = (repair(&base).await, author(of.by.as_deref()));
    let asked = Box::pin(repair.ask((&tenant, &message), wish, &by)).await?;
    let (event, _) = Box::pin(repair.say(&asked)).await?;
    let text = format!("{message} {}", asked.what());
    output.print(&text, &json!({ "message": message, "what": asked.what(), "event": event }))
}

/// What is to be done about one of several messages.
struct One {
    typed: String,
    found: anyhow::Result<(TenantId, MessageId, Asked)>,
}

async fn several(
    settings: &settings::Asked<'_>,
    args: &Messages,
    wish: Wish,
    output: Output,
) -> anyhow::Result<()> {
    let base = Base::connect(settings, "konstruct-repair", CancellationToken::new()).await?;
    let (repair, by) = (repair(&base).await, author(args.by.as_deref()));
    let (mut all, mut named) = (Vec::new(), BTreeSet::new());
    for typed in &args.which {
        let found = find(settings, &base, (typed.as_str(), args.tenant.as_ref())).await;
        let found = match found {
            // By its id and by its reference it is one message, about which one thing is done.
            Ok(which) if !named.insert(which.clone()) => continue,
            Ok((tenant, message)) => Box::pin(ask(&repair, (tenant, message), wish, &by)).await,
            Err(error) => Err(error),
        };
        all.push(One { typed: typed.clone(), found });
    }
    let ready: Vec<_> = all.iter().filter_map(|it| it.found.as_ref().ok()).collect();
    let doubling = ready.iter().filter(|(.., asked)| asked.may_double()).count();
    if !args.dry_run && (FEW < ready.len() || 0 < doubling) {
        let twice = format!("{doubling} of them may be read twice");
        confirm(&format!("{} messages, {twice}", ready.len()), args.yes)?;
    }
    let (mut lines, mut shown, mut refused) = (Vec::new(), Vec::new(), 0);
    for One { typed, found } in &all {
        let said = match found {
            Ok((_, _, asked)) if args.dry_run => Ok((asked, None)),
            Ok((_, _, asked)) => {
                let said = Box::pin(repair.say(asked)).await;
                said.map(|(event, _)| (asked, Some(event))).map_err(anyhow::Error::from)
            }
            Err(error) => Err(anyhow::anyhow!("{error:#}")),
        };
        match said {
            Ok((asked, event)) => {
                lines.push(format!("{typed} {}", asked.what()));
                shown.push(json!({ "message": typed, "what": asked.what(), "event": event }));
            }
            Err(error) => {
                refused += 1;
                lines.push(format!("{typed} is left as it is: {error:#}"));
                shown.push(json!({ "message": typed, "refused": format!("{error:#}") }));
            }
        }
    }
    if args.dry_run {
        lines.push("nothing was done (dry run)".to_owned());
    }
    output.print(&lines.join("\n"), &Value::Array(shown))?;
    if 0 < refused && !args.dry_run {
        bail!("{refused} of {} messages were left as they are", all.len());
    }
    Ok(())
}

async fn ask(
    repair: &Repair,
    (tenant, message): (TenantId, MessageId),
    wish: Wish,
    by: &Author,
) -> anyhow::Result<(TenantId, MessageId, Asked)> {
    let asked = Box::pin(repair.ask((&tenant, &message), wish, by)).await;
    let asked = asked.context("nothing is sent")?;
    Ok((tenant, message, asked))
}
