//! Numbers and money as people type them.

use desk::FieldProblem;

/// The most messages a minute that can be asked for; more is a slip of the finger.
const PER_MINUTE_MAX: u32 = 100_000;

/// The largest budget, in whole dollars.
const DOLLARS_MAX: u64 = 10_000_000;

/// Millionths of a dollar.
const MICROS: u64 = 1_000_000;

/// Digits behind the point, of cents and of millionths.
const CENTS: usize = 2;
const MILLIONTHS: usize = 6;

/// Messages a minute; nothing where nothing was typed.
pub(crate) fn per_minute(
    field: &'static str,
    typed: Option<&str>,
) -> Result<Option<u32>, FieldProblem> {
    let typed = typed.unwrap_or_default().trim();
    if typed.is_empty() {
        return Ok(None);
    }
    match typed.parse::<u32>() {
        Ok(number) if (1..=PER_MINUTE_MAX).contains(&number) => Ok(Some(number)),
        Ok(_) | Err(_) => {
            Err(FieldProblem::new(field, format!("is a whole number from 1 to {PER_MINUTE_MAX}")))
        }
    }
}

/// Days; nothing where nothing was typed. How many they may be, the desk says.
pub(crate) fn days(field: &'static str, typed: Option<&str>) -> Result<Option<u32>, FieldProblem> {
    let typed = typed.unwrap_or_default().trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let days = typed.parse::<u32>().map(Some);
    days.map_err(|_| FieldProblem::new(field, "is a whole number of days"))
}

/// Dollars, with cents or without, in millionths; nothing where nothing was typed.
pub(crate) fn micros(
    field: &'static str,
    typed: Option<&str>,
) -> Result<Option<u64>, FieldProblem> {
    let typed = typed.unwrap_or_default();
    if typed.trim().is_empty() {
        return Ok(None);
    }
    let wrong = || FieldProblem::new(field, "is an amount in dollars, like 50 or 49.90");
    let micros = millionths(typed, CENTS).ok_or_else(wrong)?;
    if DOLLARS_MAX < micros / MICROS {
        return Err(FieldProblem::new(field, "is more than anybody spends"));
    }
    Ok(Some(micros))
}

/// Dollars with at most so many digits behind the point (six at the most), in millionths.
fn millionths(typed: &str, digits_max: usize) -> Option<u64> {
    let typed = typed.trim().trim_start_matches('$');
    let (whole, part) = typed.split_once('.').unwrap_or((typed, ""));
    if digits_max < part.len() || !is_digits(part) {
        return None;
    }
    let part: u64 = format!("{part:0<MILLIONTHS$}").parse().ok()?;
    dollars(whole)?.checked_mul(MICROS)?.checked_add(part)
}

