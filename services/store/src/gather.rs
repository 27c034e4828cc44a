//! What many tasks ask at one moment, answered by one transaction.
//!
//! While one batch is under way the next one gathers, so a batch is as large as the load makes it: one
//! ask alone waits for nobody, and a hundred at once share their round trips and their commit.

use std::{
    collections::{BTreeMap, HashMap},
    future::Future,
    panic::AssertUnwindSafe,
    sync::Arc,
};

use futures::FutureExt as _;
use schemas::TenantId;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{Row, types::ToSql};

use crate::{Database, StoreError, session::Step, tenant_tx::TenantStep};

/// The most asks that one transaction answers.
const BATCH_MAX: usize = 256;

/// Answers a batch of asks: one answer each, in their order, or nothing of it happened.
pub(crate) trait Work: Send + Sync + 'static {
    type Ask: Send + Sync + 'static;
    type Answer: Send + 'static;

    fn run(
        &self,
        asks: &[Self::Ask],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, StoreError>> + Send;
}

type Answered<W> = oneshot::Sender<Result<<W as Work>::Answer, StoreError>>;
type Waiting<W> = (<W as Work>::Ask, Answered<W>);

/// The way to a worker that gathers. Cheap to clone; the worker ends with the last one.
pub(crate) struct Gather<W: Work> {
    queue: mpsc::Sender<Waiting<W>>,
}

impl<W: Work> Clone for Gather<W> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<W: Work> Gather<W> {
    /// Starts the worker.
    pub(crate) fn start(work: W) -> Self {
        let (queue, asked) = mpsc::channel(BATCH_MAX);
        tokio::spawn(work_off(work, asked));
        Self { queue }
    }

