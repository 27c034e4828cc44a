//! What people are shown of generations.

use domain::rebuild::Source;
use projector::reader;
use serde_json::json;
use store::generation::{Generation, Made, compare::Compared};

use super::Parts;
use crate::output::{Output, table};

/// A line for each model, and the rows that are apart.
pub(super) fn compared(compared: &[Compared]) -> String {
    let row = |it: &Compared| {
        let same = if it.is_equal() { "yes" } else { "NO" };
        let (live, next) = (it.live.rows.to_string(), it.next.rows.to_string());
        vec![
            it.model.to_owned(),
            live,
            next,
            it.live.checksum.clone(),
            it.next.checksum.clone(),
            same.to_owned(),
        ]
    };
    let rows: Vec<_> = compared.iter().map(row).collect();
    let header = ["MODEL", "LIVE", "REBUILT", "CHECKSUM", "REBUILT'S", "SAME"];
    let differences = compared.iter().flat_map(|it| &it.differences).map(ToString::to_string);
    let mut lines = vec![table(&header, &rows)];
    lines.extend(differences);
    lines.join("\n")
}

/// `--status`.
pub(super) async fn status(parts: &Parts, output: Output) -> anyhow::Result<()> {
    let all = parts.generations.made().await?;
    let names: Vec<_> =
        [Source::Events, Source::Directory].map(|source| reader(source).name.to_owned()).to_vec();
    let live = parts.generations.live(&names).await?;
    let (mut rows, mut shown) = (Vec::new(), Vec::new());
    for source in [Source::Events, Source::Directory] {
        let (reader, span) = (reader(source), parts.span(source).await?);
        let stream = reader.stream.name;
        let place = live.get(reader.name).copied().unwrap_or_default();
        rows.push(line(("live", stream), place, span.last, "the live models"));
        shown.push(json!({
            "generation": "live", "stream": stream, "place": place, "first": span.first,
            "last": span.last,
        }));
        for (made, place) in all.iter().filter_map(|made| Some((made, made.at(reader.name)?))) {
            let is_whole = source.has_all(place, span.first);
            let name = made.generation.name();
            rows.push(line((name, stream), place, span.last, &about(made, is_whole)));
            shown.push(json!({
                "generation": name, "stream": stream, "place": place, "first": span.first,
                "last": span.last, "is_whole": is_whole, "since": made.since,
                "models": made.wish.models, "workers": made.wish.workers,
                "taken_over_at": made.taken_at, "lacks_erased": made.lacks_erased(),
            }));
        }
    }
    let text = table(&["GENERATION", "STREAM", "AT", "OF", ""], &rows);
    output.print(&text, &shown)
}

fn line((name, stream): (&str, &str), place: u64, last: u64, about: &str) -> Vec<String> {
    vec![name.to_owned(), stream.to_owned(), place.to_string(), last.to_string(), about.to_owned()]
}

/// What a generation is, and what can be done with it.
fn about(made: &Made, is_whole: bool) -> String {
    if !is_whole {
        return match made.generation {
            Generation::Base => "MISSES what has left the log: `--new-base`".to_owned(),
            Generation::Next | Generation::Previous => {
                "TOO OLD: the log begins later; `--drop`".to_owned()
            }
        };
    }
    let since = made.since;
    match (made.generation, made.taken_at) {
        (Generation::Base, Some(at)) => {
            format!("what has left the log; until {at} taken over from the live models")
        }
        (Generation::Base, None) => "what has left the log".to_owned(),
        (Generation::Next, _) => {
            format!("a rebuild since {since}, {} workers: `--swap`", made.wish.workers)
        }
        (Generation::Previous, _) if made.lacks_erased() => format!(
            "live until {since}; LACKS what an erased tenant added to sums of all since: \
             `--roll-back --accept-differences`, or `--drop`"
        ),
        (Generation::Previous, _) => {
            format!("live until {since}: `--roll-back`, or `--drop`")
        }
    }
}
