//! The secrets of a development set-up: drawn once, kept in `.konstruct/secrets.json` (0600).

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::random;

#[derive(Serialize, Deserialize)]
pub(crate) struct Secrets {
    pub(crate) postgres: String,
    pub(crate) owner: String,
    pub(crate) app: String,
    pub(crate) platform: String,
    pub(crate) nats: String,
    pub(crate) master_key: String,
    pub(crate) slack_signing: String,
}

impl Secrets {
    pub(crate) fn load_or_draw(dir: &Path) -> Result<Self> {
        let path = dir.join("secrets.json");
        match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text)
                .with_context(|| format!("{} is damaged; `--fresh` starts anew", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let drawn = Self::draw()?;
                random::write_private(&path, &serde_json::to_string_pretty(&drawn)?)?;
                Ok(drawn)
            }
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    fn draw() -> Result<Self> {
        Ok(Self {
            postgres: random::secret()?,
            owner: random::secret()?,
            app: random::secret()?,
            platform: random::secret()?,
            nats: random::secret()?,
            master_key: random::secret()?,
            slack_signing: random::secret()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn secrets_are_drawn_once_and_readable_by_their_owner_only() {
        let dir = std::env::temp_dir().join(format!("xtask-secrets-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let first = Secrets::load_or_draw(&dir).unwrap();
        assert_eq!(Secrets::load_or_draw(&dir).unwrap().master_key, first.master_key);
        let mode = fs::metadata(dir.join("secrets.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::remove_dir_all(dir).unwrap();
    }
}