    /// The answer to one ask. Who stops waiting does not undo it.
    pub(crate) async fn ask(&self, ask: W::Ask) -> Result<W::Answer, StoreError> {
        let (tell, answer) = oneshot::channel();
        let gone = || StoreError::Unavailable("nobody works on it any more".to_owned());
        self.queue.send((ask, tell)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

async fn work_off<W: Work>(work: W, mut asked: mpsc::Receiver<Waiting<W>>) {
    let mut waiting = Vec::with_capacity(BATCH_MAX);
    while 0 < asked.recv_many(&mut waiting, BATCH_MAX).await {
        let (asks, tell): (Vec<_>, Vec<_>) = waiting.drain(..).unzip();
        match whole(&work, &asks).await {
            Ok(answers) => {
                for (tell, answer) in tell.into_iter().zip(answers) {
                    // Nobody may be waiting any more.
                    drop(tell.send(Ok(answer)));
                }
            }
            Err(StoreError::Unavailable(why)) => {
                for tell in tell {
                    drop(tell.send(Err(StoreError::Unavailable(why.clone()))));
                }
            }
            Err(_) => alone(&work, asks, tell).await,
        }
    }
}

/// A panic fails the batch and not the worker, which would leave its stage without anybody.
async fn whole<W: Work>(work: &W, asks: &[W::Ask]) -> Result<Vec<W::Answer>, StoreError> {
    let run = AssertUnwindSafe(work.run(asks)).catch_unwind();
    run.await.unwrap_or_else(|_| Err(StoreError::row("what was asked made its worker panic")))
}

/// One of them is at fault, and the others should not pay for it.
async fn alone<W: Work>(work: &W, asks: Vec<W::Ask>, tell: Vec<Answered<W>>) {
    for (ask, tell) in asks.into_iter().zip(tell) {
        let answer = whole(work, std::slice::from_ref(&ask)).await;
        let only = |mut answers: Vec<_>| {
            answers.pop().ok_or_else(|| StoreError::row("an answer is missing"))
        };
        drop(tell.send(answer.and_then(only)));
    }
}

/// A batch by tenant, in the order of tenants; within one, in the order of asking, each with its place.
pub(crate) fn by_tenant<'a, A>(
    asks: &'a [A],
    tenant: impl Fn(&'a A) -> &'a TenantId,
) -> BTreeMap<&'a TenantId, Vec<(usize, &'a A)>> {
    let mut tenants = BTreeMap::<&TenantId, Vec<_>>::new();
    for (place, ask) in asks.iter().enumerate() {
        tenants.entry(tenant(ask)).or_default().push((place, ask));
    }
    tenants
}

/// Runs `sql` once for each tenant, with the tenant and the keys of all its asks, in one round trip.
/// Each ask gets the rows that begin with its key.
pub(crate) async fn rows_of_each<'a, A: Sync>(
    db: &Database,
    asks: &'a [A],
    key: impl Fn(&'a A) -> (&'a TenantId, &'a str),
    sql: &'static str,
) -> Result<Vec<Vec<Arc<Row>>>, StoreError> {
    let tenants = by_tenant(asks, |ask| key(ask).0);
    let groups: Vec<_> = tenants
        .iter()
        .map(|(tenant, asks)| {
            let keys: Vec<_> = asks.iter().map(|(_, ask)| key(ask).1).collect();
            (*tenant, tenant.as_str(), keys)
        })
        .collect();
    let Some((first, ..)) = groups.first() else { return Ok(Vec::new()) };
    let steps = groups.iter().map(|(tenant, name, keys)| {
        let params: Vec<&(dyn ToSql + Sync)> = vec![name, keys];
        TenantStep { tenant, step: Step { sql, params } }
    });
    let answers = db.tenant(first).await?.run_last(steps.collect()).await?;
    let mut found = vec![Vec::new(); asks.len()];
    for (asks, answer) in tenants.values().zip(answers) {
        let mut places = HashMap::<_, Vec<usize>>::new();
        for (place, ask) in asks {
            places.entry(key(ask).1).or_default().push(*place);
        }
        for row in answer.rows {
            let row = Arc::new(row);
            for place in places.get(row.try_get::<_, &str>(0)?).into_iter().flatten() {
                if let Some(rows) = found.get_mut(*place) {
                    rows.push(Arc::clone(&row));
                }
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::sync::Semaphore;

    use super::*;

    /// Doubles what it is asked, in batches that somebody lets begin; thirteen fails, fourteen panics.
    struct Double {
        begin: Arc<Semaphore>,
        batches: Batches,
    }

    impl Work for Double {
        type Ask = u32;
        type Answer = u32;

        async fn run(&self, asks: &[u32]) -> Result<Vec<u32>, StoreError> {
            self.begin.acquire().await.unwrap().forget();
            self.batches.lock().unwrap().push(asks.to_vec());
            if asks.contains(&13) {
                return Err(StoreError::row("thirteen"));
            }
            assert!(!asks.contains(&14), "fourteen");
            Ok(asks.iter().map(|ask| ask * 2).collect())
        }
    }

    type Batches = Arc<Mutex<Vec<Vec<u32>>>>;

    fn double() -> (Gather<Double>, Arc<Semaphore>, Batches) {
        let (begin, batches) = (Arc::new(Semaphore::new(0)), Batches::default());
        let work = Double { begin: Arc::clone(&begin), batches: Arc::clone(&batches) };
        (Gather::start(work), begin, batches)
    }

    /// All are asked before any batch may begin but the first.
    async fn ask_all(
        gather: &Gather<Double>,
        asks: &[u32],
    ) -> Vec<tokio::task::JoinHandle<Result<u32, StoreError>>> {
        let mut asked = Vec::new();
        for &ask in asks {
            let gather = gather.clone();
            asked.push(tokio::spawn(async move { gather.ask(ask).await }));
            tokio::task::yield_now().await;
        }
        asked
    }

    #[tokio::test]
    async fn what_is_asked_during_a_batch_is_one_batch() {
        let (gather, begin, batches) = double();
        let asked = ask_all(&gather, &[1, 2, 3, 4]).await;
        begin.add_permits(2);
        let mut answers = Vec::new();
        for asked in asked {
            answers.push(asked.await.unwrap().unwrap());
        }
        assert_eq!(answers, [2, 4, 6, 8]);
        assert_eq!(*batches.lock().unwrap(), [vec![1], vec![2, 3, 4]]);
    }

    #[tokio::test]
    async fn one_that_fails_does_not_take_the_others_with_it() {
        let (gather, begin, _) = double();
        let asked = ask_all(&gather, &[1, 2, 13, 4]).await;
        begin.add_permits(9);
        let mut answers = Vec::new();
        for asked in asked {
            answers.push(asked.await.unwrap().map_err(|error| error.to_string()));
        }
        let refused = "a row does not hold what it should: thirteen".to_owned();
        assert_eq!(answers, [Ok(2), Ok(4), Err(refused), Ok(8)]);
    }

    #[tokio::test]
    async fn one_that_panics_fails_alone_and_the_worker_goes_on() {
        let (gather, begin, _) = double();
        let asked = ask_all(&gather, &[1, 14, 3]).await;
        begin.add_permits(9);
        let mut answers = Vec::new();
        for asked in asked {
            answers.push(asked.await.unwrap().map_err(|error| error.is_transient()));
        }
        assert_eq!(answers, [Ok(2), Err(false), Ok(6)]);
        assert_eq!(gather.ask(5).await.unwrap(), 10);
    }
}
