use super::*;

fn tenant(slug: &str) -> TenantId {
    slug.parse().unwrap()
}

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + minutes * 60_000)
}

/// 31 MiB in 31 days: 1 MiB a day, a quarter of it a person's.
fn shares() -> Shares {
    Shares::new(Share::of_log(3_100 * 1024 * 1024, 1))
}

fn bill<'a>(tenant: &'a TenantId, person: &'a str, matter: Matter) -> Bill<'a> {
    Bill { tenant, person: Some(person), bytes: 64 * 1024, again: None, matter }
}

/// Charges and stores it; what it cost.
fn store(shares: &Shares, bill: Bill<'_>, now: Timestamp) -> Result<u64, Full> {
    let charged = shares.charge(bill, now)?;
    let bytes = charged.bill.bytes;
    charged.keep();
    Ok(bytes)
}

#[test]
fn whoever_writes_without_end_is_stopped_told_once_and_stops_nobody_else() {
    let (shares, acme, beta) = (shares(), tenant("acme"), tenant("beta"));
    let words = |tenant, person| bill(tenant, person, Matter::Words);
    for _ in 0..4 {
        assert!(store(&shares, words(&acme, "acme/eve"), at(0)).is_ok());
    }
    let full = Full { retry_at: at(360) };
    assert_eq!(store(&shares, words(&acme, "acme/eve"), at(0)).err(), Some(full));
    shares.notice("acme/eve", full, at(0)).unwrap().keep();
    for _ in 0..10_000 {
        assert_eq!(store(&shares, words(&acme, "acme/eve"), at(1)).err(), Some(full));
        assert!(shares.notice("acme/eve", full, at(1)).is_none());
    }
    assert!(store(&shares, words(&acme, "acme/ann"), at(1)).is_ok(), "a colleague");
    assert!(store(&shares, words(&beta, "beta/eve"), at(1)).is_ok(), "another tenant");
    assert!(store(&shares, bill(&acme, "acme/eve", Matter::Deletion), at(1)).is_ok());
}

#[test]
fn a_message_that_is_delivered_twice_is_answered_once_and_charged_so() {
    let (shares, acme) = (shares(), tenant("acme"));
    let (one, two) = ("m1".parse().unwrap(), "m2".parse().unwrap());
    let charge = |message: &MessageId| {
        let bill = bill(&acme, "ann", Matter::Words);
        let again = Some((message, 1024));
        store(&shares, Bill { again, ..bill }, at(0)).unwrap()
    };
    assert_eq!([charge(&one), charge(&one), charge(&two)], [64 * 1024, 1024, 64 * 1024]);
}

#[test]
fn a_message_that_was_taken_is_not_refused_the_second_time() {
    let (shares, acme) = (shares(), tenant("acme"));
    let message = "m".parse().unwrap();
    let mention = Bill { again: Some((&message, 1024)), ..bill(&acme, "ann", Matter::Words) };
    for _ in 0..3 {
        store(&shares, bill(&acme, "ann", Matter::Words), at(0)).unwrap();
    }
    store(&shares, mention, at(0)).unwrap();
    drop(shares.charge(mention, at(0)).unwrap());
    assert_eq!(store(&shares, mention, at(0)), Ok(1024), "also when it comes a third time");
    let other = "n".parse().unwrap();
    let next = Bill { again: Some((&other, 1024)), ..mention };
    assert!(store(&shares, next, at(0)).is_err());
}

#[test]
fn a_message_that_was_not_stored_was_not_taken() {
    let (shares, acme) = (shares(), tenant("acme"));
    let message = "m".parse().unwrap();
    let mention = Bill { again: Some((&message, 1024)), ..bill(&acme, "ann", Matter::Words) };
    drop(shares.charge(mention, at(0)).unwrap());
    assert_eq!(store(&shares, mention, at(0)), Ok(64 * 1024));
}

#[test]
fn who_was_not_told_is_told_next_time() {
    let (shares, acme) = (shares(), tenant("acme"));
    while store(&shares, bill(&acme, "ann", Matter::Words), at(0)).is_ok() {}
    let full = store(&shares, bill(&acme, "ann", Matter::Words), at(0)).unwrap_err();
    let notice = shares.notice("ann", full, at(0)).unwrap();
    assert!(shares.notice("ann", full, at(0)).is_none(), "it is on its way");
    drop(notice);
    shares.notice("ann", full, at(0)).unwrap().keep();
    assert!(shares.notice("ann", full, at(0)).is_none());
}

#[test]
fn what_was_not_stored_costs_nothing() {
    let (shares, acme) = (shares(), tenant("acme"));
    for _ in 0..100 {
        let bill = bill(&acme, "ann", Matter::Words);
        assert!(shares.charge(bill, at(0)).is_ok(), "and let go");
    }
}

#[test]
fn nothing_is_kept_of_those_who_owe_nothing() {
    let (shares, acme) = (shares(), tenant("acme"));
    for person in 0..8 {
        let name = format!("person {person}");
        while store(&shares, bill(&acme, &name, Matter::Words), at(0)).is_ok() {}
    }
    shares.forget_past(at(60));
    assert!(!shares.state().people.is_empty() && !shares.state().tenants.is_empty());
    shares.forget_past(at(24 * 60));
    let state = shares.state();
    assert_eq!((state.people.len(), state.tenants.len()), (0, 0));
}
