use schemas::usage::AttemptOutcome;

use super::*;

/// A dollar and a tenth of a micro-dollar a token, and no price for the cache of `plain`.
fn prices() -> Prices {
    let toml = r#"
        version = "own"
        [[models]]
        vendor = "openai"
        model = "plain"
        input = 1_000_000
        output = 100_000
        source = "test"
        as_of = "today"
        [[models]]
        vendor = "anthropic"
        model = "cached"
        input = 1_000_000
        output = 0
        cache_read = 100_000
        cache_write = 1_250_000
        input_tokens_max = 5000
        source = "test"
        as_of = "today"
    "#;
    Prices::built_in().unwrap().overlaid(Some(toml::from_str(toml).unwrap())).unwrap()
}

fn usage(input: u64, output: u64) -> Usage {
    Usage { input_tokens: Some(input), output_tokens: Some(output), ..Usage::default() }
}

#[track_caller]
fn check(vendor: Vendor, model: &str, usage: &Usage, want: Option<u64>) {
    let got = prices().cost(vendor, model, Some(usage));
    assert_eq!(got.amount, want.map(MicroDollars), "{vendor} {model} {usage:?}");
}

#[test]
fn the_sum_is_rounded_once_and_up() {
    check(Vendor::OpenAi, "plain", &usage(3, 0), Some(3));
    check(Vendor::OpenAi, "plain", &usage(0, 1), Some(1));
    check(Vendor::OpenAi, "plain", &usage(0, 10), Some(1));
    check(Vendor::OpenAi, "plain", &usage(3, 11), Some(5));
    check(Vendor::OpenAi, "plain", &usage(0, 0), Some(0));
}

#[test]
fn cached_tokens_are_part_of_the_prompt_and_have_prices_of_their_own() {
    let cached = |read, written| Usage {
        cache_read_tokens: Some(read),
        cache_write_tokens: Some(written),
        ..usage(1110, 0)
    };
    check(Vendor::Anthropic, "cached", &cached(0, 0), Some(1110));
    check(Vendor::Anthropic, "cached", &cached(100, 1000), Some(10 + 10 + 1250));
    check(Vendor::OpenAi, "plain", &cached(0, 0), Some(1110));
    check(Vendor::OpenAi, "plain", &cached(100, 0), None);
    check(Vendor::Anthropic, "cached", &cached(2000, 0), None);
}

#[test]
fn unknown_is_not_zero() {
    check(Vendor::OpenAi, "somebody-elses", &usage(3, 3), None);
    check(Vendor::Anthropic, "plain", &usage(3, 3), None);
    check(Vendor::Anthropic, "cached", &usage(5001, 0), None);
    check(Vendor::OpenAi, "plain", &Usage { output_tokens: None, ..usage(3, 3) }, None);
    check(Vendor::OpenAi, "plain", &Usage { input_tokens: None, ..usage(3, 3) }, None);
    assert_eq!(prices().cost(Vendor::OpenAi, "plain", None).amount, None);
    check(Vendor::OpenAi, "plain", &usage(u64::MAX, u64::MAX), None);
}

#[test]
fn the_worst_is_the_dearest_that_a_prompt_of_no_more_tokens_may_be() {
    let worst = |vendor, model, input, output| {
        let worst = prices().worst(vendor, model, input, output);
        worst.map(|MicroDollars(micros)| micros)
    };
    let at_most = |vendor, model, input, output| {
        let dearest = (0..=input).filter_map(|input| {
            let all = [
                usage(input.into(), output),
                Usage { cache_write_tokens: Some(input.into()), ..usage(input.into(), output) },
            ];
            let costs = all.map(|it| prices().cost(vendor, model, Some(&it)).amount);
            costs.into_iter().flatten().map(|MicroDollars(micros)| micros).max()
        });
        dearest.max()
    };
    for (vendor, model) in [(Vendor::OpenAi, "plain"), (Vendor::Anthropic, "cached")] {
        for (input, output) in [(0, 0), (1, 7), (999, 3), (1001, 0)] {
            let (got, least) =
                (worst(vendor, model, input, output), at_most(vendor, model, input, output.into()));
            assert!(least.is_some() && least <= got, "{model} {input}+{output}: {got:?}");
        }
    }
    assert_eq!(worst(Vendor::OpenAi, "somebody-elses", 1, 1), None);
    let ours = Prices::built_in().unwrap();
    let worst = |input| ours.worst(Vendor::Anthropic, "claude-haiku-5-5", input, 0);
    // The dearer tier is not reached by a short prompt, and is by a long one.
    assert!(worst(1_000) < worst(200_000) && Some(MicroDollars(100_000)) <= worst(200_000));
}

#[test]
fn a_dated_name_is_the_same_model() {
    for model in ["plain-2026-03-05", "plain-20260305"] {
        check(Vendor::OpenAi, model, &usage(1, 0), Some(1));
    }
    for model in ["plain-2026-03", "plain-mini", "plain-123456789", "plain-"] {
        check(Vendor::OpenAi, model, &usage(1, 0), None);
    }
}

#[test]
fn our_own_table_reads_and_has_tiers() {
    let prices = Prices::built_in().unwrap();
    let cost = |model, input| prices.cost(Vendor::Anthropic, model, Some(&usage(input, 0)));
    assert_eq!(cost("claude-haiku-5-5", 100_000).amount, Some(MicroDollars(10_000)));
    assert_eq!(cost("claude-haiku-5-5", 200_000).amount, Some(MicroDollars(100_000)));
    for (model, source, as_of) in prices.sources() {
        assert!(source.starts_with("https://"), "{model}");
        assert_eq!(as_of.len(), "2026-11-21".len(), "{model}");
    }
    assert!(prices.models.iter().all(|price| price.vendor.parse::<Vendor>().is_ok()));
}

#[test]
fn an_own_table_goes_first_and_shows_in_the_version() {
    let ours = Prices::built_in().unwrap();
    assert_eq!(prices().version(), format!("own+{}", ours.version()));
}

#[test]
fn a_total_is_unknown_if_a_part_is() {
    let attempt = |amount: Option<u64>| Attempt {
        index: 0,
        deployment: "quality/x".to_owned(),
        vendor: "openai".to_owned(),
        model: "plain".to_owned(),
        outcome: AttemptOutcome::Completed,
        latency_ms: 1,
        first_token_ms: None,
        usage: None,
        cost: Cost { amount: amount.map(MicroDollars), price_version: "v".to_owned() },
    };
    let total = |parts: &[Option<u64>]| {
        total_cost(&parts.iter().map(|part| attempt(*part)).collect::<Vec<_>>()).amount
    };
    assert_eq!(total(&[Some(1), Some(2)]), Some(MicroDollars(3)));
    assert_eq!(total(&[Some(1), None]), None);
    assert_eq!(total(&[]), None);
}
