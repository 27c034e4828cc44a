//! What is typed is kept.

use desk::{Autosaved, DeskError, Publish};
use domain::config::{Field, OpenConfig};
use konstruct_tests::postgres::raw;

use crate::{Office, acme, admin, mara};

#[tokio::test]
async fn a_draft_survives_and_its_words_are_nowhere_in_the_clear() {
    let office = Office::of_acme().await;
    let (admin, at) = (admin(), (&acme(), &mara()));
    let begun = office.desk.draft(&admin, at.0, at.1).await.unwrap().fields;
    let typed =
        OpenConfig { system_prompt: "never say BANANA".to_owned(), name: String::new(), ..begun };
    let saved = office.desk.autosave(&admin, at, 0, typed.clone()).await.unwrap();
    assert_eq!(saved, Autosaved::Saved { revision: 1 });
    let kept = office.other_desk.draft(&admin, at.0, at.1).await.unwrap();
    assert!(kept.fields == typed, "unfinished as it is");
    assert_eq!(kept.updated.unwrap().0, "o-admin");
    let client = raw(&office.it.database.superuser_url()).await.unwrap();
    for table in ["agent_draft", "agent_draft_revision", "p_change"] {
        let sql = format!("select coalesce(string_agg(t::text, ''), '') from {table} t");
        let rows: String = client.query_one(&sql, &[]).await.unwrap().get(0);
        assert!(!rows.is_empty() && !rows.contains("BANANA"), "{table}: {rows}");
    }
    let long = OpenConfig { persona: "x".repeat(64 * 1024 + 1), ..typed };
    let refused = office.desk.autosave(&admin, at, 1, long).await;
    assert!(matches!(refused, Err(DeskError::Invalid(_))), "{refused:?}");
}

#[tokio::test]
async fn the_same_field_twice_is_asked_and_both_values_are_there() {
    let office = Office::of_acme().await;
    let (admin, at) = (admin(), (&acme(), &mara()));
    let begun = office.desk.draft(&admin, at.0, at.1).await.unwrap().fields;
    let says = |persona: &str| OpenConfig { persona: persona.to_owned(), ..begun.clone() };
    office.desk.autosave(&admin, at, 0, says("warm")).await.unwrap();
    let asked = office.desk.autosave(&admin, at, 0, says("brief")).await.unwrap();
    let Autosaved::Conflict(met) = asked else { panic!("{asked:?}") };
    assert!(met.revision == 1 && met.theirs == says("warm") && met.base == Some(begun.clone()));
    let merged = met.merged;
    let [conflict] = &merged.conflicts[..] else { panic!("{merged:?}") };
    assert_eq!(conflict.field, Field::Persona);
    assert_eq!(conflict.mine.to_string(), "brief");
    assert_eq!(conflict.theirs.to_string(), "warm");
    let decided = office.desk.autosave(&admin, at, 1, says("brief")).await.unwrap();
    assert_eq!(decided, Autosaved::Saved { revision: 2 });
}

#[tokio::test]
async fn whoever_comes_back_too_late_for_a_base_is_asked_about_every_difference() {
    let office = Office::of_acme().await;
    let (admin, at) = (admin(), (&acme(), &mara()));
    let begun = office.desk.draft(&admin, at.0, at.1).await.unwrap().fields;
    for revision in 0..=store::drafts::REVISIONS_MAX {
        let typed = OpenConfig { role: format!("role {revision}"), ..begun.clone() };
        office.desk.autosave(&admin, at, revision, typed).await.unwrap();
    }
    let late = OpenConfig { persona: "late".to_owned(), ..begun };
    let asked = office.desk.autosave(&admin, at, 0, late).await.unwrap();
    let Autosaved::Conflict(met) = asked else { panic!("{asked:?}") };
    assert!(met.base.is_none());
    let fields: Vec<_> = met.merged.conflicts.iter().map(|it| it.field).collect();
    assert_eq!(fields, [Field::Role, Field::Persona]);
}

#[tokio::test]
async fn of_many_who_save_at_once_each_finds_what_it_typed() {
    let office = Office::of_acme().await;
    let (admin, at) = (admin(), (&acme(), &mara()));
    let begun = office.desk.draft(&admin, at.0, at.1).await.unwrap().fields;
    let role = OpenConfig { role: "a role".to_owned(), ..begun.clone() };
    let model = OpenConfig { model: "fast".to_owned(), ..begun.clone() };
    let persona = OpenConfig { persona: "brief".to_owned(), ..begun };
    let (a, b, c) = tokio::join!(
        office.desk.autosave(&admin, at, 0, role),
        office.other_desk.autosave(&admin, at, 0, model),
        office.desk.autosave(&admin, at, 0, persona),
    );
    for saved in [a, b, c] {
        assert!(!matches!(saved.unwrap(), Autosaved::Conflict(_)));
    }
    let kept = office.desk.draft(&admin, at.0, at.1).await.unwrap();
    assert_eq!(kept.revision, 3);
    let got = (kept.fields.role.as_str(), kept.fields.model.as_str(), kept.fields.persona.as_str());
    assert_eq!(got, ("a role", "fast", "brief"));
}

#[tokio::test]
async fn a_discarded_draft_is_what_is_published_and_none_is_discarded_unseen() {
    let office = Office::of_acme().await;
    let (admin, at) = (admin(), (&acme(), &mara()));
    let first = Publish { revision: 0, note: String::new(), expected_version: 0 };
    office.shown(office.desk.publish(&admin, at, first).await.unwrap()).await;
    let live = office.desk.live(&admin, at.0, at.1).await.unwrap();
    let published = live.config.unwrap();
    assert_eq!((live.version, live.retired), (1, false));
    let typed = OpenConfig { role: "Lead".to_owned(), ..published.clone() };
    office.desk.autosave(&admin, at, 0, typed.clone()).await.unwrap();
    office.shown(office.desk.save_draft(&admin, at, typed.clone()).await.unwrap()).await;
    let unseen = office.desk.discard_draft(&admin, at, 0).await;
    assert!(matches!(unseen, Err(DeskError::Conflict { .. })), "{unseen:?}");
    assert!(office.desk.draft(&admin, at.0, at.1).await.unwrap().fields == typed);
    office.shown(office.desk.discard_draft(&admin, at, 1).await.unwrap()).await;
    let left = office.other_desk.draft(&admin, at.0, at.1).await.unwrap();
    assert!(left.fields == published && left.base_version == 1);
}
