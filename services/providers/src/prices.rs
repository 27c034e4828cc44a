//! What tokens cost: a table with a version, and sums in whole micro-dollars.
//!
//! **Rounding.** The parts are added exactly; the sum is rounded once, up to the next micro-dollar.
//! So a paid call never counts as free, and a thousand calls are off by a tenth of a cent at most.
//!
//! **Unknown is not zero.** A model without a price, a count that its vendor left out, or a prompt
//! longer than its price holds for make the cost unknown.

use schemas::{
    directory::ModelPrice,
    usage::{Attempt, Cost, MicroDollars, Usage},
};
use serde::Deserialize;

use crate::Vendor;

/// Our table; its sources are beside each price.
const BUILT_IN: &str = include_str!("../prices.toml");

/// Prices are for that many tokens.
const TOKENS: u128 = 1_000_000;

/// A price table.
#[derive(Clone, Debug)]
pub struct Prices {
    version: String,
    /// The first that fits is taken.
    models: Vec<Price>,
}

/// A table as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PricesToml {
    version: String,
    models: Vec<Price>,
}

/// One model's prices, in micro-dollars for a million tokens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Price {
    vendor: String,
    /// Without the date that a vendor puts behind the name of a fixed version.
    model: String,
    input: u64,
    output: u64,
    /// Unknown if left out: then a prompt that was read from a cache has no known cost.
    cache_read: Option<u64>,
    /// For the vendor's shortest time to live, which is all that we would ask for.
    cache_write: Option<u64>,
    /// Holds for prompts of no fewer tokens, the cached ones included.
    #[serde(default)]
    input_tokens_min: u64,
    /// Holds for prompts of no more tokens.
    #[serde(default = "no_limit")]
    input_tokens_max: u64,
    /// Where the price was read, and when that copy was made.
    source: String,
    as_of: String,
}

fn no_limit() -> u64 {
    u64::MAX
}

impl Price {
    /// What a tenant says that a model costs it.
    pub(crate) fn own(vendor: &str, model: &str, price: ModelPrice) -> Self {
        let ModelPrice { input, output, cache_read } = price;
        Self {
            vendor: vendor.to_owned(),
            model: model.to_owned(),
            input,
            output,
            cache_read,
            cache_write: None,
            input_tokens_min: 0,
            input_tokens_max: u64::MAX,
            source: "the tenant".to_owned(),
            as_of: String::new(),
        }
    }
}

impl Prices {
    /// The table that comes with this version of Konstruct.
    pub fn built_in() -> Result<Self, String> {
        let table: PricesToml =
            toml::from_str(BUILT_IN).map_err(|error| format!("prices.toml: {error}"))?;
        Ok(Self { version: table.version, models: table.models })
    }

    /// This table below an operator's own.
    pub(crate) fn overlaid(self, own: Option<PricesToml>) -> Result<Self, String> {
        let Some(own) = own else { return Ok(self) };
        if own.version.trim().is_empty() || 60 < own.version.len() {
            return Err("prices: `version` must be 1 to 60 characters".to_owned());
        }
        if let Some(bad) = own.models.iter().find_map(|price| price.vendor.parse::<Vendor>().err())
        {
            return Err(format!("prices: {bad}"));
        }
        let version = format!("{}+{}", own.version, self.version);
        Ok(Self { version, models: own.models.into_iter().chain(self.models).collect() })
    }

    /// This table below a price of a tenant's own.
    pub(crate) fn under(&self, own: Price) -> Self {
        let version = format!("own+{}", self.version);
        Self { version, models: std::iter::once(own).chain(self.models.iter().cloned()).collect() }
    }

    /// Which table it is.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Each model's name, the page its price was read on, and the day.
    pub fn sources(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.models.iter().map(|price| (&*price.model, &*price.source, &*price.as_of))
    }

    /// What that use of a model cost.
    pub fn cost(&self, vendor: Vendor, model: &str, usage: Option<&Usage>) -> Cost {
        let amount = usage.and_then(|usage| self.amount(vendor, model, usage));
        Cost { amount, price_version: self.version.clone() }
    }

    /// What a call of so many tokens would cost, in micro-dollars, if nothing of it is cached.
    pub(crate) fn estimate(
        &self,
        vendor: Vendor,
        model: &str,
        input: u32,
        output: u32,
    ) -> Option<u64> {
        let count = |tokens: u32| Some(u64::from(tokens));
        let usage =
            Usage { input_tokens: count(input), output_tokens: count(output), ..Usage::default() };
        self.amount(vendor, model, &usage).map(|MicroDollars(amount)| amount)
    }

