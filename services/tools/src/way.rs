//! How a tool is reached: by which client, with which headers, and what must not be seen of them.

use std::collections::BTreeMap;

use domain::{secret::Secret, tool::template::UrlTemplate};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use schemas::{Tool, directory::ToolHeader};

use crate::{
    Inner,
    client::Caller,
    mask::Mask,
    outcome::{Failed, Said},
};

/// The way to a tool.
pub(crate) struct Way<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) headers: HeaderMap,
    pub(crate) mask: Mask,
}

impl Inner {
    /// The way to a tool, or why there is none.
    pub(crate) fn way(
        &self,
        tool: &Tool,
        secrets: &BTreeMap<String, Secret>,
    ) -> Result<Way<'_>, Said> {
        let template = UrlTemplate::parse(tool.url())
            .map_err(|_| Said::failed(Failed::Refused, "The tool's address cannot be used."))?;
        if !self.settings.allows(template.host()) {
            let text = "Not called: this installation does not let tools call its host.";
            return Err(Said::failed(Failed::Refused, text));
        }
        let caller = match (tool.endpoint().allow_private, template.is_tls()) {
            (false, true) => &self.public,
            (true, true) => &self.private,
            (true, false) => &self.clear,
            // Nobody can declare that.
            (false, false) => {
                let text = "Not called: its address is without TLS.";
                return Err(Said::failed(Failed::Refused, text));
            }
        };
        let mask = Mask::of(tool.secrets().filter_map(|name| secrets.get(name)));
        Ok(Way { caller, headers: headers(tool, secrets)?, mask })
    }
}

fn headers(tool: &Tool, secrets: &BTreeMap<String, Secret>) -> Result<HeaderMap, Said> {
    let mut headers = HeaderMap::new();
    for (name, header) in &tool.endpoint().headers {
        let (text, is_secret) = match header {
            ToolHeader::Text(text) => (text.as_str(), false),
            ToolHeader::Secret(kept_as) => {
                let gone = || {
                    let text = "The tool lacks its secret: an operator must set it again.";
                    Said::failed(Failed::Secret, text)
                };
                (secrets.get(kept_as).ok_or_else(gone)?.expose().trim(), true)
            }
        };
        let unusable =
            || Said::failed(Failed::Secret, "The tool has a header that cannot be sent.");
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?;
        let mut value = HeaderValue::from_str(text).map_err(|_| unusable())?;
        value.set_sensitive(is_secret);
        headers.insert(header, value);
    }
    Ok(headers)
}
