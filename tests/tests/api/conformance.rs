//! The service against its own description: Schemathesis makes requests of it, right and wrong ones, and
//! checks what comes back.

use std::process::Stdio;

use tokio::process::Command;

use crate::Office;

/// What is looked for in each answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,\
                      negative_data_rejection,ignored_auth";

/// `cargo xtask test` fetches Schemathesis and says where it is; offline it cannot, and says so.
#[tokio::test]
async fn every_answer_is_as_the_description_says() {
    let Some(site) = std::env::var_os("KONSTRUCT_SCHEMATHESIS") else { return };
    let office = Office::open_with(&[("KONSTRUCT_API_PER_MINUTE", "1000000")]).await;
    let output = Command::new("python3")
        .args(["-m", "schemathesis.cli", "run", "--no-color", "--workers=1", "--seed=7"])
        .args(["--phases=examples,coverage,fuzzing", "--max-examples=15"])
        .args(["--generation-database=none", "--request-timeout=60"])
        .arg(format!("--checks={CHECKS}"))
        .arg(format!("--header=Authorization: Bearer {}", office.administrator))
        .arg(format!("{}/api/v1/openapi.json", office.it.portal()))
        .env("PYTHONPATH", site)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let log = office.it.said("portal");
    assert!(output.status.success(), "{said}\n{}\n{log}", String::from_utf8_lossy(&output.stderr));
}