    /// What a call can cost at the most: all of its prompt at the dearest that a token of it may be,
    /// fresh, read from a cache or written to one, by the dearest price that holds for a prompt of no
    /// more tokens than were guessed.
    pub(crate) fn worst(
        &self,
        vendor: Vendor,
        model: &str,
        input: u32,
        output: u32,
    ) -> Option<MicroDollars> {
        let bounds = self
            .named(vendor, model)
            .flat_map(|price| [price.input_tokens_min, price.input_tokens_max.saturating_add(1)]);
        let shorter = bounds.filter(|tokens| *tokens <= u64::from(input));
        let lengths = shorter.chain([u64::from(input)]);
        let fitting = lengths.filter_map(|tokens| self.find(vendor, model, tokens));
        let cost = |price: &Price| {
            let cached = price.cache_read.max(price.cache_write).unwrap_or(0);
            let read = u128::from(input).saturating_mul(price.input.max(cached).into());
            let written = u128::from(output).saturating_mul(price.output.into());
            read.saturating_add(written).div_ceil(TOKENS)
        };
        fitting.map(cost).max().and_then(|micros| u64::try_from(micros).ok()).map(MicroDollars)
    }

    /// For a call that cannot have been billed.
    pub(crate) fn nothing(&self) -> Cost {
        Cost { amount: Some(MicroDollars(0)), price_version: self.version.clone() }
    }

    fn amount(&self, vendor: Vendor, model: &str, usage: &Usage) -> Option<MicroDollars> {
        let (input, output) = (usage.input_tokens?, usage.output_tokens?);
        let read = usage.cache_read_tokens.unwrap_or(0);
        let written = usage.cache_write_tokens.unwrap_or(0);
        let fresh = input.checked_sub(read)?.checked_sub(written)?;
        let price = self.find(vendor, model, input)?;
        let parts = [
            (fresh, Some(price.input)),
            (output, Some(price.output)),
            (read, price.cache_read),
            (written, price.cache_write),
        ];
        let mut sum = 0_u128;
        for (tokens, price) in parts.into_iter().filter(|(tokens, _)| 0 < *tokens) {
            sum = sum.checked_add(u128::from(tokens).checked_mul(u128::from(price?))?)?;
        }
        u64::try_from(sum.div_ceil(TOKENS)).ok().map(MicroDollars)
    }

    fn find(&self, vendor: Vendor, model: &str, input: u64) -> Option<&Price> {
        let holds =
            |price: &Price| (price.input_tokens_min..=price.input_tokens_max).contains(&input);
        self.named(vendor, model).find(|price| holds(price))
    }

    /// Those of a model, whatever the length of the prompt.
    fn named<'a, 'm>(
        &'a self,
        vendor: Vendor,
        model: &'m str,
    ) -> impl Iterator<Item = &'a Price> + use<'a, 'm> {
        let undated = without_date(model);
        self.models.iter().filter(move |price| {
            let named = price.model == model || price.model == undated;
            named && price.vendor == vendor.as_str()
        })
    }
}

/// `gpt-5.4-2026-03-05` and `claude-haiku-4-5-20251001` are versions of `gpt-5.4` and
/// `claude-haiku-4-5`.
fn without_date(model: &str) -> &str {
    let digits = |text: &str, n: usize| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
    let Some((rest, last)) = model.rsplit_once('-') else { return model };
    if digits(last, 8) {
        return rest;
    }
    let dashed = rest.rsplit_once('-').and_then(|(rest, month)| {
        let (rest, year) = rest.rsplit_once('-')?;
        (digits(last, 2) && digits(month, 2) && digits(year, 4)).then_some(rest)
    });
    dashed.unwrap_or(model)
}

/// What all attempts of one request cost together; unknown if one of them is.
pub fn total_cost(attempts: &[Attempt]) -> Cost {
    let version = attempts.last().map(|attempt| attempt.cost.price_version.clone());
    let amount = attempts.iter().try_fold(0_u64, |sum, attempt| {
        attempt.cost.amount.map(|MicroDollars(amount)| sum.saturating_add(amount))
    });
    let amount = amount.filter(|_| !attempts.is_empty()).map(MicroDollars);
    Cost { amount, price_version: version.unwrap_or_default() }
}

#[cfg(test)]
mod tests;
