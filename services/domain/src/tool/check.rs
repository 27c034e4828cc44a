//! What is wrong with a declaration, field by field.

use std::collections::BTreeSet;

use schemas::{ToolId, directory::HttpMethod};
use serde_json::{Map, Value};

use super::{
    ARGUMENTS_BYTES_MAX, ARGUMENTS_DEPTH_MAX, DESCRIPTION_BYTES_MAX, Making, SERVER_TOOLS_MAX,
    TEMPLATE_BYTES_MAX, TIMEOUT_SECONDS_MAX, template::UrlTemplate, too_long,
};
use crate::fields::FieldProblem;

pub(super) fn description(text: &str) -> Vec<FieldProblem> {
    let is_strange = |c: char| c.is_control() && c != '\n' && c != '\t';
    [
        (text.trim().is_empty(), "is empty: the model reads there when to use it".to_owned()),
        (DESCRIPTION_BYTES_MAX < text.len(), too_long(DESCRIPTION_BYTES_MAX)),
        (text.contains(is_strange), "has a control character in it".to_owned()),
    ]
    .into_iter()
    .filter(|(is_wrong, _)| *is_wrong)
    .map(|(_, problem)| FieldProblem::new("description", problem))
    .collect()
}

/// In the portal, `…/tools/new` is the page where tools are made, and would hide one of that name.
pub(super) fn slug(id: &ToolId) -> Option<FieldProblem> {
    let problem = "cannot be `new`: that is the address of the page where tools are made";
    (id.as_str() == "new").then(|| FieldProblem::new("slug", problem))
}

pub(super) fn timeout(seconds: u32) -> Option<FieldProblem> {
    let is_fine = (1..=TIMEOUT_SECONDS_MAX).contains(&seconds);
    let problem = format!("is not between 1 and {TIMEOUT_SECONDS_MAX}");
    (!is_fine).then(|| FieldProblem::new("timeout_seconds", problem))
}

pub(super) fn http(
    (method, url): (HttpMethod, &str),
    arguments: &Value,
    (allow_private, making): (bool, &Making<'_>),
) -> Vec<FieldProblem> {
    let (template, mut problems) = address(url, allow_private);
    let shape = shape_of(arguments, making);
    let Ok(properties) = &shape else {
        problems.extend(shape.err());
        return problems;
    };
    let Some(template) = template else { return problems };
    let required: BTreeSet<&str> = arguments
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (name, is_needed) in template.arguments() {
        let problem = match properties.get(name).map(|it| it.get("type").and_then(Value::as_str)) {
            None => "which is not among the properties of `arguments`",
            Some(Some("object" | "array")) => "which is an object or an array",
            Some(_) if is_needed && !required.contains(name) => {
                "which stands in the path and is not required"
            }
            Some(_) => continue,
        };
        problems.push(FieldProblem::new("url", format!("names `{name}`, {problem}")));
    }
    let named: BTreeSet<&str> = template.arguments().map(|(name, _)| name).collect();
    for name in properties.keys().filter(|name| !method.has_body() && !named.contains(&***name)) {
        let name: String = name.chars().take(64).collect();
        let method = method.as_str();
        let problem = format!("has `{name}`, which is not in `url`, and {method} has no body");
        problems.push(FieldProblem::new("arguments", problem));
    }
    problems
}

pub(super) fn server(url: &str, tools: &[String], allow_private: bool) -> Vec<FieldProblem> {
    let (template, mut problems) = address(url, allow_private);
    if template.is_some_and(|it| it.arguments().next().is_some()) {
        problems.push(FieldProblem::new("url", "has an argument, and a server has one address"));
    }
    if SERVER_TOOLS_MAX < tools.len() {
        problems.push(FieldProblem::new("tools", format!("has more than {SERVER_TOOLS_MAX}")));
    }
    let is_name = |name: &str| {
        (1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if !tools.iter().all(|name| is_name(name)) {
        let problem = "has one that is no name: 1 to 128 letters, digits and marks";
        problems.push(FieldProblem::new("tools", problem));
    }
    problems
}

fn address(url: &str, allow_private: bool) -> (Option<UrlTemplate>, Vec<FieldProblem>) {
    if TEMPLATE_BYTES_MAX < url.len() {
        return (None, vec![FieldProblem::new("url", too_long(TEMPLATE_BYTES_MAX))]);
    }
    match UrlTemplate::parse(url) {
        Err(problem) => (None, vec![FieldProblem::new("url", problem)]),
        Ok(template) if !template.is_tls() && !allow_private => {
            let problem = "is without TLS (`http://`), which is for private networks only: say \
                           `allow_private` if it stands in one";
            (Some(template), vec![FieldProblem::new("url", problem)])
        }
        Ok(template) => (Some(template), Vec::new()),
    }
}

/// The properties of a schema that a model can be given.
fn shape_of(schema: &Value, making: &Making<'_>) -> Result<Map<String, Value>, FieldProblem> {
    let wrong = |problem: String| Err(FieldProblem::new("arguments", problem));
    if ARGUMENTS_BYTES_MAX < schema.to_string().len() {
        return wrong(too_long(ARGUMENTS_BYTES_MAX));
    }
    if !is_flatter(schema, ARGUMENTS_DEPTH_MAX) {
        return wrong(format!("is deeper than {ARGUMENTS_DEPTH_MAX} levels"));
    }
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        return wrong("is not a JSON schema of an object (`type: object`)".to_owned());
    }
    if has_foreign_reference(schema) {
        return wrong("refers to another document: only `#…` may stand in `$ref`".to_owned());
    }
    let none = Value::Object(Map::new());
    let Some(properties) = schema.get("properties").unwrap_or(&none).as_object() else {
        return wrong("has `properties` that are no object".to_owned());
    };
    match (making.schema_problem)(schema) {
        Some(problem) => wrong(problem),
        None => Ok(properties.clone()),
    }
}

fn is_flatter(value: &Value, levels: usize) -> bool {
    let inside = |value: &Value| levels.checked_sub(1).is_some_and(|left| is_flatter(value, left));
    match value {
        Value::Array(items) => items.iter().all(inside),
        Value::Object(fields) => fields.values().all(inside),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// Nothing is ever fetched to understand a schema.
fn has_foreign_reference(schema: &Value) -> bool {
    match schema {
        Value::Array(items) => items.iter().any(has_foreign_reference),
        Value::Object(fields) => fields.iter().any(|(name, value)| {
            let is_reference = matches!(&**name, "$ref" | "$dynamicRef" | "$recursiveRef");
            let is_foreign = value.as_str().is_some_and(|it| !it.starts_with('#'));
            is_reference && is_foreign || has_foreign_reference(value)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
