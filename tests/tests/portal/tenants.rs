//! The list of tenants, where there are more than a page has.

use std::fmt::Write as _;

use konstruct_tests::installation::acme;

use crate::running;

/// More than any list of the portal has on a page.
const TENANTS: usize = 60;

/// Sixty tenants, of which the last two are suspended.
pub(crate) fn town() -> String {
    let mut file = "tenants:\n".to_owned();
    for nth in 1..=TENANTS {
        let suspended = 58 < nth;
        _ = writeln!(
            file,
            "  - {{ slug: house-{nth:02}, name: Number {nth:02}, suspended: {suspended} }}"
        );
    }
    file
}

#[tokio::test]
async fn what_is_looked_for_stays_from_page_to_page() -> anyhow::Result<()> {
    let (_it, staff) = running(&town()).await?;
    let ada = staff.administrator().await?;
    let first = ada.read("/tenants?q=number&status=active").await?;
    let asked = "/tenants?q=number&amp;status=active";
    assert!(first.contains(&format!("href=\"{asked}&amp;after=house-50\"")), "{first}");
    assert!(first.contains("value=\"active\" selected"), "the control says what is shown");
    let second = ada.read("/tenants?q=number&status=active&after=house-50").await?;
    assert!(second.contains(&format!("href=\"{asked}\"")), "First page forgets: {second}");
    assert!(second.contains("Number 58") && !second.contains("Number 59"), "{second}");

    let suspended = ada.read("/tenants?q=&status=suspended").await?;
    assert!(suspended.contains("Number 60") && !suspended.contains("Number 58"), "{suspended}");
    let none = ada.read("/tenants?q=house-01&status=suspended").await?;
    assert!(none.contains("No tenant is like that"), "{none}");
    Ok(())
}

#[tokio::test]
async fn whoever_has_no_tenant_is_told_whom_to_ask() -> anyhow::Result<()> {
    let (_it, staff) = running(&acme()).await?;
    let list = staff.roleless("acme").await?.read("/tenants").await?;
    assert!(list.contains("Ask an administrator of this installation"), "{list}");
    Ok(())
}
