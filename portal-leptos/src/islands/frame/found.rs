//! What the palette shows for what is typed. Pure.

use super::Target;

/// The most that is shown at once.
const SHOWN_MAX: usize = 20;

/// Tenants that fit something, as the server found them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// What they fit, as [`asked`] makes it; nothing where nobody asked yet.
    pub(super) to: Option<String>,
    /// The tenants.
    pub(super) tenants: Vec<Target>,
}

/// What the server is asked for what is typed.
pub(super) fn asked(typed: &str) -> String {
    typed.trim().to_lowercase()
}

/// What fits: pages and agents by their names, and tenants as the server found them. Until it has said
/// what fits, those of the answer before that still do.
pub(super) fn found(targets: &[Target], answer: &Answer, typed: &str) -> Vec<Target> {
    let asked = asked(typed);
    let fits = |target: &&Target| target.label.to_lowercase().contains(&asked);
    let is_of_this = answer.to.as_ref() == Some(&asked);
    let own = targets.iter().filter(fits);
    let tenants = answer.tenants.iter().filter(|tenant| is_of_this || fits(tenant));
    let mut found: Vec<Target> = Vec::new();
    for target in own.chain(tenants) {
        if found.iter().all(|it| it.href != target.href) {
            found.push(target.clone());
        }
    }
    found.truncate(SHOWN_MAX);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(label: &str, href: &str) -> Target {
        Target { label: label.to_owned(), kind: String::new(), href: href.to_owned() }
    }

    fn labels(typed: &str, answer: &Answer) -> Vec<String> {
        let own = [target("Home", "/t/acme"), target("Agents", "/t/acme/agents")];
        found(&own, answer, typed).into_iter().map(|it| it.label).collect()
    }

    #[test]
    fn tenants_are_those_that_the_server_found_whatever_they_are_called() {
        let tenants = vec![target("Sixty Ltd", "/t/t60"), target("Acme", "/t/acme")];
        let answer = Answer { to: Some("t60".to_owned()), tenants };
        assert_eq!(labels(" T60 ", &answer), ["Sixty Ltd", "Acme"]);
        assert_eq!(labels("sixty", &answer), ["Sixty Ltd"], "until the next answer is there");
        assert_eq!(labels("home", &answer), ["Home"]);
        assert_eq!(labels("t6", &answer), [""; 0]);
    }

    #[test]
    fn nothing_is_shown_twice_and_not_too_much() {
        let mut tenants = vec![target("Acme", "/t/acme")];
        tenants.extend((0..30).map(|nth| target("Beta", &format!("/t/b{nth}"))));
        let answer = Answer { to: Some(String::new()), tenants };
        let all = labels("", &answer);
        assert_eq!(&all[..3], ["Home", "Agents", "Beta"]);
        assert_eq!(all.len(), SHOWN_MAX);
    }
}
