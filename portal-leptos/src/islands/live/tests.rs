use leptos::reactive::owner::Owner;

use super::*;

fn line(seq: u64) -> Line {
    Line {
        seq,
        at: String::new(),
        when: String::new(),
        tone: String::new(),
        title: String::new(),
        who: None,
        words: None,
        note: None,
        href: None,
    }
}

fn shown(tail: Tail) -> Vec<u64> {
    tail.lines.get_untracked().iter().map(|line| line.seq).collect()
}

#[test]
fn what_comes_while_somebody_reads_waits_until_every_reason_is_gone() {
    let _owner = Owner::new();
    let tail = Tail::new(vec![line(1)]);
    tail.hold(|pause| pause.scrolled = true);
    tail.hold(|pause| pause.pointed = true);
    tail.take(line(2));
    tail.take(line(3));
    // The pointer leaves, but the reader is still far from the newest.
    tail.hold(|pause| pause.pointed = false);
    assert_eq!(shown(tail), [1]);
    tail.hold(|pause| pause.scrolled = false);
    assert_eq!(shown(tail), [3, 2, 1]);
    tail.take(line(4));
    assert_eq!(shown(tail), [4, 3, 2, 1]);
}

#[test]
fn what_waits_is_bounded_and_nothing_is_shown_twice() {
    let _owner = Owner::new();
    let tail = Tail::new(vec![line(1)]);
    tail.hold(|pause| pause.asked = true);
    for seq in 1..=u64::try_from(LINES_MAX).unwrap() + 10 {
        tail.take(line(seq));
    }
    assert_eq!(tail.held.with_untracked(Vec::len), LINES_MAX);
    tail.hold(|pause| pause.asked = false);
    let shown = shown(tail);
    assert_eq!((shown.len(), shown.first(), shown.last()), (LINES_MAX, Some(&510), Some(&11)));
}
