//! How much tenants and agents may cost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AgentId, MessageRef, Timestamp};

/// How much a tenant, or one of its agents, may cost. Every call to a model is reserved at its worst
/// price before it is made, and settled at what it cost after; one that does not fit is not made.
/// From 80 per cent on there is a word of warning. A model without a price counts nothing, and its
/// calls are shown as unpriced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Budget {
    /// Millionths of a dollar in a calendar day, by UTC; as much as it takes if unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_micros: Option<u64>,
    /// Millionths of a dollar in a calendar month, by UTC; as much as it takes if unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_micros: Option<u64>,
}

impl Budget {
    /// Whether nobody chose one.
    pub fn is_unset(&self) -> bool {
        *self == Self::default()
    }

    /// For that long; nothing where nobody chose one.
    pub const fn of(&self, period: BudgetPeriod) -> Option<u64> {
        match period {
            BudgetPeriod::Day => self.daily_micros,
            BudgetPeriod::Month => self.monthly_micros,
        }
    }
}

/// For how long a budget is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum BudgetPeriod {
    /// A calendar day, by UTC.
    Day,
    /// A calendar month, by UTC.
    Month,
}

impl BudgetPeriod {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Day, Self::Month];

    /// The token that stands for it in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            BudgetPeriod::Day => "day",
            BudgetPeriod::Month => "month",
        }
    }
}

/// A budget that was met, or nearly so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetMet {
    /// Whose: an agent's own, or the tenant's where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// For how long it is.
    pub period: BudgetPeriod,
    /// How much it is, in millionths of a dollar.
    pub limit_micros: u64,
    /// When the next period begins, and with it the whole budget; never, where that is too little for
    /// a single call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resets_at: Option<Timestamp>,
}

/// See [`Event::BudgetNear`](crate::Event::BudgetNear).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetNear {
    /// The message whose calls brought it there.
    pub message: MessageRef,
    /// Which budget.
    pub budget: BudgetMet,
}
