//! A draft is tried over HTTP, as the island beside its form does it.

use konstruct_tests::fake_llm::Behaviour;
use serde_json::Value;

use crate::{catalogue::Who, furnished::House};

const NOOR: &str = "/t/acme/agents/noor";

const ANSWER: &str = "Your parcel is on its way";

const FORM: [(&str, &str); 11] = [
    ("revision", "0"),
    ("name", "Noor"),
    ("role", "Lead"),
    ("persona", ""),
    ("job_description", ""),
    ("statement_of_work", ""),
    ("system_prompt", "Answer in rhymes, and in nothing else."),
    ("model", "quality"),
    ("tools", ""),
    ("follow_minutes", "30"),
    ("question", "Where is my parcel?"),
];

#[tokio::test]
async fn a_trial_shows_as_it_is_said_what_it_took_and_the_prompt_as_it_is_typed()
-> anyhow::Result<()> {
    let house = House::built().await?;
    let people = house.hired().await?;
    let op = people.of(Who::Operator)?;
    op.post("/t/acme/agents/new", &[("name", "Noor"), ("slug", "noor")]).await?;
    house.it.llm.script([Behaviour { held: true, ..Behaviour::text(ANSWER) }]);

    let mut answer = op.post(&format!("{NOOR}/try"), &FORM).await?;
    assert_eq!(answer.status(), 200);
    // The model has said one word, and no more until it may.
    let mut text = Vec::new();
    while !text.contains(&b'\n') {
        text.extend(answer.chunk().await?.expect("a first word"));
    }
    let first: Value = serde_json::from_slice(&text)?;
    assert!(ANSWER.starts_with(first["text"].as_str().expect("words")), "{first}");
    house.it.llm.release();
    while let Some(chunk) = answer.chunk().await? {
        text.extend(chunk);
    }
    let text = String::from_utf8(text)?;
    let lines: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let (last, said) = lines.split_last().expect("lines");
    let said: String = said.iter().filter_map(|line| line["text"].as_str()).collect();
    assert_eq!((said.as_str(), &last["done"]["text"]), (ANSWER, &ANSWER.into()), "{text}");

    let facts = last["done"]["facts"].as_str().expect("facts");
    let parts: Vec<_> = facts.split(" · ").collect();
    let [took, tokens, cost, model] = parts[..] else { panic!("{facts}") };
    assert!(took.ends_with('s') && took.starts_with(|it: char| it.is_ascii_digit()), "{facts}");
    assert!(tokens.contains(" tokens in, ") && tokens.ends_with(" out"), "{facts}");
    assert!(cost.contains(['¢', '$']) && model == "gpt-5.4-mini", "{facts}");

    let prompt = last["done"]["prompt"].as_str().expect("a prompt");
    assert!(prompt.contains("Answer in rhymes, and in nothing else."), "{prompt}");
    assert!(prompt.ends_with("Where is my parcel?"), "{prompt}");
    assert!(!op.read(NOOR).await?.contains("in rhymes"), "a trial saves nothing");
    Ok(())
}
