//! `konstruct stream get`: one event, whole.

use anyhow::{Context as _, bail};
use domain::{
    look::absent,
    seal::{Owner, Sealing},
    veil::{owner_of, size},
};
use runtime::{
    Clock,
    look::{self, Kept, What},
};
use schemas::{Envelope, Text};
use serde_json::json;
use store::{Database, StoreError};

use super::{connect, event};
use crate::{
    cli::Get,
    output::{Output, one_line},
    settings::Asked,
    wiring::{self, Vault},
};

/// Shows it. What is there and cannot be read is shown too, and is an error.
pub(super) async fn run(asked: &Asked<'_>, args: &Get, output: Output) -> anyhow::Result<()> {
    let kept = find(asked, args).await?;
    let what = What::of(args.stream, &kept);
    let opened = match &what {
        What::Event(event) if args.open => Some(open(asked, args, event).await?),
        What::SetAside(_) | What::Advisory(_) | What::Unreadable(_) if args.open => {
            bail!("this is no event: there is nothing to open")
        }
        What::Event(_) | What::SetAside(_) | What::Advisory(_) | What::Unreadable(_) => None,
    };
    let say = |text: &Text| match (&what, &opened) {
        (What::Event(event), Some(sealing)) => words(event, sealing, text),
        _ => size(text),
    };
    let shown = event::json(args.stream, (&kept, &what), &say)?;
    output.print(&text(args, &kept, &what, &say)?, &shown)?;
    if let What::Unreadable(why) = what {
        bail!("{} {} cannot be read: {why}", args.stream.name, kept.sequence);
    }
    Ok(())
}

async fn find(asked: &Asked<'_>, args: &Get) -> anyhow::Result<Kept> {
    let (stream, sequence) = (args.stream, args.sequence);
    let bus = connect(asked).await?;
    // The server takes 0 for no sequence at all.
    if 0 < sequence
        && let Some(kept) = look::at(&bus, stream, sequence).await?
    {
        return Ok(kept);
    }
    let standing = look::standing(&bus, stream).await?;
    let standing = standing.with_context(|| format!("there is no stream {}", stream.name))?;
    let why = absent(sequence, (standing.first, standing.last));
    bail!("{} has no {sequence}: {why}", stream.name)
}

/// What opens the words of an event, once it is written down that they were opened.
async fn open(asked: &Asked<'_>, args: &Get, event: &Envelope) -> anyhow::Result<Sealing> {
    let now = Clock::system().now();
    let what = json!({ "stream": args.stream.name, "sequence": args.sequence });
    wiring::no_restore(asked).await?;
    wiring::note_opened(asked, &event.tenant, what).await?;
    let db = Database::connect(&asked.database("KONSTRUCT_DATABASE_URL")?).await?;
    match Vault::open(asked, &db)?.sealer.of(&event.tenant, now).await {
        Err(StoreError::KeyGone(_)) => Ok(Sealing::Off),
        sealing => Ok(sealing?),
    }
}

/// A text as it was written, or why it does not open.
fn words(event: &Envelope, sealing: &Sealing, text: &Text) -> String {
    let Some(of) = owner_of(&event.event) else { return size(text) };
    let opened = sealing.open(Owner { tenant: &event.tenant, of }, text);
    opened.unwrap_or_else(|why| format!("{}: {why}", size(text)))
}

fn text(
    args: &Get,
    kept: &Kept,
    what: &What,
    say: &dyn Fn(&Text) -> String,
) -> anyhow::Result<String> {
    let mut lines = vec![
        format!("{} {}", args.stream.name, kept.sequence),
        format!("stored   {}", kept.stored),
        format!("subject  {}", one_line(&kept.subject)),
    ];
    let header = |(name, value): &(String, String)| one_line(&format!("header   {name}: {value}"));
    lines.extend(kept.headers.iter().map(header));
    for (name, body) in what.body(kept, say)? {
        lines.push(format!("{name}\n{}", serde_json::to_string_pretty(&body)?));
    }
    Ok(lines.join("\n"))
}
