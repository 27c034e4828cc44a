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

pub mod format;

mod button;
mod card;
mod field;
mod icon;
mod page;
mod shell;
mod status;
mod style;
mod table;

pub use button::{Button, LinkButton, SubmitButton, Variant};
pub use card::{Card, Definition, DefinitionList, EmptyState, Figure, Skeleton};
pub use field::{
    Checkbox, Choice, Field, FormErrors, InputKind, Problem, SelectField, Switch, TextAreaField,
    TextField,
};
pub use icon::{Icon, Symbol};
pub use page::{Breadcrumbs, Crumb, PageHeader};
pub use shell::{Brand, NavGroup, NavItem, PlainPage, Shell, Theme};
pub use status::{Badge, Banner, Status, Toast, Toasts, Tone};
pub use style::STYLESHEET;
pub use table::{Column, Order, Pagination, Tab, Table, Tabs};

#[cfg(test)]
mod tests;
