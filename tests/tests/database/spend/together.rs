//! Many at the same moment.

use domain::budget::{Budgets, Sum};
use konstruct_tests::postgres::raw;
use schemas::{BudgetPeriod, TenantId};
use store::{
    programs::{self, Programs},
    spend::{self, Admitted, Call, Ended},
};

use super::{acme, completions, count, mara, room, scope, start, sum};
use crate::{at, tenant, world};

fn is_over(admitted: &Admitted) -> bool {
    admitted.is_err()
}

#[tokio::test]
async fn of_32_at_once_those_that_fit_are_admitted_and_no_more() {
    let world = world().await;
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let (completions, _lead) = completions(&world).await;
    // Five times seven, and not quite a sixth.
    let budgets = Budgets::of(&acme(Some(41), Some(1_000)), Some(&mara(Some(500))));
    let names: Vec<_> = (0..32).map(|n| format!("m{n}")).collect();
    let asks = names.iter().map(|name| completions.start(start(name, 0, room(&budgets, 7))));
    let admitted: Vec<_> =
        futures::future::join_all(asks).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(admitted.iter().filter(|it| it.is_ok()).count(), 5);
    let day = scope(None, BudgetPeriod::Day);
    let over = admitted.into_iter().find_map(Result::err).unwrap();
    assert_eq!(over, day.met(41), "which one, and when it is whole again");
    assert_eq!(count(&admin, "attempt").await, 5, "what is refused is no attempt");
    assert_eq!(count(&admin, "reservation").await, 5);
    for scope in [day, scope(None, BudgetPeriod::Month), scope(Some("mara"), BudgetPeriod::Day)] {
        assert_eq!(sum(&world, &scope).await, Sum { settled: 0, reserved: 35 }, "{scope}");
    }
}

#[tokio::test]
async fn two_processes_at_once_take_no_room_twice() {
    let world = world().await;
    let (completions, _lead) = completions(&world).await;
    let programs = [Programs::open(&world.db), Programs::open(&world.db)];
    let budgets = Budgets::of(&acme(Some(70), None), None);
    let messages: Vec<_> = (0..16).map(|n| format!("m{n}")).collect();
    let said = messages.iter().map(|name| completions.start(start(name, 0, room(&budgets, 7))));
    let asked = (0..32).map(|n| {
        programs[n % 2].start(programs::Start {
            tenant: tenant("acme"),
            request: format!("r{n}"),
            index: 0,
            room: room(&budgets, 7).unwrap(),
            at: at(0),
        })
    });
    let (said, asked) =
        tokio::join!(futures::future::join_all(said), futures::future::join_all(asked));
    let admitted = said.iter().chain(&asked).filter(|it| it.as_ref().unwrap().is_ok()).count();
    assert_eq!(admitted, 10);
    let day = scope(None, BudgetPeriod::Day);
    assert_eq!(sum(&world, &day).await, Sum { settled: 0, reserved: 70 });
}

#[tokio::test]
async fn one_that_is_refused_does_not_take_the_others_with_it() {
    let world = world().await;
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let (completions, _lead) = completions(&world).await;
    let budgets = Budgets::of(&acme(Some(10), None), None);
    let asks = [("a", 6), ("b", 6), ("c", 4)];
    let asks = asks.map(|(name, micros)| completions.start(start(name, 0, room(&budgets, micros))));
    let free = completions.start(start("free", 0, None));
    let (limited, free) = tokio::join!(futures::future::join_all(asks), free);
    let over: Vec<_> = limited.iter().map(|it| is_over(it.as_ref().unwrap())).collect();
    assert_eq!(over, [false, true, false]);
    assert_eq!(free.unwrap(), Ok(()));
    assert_eq!(count(&admin, "attempt").await, 3);
}

/// Begins and ends calls in tasks of their own, in whatever order they come.
#[tokio::test]
async fn however_calls_meet_no_budget_is_overspent_and_no_room_is_lost() {
    let world = world().await;
    let admin = raw(&world.test.superuser_url()).await.unwrap();
    let budgets = Budgets::of(&acme(Some(300), Some(2_000)), Some(&mara(Some(250))));
    let calls = (0..60_u64).map(|n| {
        let (db, budgets) = (world.db.clone(), budgets.clone());
        tokio::spawn(async move {
            let (holder, micros) = (format!("trial-{n}"), 5 + n * 7 % 23);
            let room = room(&budgets, micros).unwrap();
            let acme: TenantId = tenant("acme");
            let mut tx = db.tenant(&acme).await.unwrap();
            let call = Call { holder: &holder, index: 0, room: &room, at: at(0) };
            let admitted = spend::reserve(&mut tx, call).await.unwrap();
            tx.commit().await.unwrap();
            if admitted.is_err() || n % 5 == 0 {
                return;
            }
            let cost_micros = (n % 3 != 0).then_some(micros * (n % 11) / 11);
            let mut tx = db.tenant(&acme).await.unwrap();
            let ended = [Ended { index: 0, cost_micros }];
            spend::settle(&mut tx, &holder, &ended).await.unwrap();
            tx.commit().await.unwrap();
        })
    });
    for call in futures::future::join_all(calls).await {
        call.unwrap();
    }
    let held = "select coalesce(sum(micros), 0)::bigint from reservation";
    let held: i64 = admin.query_one(held, &[]).await.unwrap().get(0);
    let scopes = [
        (scope(None, BudgetPeriod::Day), 300),
        (scope(None, BudgetPeriod::Month), 2_000),
        (scope(Some("mara"), BudgetPeriod::Day), 250),
    ];
    for (scope, limit) in scopes {
        let sum = sum(&world, &scope).await;
        assert!(sum.total() <= limit, "{scope}: {sum:?}");
        assert_eq!(i64::try_from(sum.reserved).unwrap(), held, "{scope}");
        assert!(0 < sum.settled, "{scope}");
    }
}
