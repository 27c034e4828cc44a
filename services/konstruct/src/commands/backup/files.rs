//! The files of a backup: only their owner reads them, and a directory has its name once it is whole.

use std::{
    ffi::OsString,
    fmt::Write as _,
    fs::{self, DirBuilder, File},
    io::{self, BufWriter, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use ring::digest::{Context as Digest, SHA256, digest};
use runtime::backup::PIECE_BYTES;

use super::manifest::{Manifest, Sum};
use crate::progress::Progress;

/// What says that a directory without its name is ours. Its lock says that somebody is at it.
const MARK: &str = "unfinished";

/// A backup that is being written.
pub(super) struct Part {
    to: PathBuf,
    from: PathBuf,
    /// Held for as long as this lives.
    _mark: File,
}

impl Part {
    /// Begins one beside the place where it will be. What an earlier run left there goes.
    pub(super) fn begin(to: &Path) -> anyhow::Result<Self> {
        if to.try_exists().with_context(|| to.display().to_string())? {
            bail!("{} is there already", to.display());
        }
        let name = to.file_name().with_context(|| format!("{} has no name", to.display()))?;
        let mut of_part = OsString::from(name);
        of_part.push(".part");
        let part = to.with_file_name(of_part);
        let what = || part.display().to_string();
        if part.try_exists().with_context(what)? {
            take_away(&part)?;
        }
        DirBuilder::new().mode(0o700).create(&part).with_context(what)?;
        let mark = create(&part.join(MARK)).with_context(what)?;
        mark.try_lock().map_err(|_| anyhow::anyhow!("somebody writes {} now", part.display()))?;
        for dir in ["streams", "tables"] {
            DirBuilder::new().mode(0o700).create(part.join(dir)).with_context(what)?;
        }
        Ok(Self { to: to.to_owned(), from: part, _mark: mark })
    }

    /// A file of it.
    pub(super) fn file(&self, file: String) -> anyhow::Result<Written> {
        let written = create(&self.from.join(&file)).with_context(|| file.clone())?;
        let written = BufWriter::with_capacity(PIECE_BYTES, written);
        Ok(Written { file, out: written, digest: Digest::new(&SHA256), bytes: 0 })
    }

    /// It is whole: it gets its name.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        for dir in ["streams", "tables", "."] {
            File::open(self.from.join(dir))?.sync_all()?;
        }
        fs::rename(&self.from, &self.to).with_context(|| self.to.display().to_string())?;
        let parent = self.to.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
        // Whoever is killed here leaves the mark in a backup that its manifest says is whole.
        fs::remove_file(self.to.join(MARK))?;
        Ok(())
    }
}

/// What an earlier run left. One that was killed before it could set its mark left nothing in it.
fn take_away(part: &Path) -> anyhow::Result<()> {
    let what = || part.display().to_string();
    if fs::read_dir(part).with_context(what)?.next().is_none() {
        return fs::remove_dir(part).with_context(what);
    }
    let mark = File::open(part.join(MARK));
    let mark = mark.with_context(|| format!("{} is no backup of ours", part.display()))?;
    mark.try_lock().map_err(|_| anyhow::anyhow!("somebody writes {} now", part.display()))?;
    fs::remove_dir_all(part).with_context(what)
}

fn create(path: &Path) -> io::Result<File> {
    File::options().mode(0o600).write(true).create_new(true).open(path)
}

/// A file that is being written.
pub(super) struct Written {
    file: String,
    out: BufWriter<File>,
    digest: Digest,
    bytes: u64,
}

impl Written {
    /// Writes a piece more.
    pub(super) fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        self.out.write_all(piece)?;
        self.digest.update(piece);
        self.bytes += piece.len() as u64;
        Ok(())
    }

    /// How much is written.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// All of it is on the disk.
    pub(super) fn end(self) -> anyhow::Result<Sum> {
        let Self { file, out, digest, bytes } = self;
        let written = out.into_inner().with_context(|| file.clone())?;
        written.sync_all().with_context(|| file.clone())?;
        Ok(Sum { file, bytes, sha256: hex(digest.finish().as_ref()) })
    }
}

