//! What was typed into the form of a tool, and the tool that it says.

use std::collections::BTreeMap;

use desk::{WishedHeader, WishedKind, WishedTool};
use portal_ui::Problem;
use schemas::{
    Tool,
    directory::{HttpMethod, TOOL_TIMEOUT_SECONDS_DEFAULT, ToolHeader, ToolKind},
};
use serde_json::Value;

use super::{headers::TypedHeader, kinds::Kind, reading::pretty};
use crate::pages::{
    form::{self, wrong},
    rows,
};

/// The methods as the form sends them.
pub(super) const METHODS: [HttpMethod; 5] =
    [HttpMethod::Get, HttpMethod::Post, HttpMethod::Put, HttpMethod::Patch, HttpMethod::Delete];

/// The schema of a tool that needs to be told nothing.
const NO_ARGUMENTS: &str = "{\n  \"type\": \"object\",\n  \"properties\": {}\n}";

/// The form of a tool as it was sent. Whatever it holds is shown again, but for secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Typed {
    pub(super) kind: Kind,
    /// Of a tool that comes; one that is there keeps its own.
    pub(super) slug: String,
    pub(super) description: String,
    pub(super) method: String,
    pub(super) url: String,
    /// A JSON schema.
    pub(super) arguments: String,
    /// Tools of a server, one a line.
    pub(super) tools: String,
    pub(super) timeout_seconds: String,
    pub(super) allow_private: bool,
    pub(super) headers: Vec<TypedHeader>,
    /// The fingerprint of the tool that the form was made from.
    pub(super) seen: String,
    /// Which button was pressed.
    pub(super) pressed: String,
}

