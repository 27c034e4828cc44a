//! What pages are made of: kept for ever, and small on the wire.

use anyhow::Context as _;
use konstruct_tests::installation::Installation;
use reqwest::{Client, Response, StatusCode};

use crate::asvs::header;

async fn sheet(it: &Installation, encodings: &str) -> anyhow::Result<Response> {
    let (client, base) = (Client::new(), it.portal().replace("localhost", "127.0.0.1"));
    let page = client.get(format!("{base}/sign-in")).send().await?.text().await?;
    let (_, after) = page.split_once("href=\"/assets/").context("the page has no sheet")?;
    let (path, _) = after.split_once('"').context("the address has no end")?;
    let request = client.get(format!("{base}/assets/{path}"));
    Ok(request.header("accept-encoding", encodings).send().await?)
}

#[tokio::test]
async fn the_sheet_of_style_is_kept_for_ever_and_small() -> anyhow::Result<()> {
    let (it, _staff) = crate::running("").await?;
    let plain = sheet(&it, "identity").await?;
    assert_eq!(plain.status(), StatusCode::OK);
    assert_eq!(header(&plain, "content-type"), "text/css; charset=utf-8");
    assert_eq!(header(&plain, "content-encoding"), "");
    assert_eq!(header(&plain, "cache-control"), "public, max-age=31536000, immutable");
    let plain = plain.text().await?;
    assert!(plain.starts_with("@layer reset, tokens,"), "{plain:.80}");

    let small = sheet(&it, "gzip, br").await?;
    assert_eq!(header(&small, "content-encoding"), "br");
    // Or a cache between would hand it to a browser that cannot read it.
    assert_eq!(header(&small, "vary"), "Accept-Encoding");
    let small = small.bytes().await?.len();
    assert!(small * 3 < plain.len(), "{small} of {} bytes", plain.len());
    Ok(())
}
