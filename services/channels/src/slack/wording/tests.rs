use expect_test::expect;

use super::*;

fn shown(wording: Wording<'_>) -> String {
    serde_json::to_string_pretty(&with_words(json!({ "channel": "C1" }), wording)).unwrap()
}

#[test]
fn plain_words_are_text_alone() {
    expect![[r#"
        {
          "channel": "C1",
          "text": "Thinking…"
        }"#]]
    .assert_eq(&shown("Thinking…".into()));
}

#[test]
fn signed_words_are_blocks_and_the_text_says_the_same() {
    let wording = Wording { text: "*Yes*, tomorrow.", signature: Some("Mara · version 3") };
    expect![[r#"
        {
          "channel": "C1",
          "text": "*Yes*, tomorrow.\nMara · version 3",
          "blocks": [
            {
              "type": "section",
              "text": {
                "type": "mrkdwn",
                "text": "*Yes*, tomorrow."
              },
              "expand": true
            },
            {
              "type": "context",
              "elements": [
                {
                  "type": "mrkdwn",
                  "text": "Mara · version 3"
                }
              ]
            }
          ]
        }"#]]
    .assert_eq(&shown(wording));
}

#[test]
fn the_longest_part_with_the_longest_signature_is_no_more_than_slack_takes() {
    let code = format!("```\n{}\n```", "line of code\n".repeat(298));
    let texts = ["x".repeat(3_900), "word ".repeat(780), code, "🦀".repeat(1_950)];
    for text in texts {
        assert!((3_800..=3_900).contains(&text.encode_utf16().count()), "{}", text.len());
        let signature = "s".repeat(domain::reply::SIGNATURE_CHARS_MAX);
        let wording = Wording { text: &text, signature: Some(&signature) };
        let body = with_words(json!({}), wording);
        assert!(body["text"].as_str().unwrap().encode_utf16().count() <= 4_000);
        let blocks = body["blocks"].as_array().unwrap();
        let (last, sections) = blocks.split_last().unwrap();
        assert_eq!((sections.len(), &last["type"]), (2, &json!("context")));
        for section in sections {
            let text = section["text"]["text"].as_str().unwrap();
            assert!(text.encode_utf16().count() <= SECTION_CHARS_MAX);
            assert_eq!(text.matches("```").count() % 2, 0, "a fence that does not close");
        }
    }
}
