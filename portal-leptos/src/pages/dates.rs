//! Days as browsers send them.

use domain::day::Day;

/// `2026-11-21`.
pub(crate) fn parse(text: &str) -> Option<Day> {
    let parts: Vec<&str> = text.trim().split('-').collect();
    let [year, month, day] = parts.as_slice() else { return None };
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let digits = parts.concat();
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten().and_then(Day::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_day_is_a_day() {
        assert_eq!(parse("2026-11-21").map(Day::number), Some(20_261_121));
        for text in ["", "2026-11", "2026-11-2", "2026-13-01", "+026-11-21", "20261121", "x-y-z"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
