//! One dead letter with its event.

use anyhow::Context as _;
use desk::repair::{Kept, Repair, RepairError};
use domain::seal::{Owner, Sealing};
use schemas::{Author, Envelope, TenantId, Text};
use serde_json::{Value, json};

use super::letter_json;
use crate::{output::Output, settings::Asked, wiring, wiring::Base};

/// Shows it. Whoever opens what people wrote says who they are, and that is written down first.
pub(super) async fn show(
    asked: &Asked<'_>,
    (base, repair): (&Base, &Repair),
    (kept, opened_by): (&Kept, Option<&Author>),
    output: Output,
) -> anyhow::Result<()> {
    // An event that has aged out is told of all the same.
    let original = match repair.original(&kept.letter).await {
        Ok(original) => Some(original),
        Err(RepairError::Refused(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let bytes: Option<&[u8]> = original.as_ref().map(|it| it.payload.as_ref());
    let mut event = bytes.map(|it| serde_json::from_slice(it).unwrap_or(Value::Null));
    if let (Some(by), Some(event)) = (opened_by, &mut event) {
        let tenant = kept.tenant.as_ref().context("nobody can tell whose it is")?;
        // What cannot be written down is not read.
        let what = json!({ "letter": kept.id, "by": by.operator });
        let noted = wiring::note_opened(asked, tenant, what).await;
        noted.context("that it is opened cannot be written down")?;
        let (sealer, _) = wiring::secrets(asked, &base.db)?;
        let sealing = sealer.of(tenant, base.context.clock.now()).await?;
        let envelope = bytes.and_then(|it| Envelope::decode(it).ok());
        let message = envelope.and_then(|it| Some(it.event.message()?.id.clone()));
        let message = message.context("it names no message whose words could be opened")?;
        open(event, (&sealing, Owner { tenant, of: message.as_str() }));
    }
    let mut shown = letter_json(kept);
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("original".to_owned(), json!(event));
    }
    output.print(&text(kept, event.as_ref())?, &shown)
}

/// Opens every text in it; one that does not open stays sealed.
fn open(value: &mut Value, by: (&Sealing, Owner<'_>)) {
    if let Ok(text) = serde_json::from_value::<Text>(value.clone()) {
        if let Ok(opened) = by.0.open(by.1, &text) {
            *value = json!({ "opened": opened });
        }
        return;
    }
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(_, value)| open(value, by)),
        Value::Array(items) => items.iter_mut().for_each(|item| open(item, by)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn text(kept: &Kept, event: Option<&Value>) -> anyhow::Result<String> {
    let letter = &kept.letter;
    let tenant = kept.tenant.as_ref().map_or("-", TenantId::as_str);
    let mut lines = vec![
        format!("letter    {}", kept.id),
        format!("tenant    {tenant}"),
        format!("event     {} {}", letter.topic(), letter.event.as_deref().unwrap_or("-")),
        format!("given up  by {} at {}", letter.consumer, letter.at),
        format!("attempts  {}", letter.attempts),
        format!("reason    {}", letter.reason),
    ];
    if let Some(it) = &kept.decision {
        let by = it.by.operator.as_deref().unwrap_or(&it.by.via);
        let why = it.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        lines.push(format!("decided   {} by {by} at {}{why}", it.verb.as_str(), it.at));
    }
    lines.push(match event {
        Some(event) => serde_json::to_string_pretty(event)?,
        None => "its event is no longer on the log".to_owned(),
    });
    Ok(lines.join("\n"))
}
