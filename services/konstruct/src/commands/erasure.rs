//! What erasing has in common, of a tenant or of a person: what is asked before, how often it is tried, and
//! the receipt.

pub(crate) mod receipt;

use std::{fmt::Write as _, time::Duration};

use anyhow::bail;
use domain::seal::MasterKey;
use nats::{DEADLETTERS, EVENTS};
use runtime::{BusError, Past};
use schemas::{TenantId, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use store::checkpoint;

use self::receipt::Signed;
use crate::{output::table, progress::Progress, wiring::Base};

/// What a receipt says it is.
pub(crate) const OF_TENANT: &str = "konstruct.tenant.erased";
pub(crate) const OF_PERSON: &str = "konstruct.person.erased";
/// The same of one that began, until it ends.
pub(crate) const OF_PERSON_BEGUN: &str = "konstruct.person.erasing";

/// How long a running projector may take to read what stands on the streams.
const PROJECTED_WAIT_MAX: Duration = Duration::from_secs(10);

/// How long the database is left alone between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(50);

/// How often it is erased again what services wrote meanwhile, and the pause before.
const PASSES_MAX: u32 = 5;
const PASS_PAUSE: Duration = Duration::from_secs(1);

/// What stays, and why.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Kept {
    pub(crate) what: &'static str,
    pub(crate) why: &'static str,
}

/// What a store has of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Had {
    pub(crate) store: String,
    pub(crate) kind: &'static str,
    pub(crate) entries: u64,
}

impl Had {
    pub(crate) fn new(store: &str, kind: &'static str, entries: u64) -> Self {
        Self { store: store.to_owned(), kind, entries }
    }
}

/// What of a store cannot be read and does not say whose it is, so that it may be theirs. It goes by its age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Unclear {
    pub(crate) store: &'static str,
    pub(crate) entries: u64,
}

impl Unclear {
    /// Of the log and of dead letters, where there is any.
    pub(crate) fn of(events: u64, letters: u64) -> Vec<Self> {
        let both = [(EVENTS.name, events), (DEADLETTERS.name, letters)];
        let some = both.into_iter().filter(|(_, entries)| 0 < *entries);
        some.map(|(store, entries)| Self { store, entries }).collect()
    }
}

/// A line of a receipt.
#[derive(Serialize)]
pub(crate) struct Erased {
    store: String,
    kind: &'static str,
    before: u64,
    after: u64,
}

/// What is signed.
#[derive(Serialize)]
pub(crate) struct Receipt<'a> {
    pub(crate) what: &'static str,
    pub(crate) version: u32,
    pub(crate) tenant: &'a TenantId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) person: Option<&'a str>,
    pub(crate) asked_by: &'a str,
    pub(crate) program: String,
    /// Whether an earlier run had begun, and may have ended: what that one erased is not counted here.
    pub(crate) resumed: bool,
    pub(crate) began_at: Timestamp,
    pub(crate) ended_at: Timestamp,
    pub(crate) stores: Vec<Erased>,
    /// Messages that somebody was still at when settling ended: what is said of them may come afterwards.
    pub(crate) open: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) unclear: Vec<Unclear>,
    pub(crate) kept: &'a [Kept],
}

/// Asks for the name once more.
pub(crate) fn check_sure(yes: Option<&str>, name: &str) -> anyhow::Result<()> {
    if yes != Some(name) {
        bail!("this cannot be undone: say `--yes {name}` too; nothing was erased");
    }
    Ok(())
}

