use super::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis)
}

fn paces(per_minute: u32) -> Paces {
    Paces::new(NonZeroU32::new(per_minute).unwrap())
}

fn operator(id: &str) -> OperatorId {
    id.parse().unwrap()
}

#[test]
fn one_at_a_time_and_the_next_once_it_is_over() {
    let (paces, ada, bob) = (paces(10), operator("ada"), operator("bob"));
    let turn = paces.admit(&ada, at(0)).unwrap();
    assert!(matches!(paces.admit(&ada, at(0)), Err(TrialError::Busy)));
    assert!(matches!(paces.admit(&ada, at(3_600_000)), Err(TrialError::Busy)), "however long");
    assert!(paces.admit(&bob, at(0)).is_ok(), "another operator");
    drop(turn);
    assert!(paces.admit(&ada, at(0)).is_ok());
}

#[test]
fn so_many_a_minute_and_a_refusal_costs_nothing() {
    let (paces, ada) = (paces(3), operator("ada"));
    for _ in 0..3 {
        drop(paces.admit(&ada, at(0)).unwrap());
    }
    for _ in 0..5 {
        let Err(TrialError::TooOften { retry_at }) = paces.admit(&ada, at(0)) else {
            panic!("a fourth one")
        };
        assert_eq!(retry_at, at(20_000));
    }
    assert!(paces.admit(&ada, at(19_999)).is_err());
    assert!(paces.admit(&ada, at(20_000)).is_ok());
}

#[test]
fn who_is_not_at_work_is_forgotten() {
    let paces = paces(10);
    let ada = operator("ada");
    drop(paces.admit(&ada, at(0)).unwrap());
    drop(paces.admit(&operator("bob"), at(1_000)).unwrap());
    assert_eq!(paces.lock().len(), 2);
    drop(paces.admit(&operator("cyd"), at(6_000)).unwrap());
    let known: Vec<_> = paces.lock().keys().map(ToString::to_string).collect();
    assert!(!known.contains(&"ada".to_owned()), "{known:?}");
}
