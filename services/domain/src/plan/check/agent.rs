//! Whether an agent can be had: what its entry leaves out is taken from what is published.

use schemas::{AgentId, Budget, TenantId, Text};

use super::{Checker, WishedAgent, shorten};
use crate::{config::OpenConfig, fields, plan::DesiredAgent};

/// A text that is there does not open.
struct Unopened;

impl Checker<'_> {
    pub(super) fn agent(
        &mut self,
        place: &str,
        tenant: Option<&TenantId>,
        desired: DesiredAgent,
    ) -> Option<WishedAgent> {
        let place = format!("{place}, agent `{}`", shorten(&desired.slug));
        let id = self.id::<AgentId>(&place, &desired.slug);
        let (retired, budget) = (desired.retired, desired.budget.map(Budget::from));
        // One that is there already has to live with its slug.
        if !self.is_there(tenant, id.as_ref())
            && let Some(problem) = id.as_ref().and_then(fields::agent_slug)
        {
            self.problem(&place, &problem.to_string());
        }
        let known = tenant.zip(id.as_ref()).and_then(|(tenant, id)| self.known(tenant, id));
        let usual = known.unwrap_or_else(|| Ok(OpenConfig::named(&desired.name)));
        let usual = usual.unwrap_or_else(|Unopened| {
            if desired.leaves_out_texts() && !retired {
                self.problem(&place, "its texts cannot be opened, so every one must be said");
            }
            OpenConfig::named(&desired.name)
        });
        let config = desired.over(usual);
        for problem in fields::config(&config) {
            self.problem(&place, &problem.to_string());
        }
        Some(WishedAgent { id: id?, config, budget, retired })
    }

    fn is_there(&self, tenant: Option<&TenantId>, id: Option<&AgentId>) -> bool {
        let named = tenant.zip(id);
        named.is_some_and(|(tenant, id)| self.present.directory.agent(tenant, id).is_some())
    }

    /// What answers people today.
    fn known(&self, tenant: &TenantId, id: &AgentId) -> Option<Result<OpenConfig, Unopened>> {
        let published = self.present.directory.agent(tenant, id)?.published.as_ref()?;
        let open = |text: &Text| (self.present.open)(tenant, id, text).ok_or(Unopened);
        Some(OpenConfig::open_with(&published.config, open))
    }
}
