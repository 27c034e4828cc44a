//! Receipts of what was erased, signed so that whoever is shown one need not believe it.
//!
//! The key is one of Ed25519, made of the master key: there is none to keep beside that. What is signed
//! is the receipt as `jq -cjS .receipt` writes it, so that `openssl` verifies it too.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::{Context as _, anyhow, bail};
use base64::prelude::{BASE64_STANDARD as BASE64, Engine as _};
use domain::seal::{MasterKey, own_index};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use schemas::TenantId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{
    Platform,
    erasures::{self, Erasure},
};

use super::{OF_PERSON, OF_PERSON_BEGUN, OF_TENANT};
use crate::{cli::ShowReceipt, output::Output, settings::Asked, wiring};

/// What of the master key the signing key is.
const KEY_NAME: &str = "receipt";
const KEY_TEXT: &str = "konstruct receipt v1";

const ALGORITHM: &str = "Ed25519";

/// What stands before a public key of Ed25519 in DER (RFC 8410, §4).
const DER_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A receipt with its signature, as it is written.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Signed {
    receipt: Value,
    signature: Signature,
}

#[derive(Debug, Serialize, Deserialize)]
struct Signature {
    algorithm: String,
    /// In PEM.
    public_key: String,
    /// In base64.
    value: String,
}

/// `konstruct tenant receipt show`: the latest receipt of a tenant, as it was signed.
pub(crate) async fn show(
    asked: &Asked<'_>,
    args: &ShowReceipt,
    output: Output,
) -> anyhow::Result<()> {
    let settings = asked.database("KONSTRUCT_PLATFORM_DATABASE_URL")?;
    let platform = Platform::connect(&settings).await?;
    let known = erasures::of(&platform, &args.tenant, &wiring::owner()).await?;
    let text = latest(&args.tenant, &known)?;
    if let Some(path) = &args.receipt {
        write(&create(path)?, path, text)?;
    }
    let signed: Value = serde_json::from_str(text).context("not a receipt")?;
    output.print(text, &signed)
}

/// The latest receipt that there is, or why there is none.
fn latest<'a>(tenant: &TenantId, known: &'a [Erasure]) -> anyhow::Result<&'a str> {
    let mut receipts = known.iter().filter_map(|it| it.receipt.as_deref());
    match (receipts.next(), known.first()) {
        (Some(text), _) => Ok(text),
        (None, Some(Erasure { began_at, by, .. })) => bail!(
            "there is no receipt of `{tenant}`: the erasure that {by} began at {began_at} did not end; \
             `konstruct tenant erase` does the rest"
        ),
        (None, None) => bail!("there is no receipt of `{tenant}`: it was not erased here"),
    }
}

/// `konstruct tenant receipt key`: what verifies receipts, for whoever is shown one.
pub(crate) fn key(asked: &Asked<'_>, output: Output) -> anyhow::Result<()> {
    let keys = asked.master_keys()?;
    let current = public_key(&pair(&keys.current)?);
    let previous = keys.previous.iter().map(|it| pair(it).map(|pair| public_key(&pair)));
    let previous = previous.collect::<anyhow::Result<Vec<_>>>()?;
    output.print(&current, &json!({ "public_key": current, "previous": previous }))
}

/// Where a receipt is to be written, and nobody else reads it. It takes the place of no other; one that was
/// interrupted left it empty.
pub(crate) fn create(path: &Path) -> anyhow::Result<File> {
    let what = path.display();
    let is_empty = path.metadata().is_ok_and(|it| it.is_file() && it.len() == 0);
    let mut options = File::options();
    options.mode(0o600);
    let options = if is_empty { options.write(true) } else { options.write(true).create_new(true) };
    options.open(path).with_context(|| format!("receipt {what}; nothing was done"))
}

/// What an erasure of this person left there that began and did not end; nothing where anything else is.
pub(crate) fn begun(
    asked: &Asked<'_>,
    path: &Path,
    (tenant, person): (&TenantId, &str),
) -> anyhow::Result<Option<Value>> {
    let Ok(text) = std::fs::read_to_string(path) else { return Ok(None) };
    let Ok(receipt) = verify(&masters(asked)?, &text) else { return Ok(None) };
    let is_it = is(&receipt, "what", OF_PERSON_BEGUN)
        && is(&receipt, "tenant", tenant.as_str())
        && is(&receipt, "person", person);
    Ok(is_it.then_some(receipt))
}

fn is(receipt: &Value, name: &str, text: &str) -> bool {
    receipt.get(name).and_then(Value::as_str) == Some(text)
}

/// Where an erasure that began left word of itself: its receipt takes the place of that.
pub(crate) fn reopen(path: &Path) -> anyhow::Result<File> {
    let file = File::options().write(true).open(path);
    file.with_context(|| format!("receipt {}; nothing was done", path.display()))
}

