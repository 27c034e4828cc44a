//! What people saw of a load.

use anyhow::bail;
use domain::reply::PLACEHOLDER;
use konstruct_tests::{
    fake_slack::{Spoken, World},
    installation::Installation,
};

use crate::settled;

/// Every message of a load, and what became of it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) messages: usize,
    lost: Vec<String>,
    doubled: Vec<String>,
    pub(crate) uncertain: usize,
    pub(crate) apologies: usize,
}

impl Tally {
    /// Looks for the reply to each message. An answer repeats the question, so it is known by it.
    pub(crate) async fn of(it: &Installation, said: &[Spoken]) -> anyhow::Result<Self> {
        let states = settled(it, said.len()).await?;
        let mut tally = Self { messages: said.len(), ..Self::default() };
        tally.doubled = it.slack.see(World::doubled);
        for spoken in said {
            let root = spoken.thread.as_deref().unwrap_or(&spoken.ts);
            let question = spoken.text.trim_start_matches("<@U0BOT> ");
            let replies = it.slack.replies(&spoken.team.id, &spoken.channel, root);
            let answers = replies.iter().filter(|reply| reply.text.contains(question)).count();
            let state = states.iter().find(|(ts, _)| *ts == spoken.ts).map(|(_, it)| it.as_str());
            match (state, answers) {
                (Some("delivered"), 1) => {}
                (Some("uncertain"), 0 | 1) => tally.uncertain += 1,
                (Some("failed"), 0) => tally.apologies += 1,
                (_, 0) => tally.lost.push(format!("{question} {state:?}")),
                (_, _) => tally.doubled.push(format!("{question} {state:?} {answers}")),
            }
        }
        let visible = it.slack.see(|world| {
            let replies = world.messages().filter(|it| it.bot_id.is_some() && it.is_visible());
            replies.cloned().collect::<Vec<_>>()
        });
        let most = tally.messages;
        let least = most - tally.uncertain;
        if !(least..=most).contains(&visible.len()) {
            bail!("{} replies to {most} messages: {tally:?}", visible.len());
        }
        if let Some(left) = visible.iter().find(|reply| reply.text == PLACEHOLDER) {
            bail!("a placeholder is left behind: {left:?}; {states:?}");
        }
        Ok(tally)
    }

    /// Nothing lost, nothing doubled; says so in one line.
    #[expect(clippy::print_stdout, reason = "the summary of the test")]
    pub(crate) fn hold(&self, what: &str, kills: usize) -> anyhow::Result<()> {
        println!(
            "{what}: kills={kills} messages={} lost={} doubled={} uncertain={} apologies={}",
            self.messages,
            self.lost.len(),
            self.doubled.len(),
            self.uncertain,
            self.apologies,
        );
        if !self.lost.is_empty() || !self.doubled.is_empty() {
            bail!("{self:?}");
        }
        Ok(())
    }
}
