//! Numbers and times in words. Pure: the same in the server and in the browser, and `now` is given.

use std::time::Duration;

use schemas::Timestamp;

/// Text for the `inner_html` of an element that holds text alone, as `<textarea>` and `<title>` do: leptos
/// escapes nothing there, and its markers between texts would be read by people.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// Millionths of a dollar in dollars, as fine as it takes to say something: `$0.0042`, `$12.35`.
pub fn dollars(micros: u64) -> String {
    // Four figures below a dollar, two above; each rounds to the nearest.
    let (unit, digits) = match micros {
        0 => return "$0.00".to_owned(),
        1..100 => (1, 6),
        100..10_000 => (100, 4),
        10_000..1_000_000 => (1_000, 3),
        _ => (10_000, 2),
    };
    let rounded = (micros + unit / 2) / unit;
    let one = 10_u64.pow(digits);
    let (whole, part) = (rounded / one, rounded % one);
    let width = usize::try_from(digits).unwrap_or(2);
    format!("${}.{part:0width$}", count(whole))
}

/// The same in plain words: `≈ 0.4 ¢`, `≈ $31`.
pub fn about(micros: u64) -> String {
    match micros {
        0 => "nothing".to_owned(),
        1..1_000 => "less than 0.1 ¢".to_owned(),
        1_000..100_000 => {
            let tenths = (micros + 500) / 1_000;
            format!("≈ {}.{} ¢", tenths / 10, tenths % 10)
        }
        100_000..1_000_000 => format!("≈ {} ¢", (micros + 5_000) / 10_000),
        1_000_000..10_000_000 => dollars(micros).replacen('$', "≈ $", 1),
        _ => format!("≈ ${}", count((micros + 500_000) / 1_000_000)),
    }
}

/// A count with its thousands set apart: `12,840`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut said = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            said.push(',');
        }
        said.push(digit);
    }
    said
}

/// A count where there is little room: `940`, `12.8k`, `3.1M`.
pub fn short_count(number: u64) -> String {
    let (unit, letter) = match number {
        0..1_000 => return number.to_string(),
        1_000..999_950 => (1_000, 'k'),
        999_950..999_950_000 => (1_000_000, 'M'),
        _ => (1_000_000_000, 'B'),
    };
    let tenths = number.saturating_add(unit / 20) / (unit / 10);
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole}{letter}"),
        (whole, part) => format!("{whole}.{part}{letter}"),
    }
}

/// A count and its noun: `1 agent`, `3 agents`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// How long something took, in two figures that matter: `84 ms`, `3.1 s`, `2 min 5 s`, `3 h 20 min`.
pub fn duration(took: Duration) -> String {
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let pair = |seconds: u64, big: u64, small: u64, words: (&str, &str)| {
        let (whole, rest) = (seconds / big, seconds % big / small);
        match rest {
            0 => format!("{whole} {}", words.0),
            _ => format!("{whole} {} {rest} {}", words.0, words.1),
        }
    };
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..9_950 => {
            let tenths = (millis + 50) / 100;
            format!("{}.{} s", tenths / 10, tenths % 10)
        }
        9_950..59_500 => format!("{} s", (millis + 500) / 1_000),
        59_500..3_600_000 => pair((millis + 500) / 1_000, 60, 1, ("min", "s")),
        3_600_000..86_400_000 => pair(millis / 1_000, 3_600, 60, ("h", "min")),
        _ => pair(millis / 1_000, 86_400, 3_600, ("d", "h")),
    }
}

/// How long ago, or how soon: `just now`, `5 min ago`, `in 2 h`; a day where it is over a week.
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let (apart, ahead) = if now < at { (at.since(now), true) } else { (now.since(at), false) };
    let seconds = apart.as_secs();
    let words = match seconds {
        0..45 if ahead => return "in a moment".to_owned(),
        0..45 => return "just now".to_owned(),
        45..3_570 => format!("{} min", (seconds + 30) / 60),
        3_570..84_600 => format!("{} h", (seconds + 1_800) / 3_600),
        84_600..604_800 => match (seconds + 43_200) / 86_400 {
            1 => "1 day".to_owned(),
            days => format!("{days} days"),
        },
        _ => return day(at),
    };
    if ahead { format!("in {words}") } else { format!("{words} ago") }
}

/// The day: `21 Nov 2026`.
pub fn day(at: Timestamp) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = at.to_string();
    let mut parts = text.get(..10).unwrap_or_default().split('-');
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    let month = month.and_then(|it| it.parse::<usize>().ok()).and_then(|it| MONTHS.get(it - 1));
    match (year, month, day) {
        (Some(year), Some(month), Some(day)) => {
            format!("{} {month} {year}", day.trim_start_matches('0'))
        }
        _ => text,
    }
}

/// The instant in UTC, to the second: `21 Nov 2026, 09:30:00 UTC`.
pub fn instant(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{}, {} UTC", day(at), text.get(11..19).unwrap_or_default())
}

/// A part of a whole, e.g. `42 %`. Nothing of something is `0 %`, more than all is said.
pub fn percent(part: u64, whole: u64) -> String {
    let hundredfold = u128::from(part) * 100;
    format!("{} %", hundredfold / u128::from(whole.max(1)))
}

/// As much of a line as fits into so many characters, and a mark where there is more.
pub fn shortened(line: &str, characters: usize) -> String {
    let mut letters = line.chars();
    let begin: String = letters.by_ref().take(characters).collect();
    if letters.next().is_some() { format!("{}…", begin.trim_end()) } else { begin }
}

/// The letters for a name: of its first and its last word.
pub fn initials(name: &str) -> String {
    let letter = |word: &str| word.chars().find(|it| it.is_alphanumeric());
    let mut words = name.split_whitespace().filter_map(letter);
    let first = words.next();
    let last = words.next_back();
    let said: String = first.into_iter().chain(last).flat_map(char::to_uppercase).collect();
    if said.is_empty() { "?".to_owned() } else { said }
}

/// Which of eight colours a name has; always the same one.
pub fn hue(name: &str) -> u8 {
    // FNV-1a: small, and the same everywhere.
    let hash = name
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    u8::try_from((hash ^ (hash >> 15)) % 8).unwrap_or(0)
}

#[cfg(test)]
mod tests;
