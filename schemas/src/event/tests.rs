use super::*;

#[test]
fn every_kind_is_found_by_its_topic_and_no_two_share_one() {
    for kind in Kind::ALL {
        assert_eq!(Kind::from_topic(kind.topic()), Some(*kind));
        let want = format!("konstruct.{}.v{}", kind.topic(), kind.version());
        assert_eq!(kind.type_name(), want);
    }
    let mut topics: Vec<_> = Kind::ALL.iter().map(|kind| kind.topic()).collect();
    topics.sort_unstable();
    topics.dedup();
    assert_eq!(topics.len(), Kind::ALL.len());
}

/// Rewrite with `UPDATE_EXPECT=1` after an additive change, and read the difference.
#[test]
fn the_checked_in_schemas_are_those_of_the_types() {
    for kind in Kind::ALL {
        let name = kind.type_name().trim_start_matches("konstruct.");
        let schema = serde_json::to_string_pretty(&kind.data_schema()).unwrap();
        let path = format!("{}/json/{name}.json", env!("CARGO_MANIFEST_DIR"));
        assert_file(&path, &format!("{schema}\n"));
    }
}

fn assert_file(path: &str, want: &str) {
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(path, want).unwrap();
    }
    let got = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(got, want, "{path} is stale: run with UPDATE_EXPECT=1");
}
