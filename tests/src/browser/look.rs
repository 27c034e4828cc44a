//! How a page looks, to people and to axe-core.

use std::{path::Path, sync::OnceLock};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::Browser;

/// What axe-core is asked: its rules for levels A and AA up to WCAG 2.2, and its best practices.
const RULES: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/// What it found, a line each.
const FINDINGS: &str = "axe.run(document, { runOnly: { type: 'tag', values: RULES }, resultTypes: ['violations'] })
    .then(found => found.violations.flatMap(rule => rule.nodes.map(node =>
        `${rule.id}: ${node.target.join(' ')}: ${node.failureSummary.split('\\n').slice(1, 3).join(' ')}`)))";

/// What stands out of the window: the page scrolls sideways because of it.
const TOO_WIDE: &str = "
    const all = [...document.querySelectorAll('body *')];
    const scrolls = it => it && (it.scrollWidth > it.clientWidth
        && getComputedStyle(it).overflowX !== 'visible' || scrolls(it.parentElement));
    if (document.scrollingElement.scrollWidth <= innerWidth) return [];
    const wide = all.filter(it => it.getBoundingClientRect().right > innerWidth + 0.5 && !scrolls(it.parentElement));
    return [`${document.scrollingElement.scrollWidth} of ${innerWidth} px`].concat(wide.slice(0, 4).map(it =>
        `${it.tagName.toLowerCase()}.${it.className} ${it.textContent.trim().slice(0, 30)}`));";

/// Fills a form as its fields are called, and sends it whatever the browser thinks of it.
const SEND: &str = "
    const [action, fields] = ARGUMENTS;
    const form = [...document.forms].find(it => it.method === 'post'
        && new URL(it.action).pathname.endsWith(action));
    for (const [name, value] of fields) {
        const field = form.elements[name];
        if (field && 'value' in field && field.type !== 'submit' && !(field instanceof RadioNodeList)) {
            field.value = value;
            continue;
        }
        const hidden = Object.assign(document.createElement('input'), { type: 'hidden', name, value });
        form.append(hidden);
    }
    HTMLFormElement.prototype.submit.call(form);";

impl Browser {
    /// As a system with a dark desktop, or a light one. Nothing moves, so that what is seen is what stays.
    pub async fn dark(&self, dark: bool) -> anyhow::Result<()> {
        self.medium("", if dark { "dark" } else { "light" }, "reduce").await
    }

    /// As a system on which things move.
    pub async fn moving(&self) -> anyhow::Result<()> {
        self.medium("", "light", "no-preference").await
    }

    /// As it comes out on paper, on a system with a dark desktop.
    pub async fn paper(&self) -> anyhow::Result<()> {
        self.medium("print", "dark", "reduce").await
    }

    async fn medium(&self, medium: &str, scheme: &str, motion: &str) -> anyhow::Result<()> {
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": motion },
        ]);
        self.cdp("Emulation.setEmulatedMedia", json!({ "media": medium, "features": features }))
            .await
    }

    /// The status that the page came with.
    pub async fn status(&self) -> anyhow::Result<u64> {
        let script = "return performance.getEntriesByType('navigation')[0].responseStatus";
        self.eval(script).await?.as_u64().context("no status")
    }

    /// Sends the form whose action ends so, with these fields, as if a person had typed them.
    pub async fn send(&self, action: &str, fields: &[(&str, &str)]) -> anyhow::Result<()> {
        let marked = "window.before = true";
        self.eval(marked).await?;
        let arguments = json!([action, fields]).to_string();
        self.eval(&SEND.replace("ARGUMENTS", &arguments)).await?;
        self.until("return !window.before && document.readyState === 'complete'").await
    }

    /// Waits until a script gives `true`.
    pub async fn until(&self, script: &str) -> anyhow::Result<()> {
        let holds = async {
            while !self.eval(script).await.is_ok_and(|it| it == Value::Bool(true)) {
                tokio::time::sleep(super::POLL).await;
            }
        };
        if tokio::time::timeout(super::WAIT, holds).await.is_err() {
            bail!("it never holds at {}: {script}\n{}", self.path().await?, self.words().await?)
        }
        Ok(())
    }

    /// All that the page says, and what its fields hold.
    pub async fn text(&self) -> anyhow::Result<String> {
        let held = "return [...document.querySelectorAll('input:not([type=hidden]), textarea')]
            .map(it => it.value).join('\\n')";
        let held = self.eval(held).await?;
        Ok(format!("{}\n{}", self.words().await?, held.as_str().unwrap_or_default()))
    }

    /// What axe-core finds wrong with the page. It comes over the debugger's line, which the page's policy
    /// does not bind.
    pub async fn findings(&self) -> anyhow::Result<Vec<String>> {
        if self.eval("return typeof axe").await? != "object" {
            self.script(axe()?).await?;
        }
        let found = self.script(&FINDINGS.replace("RULES", &json!(RULES).to_string())).await?;
        Ok(serde_json::from_value(found)?)
    }

    /// What stands out of a window of that width.
    pub async fn too_wide(&self, width: u32) -> anyhow::Result<Vec<String>> {
        self.size(width, 900).await?;
        Ok(serde_json::from_value(self.eval(TOO_WIDE).await?)?)
    }

    /// A picture of the whole page, if `KONSTRUCT_SCREENSHOTS` names a directory.
    pub async fn picture(&self, name: &str) -> anyhow::Result<()> {
        let Some(dir) = std::env::var_os("KONSTRUCT_SCREENSHOTS") else { return Ok(()) };
        std::fs::create_dir_all(&dir)?;
        // In a window as high as the page, so that what sticks to an edge is where it belongs.
        let sizes = "return [innerWidth, innerHeight, document.scrollingElement.scrollHeight]";
        let [width, height, whole]: [u32; 3] = serde_json::from_value(self.eval(sizes).await?)?;
        self.size(width, whole.max(height)).await?;
        let taken = self.asked("Page.captureScreenshot", json!({})).await?;
        self.size(width, height).await?;
        let data = taken.get("data").and_then(Value::as_str).context("no picture")?;
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, data)?;
        Ok(std::fs::write(Path::new(&dir).join(format!("{name}.png")), bytes)?)
    }

    /// What a script gives once its promise is kept.
    async fn script(&self, expression: &str) -> anyhow::Result<Value> {
        let params =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.asked("Runtime.evaluate", params).await?;
        if let Some(why) = answer.get("exceptionDetails") {
            bail!("{why}")
        }
        Ok(answer.pointer_mut("/result/value").map(Value::take).unwrap_or_default())
    }
}

fn axe() -> anyhow::Result<&'static str> {
    static AXE: OnceLock<String> = OnceLock::new();
    if let Some(axe) = AXE.get() {
        return Ok(axe);
    }
    let path = std::env::var_os("KONSTRUCT_AXE").context(
        "axe-core is missing: run the tests by `cargo xtask test`, or set KONSTRUCT_AXE to its file",
    )?;
    let text = std::fs::read_to_string(path)?;
    Ok(AXE.get_or_init(|| text))
}
