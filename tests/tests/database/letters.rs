use schemas::{Author, TenantId};
use store::letters::{self, Decision, Verb};

use crate::{at, tenant, world};

fn decision(letter: &str, verb: Verb, who: &str) -> Decision {
    Decision {
        letter: letter.to_owned(),
        verb,
        reason: Some("it is over".to_owned()),
        by: Author { via: "cli".to_owned(), operator: Some(who.to_owned()) },
        at: at(1),
        published: None,
    }
}

#[tokio::test]
async fn the_first_decision_on_a_letter_stands_and_each_tenant_has_its_own() {
    let world = world().await;
    let (acme, beta) = (tenant("acme"), tenant("beta"));
    let decide = async |of: &TenantId, decision: Decision| {
        letters::decide(&world.db, of, &decision).await.unwrap()
    };
    let first = decision("completion-EVENTS-7", Verb::Retried, "ann");
    assert_eq!(decide(&acme, first.clone()).await, first);
    let late = decision("completion-EVENTS-7", Verb::Discarded, "ben");
    assert_eq!(decide(&acme, late.clone()).await, first, "what was decided stays decided");
    assert_eq!(decide(&beta, late.clone()).await, late);

    letters::published(&world.db, &acme, ("completion-EVENTS-7", 12)).await.unwrap();
    let ids = ["completion-EVENTS-7".to_owned(), "completion-EVENTS-8".to_owned()];
    let mut tx = world.db.tenant(&acme).await.unwrap();
    let found = letters::of_letters(&mut tx, &ids).await.unwrap();
    assert_eq!(found, [Decision { published: Some(12), ..first }]);
}