/// What is wrong with the files that the manifest names.
pub(super) fn check(dir: &Path, manifest: &Manifest) -> Vec<String> {
    let mut problems = Vec::new();
    let mut progress = Progress::new("bytes checked", manifest.bytes());
    let mut before = 0;
    for sum in manifest.sums() {
        let found = sum_of(dir, &sum.file, |bytes| progress.at(before + bytes));
        match found {
            Ok(found) if found == *sum => {}
            Ok(found) if found.bytes == sum.bytes => {
                problems.push(format!("{} was changed", sum.file));
            }
            Ok(found) => {
                let (have, want) = (found.bytes, sum.bytes);
                problems.push(format!("{} has {have} bytes in place of {want}", sum.file));
            }
            Err(error) => problems.push(format!("{}: {error}", sum.file)),
        }
        before += sum.bytes;
    }
    problems
}

fn sum_of(dir: &Path, file: &str, mut read: impl FnMut(u64)) -> io::Result<Sum> {
    let (mut digest, mut bytes) = (Digest::new(&SHA256), 0);
    for piece in pieces(dir, file)? {
        let piece = piece?;
        digest.update(&piece);
        bytes += piece.len() as u64;
        read(bytes);
    }
    Ok(Sum { file: file.to_owned(), bytes, sha256: hex(digest.finish().as_ref()) })
}

/// What a file of a backup holds.
pub(in crate::commands) fn pieces(
    dir: &Path,
    file: &str,
) -> io::Result<impl Iterator<Item = io::Result<Vec<u8>>> + use<>> {
    let open = File::open(dir.join(file))?;
    Ok(std::iter::from_fn(move || {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        let read = (&open).take(PIECE_BYTES as u64).read_to_end(&mut piece);
        match read {
            Ok(0) => None,
            Ok(_) => Some(Ok(piece)),
            Err(error) => Some(Err(error)),
        }
    }))
}

/// The SHA-256 of that.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // A string takes everything.
        _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A directory of its own for a test.
    fn place(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("konstruct-{name}-{}", std::process::id()));
        fs::remove_dir_all(&dir).ok();
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    #[test]
    fn only_its_owner_reads_it_and_it_has_its_name_once_it_is_whole() {
        let dir = place("files");
        let (to, part) = (dir.join("b"), dir.join("b.part"));
        let begun = Part::begin(&to).unwrap();
        let mut file = begun.file("tables/x".to_owned()).unwrap();
        file.take(b"ab").unwrap();
        file.take(b"c").unwrap();
        assert_eq!(file.bytes(), 3);
        let sum = file.end().unwrap();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((sum.bytes, sum.sha256.as_str()), (3, abc));
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&part), mode(&part.join("tables"))), (0o700, 0o700));
        assert_eq!(mode(&part.join("tables/x")), 0o600);
        assert!(!to.exists());
        begun.finish().unwrap();
        assert!(!part.exists() && !to.join(MARK).exists());
        assert_eq!(sum_of(&to, "tables/x", |_| ()).unwrap(), sum);
        let again = Part::begin(&to).err().unwrap().to_string();
        assert!(again.ends_with("is there already"), "{again}");
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn what_was_interrupted_is_begun_anew_and_what_is_not_ours_is_left_alone() {
        let dir = place("part");
        let (to, part) = (dir.join("b"), dir.join("b.part"));
        let begun = Part::begin(&to).unwrap();
        begun.file("tables/left".to_owned()).unwrap().end().unwrap();
        let other = Part::begin(&to).err().unwrap().to_string();
        assert!(other.starts_with("somebody writes"), "{other}");
        drop(begun);
        let begun = Part::begin(&to).unwrap();
        assert!(!part.join("tables/left").exists());
        drop(begun);
        fs::remove_file(part.join(MARK)).unwrap();
        let foreign = Part::begin(&to).err().unwrap().to_string();
        assert!(foreign.ends_with("is no backup of ours"), "{foreign}");
        assert!(part.join("tables").exists());
        // Killed before there was a mark.
        fs::remove_dir_all(&part).unwrap();
        fs::create_dir(&part).unwrap();
        Part::begin(&to).unwrap().finish().unwrap();
        assert!(to.join("tables").exists() && !to.join(MARK).exists());
        fs::remove_dir_all(&dir).unwrap();
    }
}