/// Waits until nothing is under way any more, for so many seconds at the most.
pub(crate) async fn settled(
    seconds: u64,
    is_over: impl AsyncFn() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let mut progress = Progress::new("seconds that answers under way may take", seconds);
    for second in 0..seconds {
        if is_over().await? {
            break;
        }
        progress.at(second);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

/// Waits, within bounds, until the projector has read what stands there: what it has in hand would be rows
/// again. Whether it has.
pub(crate) async fn projected(
    base: &Base,
    readers: &[&'static nats::Reader],
) -> anyhow::Result<bool> {
    for reader in readers {
        let last = base.context.bus.last_sequence(reader.stream).await?;
        if has_read(base, reader, last).await? {
            continue;
        }
        let reading = async {
            while checkpoint::seq(&base.db, reader.name).await? < last {
                tokio::time::sleep(LOOK_PAUSE).await;
            }
            anyhow::Ok(())
        };
        match tokio::time::timeout(PROJECTED_WAIT_MAX, reading).await {
            Ok(read) => read?,
            Err(_too_long) => return Ok(false),
        }
    }
    Ok(true)
}

/// What was taken from the end of a stream is not waited for.
async fn has_read(base: &Base, reader: &nats::Reader, last: u64) -> anyhow::Result<bool> {
    let place = checkpoint::seq(&base.db, reader.name).await?;
    Ok(last <= place || nothing_between(base, reader, (place, last)).await?)
}

async fn nothing_between(
    base: &Base,
    reader: &nats::Reader,
    (place, last): (u64, u64),
) -> Result<bool, BusError> {
    let mut past = Past::open(&base.context.bus, reader.stream, place).await?;
    Ok(past.piece(last, 1).await?.is_empty())
}

/// Erases, and again as long as services wrote something meanwhile. A pass says what is left.
pub(crate) async fn passes(
    of: &str,
    mut pass: impl AsyncFnMut() -> anyhow::Result<Vec<Had>>,
) -> anyhow::Result<Vec<Had>> {
    let mut left = String::new();
    for nth in 0..PASSES_MAX {
        if 0 < nth {
            tokio::time::sleep(PASS_PAUSE).await;
        }
        let after = pass().await?;
        let still = after.iter().filter(|had| 0 < had.entries);
        let still: Vec<_> = still.map(|had| format!("{} ({})", had.store, had.entries)).collect();
        if still.is_empty() {
            return Ok(after);
        }
        left = still.join(", ");
    }
    bail!("services wrote more of {of} meanwhile: {left}; run the command again, it does the rest")
}

/// Every store, with what it had and has. Both were counted by the same catalogue, in the same order.
pub(crate) fn lines(before: &[Had], after: &[Had]) -> Vec<Erased> {
    let of = |had: &Had| {
        let then = before.iter().find(|it| it.store == had.store && it.kind == had.kind);
        Erased {
            store: had.store.clone(),
            kind: had.kind,
            before: then.map_or(0, |then| then.entries),
            after: had.entries,
        }
    };
    after.iter().map(of).collect()
}

/// What there was before an earlier run began, which left this in the place of its receipt.
pub(crate) fn add_earlier(before: &mut [Had], earlier: &Value) {
    let lines = earlier.get("stores").and_then(Value::as_array);
    for line in lines.into_iter().flatten() {
        let of = |name: &str| line.get(name).and_then(Value::as_str);
        let entries = line.get("before").and_then(Value::as_u64).unwrap_or(0);
        let is_it = |had: &&mut Had| {
            Some(had.store.as_str()) == of("store") && Some(had.kind) == of("kind")
        };
        if let Some(had) = before.iter_mut().find(is_it) {
            had.entries = had.entries.max(entries);
        }
    }
}

/// What there is, for programs.
pub(crate) fn shown(had: &[Had]) -> Vec<Value> {
    let one = |had: &Had| json!({ "store": had.store, "kind": had.kind, "entries": had.entries });
    had.iter().map(one).collect()
}

/// What there is, where that is anything.
pub(crate) fn listed(had: &[Had]) -> String {
    let row = |had: &Had| vec![had.store.clone(), had.kind.to_owned(), had.entries.to_string()];
    let rows: Vec<_> = had.iter().filter(|had| 0 < had.entries).map(row).collect();
    table(&["STORE", "KIND", "ENTRIES"], &rows)
}

/// The receipt with its signature, and its text as it is kept and written.
pub(crate) fn signed(
    master: &MasterKey,
    receipt: &Receipt<'_>,
) -> anyhow::Result<(Signed, String)> {
    let signed = receipt::sign(master, receipt)?;
    let text = serde_json::to_string_pretty(&signed)?;
    Ok((signed, text))
}

/// The same for people. `of` is what was erased.
pub(crate) fn told(receipt: &Receipt<'_>, of: &str) -> String {
    let row = |line: &Erased| {
        let (before, after) = (line.before.to_string(), line.after.to_string());
        vec![line.store.clone(), line.kind.to_owned(), before, after]
    };
    let lines = receipt.stores.iter().filter(|line| 0 < line.before + line.after);
    let rows: Vec<_> = lines.map(row).collect();
    let gone = if receipt.resumed { " (the rest was gone before)" } else { "" };
    let stores = table(&["STORE", "KIND", "BEFORE", "AFTER"], &rows);
    let mut said = remarks(&receipt.unclear);
    if receipt.what == OF_PERSON && rows.is_empty() {
        said.push_str(
            "nothing of theirs was found: a run that was killed before may have taken it\n",
        );
    }
    let then = if receipt.what == OF_PERSON {
        "the sweeper takes what comes of them yet"
    } else {
        "run the command again where something of them comes yet"
    };
    let open = match receipt.open {
        0 => String::new(),
        open => format!("messages that were open when settling ended: {open}; {then}\n"),
    };
    format!("{stores}\n{said}{open}{of} is erased{gone}")
}

/// What may be theirs and cannot be told, a line each.
pub(crate) fn remarks(unclear: &[Unclear]) -> String {
    let mut said = String::new();
    for Unclear { store, entries } in unclear {
        let why = "cannot be read, or its event is gone, and nothing says whose it is";
        _ = writeln!(said, "of {store}, {entries} may be theirs too: it {why}; it goes by its age");
    }
    said
}
