use proptest::prelude::*;

use super::*;
use crate::config::{OpenRule, OpenTrigger};

fn config() -> impl Strategy<Value = OpenConfig> {
    let text = || "[ab]{0,1}";
    let escalated = text().prop_map(|word| OpenRule {
        when: OpenTrigger::Keywords(vec![word]),
        to_channel: "C1".to_owned(),
    });
    let short = (text(), text(), text(), text(), text(), text(), text());
    let rest =
        (prop::collection::vec(text(), 0..2), prop::collection::vec(escalated, 0..2), 0..2_u32);
    (short, rest).prop_map(|(short, (tools, escalation, follow_minutes))| {
        let (name, role, job_description, statement_of_work, persona, system_prompt, model) = short;
        OpenConfig {
            name,
            role,
            job_description,
            statement_of_work,
            persona,
            system_prompt,
            model,
            tools,
            escalation,
            follow_minutes,
        }
    })
}

#[test]
fn what_one_side_changed_is_there_and_what_both_changed_is_asked() {
    let base = OpenConfig::named("Mara");
    let mine = OpenConfig { role: "Lead".to_owned(), persona: "brief".to_owned(), ..base.clone() };
    let theirs =
        OpenConfig { model: "fast".to_owned(), persona: "kind".to_owned(), ..base.clone() };
    let merged = merge(Some(&base), &mine, &theirs);
    let want = OpenConfig { model: "fast".to_owned(), ..mine.clone() };
    assert!(merged.config == want);
    let [conflict] = &merged.conflicts[..] else { panic!("{merged:?}") };
    assert_eq!(conflict.field, Field::Persona);
    assert_eq!(
        (conflict.mine.to_string(), conflict.theirs.to_string()),
        ("brief".into(), "kind".into())
    );
}

proptest! {
    #[test]
    fn nothing_that_was_typed_is_lost(base in config(), mine in config(), theirs in config()) {
        let merged = merge(Some(&base), &mine, &theirs);
        for field in Field::ALL {
            let (b, m, t) = (base.get(field), mine.get(field), theirs.get(field));
            let asked = merged.conflicts.iter().find(|conflict| conflict.field == field);
            let got = merged.config.get(field);
            if m == t || b == t {
                // Mine alone, or both the same.
                prop_assert!(asked.is_none() && got == m, "{field:?}");
            } else if b == m {
                prop_assert!(asked.is_none() && got == t, "{field:?}");
            } else {
                let asked = asked.unwrap();
                prop_assert!(asked.mine == m && asked.theirs == t && asked.base == Some(b));
                prop_assert!(got == m);
            }
        }
    }

    #[test]
    fn it_is_the_same_from_both_sides_but_for_what_is_asked(
        base in config(), mine in config(), theirs in config(),
    ) {
        let (one, other) = (merge(Some(&base), &mine, &theirs), merge(Some(&base), &theirs, &mine));
        let asked = |merged: &Merged| merged.conflicts.iter().map(|it| it.field).collect::<Vec<_>>();
        prop_assert_eq!(asked(&one), asked(&other));
        for field in one.config.fields_changed(&other.config) {
            prop_assert!(asked(&one).contains(&field));
        }
    }

    #[test]
    fn without_a_base_every_difference_is_asked(mine in config(), theirs in config()) {
        let merged = merge(None, &mine, &theirs);
        let asked: Vec<_> = merged.conflicts.iter().map(|it| it.field).collect();
        prop_assert_eq!(asked, mine.fields_changed(&theirs));
        prop_assert!(merged.config == mine);
    }
}
