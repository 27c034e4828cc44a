//! The texts in what is exported and imported: opened on the way out, sealed on the way in.

use schemas::Text;
use serde_json::{Value, json};

use crate::{
    seal::{Owner, Sealing},
    veil,
};

/// Opens every text in it, so that it stands there as it was written. Returns how many did not open.
pub fn open(value: &mut Value, owner: Owner<'_>, sealing: &Sealing) -> u64 {
    if let Some(text) = veil::text_of(value) {
        let Ok(plain) = sealing.open(owner, &text) else { return 1 };
        *value = json!({ "plain": plain });
        return 0;
    }
    match value {
        Value::Object(fields) => fields.values_mut().map(|field| open(field, owner, sealing)).sum(),
        Value::Array(items) => items.iter_mut().map(|item| open(item, owner, sealing)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Seals every text in it. One that is sealed stays as it is: nobody here has its key.
pub fn seal(value: &mut Value, owner: Owner<'_>, sealing: &Sealing) {
    if let Some(text) = veil::text_of(value) {
        if let Text::Plain(plain) = text {
            *value = match sealing.seal(owner, &plain) {
                Text::Sealed(sealed) => json!({ "sealed": sealed }),
                Text::Plain(plain) => json!({ "plain": plain }),
            };
        }
        return;
    }
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|field| seal(field, owner, sealing)),
        Value::Array(items) => items.iter_mut().for_each(|item| seal(item, owner, sealing)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
