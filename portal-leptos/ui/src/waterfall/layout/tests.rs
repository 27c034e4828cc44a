use super::*;

fn check(spans: &[(u64, u64)], want: &str) {
    let Layout { bars, cuts } = lay_out(spans);
    let bars = bars.iter().map(|bar| format!("{:.1}+{:.1}", bar.x, bar.width));
    let cuts = cuts.iter().map(|at| format!("cut {at:.1}"));
    let said = bars.chain(cuts).collect::<Vec<_>>().join(" ");
    assert_eq!(said, want);
}

#[test]
fn bars_follow_each_other() {
    check(&[(0, 10), (10, 30), (40, 60)], "0.0+10.0 10.0+30.0 40.0+60.0");
}

#[test]
fn a_bar_of_nothing_is_still_seen_and_stays_inside() {
    check(&[(0, 100_000), (100_000, 0)], "0.0+100.0 99.2+0.8");
    check(&[(0, 0)], "0.0+0.8");
    check(&[], "");
}

#[test]
fn a_long_wait_is_cut_and_a_short_one_is_not() {
    check(&[(0, 100), (140, 100)], "0.0+41.7 58.3+41.7");
    check(&[(0, 100), (1_000_100, 100)], "0.0+46.3 53.7+46.3 cut 50.0");
}

#[test]
fn the_line_begins_with_the_first_stage() {
    check(&[(500, 50), (550, 50)], "0.0+50.0 50.0+50.0");
}
