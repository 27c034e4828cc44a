//! The service against its own description: Schemathesis makes requests of it, right and wrong ones, and
//! checks what comes back.

use std::{ffi::OsString, process::Stdio};

use tokio::process::Command;

use crate::Office;

/// What is looked for in each answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,\
                      negative_data_rejection,ignored_auth";

/// Where Schemathesis is. `cargo xtask test` fetches it and says so; offline it cannot, and nothing is
/// tried. Where a build is judged by its tests, as `CI` says, it has to be there.
fn site(said: Option<OsString>, ci: Option<OsString>) -> Result<Option<OsString>, &'static str> {
    let said = said.filter(|path| !path.is_empty());
    let is_judged = ci.is_some_and(|it| !it.is_empty() && it != "false" && it != "0");
    if said.is_none() && is_judged {
        return Err(
            "CI is set and Schemathesis is not there: run the tests by `cargo xtask test`, which fetches \
             it, or `pip install --target DIR -r xtask/requirements/schemathesis.txt` and set \
             KONSTRUCT_SCHEMATHESIS to DIR",
        );
    }
    Ok(said)
}

#[test]
fn a_build_that_is_judged_does_not_pass_untried() {
    let there = || Some(OsString::from("/there"));
    let yes = || Some(OsString::from("true"));
    assert_eq!(site(there(), yes()), Ok(there()));
    assert_eq!(site(None, None), Ok(None));
    assert_eq!(site(None, Some("".into())), Ok(None));
    assert!(site(None, yes()).is_err_and(|said| said.contains("pip install")));
    assert!(site(Some("".into()), yes()).is_err());
}

#[tokio::test]
async fn every_answer_is_as_the_description_says() {
    let var = std::env::var_os;
    let Some(site) = site(var("KONSTRUCT_SCHEMATHESIS"), var("CI")).unwrap() else { return };
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
    // Not each of a thousand refusals, which would bury what Schemathesis says.
    let log: Vec<_> = log.lines().filter(|line| !line.contains("a program was refused")).collect();
    let (log, stderr) = (log.join("\n"), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{log}\n{stderr}\n{said}");
}
