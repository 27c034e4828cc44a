//! A model group as it is read, by those who do not change it.

use leptos::prelude::*;
use portal_ui::{
    Banner, Card, Crumb, Definition, DefinitionList, LinkButton, PageHeader, Tone, Variant,
};
use schemas::{ModelGroup, TenantId, directory::ModelDeployment};

use super::{May, address, words};

pub(super) fn reading(tenant: &TenantId, group: &ModelGroup, may: May) -> AnyView {
    let crumbs = vec![Crumb::new("Models", address(tenant).done())];
    let title = group.id.to_string();
    let after = if group.fallbacks.is_empty() {
        view! { <span class="meta">"none"</span> }.into_any()
    } else {
        view! { <span>{group.fallbacks.join(", ")}</span> }.into_any()
    };
    let choice = words::choice(group.choose);
    let deployments = group.deployments.iter().map(deployment).collect_view();
    let remove = format!("{}/{}/remove", address(tenant).done(), group.id);
    // Who may write and meets this page may not say where a model is called.
    let kept = may.write.then(|| {
        view! {
            <Banner tone=Tone::Info title="Only an administrator of this installation changes it">
                <p>"One of its models is called at an address of its own."</p>
            </Banner>
            <p><LinkButton href=remove variant=Variant::Quiet>"Remove…"</LinkButton></p>
        }
    });
    view! {
        <PageHeader title crumbs />
        {kept}
        <Card title="How it answers">
            <DefinitionList>
                <Definition term="Asked first">{choice}</Definition>
                <Definition term="Asked after it">{after}</Definition>
            </DefinitionList>
        </Card>
        {deployments}
    }
    .into_any()
}

fn deployment(it: &ModelDeployment) -> AnyView {
    let (title, model) = (it.name.clone(), it.model.clone());
    let (vendor, key) = (words::vendor(it.vendor), words::key(it));
    let line = |(name, said): (&'static str, String)| {
        view! { <Definition term=name>{said}</Definition> }
    };
    let unusual: Vec<_> = words::unusual(it).into_iter().map(line).collect();
    view! {
        <Card title>
            <DefinitionList>
                <Definition term="Vendor">{vendor}</Definition>
                <Definition term="Model"><span class="mono">{model}</span></Definition>
                <Definition term="Key">{key}</Definition>
                {unusual}
            </DefinitionList>
        </Card>
    }
    .into_any()
}