/// Writes it, in the place of what is there, and waits until it is on the disk.
pub(crate) fn write(file: &File, path: &Path, text: &str) -> anyhow::Result<()> {
    let mut to = file;
    let written = to.rewind().and_then(|()| writeln!(to, "{text}"));
    let cut = written.and_then(|()| to.stream_position()).and_then(|end| file.set_len(end));
    let kept = cut.and_then(|()| file.sync_all());
    kept.with_context(|| format!("receipt {}", path.display()))
}

/// `konstruct tenant receipt verify`.
pub(crate) fn run(asked: &Asked<'_>, file: &Path, output: Output) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file);
    let text = text.with_context(|| format!("cannot read {}", file.display()))?;
    let receipt = verify(&masters(asked)?, &text)?;
    check_of_erasure(&receipt).with_context(|| file.display().to_string())?;
    let of = |name: &str| receipt.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
    let (tenant, ended_at) = (of("tenant"), of("ended_at"));
    let whose = receipt.get("person").and_then(Value::as_str);
    let whose = whose.map_or(String::new(), |person| format!("`{person}` of "));
    let text = format!("the receipt of {whose}`{tenant}`, {ended_at}, is as it was signed");
    output.print(&text, &json!({ "valid": true, "receipt": receipt }))
}

/// What receipts may be signed with.
fn masters(asked: &Asked<'_>) -> anyhow::Result<Vec<MasterKey>> {
    let keys = asked.master_keys()?;
    Ok(std::iter::once(keys.current).chain(keys.previous).collect())
}

/// Other things are signed with the same key.
fn check_of_erasure(signed: &Value) -> anyhow::Result<()> {
    match signed.get("what").and_then(Value::as_str) {
        Some(OF_TENANT | OF_PERSON) => Ok(()),
        Some(OF_PERSON_BEGUN) => {
            bail!("it says what there was as an erasure began, and that did not end: run it again")
        }
        Some(_) | None => bail!("it is signed, and no receipt of an erasure"),
    }
}

/// Signs a receipt.
pub(crate) fn sign(master: &MasterKey, receipt: &impl Serialize) -> anyhow::Result<Signed> {
    let receipt = serde_json::to_value(receipt)?;
    let pair = pair(master)?;
    let value = BASE64.encode(pair.sign(canonical(&receipt).as_bytes()));
    let signature =
        Signature { algorithm: ALGORITHM.to_owned(), public_key: public_key(&pair), value };
    Ok(Signed { receipt, signature })
}

/// What the receipt says, if it was signed with one of these and is as it was.
pub(crate) fn verify(masters: &[MasterKey], text: &str) -> anyhow::Result<Value> {
    let Signed { receipt, signature } = serde_json::from_str(text).context("not a receipt")?;
    if signature.algorithm != ALGORITHM {
        bail!("it is signed by `{}`, not by {ALGORITHM}", signature.algorithm);
    }
    let value = BASE64.decode(&signature.value).context("the signature is not base64")?;
    for master in masters {
        let pair = pair(master)?;
        if public_key(&pair) != signature.public_key {
            continue;
        }
        let public: &[u8] = pair.public_key().as_ref();
        let same =
            UnparsedPublicKey::new(&ED25519, public).verify(canonical(&receipt).as_bytes(), &value);
        same.map_err(|_| anyhow!("it was changed after it was signed"))?;
        return Ok(receipt);
    }
    bail!(
        "it was signed by another installation, or with a master key that is not in \
         KONSTRUCT_MASTER_KEY_PREVIOUS"
    )
}

fn pair(master: &MasterKey) -> anyhow::Result<Ed25519KeyPair> {
    let seed = own_index(master, KEY_NAME, KEY_TEXT);
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed);
    pair.map_err(|error| anyhow!("the key of receipts: {error}"))
}

/// In PEM.
fn public_key(pair: &Ed25519KeyPair) -> String {
    let der = [DER_PREFIX.as_slice(), pair.public_key().as_ref()].concat();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64.encode(der))
}

