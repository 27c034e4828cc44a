use super::*;

const MIB: u64 = 1024 * 1024;

fn noon() -> Timestamp {
    Day::new(20_261_121).unwrap().start().plus(Duration::from_hours(12))
}

#[test]
fn a_tenant_fills_its_day_its_share_and_no_more() {
    let share = DirectoryShare {
        log_bytes_max: 950 * MIB,
        tenant_bytes_max: 80 * MIB,
        tenant_bytes_per_day: 10 * MIB,
    };
    let half_a_day = Duration::from_hours(12);
    let cases = [
        ((0, 0, 0), MIB, Ok(())),
        ((0, 9, 9), MIB, Ok(())),
        ((0, 10, 10), 1, Err(Full::Today { wait: half_a_day })),
        ((0, 20, 9), 2 * MIB, Err(Full::Today { wait: half_a_day })),
        ((0, 20, 0), 20 * MIB, Ok(())),
        ((0, 80, 0), 1, Err(Full::Tenant)),
        ((0, 79, 0), MIB, Ok(())),
        ((950, 0, 0), 1, Err(Full::Log)),
        ((949, 0, 0), MIB, Ok(())),
    ];
    for ((log, tenant, today), bytes, want) in cases {
        let filled = Filled { log: log * MIB, tenant: tenant * MIB, today: today * MIB };
        assert_eq!(admit(share, filled, bytes, noon()), want, "{filled:?} + {bytes}");
    }
}

#[test]
fn a_share_is_of_what_is_not_held_back() {
    let share = DirectoryShare::of_log(1_000 * MIB, 10);
    assert_eq!(share.log_bytes_max, 1_000 * MIB / 100 * 95);
    assert!(share.tenant_bytes_max <= 95 * MIB && 94 * MIB < share.tenant_bytes_max);
    assert_eq!(share.tenant_bytes_per_day, share.tenant_bytes_max / SHARE_DAYS);
}

#[test]
fn whoever_has_all_of_it_leaves_what_is_held_back() {
    let all = DirectoryShare::of_log(1_000 * MIB, 100);
    let filled = Filled { log: 900 * MIB, tenant: 900 * MIB, today: 900 * MIB };
    assert_eq!(admit(all, filled, MIB, noon()), Ok(()));
    assert_eq!(admit(all, Filled { log: 950 * MIB, ..filled }, MIB, noon()), Err(Full::Log));
}
