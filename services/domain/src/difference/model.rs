//! Model groups, for a person.

use schemas::{
    ModelGroup, ModelGroupStatus,
    directory::{ModelDeployment, ModelPrice},
};

use super::{FieldChange, Fields, changed};

/// What a model group has that it had not before. Of a key only shows that there is one, and that it is
/// another.
pub fn of_model_group(before: Option<&ModelGroup>, after: &ModelGroup) -> Vec<FieldChange> {
    let mut changes = changed(before.map(fields).as_ref(), fields(after));
    for change in &mut changes {
        change.long = change.field == "deployments";
    }
    let keys = |group: &ModelGroup| group.secrets().map(str::to_owned).collect::<Vec<_>>();
    if before.is_some_and(|before| keys(before) != keys(after))
        && !changes.iter().any(|change| change.field == "deployments")
    {
        let (before, after) = (Some("a key".to_owned()), "another key".to_owned());
        changes.push(FieldChange { field: "deployments", before, after, long: false });
    }
    changes
}

fn fields(group: &ModelGroup) -> Fields {
    let status = match group.status {
        ModelGroupStatus::Active => "active",
        ModelGroupStatus::Removed { .. } => "removed",
    };
    vec![
        ("choose", group.choose.as_str().to_owned()),
        ("fallbacks", group.fallbacks.join(", ")),
        ("deployments", group.deployments.iter().map(deployment).collect::<Vec<_>>().join("\n\n")),
        ("status", status.to_owned()),
    ]
}

/// A line for each thing that is said of it.
fn deployment(it: &ModelDeployment) -> String {
    let number = |name: &'static str, value: Option<u32>| (name, value.map(|it| it.to_string()));
    let flag = |name: &'static str, value: Option<bool>| {
        (name, value.map(|it| if it { "yes" } else { "no" }.to_owned()))
    };
    let lines = [
        ("vendor", Some(it.vendor.as_str().to_owned())),
        ("model", Some(it.model.clone())),
        ("base_url", it.base_url.clone()),
        ("key", it.key.as_ref().map(|_| "a key".to_owned())),
        number("weight", it.weight),
        number("context_window", it.context_window),
        number("max_output_tokens", it.max_output_tokens),
        number("requests_per_minute", it.requests_per_minute),
        number("tokens_per_minute", it.tokens_per_minute),
        flag("tools", it.tools),
        flag("json_schema", it.json_schema),
        flag("vision", it.vision),
        ("price", it.price.map(price)),
    ];
    let said = lines.into_iter().filter_map(|(name, value)| Some(format!("{name}: {}", value?)));
    std::iter::once(it.name.clone()).chain(said).collect::<Vec<_>>().join("\n")
}

fn price(price: ModelPrice) -> String {
    let ModelPrice { input, output, cache_read } = price;
    let cached = cache_read.map(|it| format!(", {it} read from a cache")).unwrap_or_default();
    format!("{input} read, {output} written{cached} (micro-dollars for a million tokens)")
}
