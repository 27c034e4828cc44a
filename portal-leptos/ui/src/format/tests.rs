use super::*;

#[test]
fn money_is_as_fine_as_it_takes() {
    let cases = [
        (0, "$0.00", "nothing"),
        (7, "$0.000007", "less than 0.1 ¢"),
        (4_200, "$0.0042", "≈ 0.4 ¢"),
        (42_000, "$0.042", "≈ 4.2 ¢"),
        (999_600, "$1.000", "≈ 100 ¢"),
        (1_234_567, "$1.23", "≈ $1.23"),
        (31_400_000, "$31.40", "≈ $31"),
        (12_345_678_901, "$12,345.68", "≈ $12,346"),
    ];
    for (micros, exact, plain) in cases {
        assert_eq!((dollars(micros).as_str(), about(micros).as_str()), (exact, plain));
    }
}

#[test]
fn counts_have_their_thousands_apart() {
    let cases = [
        (0, "0", "0"),
        (999, "999", "999"),
        (1_000, "1,000", "1k"),
        (12_840, "12,840", "12.8k"),
        (999_949, "999,949", "999.9k"),
        (999_950, "999,950", "1M"),
        (3_141_592, "3,141,592", "3.1M"),
        (2_000_000_000, "2,000,000,000", "2B"),
    ];
    for (number, long, short) in cases {
        assert_eq!((count(number).as_str(), short_count(number).as_str()), (long, short));
    }
    assert_eq!(counted(1, "agent", "agents"), "1 agent");
    assert_eq!(counted(2_500, "agent", "agents"), "2,500 agents");
}

#[test]
fn durations_have_two_figures_that_matter() {
    let cases = [
        (0, "0 ms"),
        (999, "999 ms"),
        (3_120, "3.1 s"),
        (9_949, "9.9 s"),
        (9_950, "10 s"),
        (59_499, "59 s"),
        (59_500, "1 min"),
        (125_000, "2 min 5 s"),
        (3_600_000, "1 h"),
        (12_000_000, "3 h 20 min"),
        (180_000_000, "2 d 2 h"),
    ];
    for (millis, want) in cases {
        assert_eq!(duration(Duration::from_millis(millis)), want, "{millis} ms");
    }
}

#[test]
fn a_time_is_told_from_now() {
    let now: Timestamp = "2026-11-21T09:30:00Z".parse().unwrap();
    let cases = [
        ("2026-11-21T09:29:30Z", "just now"),
        ("2026-11-21T09:30:20Z", "in a moment"),
        ("2026-11-21T09:25:00Z", "5 min ago"),
        ("2026-11-21T08:30:20Z", "1 h ago"),
        ("2026-11-21T11:30:00Z", "in 2 h"),
        ("2026-11-20T09:00:00Z", "1 day ago"),
        ("2026-11-18T09:30:00Z", "3 days ago"),
        ("2026-11-01T09:30:00Z", "1 Nov 2026"),
    ];
    for (at, want) in cases {
        assert_eq!(relative(at.parse().unwrap(), now), want, "{at}");
    }
    assert_eq!(instant(now), "21 Nov 2026, 09:30:00 UTC");
}

#[test]
fn a_share_of_nothing_divides_by_nothing() {
    assert_eq!(percent(0, 0), "0 %");
    assert_eq!(percent(42, 100), "42 %");
    assert_eq!(percent(u64::MAX, 1), format!("{} %", u128::from(u64::MAX) * 100));
}

#[test]
fn a_name_keeps_its_letters_and_its_colour() {
    let cases = [("Mara Lindqvist", "ML"), ("mara", "M"), ("Ana de la Cruz", "AC"), (" — ", "?")];
    for (name, letters) in cases {
        assert_eq!(initials(name), letters);
        assert_eq!(hue(name), hue(name));
        assert!(hue(name) < 8);
    }
    let seen: std::collections::BTreeSet<u8> =
        ["Mara", "Noor", "Idris", "Wei", "Lena", "Tomás", "Aiko", "Sam", "Zoë", "Ravi", "Kofi"]
            .into_iter()
            .map(hue)
            .collect();
    assert!(seen.len() > 4, "names fall into few colours: {seen:?}");
}
