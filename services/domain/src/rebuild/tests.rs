use proptest::prelude::*;

use super::*;

fn names_of(only: &[&str]) -> Result<String, Unknown> {
    let only: Vec<_> = only.iter().map(|name| (*name).to_owned()).collect();
    let models = named(&only)?;
    let names: Vec<_> = models.iter().map(|model| model.name).collect();
    Ok(format!("{} from {:?}", names.join(" "), sources(&models)))
}

#[test]
fn a_model_is_named_with_or_without_its_prefix_and_says_what_it_derives_from() {
    let cases: [(&[&str], &str); 4] = [
        (&["usage"], "p_usage from [Events]"),
        (&["p_usage", "month", "usage"], "p_month p_usage from [Events]"),
        (&["agent"], "p_agent from [Directory]"),
        (&["event"], "p_event from [Events, Directory]"),
    ];
    for (only, want) in cases {
        assert_eq!(names_of(only).unwrap(), want, "{only:?}");
    }
    assert_eq!(named(&[]).unwrap().len(), MODELS.len());
    assert_eq!(
        names_of(&["usage", "turn"]).unwrap_err().to_string(),
        "no read model is called `turn`; there are agent, change, connection, conversation, day, \
         event, message, month, tenant, usage"
    );
}

#[test]
fn a_tenants_worker_never_changes() {
    let of = |slug: &str, workers| worker_of(&slug.parse().unwrap(), workers);
    for slug in ["acme", "beta", "gamma"] {
        assert_eq!(of(slug, 1), 0);
        assert_eq!(of(slug, 0), 0, "nobody asks for none");
        assert_eq!(of(slug, 4), of(slug, 4));
    }
    let mut counts = [0; 4];
    for nth in 0..4_000 {
        counts[usize::try_from(of(&format!("tenant-{nth}"), 4)).unwrap()] += 1;
    }
    assert!(counts.iter().all(|count| (800..1_200).contains(count)), "{counts:?}");
}

#[test]
fn a_log_follows_where_nothing_is_missing_between() {
    let cases =
        [(0, 0, true), (0, 1, true), (0, 2, false), (9, 10, true), (9, 11, false), (9, 3, true)];
    for (place, first, want) in cases {
        assert_eq!(follows(place, first), want, "{place} {first}");
        assert_eq!(Source::Events.has_all(place, first), want, "{place} {first}");
        assert!(Source::Directory.has_all(place, first), "what is gone was erased");
    }
}

#[test]
fn progress_is_told_with_rate_and_rest() {
    let told = |done, total, seconds| {
        Progress { done, total, elapsed: Duration::from_secs(seconds) }.to_string()
    };
    assert_eq!(told(0, 100, 0), "0 of 100 events (0 %), 0 a second");
    assert_eq!(told(0, 0, 3), "0 of 0 events (100 %), 0 a second");
    assert_eq!(told(25, 100, 5), "25 of 100 events (25 %), 5 a second, 0:15 left");
    let long = "1000 of 1000000 events (0 %), 100 a second, 2:46:30 left";
    assert_eq!(told(1_000, 1_000_000, 10), long);
}

proptest! {
    /// Whoever waits as told is never faster than asked, whatever a piece takes.
    #[test]
    fn nobody_goes_faster_than_asked(
        per_s in 1_u64..10_000,
        pieces in prop::collection::vec((1_u64..3_000, 0_u64..500), 1..40),
    ) {
        let pace = Pace::new(per_s);
        let (mut done, mut elapsed) = (0_u64, Duration::ZERO);
        for (events, took_ms) in pieces {
            let piece = u64::try_from(pace.piece(usize::try_from(events).unwrap())).unwrap();
            prop_assert!(piece <= per_s && piece <= events);
            done += piece;
            elapsed += Duration::from_millis(took_ms);
            elapsed += pace.wait(done, elapsed);
            let most = u128::from(per_s) * (elapsed.as_millis() + 1) / 1_000;
            prop_assert!(u128::from(done) <= most.max(1), "{done} in {elapsed:?}");
        }
    }
}
