//! Names for employees, and slugs for names.

mod list;

use self::list::NAMES;

/// The longest slug, in bytes, as ids have it.
const SLUG_BYTES_MAX: usize = 40;

/// The name of somebody whom nothing else tells apart.
const SLUG_DEFAULT: &str = "agent";

/// Names that are not taken, in an order that `seed` alone decides.
pub fn suggest(seed: u64, taken: &[&str], count: usize) -> Vec<&'static str> {
    let is_taken = |name: &str| taken.iter().any(|taken| slug_of(taken) == slug_of(name));
    let mut free: Vec<_> = NAMES.iter().copied().filter(|name| !is_taken(name)).collect();
    let mut state = seed;
    let mut suggested = Vec::new();
    while suggested.len() < count && !free.is_empty() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let place = mix(state) % free.len() as u64;
        suggested.push(free.swap_remove(usize::try_from(place).unwrap_or_default()));
    }
    suggested
}

/// A slug for a name: `Zoë Müller` is `zoe-mueller`. A name without a usable letter has the slug `agent`.
pub fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        let before = slug.len();
        match c {
            'a'..='z' | '0'..='9' => slug.push(c),
            // Part of a word, and no letter of it.
            '\'' | '’' => {}
            _ => match plain(c) {
                Some(letters) => slug.push_str(letters),
                None if slug.ends_with('-') || slug.is_empty() => {}
                None => slug.push('-'),
            },
        }
        if SLUG_BYTES_MAX < slug.len() {
            slug.truncate(before);
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { SLUG_DEFAULT.to_owned() } else { slug.to_owned() }
}

/// A letter of the Latin script without its marks, in lower case.
const fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ä' | 'æ' => "ae",
        'ç' | 'ć' | 'č' | 'ĉ' | 'ċ' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'ğ' | 'ģ' | 'ġ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'į' | 'ı' => "i",
        'ķ' => "k",
        'ł' | 'ļ' | 'ľ' | 'ĺ' => "l",
        'ñ' | 'ń' | 'ň' | 'ņ' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ő' | 'ō' => "o",
        'ö' | 'ø' | 'œ' => "oe",
        'ŕ' | 'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ț' => "t",
        'þ' => "th",
        'ù' | 'ú' | 'û' | 'ű' | 'ū' | 'ů' | 'ų' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        // `İ` in lower case is an i and this dot.
        '\u{307}' => "",
        _ => return None,
    })
}

/// The end of `SplitMix64`: near numbers become far ones.
const fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests;
