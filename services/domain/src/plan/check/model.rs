//! Whether model groups can be had, and whether agents keep those that answer for them.

use std::collections::{BTreeMap, BTreeSet};

use schemas::{ModelGroupId, TenantId};

use super::{Checker, WishedAgent, WishedGroup, shorten};
use crate::{
    model::{self, GROUPS_OF_TENANT_MAX, Making, WishedModelGroup},
    plan::{DesiredModelGroup, Present},
};

impl Checker<'_> {
    pub(super) fn models(
        &mut self,
        place: &str,
        tenant: Option<&TenantId>,
        desired: Vec<DesiredModelGroup>,
    ) -> Vec<WishedGroup> {
        let directory = self.present.directory;
        let known = tenant.map(|it| directory.model_groups(it)).unwrap_or_default().into_iter();
        let mut there: BTreeSet<String> = known.map(|group| group.id.to_string()).collect();
        for group in &desired {
            if group.removed {
                there.remove(&group.slug);
            } else {
                there.insert(group.slug.clone());
            }
        }
        if GROUPS_OF_TENANT_MAX < there.len() {
            let problem = format!("it would have more than {GROUPS_OF_TENANT_MAX} model groups");
            self.problem(place, &problem);
        }
        let mut wished: BTreeMap<ModelGroupId, WishedGroup> = BTreeMap::new();
        for group in desired {
            let slug = shorten(&group.slug);
            let Some(group) = self.model(place, tenant, group, &there) else { continue };
            if wished.insert(group.id.clone(), group).is_some() {
                self.problem(place, &format!("model group `{slug}` is named twice"));
            }
        }
        wished.into_values().collect()
    }

    fn model(
        &mut self,
        place: &str,
        tenant: Option<&TenantId>,
        desired: DesiredModelGroup,
        there: &BTreeSet<String>,
    ) -> Option<WishedGroup> {
        let place = format!("{place}, model group `{}`", shorten(&desired.slug));
        let id = self.id::<ModelGroupId>(&place, &desired.slug)?;
        if desired.removed {
            return Some(WishedGroup { id, made: None });
        }
        let DesiredModelGroup { choose, fallbacks, mut deployments, .. } = desired;
        for deployment in &mut deployments {
            if let Some(written) = deployment.key.take() {
                deployment.key = Some(self.secret(&place, "key", &written)?);
            }
        }
        let present = self.present;
        let known = tenant.and_then(|tenant| present.directory.model_group(tenant, &id));
        let making = Making {
            unique: present.unique,
            has_secret: &|name, secret| {
                tenant.is_some_and(|tenant| (present.has_secret)(tenant, name, secret))
            },
            problems: present.model_problems,
            is_of_installation: present.is_of_installation,
        };
        let is_there = |name: &str| there.contains(name) || (present.is_of_installation)(name);
        let wish = WishedModelGroup { choose, fallbacks, deployments };
        match model::make(&id, wish, (known.map(AsRef::as_ref), &is_there), &making) {
            Ok(made) => Some(WishedGroup { id, made: Some(made) }),
            Err(problems) => {
                for problem in problems {
                    self.problem(&place, &problem.to_string());
                }
                None
            }
        }
    }

    /// No agent of the file is to answer by a group that there is not. What is wrong with one that the file
    /// declares, or takes away, is said there.
    pub(super) fn models_of_agents(
        &mut self,
        place: &str,
        tenant: Option<&TenantId>,
        (agents, declared): (&[WishedAgent], &BTreeSet<String>),
    ) {
        let Present { directory, is_of_installation, knows_installation, .. } = *self.present;
        if !knows_installation {
            return;
        }
        for agent in agents.iter().filter(|agent| !agent.retired) {
            let name = agent.config.model.as_str();
            let answers = |tenant| model::answers(directory, tenant, name, is_of_installation);
            let is_there = tenant.map_or_else(|| is_of_installation(name), answers);
            if !is_there && !declared.contains(name) && !name.trim().is_empty() {
                let place = format!("{place}, agent `{}`", agent.id);
                self.problem(&place, &model::unknown(name).to_string());
            }
        }
    }

    /// Nobody who answers people, and no group, is left with a group that is not there.
    pub(super) fn models_in_use(
        &mut self,
        place: &str,
        tenant: Option<&TenantId>,
        (agents, groups): (&[WishedAgent], &[WishedGroup]),
    ) {
        let directory = self.present.directory;
        let known = tenant.map(|it| directory.agents(it)).unwrap_or_default().into_iter();
        let others = known.filter(|known| agents.iter().all(|it| it.id != known.id));
        let others = others.filter(|agent| !agent.retired);
        let others = others.filter_map(|it| Some((&it.id, &it.published.as_ref()?.config.model)));
        let wished = agents.iter().filter(|agent| !agent.retired);
        let wished = wished.map(|agent| (&agent.id, &agent.config.model));
        let answering: Vec<_> = others.chain(wished).collect();
        let own = tenant.map(|it| directory.model_groups(it)).unwrap_or_default().into_iter();
        let own = own.filter(|known| groups.iter().all(|it| it.id != known.id));
        let staying: Vec<_> = own.collect();
        let gone = groups.iter().filter(|group| group.made.is_none());
        for gone in gone.filter(|gone| !(self.present.is_of_installation)(gone.id.as_str())) {
            let place = format!("{place}, model group `{}`", gone.id);
            for (agent, _) in answering.iter().filter(|(_, model)| *model == gone.id.as_str()) {
                self.problems.push(format!("{place}: agent `{agent}` is answered for by it"));
            }
            for group in &staying {
                if group.fallbacks.iter().any(|name| name == gone.id.as_str()) {
                    self.problems.push(format!("{place}: group `{}` falls back to it", group.id));
                }
            }
        }
    }
}
