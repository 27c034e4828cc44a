//! Whether an agent can be had: what its entry leaves out is taken from what is published.

use schemas::{AgentId, TenantId, Text, directory::FOLLOW_MINUTES_MAX};

use super::{Checker, WishedAgent, shorten};
use crate::{
    config::{OpenConfig, OpenRule, OpenTrigger},
    plan::{
        CONFIG_TEXT_BYTES_MAX, DesiredAgent, ESCALATION_RULES_MAX, KEYWORDS_MAX, NAME_BYTES_MAX,
        TOOLS_MAX,
    },
};

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
        let retired = desired.retired;
        let known = tenant.zip(id.as_ref()).and_then(|(tenant, id)| self.known(tenant, id));
        let usual = known.unwrap_or_else(|| Ok(OpenConfig::named(&desired.name)));
        let usual = usual.unwrap_or_else(|Unopened| {
            if desired.leaves_out_texts() && !retired {
                self.problem(&place, "its texts cannot be opened, so every one must be said");
            }
            OpenConfig::named(&desired.name)
        });
        let config = desired.over(usual);
        self.config(&place, &config);
        Some(WishedAgent { id: id?, config, retired })
    }

    /// What answers people today.
    fn known(&self, tenant: &TenantId, id: &AgentId) -> Option<Result<OpenConfig, Unopened>> {
        let published = self.present.directory.agent(tenant, id)?.published.as_ref()?;
        let open = |text: &Text| (self.present.open)(tenant, id, text).ok_or(Unopened);
        Some(OpenConfig::open_with(&published.config, open))
    }

    fn config(&mut self, place: &str, config: &OpenConfig) {
        self.name(place, "name", &config.name);
        self.name(place, "model", &config.model);
        if NAME_BYTES_MAX < config.role.len() {
            self.problem(place, &format!("`role` is longer than {NAME_BYTES_MAX} bytes"));
        }
        for (field, text) in [
            ("job_description", &config.job_description),
            ("statement_of_work", &config.statement_of_work),
            ("persona", &config.persona),
            ("system_prompt", &config.system_prompt),
        ] {
            if CONFIG_TEXT_BYTES_MAX < text.len() {
                let problem = format!("`{field}` is longer than {CONFIG_TEXT_BYTES_MAX} bytes");
                self.problem(place, &problem);
            }
        }
        if TOOLS_MAX < config.tools.len() {
            self.problem(place, &format!("`tools` has more than {TOOLS_MAX}"));
        }
        for tool in &config.tools {
            self.name(place, "tools", tool);
        }
        if ESCALATION_RULES_MAX < config.escalation.len() {
            self.problem(
                place,
                &format!("`escalation` has more than {ESCALATION_RULES_MAX} rules"),
            );
        }
        for rule in &config.escalation {
            self.rule(place, rule);
        }
        if FOLLOW_MINUTES_MAX < config.follow_minutes {
            self.problem(place, &format!("`follow_minutes` is more than {FOLLOW_MINUTES_MAX}"));
        }
    }

    fn rule(&mut self, place: &str, rule: &OpenRule) {
        self.name(place, "to_channel", &rule.to_channel);
        let OpenTrigger::Keywords(keywords) = &rule.when else { return };
        if KEYWORDS_MAX < keywords.len() {
            self.problem(place, &format!("a rule has more than {KEYWORDS_MAX} `keywords`"));
        }
        for keyword in keywords {
            self.name(place, "keywords", keyword);
        }
    }
}
