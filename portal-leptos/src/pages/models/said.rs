//! What the desk says is wrong, in the words of the form and at its field.

use desk::FieldProblem;
use portal_ui::Problem;

use super::{deployment::TypedDeployment, typed::Typed};
use crate::pages::{form::wrong, rows::control};

/// Settings as the desk names them, the field of a row where each is typed, and how it is called there.
const SETTINGS: [(&str, &str, &str); 9] = [
    ("model", "model", "the model"),
    ("base_url", "address", "the address"),
    ("key", "secret", "the key"),
    ("api_key_env", "secret", "the key"),
    ("weight", "weight", "the weight"),
    ("context_window", "window", "the size of prompt and answer together"),
    ("max_output_tokens", "answer", "the longest answer"),
    ("requests_per_minute", "requests", "the limit of requests"),
    ("tokens_per_minute", "volume", "the limit of tokens"),
];

/// The problem at the control that it is about.
pub(super) fn of_form(typed: &Typed, found: &FieldProblem) -> Problem {
    let said = found.problem.as_str();
    match found.field {
        "choose" => wrong("choose", format!("The choice {said}")),
        "fallbacks" => wrong("fallbacks", format!("The list of groups to ask next {said}")),
        "deployments" => of_deployments(typed, said),
        _ => wrong("slug", format!("The name {said}")),
    }
}

/// A sentence about one deployment has its name in backticks before all else that it has there.
fn of_deployments(typed: &Typed, said: &str) -> Problem {
    if said.starts_with("have ") {
        let row = typed.rows().find(|(_, it)| !it.address.trim().is_empty());
        let field = row.map(|(row, _)| control::<TypedDeployment>("address", row));
        let message = format!("The models {}", said.replace(" (`base_url`)", ""));
        return wrong(field.as_deref().unwrap_or("deployments"), message);
    }
    let mut quoted = said.split('`').skip(1).step_by(2);
    // Of two with one name, the later one is wrong.
    let row = quoted.next().and_then(|name| typed.rows().rfind(|(_, it)| is_named(it, name)));
    let Some((row, _)) = row else {
        return wrong("deployments", format!("The list of models {said}"));
    };
    let field = match quoted.find_map(|name| SETTINGS.iter().find(|(it, ..)| *it == name)) {
        Some(&(_, field, _)) => field,
        None if said.contains(" key") => "secret",
        None => "name",
    };
    let message = match said.split_once("`: ") {
        Some((name, rest)) => format!("Deployment {name}`: {}", in_words(rest)),
        None => format!("The group {said}"),
    };
    wrong(&control::<TypedDeployment>(field, row), message)
}

/// A long name is said in part.
fn is_named(it: &TypedDeployment, name: &str) -> bool {
    const SAID_CHARS: usize = 64;
    it.name.trim().chars().take(SAID_CHARS).eq(name.chars())
}

/// With settings called as the form calls them.
fn in_words(said: &str) -> String {
    SETTINGS
        .iter()
        .fold(said.to_owned(), |said, (name, _, words)| said.replace(&format!("`{name}`"), words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> TypedDeployment {
        TypedDeployment { name: name.to_owned(), ..TypedDeployment::new() }
    }

    #[test]
    fn each_problem_of_the_desk_is_said_at_its_field() {
        let address = "https://models.acme.example".to_owned();
        let own = TypedDeployment { address, ..named("own") };
        let deployments =
            vec![named(" claude "), TypedDeployment::new(), named("gpt"), named("claude"), own];
        let typed = Typed { deployments, ..Typed::new() };
        let cases = [
            ("slug", "is taken", "slug", "The name is taken"),
            (
                "fallbacks",
                "names `none`, and there is no such group",
                "fallbacks",
                "The list of groups to ask next names `none`, and there is no such group",
            ),
            (
                "deployments",
                "has none: a group needs a model",
                "deployments",
                "The list of models has none: a group needs a model",
            ),
            (
                "deployments",
                "has two that are named `claude`",
                "deployment-name-3",
                "The group has two that are named `claude`",
            ),
            (
                "deployments",
                "has `gpt`, which needs a key",
                "deployment-secret-2",
                "The group has `gpt`, which needs a key",
            ),
            (
                "deployments",
                "`gpt`: `model` must be 1 to 200 characters",
                "deployment-model-2",
                "Deployment `gpt`: the model must be 1 to 200 characters",
            ),
            (
                "deployments",
                "`gpt`: `max_output_tokens` must be at least 1 and below `context_window`",
                "deployment-answer-2",
                "Deployment `gpt`: the longest answer must be at least 1 and below the size of \
                 prompt and answer together",
            ),
            (
                "deployments",
                "`gpt`: the name must be 1 to 64 of a-z, 0-9, `-`, `_`, `.`",
                "deployment-name-2",
                "Deployment `gpt`: the name must be 1 to 64 of a-z, 0-9, `-`, `_`, `.`",
            ),
            (
                "deployments",
                "have an address of their own (`base_url`), which is for those who run this \
                 installation to say",
                "deployment-address-4",
                "The models have an address of their own, which is for those who run this \
                 installation to say",
            ),
        ];
        for (field, said, at, words) in cases {
            let found = of_form(&typed, &FieldProblem::new(field, said));
            assert_eq!((&*found.field, &*found.message), (at, words));
        }
    }

    #[test]
    fn what_nobody_typed_is_said_of_the_whole_list() {
        let found = FieldProblem::new("deployments", "`other`: `weight` must be 1 to 1000");
        let found = of_form(&Typed::new(), &found);
        assert_eq!(found.field, "deployments");
        assert_eq!(found.message, "The list of models `other`: `weight` must be 1 to 1000");
    }
}
