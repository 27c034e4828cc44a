//! When a browser shows a page, and how long it cannot answer meanwhile.

use anyhow::Context as _;
use konstruct_tests::{browser::Browser, installation::Installation, seed::LARGE};
use serde_json::Value;

use super::visit::{EMAIL, PASSWORD};
use crate::bench::report::Group;

/// How often each page is opened. The middle one counts.
const TIMES: usize = 5;

/// Largest contentful paint, and the total blocking time: what of each long task is over 50 ms.
const MEASURE: &str = r"
    const found = { 'largest-contentful-paint': [], longtask: [] };
    for (const type in found) {
        const watch = new PerformanceObserver(list => found[type].push(...list.getEntries()));
        watch.observe({ type, buffered: true });
    }
    await new Promise(done => setTimeout(done, 500));
    const paints = found['largest-contentful-paint'];
    const painted = paints.length ? paints[paints.length - 1].startTime : null;
    const blocked = found.longtask.reduce((sum, task) => sum + Math.max(0, task.duration - 50), 0);
    return [painted, blocked];
";

pub(crate) async fn run(it: &Installation) -> anyhow::Result<Group> {
    let work = format!(
        "headless Chromium on the same machine, each page opened {TIMES} times with what it loads \
         in the browser's cache; the middle one"
    );
    let mut group = Group::new("In a browser", work);
    let browser = Browser::start(&it.portal()).await?;
    let of = |rest: &str| format!("/t/{LARGE}{rest}");
    let pages = [
        ("sign-in", "/sign-in".to_owned()),
        ("home of a tenant", of("")),
        ("the designer", of("/agents/mara")),
        ("conversations", of("/conversations")),
        ("usage", of("/usage")),
    ];
    for (name, path) in pages {
        let is_open = path == "/sign-in";
        let (mut painted, mut blocked) = (Vec::new(), Vec::new());
        for _ in 0..TIMES {
            browser.go(&path).await?;
            if !is_open {
                browser.awake().await?;
            }
            let found = browser.eval(&format!("return (async () => {{{MEASURE}}})()")).await?;
            let [paint, block] = found.as_array().map(Vec::as_slice).unwrap_or_default() else {
                anyhow::bail!("{path}: {found}")
            };
            painted.push(paint.as_f64().with_context(|| format!("{path} paints nothing"))?);
            blocked.push(Value::as_f64(block).context("no blocking time")?);
        }
        group.add(format!("{name}, largest contentful paint"), middle(painted), "ms");
        group.add(format!("{name}, total blocking time"), middle(blocked), "ms");
        if is_open {
            browser.fill("email", EMAIL).await?;
            browser.fill("password", PASSWORD).await?;
            browser.press("Sign in").await?;
            browser.awake().await?;
        }
    }
    Ok(group)
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
