//! Tokens of connections.

use super::*;

#[test]
fn of_two_tokens_set_at_once_neither_replaces_the_other() {
    let mut world = World::new();
    world.carry_out(&world.plan(ACME).unwrap());
    let set = |token: &str| {
        let changes = world.plan(&changed("HAS_ACME", token)).unwrap();
        let [Change::SecretSet { name, replaces, .. }, Change::ConnectionMake { connection, .. }] =
            &changes[..]
        else {
            panic!("{changes:?}")
        };
        assert_eq!(connection.token, *name, "the event says which one");
        (name.clone(), replaces.clone().unwrap())
    };
    let (one, other) = (set("HAS_ONE"), set("HAS_OTHER"));
    assert_eq!(one.1, other.1);
    assert!(one.0 != other.0 && one.0 != one.1 && other.0 != other.1, "{one:?} {other:?}");
}

#[test]
fn a_token_is_in_no_line_and_no_problem() {
    let world = World::new();
    let changes = world.plan(ACME).unwrap();
    let shown = format!("{changes:?}");
    assert!(!shown.contains("xoxb"), "{shown}");
}
