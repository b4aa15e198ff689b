//! Durations as authors write them: `"50ms"`, `"90d"`.

use syn::LitStr;

use crate::errors::Errors;

/// The units, and how many milliseconds each has.
const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", DAY)];

const DAY: u64 = 86_400_000;

/// The longest: ten years.
const MAX: u64 = 3650 * DAY;

/// Reads a duration, in milliseconds; complains at the text.
pub(crate) fn duration(text: &LitStr, errors: &mut Errors) -> Option<u64> {
    match parse(&text.value()) {
        Ok(ms) => Some(ms),
        Err(why) => {
            errors.at(text, why);
            None
        }
    }
}

fn parse(text: &str) -> Result<u64, String> {
    let form = "a duration is a whole number and one unit of ms, s, m, h, d, as in \"50ms\" or \"90d\"";
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    if digits.is_empty() {
        return Err(form.to_owned());
    }
    let Some((_, ms)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(match unit {
            "" => format!("`{text}` has no unit: {form}"),
            _ => format!("`{unit}` is no unit: {form}"),
        });
    };
    match digits.parse::<u64>().ok().and_then(|n| n.checked_mul(*ms)) {
        Some(0) => Err("a duration of nothing does nothing: leave the option out".to_owned()),
        Some(ms) if ms <= MAX => Ok(ms),
        _ => Err("a duration is at most ten years, which is \"3650d\"".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        let good = [("1ms", 1), ("50ms", 50), ("2s", 2000), ("3m", 180_000), ("4h", 14_400_000)];
        for (text, ms) in good {
            assert_eq!(parse(text), Ok(ms), "{text}");
        }
        assert_eq!(parse("90d"), Ok(7_776_000_000));
        assert_eq!(parse("3650d"), Ok(315_360_000_000));
    }

    #[test]
    fn what_is_no_duration_is_refused_and_none_overflows() {
        let longest = format!("{}d", u64::MAX);
        let bad = ["", "d", "90", "0s", "90 d", "-1s", "1.5h", "1w", "1D", "3651d", "1h30m", "٣d", &longest];
        for text in bad {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
