//! `konstruct operator …`: who signs in to the portal, for whoever runs the server.

use accounts::{Accounts, Delivery, Email, Operator, Principal, Visit};
use anyhow::Context as _;
use runtime::Clock;
use serde_json::json;
use store::accounts::platform_word;

use crate::{
    cli::{OperatorVerb, Operators},
    output::{Output, table},
    settings::Asked,
    wiring,
};

/// Does it.
pub(crate) async fn run(asked: &Asked<'_>, args: Operators, output: Output) -> anyhow::Result<()> {
    wiring::no_restore(asked).await?;
    let accounts = wiring::accounts(asked).await?;
    let console = Accounts::console()?;
    let visit = Visit::console(Clock::system().now());
    match args.verb {
        OperatorVerb::SetUpLink => {
            let link = accounts.set_up_link(visit.now).await?;
            output.print(link.expose(), &json!({ "link": link.expose() }))
        }
        OperatorVerb::List => {
            let all = accounts.operators(&console).await?;
            let rows: Vec<_> = all.iter().map(row).collect();
            output.print(&table(&["E-MAIL", "NAME", "ROLE", "SECOND FACTOR", "STATE"], &rows), &all)
        }
        OperatorVerb::Disable { email } => {
            let found = find(&accounts, &console, &email).await?;
            accounts.disable(&console, &found.id, &visit).await?;
            let text = format!("{} can sign in no more", found.email);
            output.print(&text, &json!({ "disabled": found.id }))
        }
        OperatorVerb::ResetLink { email } => {
            let found = find(&accounts, &console, &email).await?;
            match accounts.reset_link(&console, &found.id, &visit).await? {
                Delivery::Mailed => {
                    let text = format!("the link was mailed to {}", found.email);
                    output.print(&text, &json!({ "mailed": true }))
                }
                Delivery::ShowToAdministrator(link) => {
                    output.print(link.expose(), &json!({ "link": link.expose() }))
                }
            }
        }
    }
}

async fn find(accounts: &Accounts, by: &Principal, email: &str) -> anyhow::Result<Operator> {
    let email = Email::parse(email)?;
    let mut all = accounts.operators(by).await?.into_iter();
    all.find(|it| it.email == email.as_str()).context("there is no operator with this e-mail")
}

fn row(it: &Operator) -> Vec<String> {
    let state = if it.disabled_at.is_some() { "disabled" } else { "active" };
    let factor = if it.has_totp { "app" } else { "-" };
    let role = it.platform.map_or("-", platform_word);
    vec![it.email.clone(), it.name.clone(), role.to_owned(), factor.to_owned(), state.to_owned()]
}
