use super::*;

#[test]
fn an_agents_budget_holds_whatever_is_said_of_it_afterwards() {
    let mut world = World::acme();
    let it = &mut world;
    let budget = Budget { daily_micros: Some(5), monthly_micros: None };
    it.desk(
        |d| agent::set_budget(d, &acme(), &mara(), budget),
        expect!["~ agent acme/mara: budget.daily_micros none -> 5"],
    );
    it.desk(|d| agent::set_budget(d, &acme(), &mara(), budget), expect![[r#""#]]);
    let brief = OpenConfig { persona: "brief".to_owned(), ..OpenConfig::named("Mara") };
    it.desk(
        |d| agent::publish(d, &acme(), &mara(), publication(brief.clone(), 1)),
        expect!["~ agent acme/mara: publish version 2"],
    );
    let draft = OpenConfig { role: "Lead".to_owned(), ..brief };
    it.desk(
        |d| agent::save_draft(d, (&acme(), &mara()), None, draft),
        expect!["~ agent acme/mara: draft saved"],
    );
    it.desk(
        |d| agent::discard_draft(d, &acme(), &mara()),
        expect!["~ agent acme/mara: draft discarded"],
    );
    it.desk(|d| connection::disconnect(d, &acme(), &t1()), expect!["- connection acme/slack-T1"]);
    it.desk(|d| agent::retire(d, &acme(), &mara()), expect!["- agent acme/mara: retired"]);
    assert_eq!(it.directory.agent(&acme(), &mara()).unwrap().budget, budget);
    let nobody = |d: &Directory| agent::set_budget(d, &acme(), &"otto".parse().unwrap(), budget);
    it.desk(nobody, expect!["refused: there is no such thing here"]);
}
