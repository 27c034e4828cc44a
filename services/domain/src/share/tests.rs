use proptest::prelude::*;

use super::*;

const MIB: u64 = 1024 * 1024;

/// 310 MiB for each tenant: 10 MiB a day, 2.5 MiB a person.
fn share() -> Share {
    Share::of_log(3_100 * MIB, 10)
}

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + minutes * 60_000)
}

/// Charges and remembers; says in how many minutes it would pass, if it does not.
fn bring(brought: &mut Brought, bytes: u64, matter: Matter, minute: i64) -> Option<(Whose, u128)> {
    match charge(share(), *brought, bytes, matter, at(minute)) {
        Charge::Room { tenant, person } => {
            *brought = Brought { tenant: Some(tenant), person: Some(person) };
            None
        }
        Charge::Full { whose, retry_at } => {
            Some((whose, retry_at.since(at(minute)).as_millis().div_ceil(60_000)))
        }
    }
}

#[test]
fn a_share_is_what_may_stand_on_the_log() {
    assert_eq!(share().tenant_bytes_per_day(), 10 * MIB);
    assert_eq!(share().person_bytes_per_day(), 10 * MIB / 4);
    assert_eq!(Share::of_log(0, 0).tenant_bytes_per_day(), 1, "never nothing");
    let all = Share::of_log(3_100 * MIB, 100);
    let mut brought = Brought::default();
    for _ in 0..10_000 {
        let charged = charge(all, brought, 3_100 * MIB, Matter::Words, at(0));
        let Charge::Room { tenant, person } = charged else { panic!("{charged:?}") };
        brought = Brought { tenant: Some(tenant), person: Some(person) };
    }
}

#[test]
fn a_person_brings_their_part_at_once_and_then_as_it_comes_free() {
    let mut brought = Brought::default();
    for _ in 0..4 {
        assert_eq!(bring(&mut brought, 5 * MIB / 8, Matter::Words, 0), None);
    }
    let refused = Some((Whose::Person, 360));
    assert_eq!(bring(&mut brought, 5 * MIB / 8, Matter::Words, 0), refused, "a quarter of a day");
    assert_eq!(
        bring(&mut brought, 5 * MIB / 8, Matter::Words, 0),
        refused,
        "refused spends nothing"
    );
    assert_eq!(bring(&mut brought, 5 * MIB / 8, Matter::Words, 360), None);
    assert_eq!(bring(&mut brought, 5 * MIB / 8, Matter::Words, 361), Some((Whose::Person, 359)));
}

#[test]
fn what_was_not_stored_is_given_back() {
    let mut brought = Brought::default();
    assert_eq!(bring(&mut brought, MIB, Matter::Words, 0), None);
    let before = brought;
    assert_eq!(bring(&mut brought, MIB, Matter::Words, 0), None);
    assert_eq!(give_back(share(), brought, MIB), before);
}

#[test]
fn one_person_does_not_silence_the_others() {
    let mut mallory = Brought::default();
    while bring(&mut mallory, MIB / 8, Matter::Words, 0).is_none() {}
    let mut ann = Brought { tenant: mallory.tenant, person: None };
    assert_eq!(bring(&mut ann, MIB / 8, Matter::Words, 0), None);
}

#[test]
fn forgetting_goes_further_than_words_and_facts_always() {
    let mut brought = Brought::default();
    while bring(&mut brought, MIB / 8, Matter::Words, 0).is_none() {}
    let mut deletions = 0;
    while bring(&mut brought, MIB / 8, Matter::Deletion, 0).is_none() {
        deletions += 1;
    }
    assert_eq!(deletions, 20, "as far again, and no further");
    for _ in 0..100 {
        assert_eq!(bring(&mut brought, MIB / 8, Matter::Fact, 0), None);
    }
}

#[test]
fn what_is_longer_than_a_day_passes_some_day() {
    let mut brought = Brought::default();
    assert_eq!(bring(&mut brought, 100 * MIB, Matter::Words, 0), None);
    assert_eq!(
        bring(&mut brought, 100 * MIB, Matter::Words, 1),
        Some((Whose::Tenant, 24 * 60 - 1))
    );
    assert_eq!(bring(&mut brought, 100 * MIB, Matter::Words, 24 * 60), None);
}

proptest! {
    /// Whatever comes, and however it comes: what is stored in the time that the log keeps it is at
    /// most the share and the day that may come at once.
    #[test]
    fn no_tenant_fills_more_than_its_share(
        calls in prop::collection::vec((1..2_600_000_u64, 0..200_i64, any::<bool>()), 1..400),
    ) {
        let mut tenant = None;
        let (mut minute, mut stored) = (0, 0);
        for (bytes, pause, is_deletion) in calls {
            minute += pause;
            let matter = if is_deletion { Matter::Deletion } else { Matter::Words };
            let mut brought = Brought { tenant, person: None };
            if bring(&mut brought, bytes, matter, minute).is_none() {
                // A person's part is a quarter, so nothing here is longer than a day.
                stored += bytes;
                tenant = brought.tenant;
            }
        }
        let days = u64::try_from(minute).unwrap() / (24 * 60) + 1;
        prop_assert!(stored <= (days + 2) * share().tenant_bytes_per_day(), "{stored} in {days} days");
    }
}
