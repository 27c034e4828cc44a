use super::*;

#[test]
fn the_axis_ends_on_a_round_number_above_all() {
    let cases = [(0, 4), (4, 4), (5, 8), (13, 20), (90, 120), (121, 200), (9_999, 12_000)];
    for (most, want) in cases {
        assert_eq!(top([1, most].into_iter()), want, "{most}");
    }
    assert!(top([u64::MAX].into_iter()) > u64::MAX / 2);
}

#[test]
fn a_line_goes_from_edge_to_edge() {
    assert_eq!(polyline(&points(&[0, 5, 10], 10)), "0.00,100.00 50.00,50.00 100.00,0.00");
    assert_eq!(polyline(&points(&[5], 10)), "0.00,50.00");
    assert_eq!(polyline(&points(&[], 0)), "");
}

#[test]
fn bars_stand_on_each_other() {
    let columns = stacks([[2, 0].as_slice(), [2].as_slice()].into_iter(), 2);
    assert_eq!(columns, [[2, 2], [0, 0]]);
    let said: Vec<_> =
        bars(&columns, 4).iter().map(|bar| (bar.series, bar.y, bar.height)).collect();
    assert_eq!(said, [(0, 50.0, 50.0), (1, 0.0, 50.0)]);
}

#[test]
fn labels_are_few_and_inside() {
    assert_eq!(label_places(3, false), [(0, 0.0), (1, 50.0), (2, 100.0)]);
    assert_eq!(label_places(2, true), [(0, 25.0), (1, 75.0)]);
    assert!(label_places(365, false).len() <= 4);
    assert_eq!(label_places(0, true), []);
}
