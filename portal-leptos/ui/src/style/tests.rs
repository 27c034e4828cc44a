use std::collections::BTreeMap;

use super::STYLESHEET;

type Colour = [f64; 3];

/// The colour of each token, light and dark.
fn tokens() -> BTreeMap<&'static str, [Colour; 2]> {
    let lines = include_str!("../../style/tokens.css").lines();
    lines.filter_map(|line| token(line.trim())).collect()
}

fn token(line: &'static str) -> Option<(&'static str, [Colour; 2])> {
    let (name, rest) = line.strip_prefix("--")?.split_once(": light-dark(#")?;
    let (light, dark) = rest.strip_suffix(");")?.split_once(", #")?;
    Some((name, [colour(light), colour(dark)]))
}

fn colour(hex: &str) -> Colour {
    assert_eq!(hex.len(), 6, "{hex}");
    [0, 2, 4].map(|at| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0)
}

/// As WCAG 2.2 defines it.
fn contrast(one: Colour, other: Colour) -> f64 {
    let light = |colour: Colour| {
        let [red, green, blue] = colour
            .map(|it| if it <= 0.04045 { it / 12.92 } else { ((it + 0.055) / 1.055).powf(2.4) });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    };
    let (one, other) = (light(one), light(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn check(pairs: impl IntoIterator<Item = (&'static str, &'static str)>, least: f64) {
    let tokens = tokens();
    let mut faint = Vec::new();
    for (over, under) in pairs {
        for (theme, at) in [("light", 0), ("dark", 1)] {
            let ratio = contrast(tokens[over][at], tokens[under][at]);
            if ratio < least {
                faint.push(format!("{over} on {under}, {theme}: {ratio:.2}"));
            }
        }
    }
    assert!(faint.is_empty(), "under {least}: {faint:#?}");
}

const GROUNDS: [&str; 4] = ["surface", "bg", "hover", "sunken"];

#[test]
fn the_measure_is_the_one_of_the_guidelines() {
    let ratio = contrast(colour("767676"), colour("ffffff"));
    assert!((ratio - 4.54).abs() < 0.01, "{ratio}");
}

#[test]
fn text_can_be_read_on_every_ground() {
    let texts = ["text", "text-2", "text-3", "link"];
    check(texts.into_iter().flat_map(|text| GROUNDS.map(|ground| (text, ground))), 4.5);
    check([("text", "accent-soft"), ("on-accent", "accent"), ("on-accent", "accent-hover")], 4.5);
}

#[test]
fn a_tone_can_be_read_on_its_own_soft_ground_and_on_the_page() {
    let tones = [
        ("ok", "ok-soft"),
        ("warn", "warn-soft"),
        ("bad", "bad-soft"),
        ("info", "info-soft"),
        ("violet", "violet-soft"),
        ("link", "accent-soft"),
        ("on-bad", "bad"),
    ];
    check(tones, 4.5);
    check(tones.iter().take(5).map(|(_, soft)| ("text", *soft)), 4.5);
    check(tones.iter().take(5).flat_map(|(tone, _)| [(*tone, "surface"), (*tone, "bg")]), 4.5);
}

#[test]
fn controls_rings_and_charts_stand_out() {
    let signs = ["control", "accent", "focus"];
    check(signs.into_iter().flat_map(|sign| ["surface", "bg", "sunken"].map(|it| (sign, it))), 3.0);
    check([("focus", "hover")], 3.0);
    let charts = ["chart-1", "chart-2", "chart-3", "chart-4", "chart-5", "chart-6"];
    check(charts.map(|chart| (chart, "surface")), 4.5);
}

#[test]
fn colours_are_named_once() {
    let outside = STYLESHEET.lines().filter(|line| line.contains('#'));
    let strays: Vec<_> = outside
        .filter(|line| !line.trim().starts_with("--") && !line.contains("color: #000"))
        .collect();
    assert!(strays.is_empty(), "{strays:#?}");
}

#[test]
fn every_token_that_is_used_is_there() {
    let declared = |name: &str| STYLESHEET.contains(&format!("{name}: "));
    let uses = STYLESHEET.split("var(").skip(1).filter_map(|rest| rest.split([')', ',']).next());
    let missing: Vec<_> = uses.filter(|name| !declared(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn what_people_ask_of_their_browser_is_honoured() {
    let asked = [
        "prefers-reduced-motion: reduce",
        "prefers-contrast: more",
        "forced-colors: active",
        "pointer: coarse",
        "@media print",
        "scroll-padding-block",
        "@view-transition",
        ":focus-visible",
    ];
    for it in asked {
        assert!(STYLESHEET.contains(it), "nothing for `{it}`");
    }
}

#[test]
fn the_braces_are_even() {
    assert_eq!(STYLESHEET.matches('{').count(), STYLESHEET.matches('}').count());
}
