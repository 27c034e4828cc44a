//! What the setting says: where the servers are, and who we are to them.

use async_nats::{ConnectOptions, ServerAddr};
use percent_encoding::percent_decode_str;

use super::BusError;

/// The servers of a URL, or of several with commas between them, and how to prove who we are: the
/// driver does not read credentials from URLs, and they have no business in its errors.
pub(super) fn servers(urls: &str) -> Result<(Vec<ServerAddr>, ConnectOptions), BusError> {
    let mut servers = Vec::new();
    let mut options = ConnectOptions::new();
    for url in urls.split(',').map(str::trim) {
        let address: Result<ServerAddr, _> = url.parse();
        let address = address.map_err(|_| BusError::Away("its URL is not one".to_owned()))?;
        let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        options = match (address.username(), address.password()) {
            (Some(user), Some(password)) => options.user_and_password(plain(user), plain(password)),
            (Some(token), None) => options.token(plain(token)),
            (None, _) => options,
        };
        let mut bare = address.into_inner();
        if bare.set_username("").and_then(|()| bare.set_password(None)).is_err() {
            return Err(BusError::Away("its URL has no host".to_owned()));
        }
        let bare = ServerAddr::from_url(bare);
        servers.push(bare.map_err(|error| BusError::Away(error.to_string()))?);
    }
    Ok((servers, options))
}
