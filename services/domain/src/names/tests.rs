use std::collections::BTreeSet;

use proptest::prelude::*;
use schemas::AgentId;

use super::*;

/// Products that people talk to.
const ASSISTANTS: [&str; 16] = [
    "siri", "alexa", "cortana", "bixby", "claude", "eliza", "watson", "samantha", "jarvis", "hal",
    "gemini", "grok", "bard", "sydney", "tay", "sora",
];

#[test]
fn no_name_is_there_twice_or_an_assistants() {
    assert!(200 <= NAMES.len(), "{}", NAMES.len());
    let slugs: BTreeSet<_> = NAMES.iter().map(|name| slug_of(name)).collect();
    assert_eq!(slugs.len(), NAMES.len());
    for assistant in ASSISTANTS {
        assert!(!slugs.contains(assistant), "{assistant}");
    }
}

#[test]
fn the_seed_alone_decides_and_whoever_is_there_already_is_not_suggested() {
    let first = suggest(7, &[], 5);
    assert_eq!(first.len(), 5);
    assert_eq!(suggest(7, &[], 5), first);
    assert_ne!(suggest(8, &[], 5), first);
    let taken: Vec<_> = NAMES.iter().copied().filter(|name| *name != "Mara").collect();
    assert_eq!(suggest(7, &taken, 5), ["Mara"]);
    assert!(suggest(7, NAMES, 5).is_empty());
}

#[test]
fn a_name_becomes_a_slug() {
    let cases = [
        ("Mara", "mara"),
        ("Zoë Müller", "zoe-mueller"),
        ("  José -- Ángel ", "jose-angel"),
        ("O'Neill & Sons, Ltd.", "oneill-sons-ltd"),
        ("İbrahim", "ibrahim"),
        ("Łukasz ß", "lukasz-ss"),
        ("日本", "agent"),
        ("", "agent"),
        (&"ab ".repeat(20), "ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-a"),
    ];
    for (name, want) in cases {
        assert_eq!(slug_of(name), want, "{name}");
    }
}

proptest! {
    #[test]
    fn whatever_the_name_its_slug_is_an_id(name in "\\PC{0,60}") {
        prop_assert!(slug_of(&name).parse::<AgentId>().is_ok());
        prop_assert_eq!(slug_of(&slug_of(&name)), slug_of(&name));
    }
}
