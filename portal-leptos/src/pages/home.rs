//! The first page: the installation for those who run it, and for everybody else their tenants.

use axum::response::Response;
use domain::access::Permission;
use leptos::prelude::*;
use portal_ui::{
    Banner, Card, Column, EmptyState, Figure, Icon, LinkButton, PageHeader, Status, Table, Tone,
    format::{about, count, counted, dollars},
};
use schemas::Tenant;
use views::{BudgetUse, InstallationHome, Reader, Standing, Target};

use super::address::{self, Address};
use crate::server::{
    error::{PageError, see_other},
    render::Cx,
    routes::{Need, Routes},
};

pub(crate) fn routes() -> Routes {
    Routes::default().get("/", Need::SignedIn, home)
}

async fn home(cx: Cx) -> Result<Response, PageError> {
    let who = &cx.signed.principal;
    if who.require_platform(Permission::UsageRead).is_err() {
        let mut tenants = who.tenants.keys();
        return Ok(match (tenants.next(), tenants.next()) {
            (Some(only), None) => see_other(&Address::of_tenant(only, &[]).done()),
            (None | Some(_), _) => see_other("/tenants"),
        });
    }
    let home = cx.portal.views.installation(who, cx.now()).await?;
    let may_create = who.require_platform(Permission::TenantsManage).is_ok();
    Ok(cx.page("Installation", || page(home, may_create)))
}

fn page(home: InstallationHome, may_create: bool) -> AnyView {
    let InstallationHome { tenants, today, month, uncertain, budgets, readers } = home;
    let each = match month.cost_micros.checked_div(month.answered) {
        None => "No answer yet".to_owned(),
        Some(0) => "No price is known".to_owned(),
        Some(each) => format!("{} an answer", about(each)),
    };
    let went = if today.failed == 0 {
        format!("{} answered, none failed", count(today.answered))
    } else {
        format!("{} answered, {} failed", count(today.answered), count(today.failed))
    };
    let state = if tenants == 0 {
        first_step(may_create)
    } else if uncertain.is_empty() && budgets.is_empty() {
        view! {
            <Banner tone=Tone::Ok title="No reply is in doubt">
                <p>"Whatever was sent is known to have arrived, or not to."</p>
            </Banner>
        }
        .into_any()
    } else {
        needs(uncertain, budgets)
    };
    view! {
        <PageHeader title="Installation" lead="All tenants together.">
            <LinkButton href="/usage">"Usage"</LinkButton>
            <LinkButton href="/trace">"Find a message"</LinkButton>
        </PageHeader>
        <div class="stack">
            {state}
            <section aria-label="In numbers" class="grid">
                <Figure label="Tenants served" value=count(tenants) />
                <Figure label="Messages today" value=count(today.messages) note=went />
                <Figure label="Cost today" value=dollars(today.cost_micros) />
                <Figure label="Cost this month" value=dollars(month.cost_micros) note=each />
            </section>
            {readers_table(readers)}
        </div>
    }
    .into_any()
}

/// Where an installation begins.
fn first_step(may_create: bool) -> AnyView {
    let (text, action) = if may_create {
        let action = ("Create the first tenant".to_owned(), "/tenants/new".to_owned());
        ("A tenant is a company: its agents, its channels and its people.", Some(action))
    } else {
        ("An administrator of this installation creates the first one.", None)
    };
    view! {
        <Card title="Begin here">
            <EmptyState title="There are no tenants yet" text action icon=Icon::Tenants />
        </Card>
    }
    .into_any()
}

fn needs(uncertain: Vec<(Tenant, u64)>, budgets: Vec<BudgetUse>) -> AnyView {
    let budgets = budgets.into_iter().map(budget).collect_view();
    let rows = uncertain.into_iter().map(|(tenant, many)| {
        let href = address::target(&tenant.id, &Target::Conversations(Some(Standing::Uncertain)));
        let words = counted(
            many,
            "reply may or may not have arrived",
            "replies may or may not have arrived",
        );
        view! {
            <li data-row>
                <Status tone=Tone::Warn label=words />
                <a href=href data-row-link>{format!("See where in {}", tenant.name)}</a>
            </li>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Card title="Needs you" flush=true>
            <ul class="needs">{budgets} {rows}</ul>
        </Card>
    }
    .into_any()
}

fn budget(used: BudgetUse) -> AnyView {
    let BudgetUse { tenant, percent } = used;
    let (tone, state) =
        if percent < 100 { (Tone::Warn, "nearly used up") } else { (Tone::Bad, "used up") };
    let href = address::target(&tenant.id, &Target::Tenant);
    let words = format!("The budget of {} is {state} this month: {percent} %", tenant.name);
    view! {
        <li data-row>
            <Status tone label=words />
            <a href=href data-row-link>{format!("See the budget of {}", tenant.name)}</a>
        </li>
    }
    .into_any()
}

/// How far what is shown here is behind what happened cannot be said here; how far it is can.
fn readers_table(readers: Vec<Reader>) -> AnyView {
    let columns = vec![Column::new("Of what"), Column::new("Read up to event").numbers()];
    let rows = readers.into_iter().map(|reader| {
        let name = match reader.name.as_str() {
            "project-events" => "Messages".to_owned(),
            "project-directory" => "Tenants, agents and channels".to_owned(),
            // Of a generation of the read models that is not shown (ADR 25).
            other => match other.split('/').next() {
                Some("base") => "What a rebuild begins with".to_owned(),
                Some("next") => "Messages, as they are rebuilt".to_owned(),
                Some("previous") => "Messages, before the rebuild".to_owned(),
                _ => other.to_owned(),
            },
        };
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td data-label="Read up to event" data-align="end">{count(reader.seq)}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Card
            title="Read models"
            lead="What pages show is read from the log; `konstruct doctor` says how far behind it is."
            flush=true
        >
            <Table caption="Read models" columns>{rows}</Table>
        </Card>
    }
    .into_any()
}
