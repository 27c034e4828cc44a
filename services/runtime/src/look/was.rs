//! Who existed at an instant, read from the beginning of the directory, which keeps all of it.

use std::time::Duration;

use domain::{
    directory::Directory,
    look::{Judged, Wanted},
};
use schemas::{Envelope, TenantId, Timestamp, subject};

use super::{Scan, Start};
use crate::Bus;

/// What the directory had said by an instant.
#[derive(Default)]
pub struct Was {
    /// Who there was.
    pub directory: Directory,
    /// The last event of it, and when that was stored.
    pub last: Option<(u64, Timestamp)>,
    /// Events that cannot be read.
    pub unread: u64,
}

/// Folds everything that was stored at that instant or before it, in the order of the log; of one tenant
/// where one is named. Silence of the server is borne for so long, and `left` is told how many events wait.
pub async fn was(
    bus: &Bus,
    tenant: Option<&TenantId>,
    until: Timestamp,
    silence_max: Duration,
    mut left: impl FnMut(u64),
) -> anyhow::Result<Was> {
    let row = &nats::DIRECTORY;
    let subjects = match tenant {
        Some(tenant) => vec![subject::directory_of_tenant(tenant)],
        None => nats::look::subjects(row, None, &[])?,
    };
    let wanted = Wanted { until: Some(until), ..Wanted::default() };
    let mut scan = Scan::open(bus, row, subjects, Start::First).await?;
    left(scan.pending());
    let mut was = Was::default();
    while !scan.is_level() {
        let Some(kept) = scan.next_waiting(silence_max).await? else { break };
        left(scan.pending());
        if wanted.judge(kept.place(), None) == Judged::Over {
            break;
        }
        was.last = Some((kept.sequence, kept.stored));
        match Envelope::decode(&kept.payload) {
            Ok(envelope) => was.directory.apply(&envelope),
            Err(_) => was.unread += 1,
        }
    }
    Ok(was)
}