/// Whole dollars. Commas stand before every three digits or nowhere: elsewhere one may be somebody's
/// decimal point, as in `1,50` and `0,500`.
fn dollars(typed: &str) -> Option<u64> {
    let (first, groups) = match typed.split_once(',') {
        Some((first, rest)) => (first, Some(rest.split(','))),
        None => (typed, None),
    };
    let is_grouped = groups.is_some();
    let are_whole = groups.into_iter().flatten().all(|it| it.len() == 3 && is_digits(it));
    let is_odd = is_grouped && (3 < first.len() || first.starts_with('0'));
    if first.is_empty() || !is_digits(first) || !are_whole || is_odd {
        return None;
    }
    typed.replace(',', "").parse().ok()
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A price in dollars, exact to the millionth; nothing where it is none.
pub(crate) fn price(typed: &str) -> Option<u64> {
    millionths(typed, MILLIONTHS)
}

/// As it is typed, to the millionth: `2.5`, `0.000125`, `3`.
pub(crate) fn typed_price(micros: u64) -> String {
    let (dollars, part) = (micros / MICROS, micros % MICROS);
    let text = format!("{dollars}.{part:0MILLIONTHS$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The same of an amount that was shown as it is stored: typed again as it stood, not a millionth of it
/// is lost.
pub(crate) fn micros_again(
    field: &'static str,
    typed: Option<&str>,
    stored: Option<u64>,
) -> Result<Option<u64>, FieldProblem> {
    let shown = stored.map(typed_dollars).unwrap_or_default();
    if typed.unwrap_or_default().trim() == shown { Ok(stored) } else { micros(field, typed) }
}

/// As it is typed: `49.90`, `50`. What is less than a cent is not shown.
pub(crate) fn typed_dollars(micros: u64) -> String {
    let (dollars, cents) = (micros / 1_000_000, micros % 1_000_000 / 10_000);
    if cents == 0 { dollars.to_string() } else { format!("{dollars}.{cents:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_read_as_it_is_typed() {
        let good = [
            ("", None),
            (" 50 ", Some(50_000_000)),
            ("$49.9", Some(49_900_000)),
            ("49.90", Some(49_900_000)),
            ("0.01", Some(10_000)),
            ("1,250", Some(1_250_000_000)),
            ("$12,345.50", Some(12_345_500_000)),
            ("1,250,000.5", Some(1_250_000_500_000)),
        ];
        for (typed, want) in good {
            assert_eq!(micros("budget", Some(typed)).unwrap(), want, "{typed:?}");
        }
        for typed in ["-1", "1.234", ".5", "1e3", "fifty", "99999999999999999999", "10000001"] {
            micros("budget", Some(typed)).unwrap_err();
        }
    }

    #[test]
    fn a_comma_is_no_decimal_point() {
        let wrong = ["1,50", "1,2345", ",5", "1,,250", "1,250,", "1250,000", "0,500", "1.250,50"];
        for typed in wrong {
            let problem = micros("budget", Some(typed)).unwrap_err().problem;
            assert_eq!(problem, "is an amount in dollars, like 50 or 49.90", "{typed:?}");
            assert_eq!(price(typed), None, "{typed:?}");
        }
    }

    #[test]
    fn money_is_typed_as_it_is_read() {
        for (micros_, want) in [(50_000_000, "50"), (49_900_000, "49.90"), (10_000, "0.01")] {
            assert_eq!(typed_dollars(micros_), want);
            assert_eq!(micros("budget", Some(want)).unwrap(), Some(micros_));
        }
    }

    #[test]
    fn what_is_less_than_a_cent_stays_where_nobody_typed_over_it() {
        let again = |typed, stored| micros_again("budget", Some(typed), stored).unwrap();
        assert_eq!(again("49.90", Some(49_901_234)), Some(49_901_234));
        assert_eq!(again("49.91", Some(49_901_234)), Some(49_910_000));
        assert_eq!(again("", Some(49_901_234)), None);
        assert_eq!(again("", None), None);
        assert_eq!(again("0", Some(50)), Some(50));
    }

    #[test]
    fn a_price_is_exact_to_the_millionth() {
        let prices = [
            ("3", 3_000_000),
            ("2.5", 2_500_000),
            ("0.075", 75_000),
            ("0.000001", 1),
            ("0", 0),
            ("18446744073709.551615", u64::MAX),
        ];
        for (typed, want) in prices {
            assert_eq!(price(typed), Some(want), "{typed:?}");
            assert_eq!(typed_price(want), typed);
        }
        assert_eq!(price(" $1,250.50 "), Some(1_250_500_000));
        for typed in ["", "0.0000001", "-1", ".5", "1e3", "much", "18446744073709.551616"] {
            assert_eq!(price(typed), None, "{typed:?}");
        }
    }

    #[test]
    fn a_limit_is_a_whole_number_or_none() {
        assert_eq!(per_minute("limit", Some(" 30 ")).unwrap(), Some(30));
        assert_eq!(per_minute("limit", None).unwrap(), None);
        assert_eq!(days("keep_days", Some(" 14 ")).unwrap(), Some(14));
        assert_eq!(days("keep_days", Some(" ")).unwrap(), None);
        assert_eq!(
            days("keep_days", Some("two")).unwrap_err().problem,
            "is a whole number of days"
        );
        for typed in ["0", "-1", "1.5", "100001", "many"] {
            per_minute("limit", Some(typed)).unwrap_err();
        }
    }
}
