use super::*;

#[test]
fn an_erased_tenant_leaves_its_slug_and_nothing_else() {
    let mut world = World::acme();
    let it = &mut world;
    it.desk(
        |d| tenant::erase(d, &acme()),
        expect![[r#"
        - connection acme/slack-T1
        - tenant acme: deleted"#]],
    );
    let left = it.directory.tenant(&acme()).unwrap();
    assert_eq!((left.name.as_str(), &left.limits), ("acme", &Limits::default()));
    it.desk(|d| tenant::erase(d, &acme()), expect![[r#""#]]);
    it.desk(
        |d| tenant::erase(d, &"otto".parse().unwrap()),
        expect!["refused: there is no such thing here"],
    );
}

#[test]
fn one_that_was_deleted_before_loses_the_rest_of_its_entry() {
    let mut world = World::acme();
    let it = &mut world;
    let limits = Limits { messages_per_minute: 60, ..Limits::default() };
    it.desk(
        |d| tenant::set_limits(d, &acme(), limits),
        expect!["~ tenant acme: messages_per_minute 30 -> 60"],
    );
    it.desk(
        |d| tenant::delete(d, &acme(), "acme"),
        expect![[r#"
        - connection acme/slack-T1
        - tenant acme: deleted"#]],
    );
    assert_eq!(it.directory.tenant(&acme()).unwrap().limits.messages_per_minute, 60);
    it.desk(|d| tenant::erase(d, &acme()), expect!["- tenant acme: deleted"]);
    assert_eq!(it.directory.tenant(&acme()).unwrap().limits, Limits::default());
}
