//! What was typed into the form of a model group, and the group that it says.

use desk::WishedModelGroup;
use portal_ui::Problem;
use schemas::{ModelGroup, directory::ModelChoice};

use super::deployment::TypedDeployment;
use crate::pages::{
    form::{self, wrong},
    rows,
};

/// The form of a group as it was sent. Whatever it holds is shown again, but for keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Typed {
    /// Of a group that comes; one that is there keeps its own.
    pub(super) slug: String,
    pub(super) choose: String,
    /// Separated by commas or lines.
    pub(super) fallbacks: String,
    pub(super) deployments: Vec<TypedDeployment>,
    /// The fingerprint of the group that the form was made from.
    pub(super) seen: String,
    /// Which button was pressed.
    pub(super) pressed: String,
}

impl Typed {
    /// The form of a group that comes.
    pub(super) fn new() -> Self {
        let choose = ModelChoice::default().as_str().to_owned();
        Self { choose, deployments: vec![TypedDeployment::new()], ..Self::default() }
    }

    /// The form that shows a group.
    pub(super) fn of(group: &ModelGroup) -> Self {
        Self {
            slug: group.id.to_string(),
            choose: group.choose.as_str().to_owned(),
            fallbacks: group.fallbacks.join(", "),
            deployments: group.deployments.iter().map(TypedDeployment::of).collect(),
            seen: form::fingerprint(group),
            pressed: String::new(),
        }
    }

    /// The form as it was sent.
    pub(super) fn read(pairs: Vec<(String, String)>) -> Self {
        let mut typed = Self::default();
        for (name, value) in form::sent(pairs) {
            match name.as_str() {
                "slug" => typed.slug = value,
                "choose" => typed.choose = value,
                "fallbacks" => typed.fallbacks = value,
                "seen" => typed.seen = value,
                "do" => typed.pressed = value,
                name => rows::read(&mut typed.deployments, name, value),
            }
        }
        typed
    }

    /// With what a button adds to the deployments or takes away from them; nothing for another button.
    pub(super) fn pressed_row(&self) -> Option<Self> {
        let mut typed = self.clone();
        if self.pressed == "add-deployment" {
            typed.deployments.push(TypedDeployment::new());
        } else {
            let row = rows::removed::<TypedDeployment>(&self.pressed)?;
            rows::remove(&mut typed.deployments, row);
        }
        Some(typed)
    }

    /// What it says, or what is wrong with how it is said. Whether it can be had is for the desk.
    pub(super) fn wish(&self) -> Result<WishedModelGroup, Vec<Problem>> {
        let mut problems = Vec::new();
        let choose = ModelChoice::ALL.into_iter().find(|it| it.as_str() == self.choose);
        if choose.is_none() {
            problems.push(wrong("choose", "Choose which model is asked first"));
        }
        let names = self.fallbacks.split([',', '\n']).map(str::trim);
        let fallbacks = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let wished = self.rows().filter_map(|(row, it)| it.wish(row, &mut problems));
        let deployments = wished.collect();
        match choose {
            Some(choose) if problems.is_empty() => {
                Ok(WishedModelGroup { choose, fallbacks, deployments })
            }
            Some(_) | None => Err(problems),
        }
    }

    /// The deployments with their places, without those that say nothing.
    pub(super) fn rows(&self) -> impl DoubleEndedIterator<Item = (usize, &TypedDeployment)> {
        self.deployments.iter().enumerate().filter(|(_, deployment)| !deployment.is_blank())
    }

    /// As it is shown again: nobody gets a key back.
    pub(super) fn shown_again(mut self) -> Self {
        self.deployments.iter_mut().for_each(TypedDeployment::forget);
        self
    }
}

#[cfg(test)]
mod tests;
