use super::*;

fn finish(
    pieces: &[(Option<u64>, &str, &str, &str)],
) -> Result<Vec<(String, String, String)>, &'static str> {
    let mut calls = Calls::default();
    for (index, id, name, arguments) in pieces {
        let piece = Piece { index: *index, id, name, arguments };
        calls.take(&piece).map_err(|failure| failure.detail)?;
    }
    let calls = calls.finish().map_err(|failure| failure.detail)?;
    Ok(calls.into_iter().map(|call| (call.id, call.name, call.arguments)).collect())
}

#[track_caller]
fn check(pieces: &[(Option<u64>, &str, &str, &str)], want: &[(&str, &str, &str)]) {
    let got = finish(pieces).unwrap();
    let got: Vec<_> = got.iter().map(|(id, name, args)| (&**id, &**name, &**args)).collect();
    assert_eq!(got, want);
}

#[test]
fn pieces_of_several_calls_may_be_mixed() {
    check(
        &[
            (Some(0), "a", "look", ""),
            (Some(1), "b", "find", "{\"x\""),
            (Some(0), "", "", "{\"q\":"),
            (Some(1), "", "", ":1}"),
            (Some(0), "", "", "2}"),
        ],
        &[("a", "look", "{\"q\":2}"), ("b", "find", "{\"x\":1}")],
    );
}

#[test]
fn a_new_id_at_a_taken_index_is_another_call() {
    check(
        &[(Some(0), "a", "look", "{}"), (Some(0), "b", "find", "{}")],
        &[("a", "look", "{}"), ("b", "find", "{}")],
    );
}

#[test]
fn without_index_and_id_a_name_begins_a_call_once_the_last_is_whole() {
    check(
        &[(None, "", "look", "{\"q\":"), (None, "", "", "1}"), (None, "", "find", "{}")],
        &[("call_0", "look", "{\"q\":1}"), ("call_1", "find", "{}")],
    );
}

#[test]
fn ids_are_made_where_they_are_missing_or_not_unique() {
    check(
        &[(Some(0), "a", "look", ""), (Some(1), "a", "look", ""), (Some(2), "", "look", " ")],
        &[("a", "look", "{}"), ("call_1", "look", "{}"), ("call_2", "look", "{}")],
    );
}

#[test]
fn an_id_and_a_name_that_are_repeated_with_each_piece_are_one() {
    check(
        &[(Some(0), "a", "look", "{\"q\""), (Some(0), "a", "look", ":1}")],
        &[("a", "look", "{\"q\":1}")],
    );
}

#[test]
fn what_is_not_whole_is_no_call() {
    assert_eq!(
        finish(&[(Some(0), "a", "look", "{\"q\":")]).unwrap_err(),
        "the arguments of a tool are not a JSON object"
    );
    assert_eq!(
        finish(&[(Some(0), "a", "look", "[1]")]).unwrap_err(),
        "the arguments of a tool are not a JSON object"
    );
    assert_eq!(finish(&[(Some(0), "a", "", "{}")]).unwrap_err(), "a call of a tool has no name");
}

#[test]
fn a_model_that_calls_without_end_is_cut_off() {
    let many: Vec<_> = (0..=64).map(|index| (Some(index), "", "look", "{}")).collect();
    assert_eq!(finish(&many).unwrap_err(), "the answer calls more tools than we accept");
    let long = "x".repeat(ARGUMENTS_BYTES_MAX + 1);
    let said = finish(&[(Some(0), "a", "look", &long)]).unwrap_err();
    assert_eq!(said, "a call of a tool is longer than we accept");
}
