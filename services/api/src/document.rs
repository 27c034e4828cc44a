//! The description of the API: `OpenAPI` 3.1, made of the handlers.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self, ContentBuilder, HeaderBuilder, HttpMethod, ObjectBuilder, Ref, RefOr,
        ResponseBuilder,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        schema::{SchemaType, Type},
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use crate::{
    Api,
    problem::{KINDS, Problem, Wrong},
    routes,
    shapes::{
        conversations::Standing,
        tenants::Status,
        usage::{By, PlatformBy},
    },
};

/// What stands above all operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Konstruct",
        version = "1",
        description = "Tenants, agents, tools, models, connections, conversations and usage, for programs. Send a \
            key of the API as `Authorization: Bearer konstruct_…`; no cookie is read. Errors are RFC \
            9457 problems. Send `Idempotency-Key` with a POST, and it is carried out once however \
            often it is sent within 24 hours. Instants are RFC 3339 in UTC, days are UTC, money is in \
            millionths of a dollar.",
    ),
    servers((url = "/api/v1")),
    components(schemas(Problem, Wrong, By, PlatformBy, Standing, Status)),
    modifiers(&Key),
)]
struct Head;

struct Key;

impl Modify for Key {
    fn modify(&self, openapi: &mut openapi::OpenApi) {
        let key = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A key of the API. It is made and revoked in the portal."))
            .build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("key", SecurityScheme::Http(key));
        for (status, name, title, remedy) in KINDS {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
            let said = format!("{title}. {remedy}");
            let mut response = ResponseBuilder::new()
                .description(said)
                .content("application/problem+json", content.build());
            if status == 429 {
                let seconds = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Integer));
                let header = HeaderBuilder::new().schema(Some(seconds.build()));
                let header = header.description(Some("When the next request passes, in seconds"));
                response = response.header("Retry-After", header.build());
            }
            components.responses.insert(name.to_owned(), response.build().into());
        }
        openapi.security = Some(vec![SecurityRequirement::new("key", [] as [&str; 0])]);
    }
}

/// What stands above all operations.
pub(crate) fn head() -> openapi::OpenApi {
    Head::openapi()
}

/// The whole description.
pub fn document() -> openapi::OpenApi {
    let (_, mut document) = routes::all().split_for_parts();
    for item in document.paths.paths.values_mut() {
        for (method, operation) in [
            (HttpMethod::Get, &mut item.get),
            (HttpMethod::Put, &mut item.put),
            (HttpMethod::Post, &mut item.post),
            (HttpMethod::Delete, &mut item.delete),
        ] {
            if let Some(operation) = operation {
                complete(&method, operation);
            }
        }
    }
    document
}

/// What every operation of its kind may answer and be sent.
fn complete(method: &HttpMethod, operation: &mut Operation) {
    let conditional = parameters(operation).any(|it| it.name == "If-Match");
    for (status, name, ..) in KINDS {
        let may_be = match status {
            400 | 413 | 415 => operation.request_body.is_some(),
            405 => false,
            409 => *method != HttpMethod::Get,
            412 => conditional,
            428 => conditional && *method == HttpMethod::Post,
            _ => true,
        };
        if may_be {
            let response = RefOr::Ref(Ref::from_response_name(name));
            operation.responses.responses.insert(status.to_string(), response);
        }
    }
    if *method == HttpMethod::Post {
        let text = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .min_length(Some(1))
            .max_length(Some(200))
            .pattern(Some("^[!-~]+$"));
        let name = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .schema(Some(text.build()))
            .description(Some(
                "A name of your own for this request: sent again, it has the same answer",
            ));
        operation.parameters.get_or_insert_default().push(name.build().into());
    }
}

/// What an operation is told beside its body.
pub(crate) fn parameters(operation: &Operation) -> impl Iterator<Item = &Parameter> {
    operation.parameters.iter().flatten().filter_map(|it| match it {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    })
}

/// The description as text.
pub(crate) fn json(document: &openapi::OpenApi) -> String {
    document.to_pretty_json().map(|text| text + "\n").unwrap_or_default()
}

/// `GET /openapi.json`.
pub(crate) async fn serve(State(api): State<Api>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], api.0.json.clone()).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{BASE, once};

    #[test]
    fn the_description_in_the_repository_is_that_of_the_handlers() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
        expect_test::expect_file![path].assert_eq(&json(&document()));
    }

    #[test]
    fn every_operation_is_named_once_tagged_and_says_how_it_may_fail() {
        let document = document();
        let mut names = BTreeSet::new();
        for (path, item) in &document.paths.paths {
            let all = [&item.get, &item.put, &item.post, &item.delete];
            for operation in all.into_iter().flatten() {
                let name = operation.operation_id.clone().unwrap();
                assert!(names.insert(name), "{path}");
                assert!(operation.summary.is_some() && operation.tags.is_some(), "{path}");
                for status in ["401", "403", "404", "422", "429", "503"] {
                    assert!(operation.responses.responses.contains_key(status), "{path}: {status}");
                }
            }
        }
        assert!(25 < names.len(), "{names:?}");
        assert!(document.openapi == openapi::OpenApiVersion::Version31);
    }

    #[test]
    fn the_header_is_the_one_that_is_read() {
        assert_eq!(once::HEADER, "Idempotency-Key".to_lowercase());
        assert_eq!(document().servers.unwrap()[0].url, BASE);
    }
}
