//! Slugs that cannot be had.

use super::*;

#[test]
fn no_agent_comes_that_the_page_of_new_ones_would_hide() {
    let create = |slug: &'static str| {
        move |it: &Directory| agent::create(it, &acme(), slug, OpenConfig::named("New"))
    };
    World::acme().desk(
        create("new"),
        expect![
            "refused: `slug` cannot be `new`: that is the address of the page where agents are made"
        ],
    );
    assert!(create("newt")(&World::acme().directory).is_ok());
    // A tenant's address has nothing beside it that it could hide.
    let limits = Limits::default();
    assert!(tenant::create(&Directory::default(), "new", "New", limits).is_ok());
}
