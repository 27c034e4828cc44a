use schemas::event::DuplicateReason::{Delivery, Message};
use store::{
    Database,
    dedup::{Arrival, Verdict, decide},
};

use crate::{at, connection, event, message, tenant, world};

/// `tenant delivery message event seq`
fn arrival(line: &str) -> Arrival {
    let words: Vec<_> = line.split(' ').collect();
    Arrival {
        tenant: tenant(words[0]),
        event: event(words[3]),
        seq: words[4].parse().unwrap(),
        connection: connection(),
        delivery: words[1].to_owned(),
        message: message(words[2]),
    }
}

async fn check(db: &Database, lines: &[&str], want: &[Verdict]) {
    let arrivals: Vec<_> = lines.iter().map(|line| arrival(line)).collect();
    assert_eq!(decide(db, &arrivals, at(0)).await.unwrap(), want);
}

fn duplicate(first: &str, reason: schemas::event::DuplicateReason) -> Verdict {
    Verdict::Duplicate { first: event(first), reason }
}

#[tokio::test]
async fn the_first_delivery_wins_and_repeats_its_verdict() {
    let world = world().await;
    let db = &world.db;
    check(db, &[], &[]).await;
    check(db, &["acme D1 m1 e1 1"], &[Verdict::First]).await;
    // The same envelope at the same place is a redelivery: the verdict is repeated.
    check(db, &["acme D1 m1 e1 1"], &[Verdict::First]).await;
    // The same envelope published twice, beyond the stream's own window.
    check(db, &["acme D1 m1 e1 9"], &[duplicate("e1", Delivery)]).await;
    // The same message by another delivery, and that again.
    check(db, &["acme D2 m1 e2 2"], &[duplicate("e1", Message)]).await;
    check(db, &["acme D2 m1 e2 2"], &[duplicate("e1", Message)]).await;
    check(db, &["acme D1 m1 e1 1"], &[Verdict::First]).await;
}

#[tokio::test]
async fn twice_in_one_batch_is_one() {
    let world = world().await;
    let batch = [
        "b D1 m1 e1 1",
        "a D1 m1 e2 2",
        "b D2 m1 e3 3",
        "b D1 m1 e4 4",
        "a D2 m2 e5 5",
        "b D1 m1 e1 1",
    ];
    let want = [
        Verdict::First,
        Verdict::First, // another tenant's message of the same ids
        duplicate("e1", Message),
        duplicate("e1", Delivery),
        Verdict::First,
        Verdict::First,
    ];
    check(&world.db, &batch, &want).await;
    check(&world.db, &batch, &want).await;
}

#[tokio::test]
async fn of_many_workers_one_finds_it_first() {
    let world = world().await;
    for round in 0..20 {
        let worker = |worker: usize| {
            let line = |n| format!("t{} D{worker}-{n} m{round}-{n} e{worker}-{n} {worker}", n % 3);
            let mut arrivals: Vec<_> = (0..6).map(|n| arrival(&line(n))).collect();
            // Each in its own order, so that locks taken in that order would cross.
            arrivals.rotate_left(worker);
            let db = world.db.clone();
            tokio::spawn(async move {
                let verdicts = decide(&db, &arrivals, at(0)).await.unwrap();
                let firsts = arrivals.into_iter().zip(verdicts);
                firsts.filter(|(_, it)| *it == Verdict::First).map(|(it, _)| it.message).collect()
            })
        };
        let workers: Vec<_> = (0..4).map(worker).collect();
        let mut firsts = Vec::new();
        for worker in workers {
            let of_one: Vec<_> = worker.await.unwrap();
            firsts.extend(of_one);
        }
        firsts.sort();
        let want: Vec<_> = (0..6).map(|n| message(&format!("m{round}-{n}"))).collect();
        assert_eq!(firsts, want, "each message is first once");
    }
}