impl Typed {
    /// The form of a tool that comes.
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            method: HttpMethod::Get.as_str().to_owned(),
            arguments: NO_ARGUMENTS.to_owned(),
            timeout_seconds: TOOL_TIMEOUT_SECONDS_DEFAULT.to_string(),
            ..Self::default()
        }
    }

    /// The form that shows a tool.
    pub(super) fn of(tool: &Tool, seen: String) -> Self {
        let endpoint = tool.endpoint();
        let row = |(name, header): (&String, &ToolHeader)| match header {
            ToolHeader::Text(text) => TypedHeader::text(name, text),
            ToolHeader::Secret(_) => TypedHeader::kept(name),
        };
        let typed = Self {
            slug: tool.id.to_string(),
            description: tool.description.clone(),
            url: tool.url().to_owned(),
            timeout_seconds: endpoint.timeout_seconds.to_string(),
            allow_private: endpoint.allow_private,
            headers: endpoint.headers.iter().map(row).collect(),
            seen,
            ..Self::default()
        };
        match &tool.kind {
            ToolKind::Http(http) => Self {
                kind: Kind::Http,
                method: http.method.as_str().to_owned(),
                arguments: pretty(&http.arguments),
                ..typed
            },
            ToolKind::Mcp(server) => {
                Self { kind: Kind::Mcp, tools: server.tools.join("\n"), ..typed }
            }
        }
    }

    /// The form as it was sent.
    pub(super) fn read(pairs: Vec<(String, String)>) -> Self {
        let mut typed = Self::default();
        for (name, value) in form::sent(pairs) {
            match name.as_str() {
                "kind" => typed.kind = Kind::read(&value).unwrap_or_default(),
                "slug" => typed.slug = value,
                "description" => typed.description = value,
                // A control called `method` would hide what the form itself calls so.
                "http_method" => typed.method = value,
                "url" => typed.url = value,
                "arguments" => typed.arguments = value,
                "tools" => typed.tools = value,
                "timeout_seconds" => typed.timeout_seconds = value,
                "allow_private" => typed.allow_private = true,
                "seen" => typed.seen = value,
                "do" => typed.pressed = value,
                name => rows::read(&mut typed.headers, name, value),
            }
        }
        typed
    }

    /// With what a button adds to the headers or takes away from them; nothing for another button.
    pub(super) fn pressed_row(&self) -> Option<Self> {
        let mut typed = self.clone();
        match self.pressed.as_str() {
            "add-text" => typed.headers.push(TypedHeader::text("", "")),
            "add-secret" => typed.headers.push(TypedHeader::secret("")),
            pressed => {
                let row = rows::removed::<TypedHeader>(pressed)?;
                rows::remove(&mut typed.headers, row);
            }
        }
        Some(typed)
    }

    /// What it says, or what is wrong with how it is said. Whether it can be had is for the desk.
    pub(super) fn wish(&self) -> Result<WishedTool, Vec<Problem>> {
        let mut problems = Vec::new();
        let kind = self.wished_kind(&mut problems);
        let timeout = self.timeout_seconds.trim().parse::<u32>();
        if timeout.is_err() {
            problems.push(wrong("timeout_seconds", "The longest call is not a number of seconds"));
        }
        let headers = self.wished_headers(&mut problems);
        match (kind, timeout) {
            (Some(kind), Ok(timeout_seconds)) if problems.is_empty() => Ok(WishedTool {
                description: self.description.clone(),
                kind,
                headers: Some(headers),
                allow_private: self.allow_private,
                timeout_seconds,
            }),
            (_, _) => Err(problems),
        }
    }

    fn wished_kind(&self, problems: &mut Vec<Problem>) -> Option<WishedKind> {
        let url = self.url.trim().to_owned();
        match self.kind {
            Kind::Mcp => {
                let names = self.tools.lines().map(str::trim).filter(|name| !name.is_empty());
                Some(WishedKind::Mcp { url, tools: names.map(str::to_owned).collect() })
            }
            Kind::Http => {
                let method = METHODS.into_iter().find(|it| it.as_str() == self.method);
                if method.is_none() {
                    problems.push(wrong("http_method", "Choose a method"));
                }
                let arguments = self.schema().map_err(|it| problems.push(it)).ok();
                Some(WishedKind::Http { method: method?, url, arguments: arguments? })
            }
        }
    }

    /// The schema of the arguments; nothing typed is nothing to fill in.
    fn schema(&self) -> Result<Value, Problem> {
        let text = match self.arguments.trim() {
            "" => NO_ARGUMENTS,
            _ => &self.arguments,
        };
        serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let said = error.to_string();
            let said = said.split(" at line ").next().unwrap_or_default();
            let message =
                format!("The schema is no JSON from line {line}, column {column} on: {said}");
            wrong("arguments", message)
        })
    }

    fn wished_headers(&self, problems: &mut Vec<Problem>) -> BTreeMap<String, WishedHeader> {
        let mut headers = BTreeMap::new();
        let of = rows::control::<TypedHeader>;
        for (row, header) in self.rows() {
            let name = header.name.trim().to_ascii_lowercase();
            if name.is_empty() {
                let message = format!("Header {} has no name", row + 1);
                problems.push(wrong(&of("name", row), message));
                continue;
            }
            let Some(wished) = header.wish() else {
                let message = format!("Type the secret of {name} again: it is never sent back");
                problems.push(wrong(&of("secret", row), message));
                continue;
            };
            if headers.insert(name.clone(), wished).is_some() {
                let message = format!("Two headers are called {name}");
                problems.push(wrong(&of("name", row), message));
            }
        }
        headers
    }

    /// The headers with their places, without those that say nothing.
    fn rows(&self) -> impl Iterator<Item = (usize, &TypedHeader)> {
        self.headers.iter().enumerate().filter(|(_, header)| !header.is_blank())
    }

    /// The row of the header that a problem of the desk names in backticks.
    pub(super) fn row_named(&self, said: &str) -> Option<(usize, &TypedHeader)> {
        let name = said.split('`').nth(1)?;
        self.rows().find(|(_, header)| header.name.trim().eq_ignore_ascii_case(name))
    }

    /// As it is shown again: nobody gets a secret back.
    pub(super) fn shown_again(mut self) -> Self {
        for header in &mut self.headers {
            header.forget();
        }
        self
    }
}

#[cfg(test)]
mod tests;
