//! One row of the form: a model at a vendor, as it was typed.

use desk::WishedDeployment;
use domain::secret::Secret;
use portal_ui::Problem;
use schemas::directory::{ModelDeployment, ModelPrice, ModelVendor};

use crate::pages::{
    amounts::{price, typed_price},
    form::wrong,
    rows::{Row, control},
    secret::{Said, TypedSecret},
};

/// What was typed. No control's name has the word `token` in it: what has is taken for a secret where a
/// form is kept for somebody whose session ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TypedDeployment {
    pub(super) name: String,
    pub(super) vendor: String,
    pub(super) model: String,
    pub(super) key: TypedSecret,
    /// A key that was lost on the way is not typed again: what is stored stays, or nothing is.
    pub(super) leaves_key: bool,
    pub(super) address: String,
    pub(super) weight: String,
    /// Tokens of prompt and answer together.
    pub(super) window: String,
    /// The most tokens of an answer.
    pub(super) answer: String,
    /// A minute.
    pub(super) requests: String,
    /// Tokens a minute.
    pub(super) volume: String,
    /// `yes`, `no`, or nothing.
    pub(super) tools: String,
    pub(super) json: String,
    pub(super) vision: String,
    /// Dollars for a million tokens: read, written, and read from a cache.
    pub(super) input: String,
    pub(super) output: String,
    pub(super) cached: String,
}

impl TypedDeployment {
    /// One that comes.
    pub(super) fn new() -> Self {
        let vendor = ModelVendor::OpenAi.as_str().to_owned();
        Self { vendor, key: TypedSecret::nothing(), ..Self::default() }
    }

    /// One that is there.
    pub(super) fn of(it: &ModelDeployment) -> Self {
        let number = |number: Option<u32>| number.map(|it| it.to_string()).unwrap_or_default();
        let flag = |flag: Option<bool>| match flag {
            Some(true) => "yes".to_owned(),
            Some(false) => "no".to_owned(),
            None => String::new(),
        };
        let price = |of: fn(ModelPrice) -> Option<u64>| {
            it.price.and_then(of).map(typed_price).unwrap_or_default()
        };
        Self {
            name: it.name.clone(),
            vendor: it.vendor.as_str().to_owned(),
            model: it.model.clone(),
            key: TypedSecret::nothing(),
            leaves_key: false,
            address: it.base_url.clone().unwrap_or_default(),
            weight: number(it.weight),
            window: number(it.context_window),
            answer: number(it.max_output_tokens),
            requests: number(it.requests_per_minute),
            volume: number(it.tokens_per_minute),
            tools: flag(it.tools),
            json: flag(it.json_schema),
            vision: flag(it.vision),
            input: price(|price| Some(price.input)),
            output: price(|price| Some(price.output)),
            cached: price(|price| price.cache_read),
        }
    }

    /// What stands behind `More`.
    pub(super) fn more(&self) -> [(&'static str, &str); 12] {
        [
            ("address", &self.address),
            ("weight", &self.weight),
            ("window", &self.window),
            ("answer", &self.answer),
            ("requests", &self.requests),
            ("volume", &self.volume),
            ("tools", &self.tools),
            ("json", &self.json),
            ("vision", &self.vision),
            ("input", &self.input),
            ("output", &self.output),
            ("cached", &self.cached),
        ]
    }

    /// Whether nothing was typed.
    pub(super) fn is_blank(&self) -> bool {
        let texts = [self.name.as_str(), self.model.as_str()].into_iter();
        let mut texts = texts.chain(self.more().map(|(_, text)| text));
        texts.all(|text| text.trim().is_empty()) && !self.key.is_typed()
    }

    /// As it is shown again: nobody gets a key back.
    pub(super) fn forget(&mut self) {
        self.key.forget();
    }

    /// What it says; what is wrong with how it is said goes to the problems. Whether it can be had is for
    /// the desk.
    pub(super) fn wish(&self, row: usize, problems: &mut Vec<Problem>) -> Option<WishedDeployment> {
        let mut read = Reader { row, problems };
        let name = self.name.trim().to_owned();
        if name.is_empty() {
            read.wrong("name", "it has no name");
        }
        let vendor = ModelVendor::ALL.into_iter().find(|it| it.as_str() == self.vendor);
        if vendor.is_none() {
            read.wrong("vendor", "choose a vendor");
        }
        let address = self.address.trim();
        let wished = WishedDeployment {
            name,
            vendor: vendor.unwrap_or(ModelVendor::OpenAi),
            model: self.model.trim().to_owned(),
            base_url: (!address.is_empty()).then(|| address.to_owned()),
            key: read.key(self),
            weight: read.number("weight", "the weight", &self.weight),
            context_window: read.number("window", "the size of prompt and answer", &self.window),
            max_output_tokens: read.number("answer", "the longest answer", &self.answer),
            requests_per_minute: read.number("requests", "the limit of requests", &self.requests),
            tokens_per_minute: read.number("volume", "the limit of tokens", &self.volume),
            tools: flag(&self.tools),
            json_schema: flag(&self.json),
            vision: flag(&self.vision),
            price: read.price(self),
        };
        vendor.map(|_| wished)
    }
}

impl Row for TypedDeployment {
    const NAMED: &'static str = "deployment";

