//! People in several threads who mention the employee, one message after the other in each.

use anyhow::{Context as _, bail};
use konstruct_tests::fake_slack::{Delivery, Spoken, Voice};
use tokio::{sync::mpsc, task::JoinSet};

use crate::{CHANNEL, SETTLED_WAIT};

pub(crate) struct Load {
    threads: JoinSet<anyhow::Result<Vec<Spoken>>>,
    taken: mpsc::UnboundedReceiver<()>,
}

impl Load {
    /// So many threads, dealt out to these workspaces in turn, and so many messages in each.
    pub(crate) fn start(voice: &Voice, teams: &[&str], threads: usize, each: usize) -> Self {
        Self::start_in(CHANNEL, voice, teams, (threads, each))
    }

    /// The same in this channel.
    pub(crate) fn start_in(
        channel: &'static str,
        voice: &Voice,
        teams: &[&str],
        (threads, each): (usize, usize),
    ) -> Self {
        let (told, taken) = mpsc::unbounded_channel();
        let mut load = Self { threads: JoinSet::new(), taken };
        for (thread, team) in (0..threads).zip(teams.iter().cycle()) {
            let (voice, team) = (voice.clone(), (*team).to_owned());
            let people = People { voice, team, channel, thread, each };
            load.threads.spawn(people.speak(told.clone()));
        }
        load
    }

    /// Waits until so many more are taken.
    pub(crate) async fn taken(&mut self, count: usize) -> anyhow::Result<()> {
        for _ in 0..count {
            let one = tokio::time::timeout(SETTLED_WAIT, self.taken.recv()).await;
            one.context("nothing is taken any more")?.context("all is taken")?;
        }
        Ok(())
    }

    /// Everything that was said, once all of it is taken.
    pub(crate) async fn all(mut self) -> anyhow::Result<Vec<Spoken>> {
        let mut all = Vec::new();
        while let Some(thread) = self.threads.join_next().await {
            all.extend(thread??);
        }
        Ok(all)
    }
}

struct People {
    voice: Voice,
    team: String,
    channel: &'static str,
    thread: usize,
    each: usize,
}

impl People {
    async fn speak(self, told: mpsc::UnboundedSender<()>) -> anyhow::Result<Vec<Spoken>> {
        let mut said: Vec<Spoken> = Vec::new();
        for nth in 0..self.each {
            let text = format!("<@U0BOT> question q{}x{nth}.", self.thread);
            let mut spoken = self.voice.spoken(&self.team, self.channel, "U0PAT", &text)?;
            if let Some(root) = said.first() {
                spoken = spoken.in_thread(&root.ts);
            }
            let heard = self.voice.say(spoken).await?;
            if !heard.deliveries.iter().all(Delivery::is_taken) {
                bail!("not taken: {:?}", heard.deliveries);
            }
            said.push(heard.spoken);
            // Nobody need listen.
            told.send(()).ok();
        }
        Ok(said)
    }
}
