//! What keys mean. Pure.

/// What a key asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// The palette.
    Palette,
    /// The sheet of keys.
    Sheet,
    /// The page's search.
    Search,
    /// So many lines down.
    Line(i32),
    /// What the current line leads to.
    Open,
    /// Out of the field: first it is cleared.
    Leave,
    /// The next key says where to.
    Chord,
    /// A page.
    Go(String),
}

/// A key, and what stands around it.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the key by itself")]
pub(super) struct Pressed<'a> {
    /// As the browser names it.
    pub(super) key: &'a str,
    /// Control or Command.
    pub(super) command: bool,
    /// Any other modifier but Shift.
    pub(super) other: bool,
    /// Within a field.
    pub(super) typing: bool,
    /// After `g`.
    pub(super) chord: bool,
}

/// What a key asks for, if anything. `single` says whether single keys do something at all.
pub(super) fn wish(pressed: &Pressed<'_>, single: bool, tenant: Option<&str>) -> Option<Wish> {
    let key = pressed.key.to_lowercase();
    if pressed.command {
        return (key == "k" && !pressed.other).then_some(Wish::Palette);
    }
    if pressed.typing {
        return (key == "escape").then_some(Wish::Leave);
    }
    if !single || pressed.other {
        return None;
    }
    if pressed.chord {
        return place(&key, tenant).map(Wish::Go);
    }
    match key.as_str() {
        "?" => Some(Wish::Sheet),
        "/" => Some(Wish::Search),
        "j" => Some(Wish::Line(1)),
        "k" => Some(Wish::Line(-1)),
        "enter" => Some(Wish::Open),
        "g" => Some(Wish::Chord),
        _ => None,
    }
}

fn place(key: &str, tenant: Option<&str>) -> Option<String> {
    let end = match (key, tenant) {
        ("t", _) => return Some("/tenants".to_owned()),
        ("h", None) => return Some("/".to_owned()),
        ("h", Some(_)) => "",
        ("a", _) => "/agents",
        ("c", _) => "/channels",
        ("v", _) => "/conversations",
        ("l", _) => "/activity",
        _ => return None,
    };
    tenant.map(|tenant| format!("/t/{tenant}{end}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(key: &str) -> Pressed<'_> {
        Pressed { key, command: false, other: false, typing: false, chord: false }
    }

    #[test]
    fn the_sheet_names_every_key_that_does_something_and_no_other() {
        let after_g = |key| Pressed { chord: true, ..plain(key) };
        let typing = |key| Pressed { typing: true, ..plain(key) };
        let command = |key| Pressed { command: true, ..plain(key) };
        let keys: Vec<String> = (' '..='~').map(String::from).chain(["Enter".to_owned()]).collect();
        let mut works = std::collections::BTreeSet::new();
        for key in &keys {
            let shown = if key.len() == 1 { key.to_uppercase() } else { key.clone() };
            let cases = [(plain(key), ""), (after_g(key), "G "), (command(key), "Ctrl ")];
            for (pressed, before) in cases {
                let does = wish(&pressed, true, Some("acme"));
                if does.is_some_and(|does| does != Wish::Chord) {
                    works.insert(format!("{before}{shown}"));
                }
            }
        }
        assert_eq!(wish(&typing("Escape"), true, None), Some(Wish::Leave));
        works.insert("Esc".to_owned());
        let sheet = super::super::SHEET.map(|(keys, _)| keys.join(" "));
        assert_eq!(works, sheet.into_iter().collect());
    }

    #[test]
    fn chords_lead_to_the_tenants_pages() {
        let after_g = |key| Pressed { chord: true, ..plain(key) };
        let go = |to: &str| Some(Wish::Go(to.to_owned()));
        assert_eq!(wish(&after_g("h"), true, Some("acme")), go("/t/acme"));
        assert_eq!(wish(&after_g("l"), true, Some("acme")), go("/t/acme/activity"));
        assert_eq!(wish(&after_g("h"), true, None), go("/"));
        assert_eq!(wish(&after_g("a"), true, None), None);
        assert_eq!(wish(&after_g("t"), true, None), go("/tenants"));
    }

    #[test]
    fn whoever_types_is_left_alone() {
        let typing = |key| Pressed { typing: true, ..plain(key) };
        assert_eq!(wish(&typing("j"), true, None), None);
        assert_eq!(wish(&typing("Escape"), true, None), Some(Wish::Leave));
        let command = Pressed { command: true, typing: true, ..plain("k") };
        assert_eq!(wish(&command, true, None), Some(Wish::Palette));
    }

    #[test]
    fn single_keys_can_be_turned_off() {
        assert_eq!(wish(&plain("j"), false, None), None);
        let command = Pressed { command: true, ..plain("k") };
        assert_eq!(wish(&command, false, None), Some(Wish::Palette));
    }
}
