//! The description as a page for people: plain HTML, without a script.

use axum::{
    extract::State,
    response::{Html, IntoResponse, Response},
};
use utoipa::openapi::{
    OpenApi, Required,
    path::{Operation, ParameterIn, PathItem},
};

use crate::{Api, BASE, document, problem::KINDS};

/// `GET /api/v1`.
pub(crate) async fn serve(State(api): State<Api>) -> Response {
    Html(api.0.page.clone()).into_response()
}

/// The page.
pub(crate) fn page(document: &OpenApi, stylesheet: &str) -> String {
    let about = document.info.description.as_deref().unwrap_or_default();
    let mut body = format!(
        "<header><h1>API reference</h1><p>{}</p><p><a href=\"{BASE}/openapi.json\">The same for \
         programs (OpenAPI 3.1)</a></p></header>",
        marked(about)
    );
    for tag in tags(document) {
        put(&mut body, &format!("<section><h2>{}</h2>", escaped(&tag)));
        for (path, item) in &document.paths.paths {
            for (method, operation) in operations(item) {
                if operation.tags.iter().flatten().any(|it| *it == tag) {
                    describe(&mut body, method, path, operation);
                }
            }
        }
        body.push_str("</section>");
    }
    problems(&mut body);
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>API reference · \
         Konstruct</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <link rel=\"stylesheet\" href=\"{}\"><link rel=\"icon\" href=\"data:,\"></head><body><main class=\"api-reference\">{body}\
         </main></body></html>",
        escaped(stylesheet)
    )
}

fn operations(item: &PathItem) -> impl Iterator<Item = (&'static str, &Operation)> {
    [("GET", &item.get), ("POST", &item.post), ("PUT", &item.put), ("DELETE", &item.delete)]
        .into_iter()
        .filter_map(|(method, operation)| operation.as_ref().map(|it| (method, it)))
}

/// In the order in which paths come.
fn tags(document: &OpenApi) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for item in document.paths.paths.values() {
        for tag in operations(item).flat_map(|(_, it)| it.tags.iter().flatten()) {
            if !tags.contains(tag) {
                tags.push(tag.clone());
            }
        }
    }
    tags
}

fn describe(out: &mut String, method: &str, path: &str, operation: &Operation) {
    let summary = operation.summary.as_deref().unwrap_or_default();
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let said = operation.description.as_deref().unwrap_or_default();
    put(
        out,
        &format!(
            "<article id=\"{}\"><h3>{}</h3><p><code>{method} {BASE}{}</code></p>",
            escaped(id),
            escaped(summary),
            escaped(path)
        ),
    );
    if !said.is_empty() {
        put(out, &format!("<p>{}</p>", marked(said)));
    }
    parameters(out, operation);
    let statuses: Vec<_> = operation.responses.responses.keys().map(String::as_str).collect();
    let takes = if operation.request_body.is_some() { "Takes a body of JSON. " } else { "" };
    put(out, &format!("<p class=\"meta\">{takes}Answers {}.</p></article>", statuses.join(", ")));
}

fn parameters(out: &mut String, operation: &Operation) {
    let parameters: Vec<_> = document::parameters(operation).collect();
    if parameters.is_empty() {
        return;
    }
    put(
        out,
        "<table><caption>Parameters</caption><thead><tr><th scope=\"col\">Name</th><th \
         scope=\"col\">In</th><th scope=\"col\">What</th></tr></thead><tbody>",
    );
    for it in parameters {
        let place = match it.parameter_in {
            ParameterIn::Query => "query",
            ParameterIn::Path => "path",
            ParameterIn::Header => "header",
            ParameterIn::Cookie | ParameterIn::QueryString => "",
        };
        let must = if it.required == Required::True { "" } else { " (optional)" };
        let said = it.description.as_deref().unwrap_or_default();
        let name = escaped(&it.name);
        let said = marked(said);
        put(
            out,
            &format!(
                "<tr><th scope=\"row\"><code>{name}</code></th><td>{place}{must}</td><td>{said}</td></tr>"
            ),
        );
    }
    put(out, "</tbody></table>");
}

fn problems(out: &mut String) {
    put(
        out,
        "<section><h2>Problems</h2><p>Every error is a body of <code>application/problem+json</code> \
         with a <code>reference</code>: quote it when you ask for help.</p><dl>",
    );
    for (status, name, title, remedy) in KINDS {
        let title = escaped(title);
        let remedy = marked(remedy);
        put(out, &format!("<dt id=\"{name}\">{status} {title}</dt><dd>{remedy}</dd>"));
    }
    put(out, "</dl></section>");
}

fn put(out: &mut String, html: &str) {
    out.push_str(html);
}

/// Text with its backticks as code.
fn marked(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split('`').enumerate() {
        let part = escaped(part);
        if index % 2 == 1 {
            put(&mut out, &format!("<code>{part}</code>"));
        } else {
            out.push_str(&part);
        }
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_and_every_problem_is_on_the_page() {
        let document = crate::document();
        let page = page(&document, "/portal.css");
        for (path, item) in &document.paths.paths {
            for (method, _) in operations(item) {
                assert!(page.contains(&format!("<code>{method} {BASE}{path}</code>")), "{path}");
            }
        }
        for (_, name, ..) in KINDS {
            assert!(page.contains(&format!("id=\"{name}\"")), "{name}");
        }
        assert!(!page.contains("<script") && !page.contains("style="));
    }

    #[test]
    fn what_is_written_stays_text() {
        assert_eq!(marked("a `<b>` & \"c\""), "a <code>&lt;b&gt;</code> &amp; &quot;c&quot;");
    }
}
