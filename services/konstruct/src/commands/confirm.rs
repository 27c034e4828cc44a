//! Asking whoever typed a command before much is done, and who that is.

use std::io::{BufRead, IsTerminal as _, Write};

use anyhow::bail;
use schemas::Author;

/// As many are done without asking.
pub(crate) const FEW: usize = 3;

/// Asks, unless they said yes before. Without a terminal there is nobody to ask.
pub(crate) fn confirm(what: &str, yes: bool) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    let stdin = std::io::stdin();
    let person = stdin.is_terminal().then(|| stdin.lock());
    ask(what, person, &mut std::io::stderr().lock())
}

fn ask(what: &str, person: Option<impl BufRead>, question: &mut impl Write) -> anyhow::Result<()> {
    let Some(mut person) = person else {
        bail!("{what}: nobody is there to ask; say `--yes`, or look with `--dry-run`");
    };
    write!(question, "{what}. Go on? [y/N] ")?;
    question.flush()?;
    let mut answer = String::new();
    person.read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    bail!("nothing was done")
}

/// Whoever typed the command: as they say, or as the system knows them.
pub(crate) fn author(by: Option<&str>) -> Author {
    let of_system = ["SUDO_USER", "USER", "LOGNAME"].into_iter();
    let known = || of_system.clone().find_map(|it| std::env::var(it).ok());
    let name = by.map(str::to_owned).or_else(known).filter(|name| !name.trim().is_empty());
    Author { via: "cli".to_owned(), operator: Some(name.unwrap_or_else(|| "console".to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_goes_on_and_nobody_there_is_told_how() {
        let answered = |typed: &[u8]| {
            let mut said = Vec::new();
            let answer = ask("60 turns are asked", Some(typed), &mut said);
            assert_eq!(said, b"60 turns are asked. Go on? [y/N] ");
            answer.map_err(|error| error.to_string())
        };
        for yes in ["y\n", "Y\n", " yes \n", "yes"] {
            assert_eq!(answered(yes.as_bytes()), Ok(()), "{yes:?}");
        }
        for no in ["\n", "n\n", "no\n", "yes please\n", ""] {
            assert_eq!(answered(no.as_bytes()), Err("nothing was done".to_owned()), "{no:?}");
        }
        let nobody = ask("60 turns are asked", None::<&[u8]>, &mut Vec::new()).unwrap_err();
        let want =
            "60 turns are asked: nobody is there to ask; say `--yes`, or look with `--dry-run`";
        assert_eq!(nobody.to_string(), want);
    }
}
