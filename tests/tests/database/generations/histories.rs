//! Whatever happened, in whatever pieces it is read, and wherever the base was cut.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::with_person::{given_back, handed_over};

/// Messages of a history, three tenants' in turn.
const MESSAGES: usize = 9;

/// How many rebuild at the same time.
const WORKERS: u32 = 3;

/// A history: at each step something happens to one of the messages.
fn history(steps: &[(usize, u8)]) -> Vec<Told> {
    let tenants = ["acme", "beta", "gamma"].map(tenant);
    let stories: Vec<_> = (0..MESSAGES)
        .map(|nth| {
            let ms = i64::try_from(nth).unwrap() * 1_000;
            let thread = format!("t{}", nth % 2);
            Story::new(&tenants[nth % 3], &format!("m{nth}"), &thread, ms)
        })
        .collect();
    let mut lives = [0_u8; MESSAGES];
    let mut told = Vec::new();
    for (nth, choice) in steps {
        let (story, life) = (&stories[*nth], &mut lives[*nth]);
        let seq = u64::try_from(told.len()).unwrap() + 1;
        let (next, happened) = match (*life, choice % 3) {
            (0, _) => (1, story.accepted(seq)),
            (1, 0) => (2, story.answered(seq, 100 + u64::from(*choice) * 40)),
            (1, 1) => (9, story.throttled(seq)),
            (1, _) => (4, handed_over(story, seq)),
            (2, 0) => (3, story.uncertain(seq)),
            (2 | 3, _) => (9, story.delivered(seq)),
            (4, _) => (9, given_back(story, seq)),
            _ => continue,
        };
        *life = next;
        told.push(happened);
    }
    told
}

/// Where everything is the same, and where not.
async fn rebuilt(log: &[Told], cut: usize, sizes: (usize, usize)) -> Vec<String> {
    let world = world().await;
    let cut = cut.min(log.len());
    write(&world.db, READER, log, sizes.0).await;
    let base = world.db.generation(Generation::Base, 1).await.unwrap();
    write(&base, "base/project-events/0", &log[..cut], sizes.1).await;
    let next = begun(&world, WORKERS).await;
    let mut parts = BTreeMap::<u32, Vec<Told>>::new();
    for told in &log[cut..] {
        let worker = domain::rebuild::worker_of(&told.tenant, WORKERS);
        parts.entry(worker).or_default().push(told.clone());
    }
    let writes = parts.iter().map(|(worker, told)| {
        let (next, name) = (&next, Generation::Next.place(READER, *worker));
        async move { write(next, &name, told, sizes.1).await }
    });
    futures::future::join_all(writes).await;
    apart(&compared(&world, 60_000).await)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn a_rebuild_of_any_history_is_what_is_live(
        steps in prop::collection::vec((0..MESSAGES, 0_u8..9), 0..40),
        cut in 0_usize..30,
        sizes in (1_usize..9, 1_usize..9),
    ) {
        let log = history(&steps);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let found = runtime.block_on(rebuilt(&log, cut, sizes));
        prop_assert_eq!(found, Vec::<String>::new());
    }
}
