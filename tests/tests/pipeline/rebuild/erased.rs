//! Somebody is erased while there are other generations of the read models: what they added to sums stays
//! in all of them.

use std::process::Stdio;

use konstruct_tests::{installation::Installation, wait::until};
use serde_json::Value;

use super::{begun, places, replay, said};
use crate::{
    PATIENCE,
    erase::{ERASE, is_tombstone, rows},
    person::{self, ANN, sums, tables_naming},
    running_both,
};

/// There is what was live before, and more was said since.
async fn swapped() -> Installation {
    let it = running_both().await.unwrap();
    said(&it, 2).await;
    let (done, built) = replay(&it, &["--yes"]).await;
    assert!(done, "{built:#}");
    assert_eq!(replay(&it, &["--swap", "--yes"]).await.1["swapped"], true);
    said(&it, 2).await;
    it
}

/// Whether what was live before is said to lack somebody.
async fn lacks_erased(it: &Installation) -> bool {
    let (_, status) = replay(it, &["--status"]).await;
    let previous = status.as_array().unwrap().iter().find(|it| it["generation"] == "previous");
    previous.unwrap()["lacks_erased"].as_bool().unwrap()
}

#[tokio::test]
async fn what_was_live_before_comes_back_with_the_sums_of_who_was_erased() {
    let it = swapped().await;
    let before = sums(&it).await;
    it.ok(&person::ERASE).await.unwrap();
    assert!(!lacks_erased(&it).await);

    assert_eq!(replay(&it, &["--roll-back", "--yes"]).await.1["rolled_back"], true);
    assert_eq!(sums(&it).await, before);
    assert_eq!(tables_naming(&it, ANN, "acme").await, Vec::<String>::new());
    let (done, built) = replay(&it, &["--yes"]).await;
    assert!(done, "{built:#}");
}

#[tokio::test]
async fn a_rebuild_that_has_read_nothing_yet_has_the_sums_of_who_was_erased() {
    let it = running_both().await.unwrap();
    said(&it, 2).await;
    begun(&it).await;
    it.ok(&person::ERASE).await.unwrap();
    let (done, built) = replay(&it, &["--yes"]).await;
    assert!(done, "{built:#}");
    assert_eq!(tables_naming(&it, ANN, "acme").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_rebuild_that_reads_meanwhile_goes_on_beside_an_erasure() {
    let it = running_both().await.unwrap();
    said(&it, 4).await;
    let slowly = ["replay", "projections", "--yes", "--json", "--rate", "4"];
    let mut command = it.command(&slowly);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let reads = || async { anyhow::Ok(places(&it).await.iter().any(|place| 4 <= *place)) };
    until(PATIENCE, "the rebuild reads", reads).await.unwrap();
    it.ok(&person::ERASE).await.unwrap();
    let built = child.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&built.stderr).into_owned();
    let printed = String::from_utf8_lossy(&built.stdout).into_owned();
    assert!(built.status.success(), "{said}{printed}");
    let built: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(built["is_equal"], true, "{built:#}");
    assert_eq!(replay(&it, &["--swap", "--yes"]).await.1["swapped"], true);
    assert_eq!(tables_naming(&it, ANN, "acme").await, Vec::<String>::new());
}

/// Of a tenant nobody is told what it added: sums of all tenants would lose what was since the swap.
#[tokio::test]
async fn after_a_tenant_is_erased_what_was_live_before_comes_back_only_on_purpose() {
    let it = swapped().await;
    it.ok(&ERASE).await.unwrap();
    assert!(lacks_erased(&it).await);

    let sums_before = sums(&it).await;
    let refused = it.output(&["replay", "projections", "--roll-back", "--yes"]).await.unwrap();
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success(), "{why}");
    assert!(why.contains("a tenant was erased since the last swap, "), "{why}");
    assert!(why.contains("nothing was put back"), "{why}");
    assert_eq!(sums(&it).await, sums_before);

    let on_purpose = ["--roll-back", "--accept-differences", "--yes"];
    assert_eq!(replay(&it, &on_purpose).await.1["rolled_back"], true);
    let left = rows(&it.database, "acme").await;
    assert!(left.iter().all(|row| is_tombstone(row)), "{left:?}");
}