/// JSON without white space, fields in the order of their names.
fn canonical(value: &Value) -> String {
    sorted(value).to_string()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), sorted(value)));
            let fields: BTreeMap<_, _> = fields.collect();
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn master(digit: &str) -> MasterKey {
        MasterKey::parse(&digit.repeat(64)).unwrap()
    }

    fn receipt() -> Value {
        json!({ "tenant": "acme", "stores": [{ "store": "EVENTS", "before": 7, "after": 0 }] })
    }

    fn written(signed: &Signed) -> String {
        serde_json::to_string_pretty(signed).unwrap()
    }

    #[test]
    fn a_receipt_is_verified_however_its_json_is_written() {
        let text = written(&sign(&master("1"), &receipt()).unwrap());
        assert_eq!(verify(&[master("1")], &text).unwrap(), receipt());
        let value: Value = serde_json::from_str(&text).unwrap();
        let (receipt_of, signature) = (&value["receipt"], &value["signature"]);
        let turned = json!({ "signature": signature, "receipt": sorted(receipt_of) });
        assert_eq!(verify(&[master("1")], &turned.to_string()).unwrap(), receipt());
        let rotated = [master("2"), master("1")];
        assert_eq!(verify(&rotated, &text).unwrap(), receipt());
    }

    #[test]
    fn what_was_changed_or_signed_elsewhere_is_named() {
        let text = written(&sign(&master("1"), &receipt()).unwrap());
        let said =
            |masters: &[MasterKey], text: &str| verify(masters, text).unwrap_err().to_string();
        let changed = text.replace("\"before\": 7", "\"before\": 8");
        assert_eq!(said(&[master("1")], &changed), "it was changed after it was signed");
        assert_eq!(
            said(&[master("2")], &text),
            "it was signed by another installation, or with a master key that is not in \
             KONSTRUCT_MASTER_KEY_PREVIOUS"
        );
        let other = written(&sign(&master("2"), &receipt()).unwrap());
        let theirs: Value = serde_json::from_str(&other).unwrap();
        let mut mixed: Value = serde_json::from_str(&text).unwrap();
        mixed["signature"]["value"] = theirs["signature"]["value"].clone();
        let mixed = mixed.to_string();
        assert_eq!(said(&[master("1")], &mixed), "it was changed after it was signed");
        assert_eq!(said(&[master("1")], "{}"), "not a receipt");
    }

    #[test]
    fn what_is_signed_and_tells_of_no_erasure_is_no_receipt() {
        for what in [OF_TENANT, OF_PERSON] {
            check_of_erasure(&json!({ "what": what })).unwrap();
        }
        for other in [json!({ "what": "konstruct.backup" }), json!({})] {
            let why = check_of_erasure(&other).unwrap_err().to_string();
            assert_eq!(why, "it is signed, and no receipt of an erasure");
        }
        let begun = json!({ "what": OF_PERSON_BEGUN });
        let why = check_of_erasure(&begun).unwrap_err().to_string();
        let want = "it says what there was as an erasure began, and that did not end: run it again";
        assert_eq!(why, want);
    }

    #[test]
    fn a_receipt_takes_the_place_of_no_other_and_is_for_its_owner() {
        use std::os::unix::fs::PermissionsExt as _;
        let name = format!("konstruct-receipt-{}.json", std::process::id());
        let path = std::env::temp_dir().join(name);
        _ = std::fs::remove_file(&path);
        drop(create(&path).unwrap());
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        write(&create(&path).unwrap(), &path, "{}").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{}\n");
        let again = reopen(&path).unwrap();
        write(&again, &path, "{ \"longer\": 7 }").unwrap();
        write(&again, &path, "{}").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{}\n");
        let taken = format!("{:#}", create(&path).unwrap_err());
        let want =
            format!("receipt {}; nothing was done: File exists (os error 17)", path.display());
        assert_eq!(taken, want);
        let full = write(&File::options().write(true).open("/dev/full").unwrap(), &path, "{}");
        let want = format!("receipt {}: No space left on device (os error 28)", path.display());
        assert_eq!(format!("{:#}", full.unwrap_err()), want);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn the_latest_receipt_is_shown_or_why_there_is_none() {
        let acme = "acme".parse().unwrap();
        let of = |id, receipt: Option<&str>| Erasure {
            id,
            began_at: schemas::Timestamp::from_millis(0),
            by: "olga".to_owned(),
            ended_at: None,
            receipt: receipt.map(str::to_owned),
        };
        let latest = |known: &[Erasure]| latest(&acme, known).map(str::to_owned);
        let known = [of(3, None), of(2, Some("second")), of(1, Some("first"))];
        assert_eq!(latest(&known).unwrap(), "second");
        let begun = latest(&[of(1, None)]).unwrap_err().to_string();
        assert_eq!(
            begun,
            "there is no receipt of `acme`: the erasure that olga began at 1970-01-01T00:00:00.000Z did \
             not end; `konstruct tenant erase` does the rest"
        );
        let none = latest(&[]).unwrap_err().to_string();
        assert_eq!(none, "there is no receipt of `acme`: it was not erased here");
    }

    #[test]
    fn what_is_signed_is_sorted_and_without_white_space() {
        let value = json!({ "b": [1, { "d": "ü", "c": null }], "a": true });
        expect_test::expect![[r#"{"a":true,"b":[1,{"c":null,"d":"ü"}]}"#]]
            .assert_eq(&canonical(&value));
    }
}