    fn read(&mut self, field: &str, value: String) {
        match field {
            "name" => self.name = value,
            "vendor" => self.vendor = value,
            "model" => self.model = value,
            "secret" => self.key.read(&value),
            "again" => self.key.read_again(),
            "leave" => self.leaves_key = true,
            "address" => self.address = value,
            "weight" => self.weight = value,
            "window" => self.window = value,
            "answer" => self.answer = value,
            "requests" => self.requests = value,
            "volume" => self.volume = value,
            "tools" => self.tools = value,
            "json" => self.json = value,
            "vision" => self.vision = value,
            "input" => self.input = value,
            "output" => self.output = value,
            "cached" => self.cached = value,
            _ => {}
        }
    }
}

fn flag(text: &str) -> Option<bool> {
    match text {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// Reads the fields of one row, and gathers what is wrong with them.
struct Reader<'a> {
    row: usize,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn wrong(&mut self, field: &str, message: &str) {
        let message = format!("Deployment {}: {message}", self.row + 1);
        self.problems.push(wrong(&control::<TypedDeployment>(field, self.row), message));
    }

    /// A whole number; nothing where nothing was typed.
    fn number(&mut self, field: &str, what: &str, text: &str) -> Option<u32> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let number = text.parse().ok();
        if number.is_none() {
            self.wrong(field, &format!("{what} is not a whole number"));
        }
        number
    }

    /// The key, where another is to be stored.
    fn key(&mut self, of: &TypedDeployment) -> Option<Secret> {
        match of.key.said() {
            Said::New(secret) => Some(secret.clone()),
            Said::Nothing => None,
            Said::Lost if of.leaves_key => None,
            Said::Lost => {
                self.wrong("secret", "type the key again: it is never sent back");
                None
            }
        }
    }

    /// What it costs; nothing where nothing was typed.
    fn price(&mut self, of: &TypedDeployment) -> Option<ModelPrice> {
        let input = self.dollars("input", "the price of what is read", &of.input);
        let output = self.dollars("output", "the price of what is written", &of.output);
        let cache_read = self.dollars("cached", "the price of a cache", &of.cached);
        let is_said = |text: &str| !text.trim().is_empty();
        if ![&of.input, &of.output, &of.cached].into_iter().any(|text| is_said(text)) {
            return None;
        }
        for (field, text) in [("input", &of.input), ("output", &of.output)] {
            if !is_said(text) {
                self.wrong(field, "a price says what is read and what is written");
            }
        }
        Some(ModelPrice { input: input?, output: output?, cache_read })
    }

    fn dollars(&mut self, field: &str, what: &str, text: &str) -> Option<u64> {
        if text.trim().is_empty() {
            return None;
        }
        let micros = price(text);
        if micros.is_none() {
            let message = format!("{what} is not an amount in dollars, like 2.50 or 0.075");
            self.wrong(field, &message);
        }
        micros
    }
}
