//! What is taken along of who changed what.

use anyhow::Context as _;
use konstruct_tests::installation::acme;
use serde_json::{Value, json};

use crate::running;

#[tokio::test]
async fn the_audit_is_taken_along_line_by_line() -> anyhow::Result<()> {
    let (_it, staff) = running(&acme()).await?;
    let ada = staff.administrator().await?;
    let page = staff.page_of("ada@example.com").await?;
    let id = page.rsplit('/').next().context("no id")?;
    ada.post("/t/acme/settings/name", &[("name", "Acme, \"the\" firm")]).await?;

    let file: Value =
        serde_json::from_str(&ada.read("/t/acme/audit.json?kind=tenant.renamed").await?)?;
    assert_eq!((&file["tenant"], &file["next"]), (&json!("acme"), &Value::Null), "{file}");
    let [change] = file["changes"].as_array().context("no list")?.as_slice() else {
        anyhow::bail!("{file}")
    };
    let (seq, at) = (&change["seq"], change["at"].as_str().context("no time")?);
    let want = json!({
        "seq": seq, "at": at, "operator": id, "via": "portal", "kind": "tenant.renamed",
        "entity": "tenant", "version": null, "is_sealed": false, "fields": [{
            "field": "name", "before": "acme Ltd", "after": "Acme, \"the\" firm", "long": false,
        }],
    });
    assert_eq!(change, &want);

    let file = ada.get("/t/acme/audit.csv?kind=tenant.renamed").await?;
    assert_eq!(file.headers()["content-type"], "text/csv; charset=utf-8");
    let text = file.text().await?;
    let want = format!(
        "seq,time,operator,via,kind,entity,version,field,before,after\r\n\
         \"{seq}\",\"{at}\",\"{id}\",\"portal\",\"tenant.renamed\",\"tenant\",\"\",\"name\",\
         \"acme Ltd\",\"Acme, \"\"the\"\" firm\"\r\n"
    );
    assert_eq!(text, want);
    Ok(())
}
