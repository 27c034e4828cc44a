//! Models of a tenant's own: the states of an installation at work.

use super::{Page, Who, page};

/// Tenant `acme` has a group of two models, by which no agent answers.
pub(crate) const MODELLED: &[Page] = &[
    page("models", "/t/{tenant}/models", "/t/acme/models", "claude-sonnet-5-5"),
    page("models-viewer", "/t/{tenant}/models", "/t/acme/models", "Of this installation")
        .by(Who::Viewer),
    page("model-new", "/t/{tenant}/models/new", "/t/acme/models/new", "Name of the group"),
    page("model-new-operator", "/t/{tenant}/models/new", "/t/acme/models/new", "Add the group")
        .by(Who::Operator),
    page("model-new-row", "/t/{tenant}/models/new", "/t/acme/models/new", "Remove deployment 2")
        .sent("/models/new", &[("do", "add-deployment")]),
    page(
        "model-new-refused",
        "/t/{tenant}/models/new",
        "/t/acme/models/new",
        "a price says what is read and what is written",
    )
    .refused(
        "/models/new",
        &[
            ("do", "save"),
            ("slug", "Not A Slug"),
            ("deployment-name-0", "claude"),
            ("deployment-secret-0", "sk-k3y-of-acme"),
            ("deployment-input-0", "much"),
        ],
    ),
    page(
        "model-new-cannot-be",
        "/t/{tenant}/models/new",
        "/t/acme/models/new",
        "the weight must be 1 to 1000",
    )
    .refused(
        "/models/new",
        &[
            ("do", "save"),
            ("slug", "other"),
            ("fallbacks", "nobody"),
            ("deployment-name-0", "gpt"),
            ("deployment-model-0", "gpt-5.5"),
            ("deployment-weight-0", "0"),
            ("deployment-address-0", "ftp://models.acme.example"),
        ],
    ),
    page(
        "model-new-forbidden",
        "/t/{tenant}/models/new",
        "/t/acme/models/new",
        "Go to the first page",
    )
    .by(Who::Viewer)
    .status(403),
    page("model", "/t/{tenant}/models/{group}", "/t/acme/models/careful", "A key is stored"),
    page("model-viewer", "/t/{tenant}/models/{group}", "/t/acme/models/careful", "$15 written")
        .by(Who::Viewer),
    page(
        "model-refused",
        "/t/{tenant}/models/{group}",
        "/t/acme/models/careful",
        "whose key must be said again",
    )
    .refused("/models/careful", &[("do", "save"), ("deployment-vendor-0", "openai")]),
    page("model-gone", "/t/{tenant}/models/{group}", "/t/acme/models/none", "Go to the first page")
        .status(404),
    page(
        "model-remove",
        "/t/{tenant}/models/{group}/remove",
        "/t/acme/models/careful/remove",
        "its keys are forgotten",
    ),
];
