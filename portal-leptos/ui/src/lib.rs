//! The portal's components and its one sheet of style.
//!
//! Plain functions over native elements, whole without a script. Nothing here reads a clock, a
//! cookie or the browser: what a component shows is in its arguments.
//!
//! **Invariant:** no component writes a `style` attribute or a script. The policy that the portal
//! sends forbids both, and a test over every component's output says so.
#![expect(
    unreachable_pub,
    reason = "`#[component]` keeps a twin of each function under a hidden name"
)]
#![expect(clippy::needless_pass_by_value, reason = "a component owns its properties")]

pub mod format;

mod button;
mod card;
mod chart;
mod code;
mod diff;
mod field;
mod icon;
mod mrkdwn;
mod overlay;
mod page;
mod person;
mod progress;
mod shell;
mod status;
mod style;
mod table;
mod value;
mod waterfall;

pub use button::{Button, LinkButton, SubmitButton, Variant};
pub use card::{Card, Definition, DefinitionList, EmptyState, Figure, Skeleton};
pub use chart::{Bars, Lines, Series, Sparkline};
pub use code::{CodeBlock, KeyHint};
pub use diff::{DiffKind, DiffRow, DiffView, Span};
pub use field::{
    Checkbox, Choice, Field, FormErrors, InputKind, Problem, SelectField, Switch, TextAreaField,
    TextField,
};
pub use icon::{Icon, Symbol};
pub use mrkdwn::Mrkdwn;
pub use overlay::{Dialog, Menu};
pub use page::{Breadcrumbs, Crumb, PageHeader};
pub use person::{Avatar, Person};
pub use progress::{Meter, Progress};
pub use shell::{Brand, NavGroup, NavItem, PlainPage, Shell, Theme};
pub use status::{Badge, Banner, Status, Toast, Toasts, Tone};
pub use style::STYLESHEET;
pub use table::{Column, Order, Pagination, Tab, Table, Tabs};
pub use value::{Count, Duration, Money, Time};
pub use waterfall::{Stage, Waterfall};

#[cfg(test)]
mod tests;
