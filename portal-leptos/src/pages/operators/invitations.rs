//! How invitations are shown that nobody has taken yet.

use accounts::{Grant, OpenInvitation};
use leptos::prelude::*;
use portal_ui::{Card, Column, SubmitButton, Table, Time, Variant};
use schemas::Timestamp;

use crate::pages::roles;

/// Where one is taken back.
pub(super) const REVOKE: &str = "/operators/invitations/revoke";

/// Nothing, where there is none.
pub(super) fn list(open: Vec<OpenInvitation>, now: Timestamp) -> Option<AnyView> {
    if open.is_empty() {
        return None;
    }
    let columns = vec![
        Column::new("Invited"),
        Column::new("Role"),
        Column::new("By"),
        Column::new("Works until"),
        Column::new("Revoke it").hidden(),
    ];
    let rows: Vec<_> = open.into_iter().map(|it| row(it, now)).collect();
    Some(
        view! {
            <Card title="Open invitations" flush=true>
                <Table caption="Open invitations" columns>{rows}</Table>
            </Card>
        }
        .into_any(),
    )
}

fn row(it: OpenInvitation, now: Timestamp) -> impl IntoView {
    let role = match &it.grant {
        Grant::Platform(role) => format!("{} of this installation", roles::platform_words(*role)),
        Grant::Tenant(tenant, role) => format!("{} of {tenant}", roles::tenant_words(*role)),
    };
    let maker = it.maker.unwrap_or_else(|| "The server".to_owned());
    let of = it.email.clone();
    view! {
        <tr>
            <th scope="row">{it.email}</th>
            <td data-label="Role">{role}</td>
            <td data-label="By">{maker}</td>
            <td data-label="Works until"><Time at=it.expires_at now=Some(now) /></td>
            <td data-label="">
                <form method="post" action=REVOKE>
                    <input type="hidden" name="invitation" value=it.id />
                    <SubmitButton variant=Variant::Plain dense=true>
                        "Revoke"<span class="visually-hidden">" the invitation of " {of}</span>
                    </SubmitButton>
                </form>
            </td>
        </tr>
    }
}
