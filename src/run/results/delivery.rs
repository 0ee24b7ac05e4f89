//! Deliveries of an operator: files and folders. Links made in an image may lead anywhere, so none is
//! followed or kept.

use std::fs::{self, FileType, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The set-user-ID and set-group-ID bits.
const SET_ID: u32 = 0o6000;

/// The delivery of one output.
#[derive(Debug)]
pub(super) struct Delivery<'a> {
    /// The output.
    pub(super) id: &'a str,
    /// Files and folders, in order.
    pub(super) entries: Vec<PathBuf>,
    /// Entries that are neither, and what they are; relative paths.
    pub(super) left_out: Vec<(PathBuf, &'static str)>,
}

impl<'a> Delivery<'a> {
    /// Reads a place, which may not exist, and removes what isn't kept.
    pub(super) fn open(id: &'a str, place: &Path) -> io::Result<Self> {
        let mut left_out = Vec::new();
        match place.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(found) => clear(place, &found, &mut left_out)?,
        }
        let entries = if place.symlink_metadata().is_ok_and(|found| found.is_dir()) {
            entries(place)?
        } else {
            Vec::new()
        };
        for (path, _) in &mut left_out {
            if let Some(below) = path.strip_prefix(place).ok().filter(|below| !below.as_os_str().is_empty()) {
                *path = below.to_owned();
            }
        }
        Ok(Self { id, entries, left_out })
    }

    /// Whether nothing was delivered.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Removes everything that is neither a file nor a folder, and the set-ID bits of files.
fn clear(path: &Path, found: &Metadata, left_out: &mut Vec<(PathBuf, &'static str)>) -> io::Result<()> {
    if found.is_dir() {
        for entry in entries(path)? {
            clear(&entry, &entry.symlink_metadata()?, left_out)?;
        }
    } else if found.is_file() {
        let mode = found.permissions().mode();
        if mode & SET_ID != 0 {
            fs::set_permissions(path, Permissions::from_mode(mode & !SET_ID))?;
        }
    } else {
        fs::remove_file(path)?;
        left_out.push((path.to_owned(), kind(found.file_type())));
    }
    Ok(())
}

fn kind(found: FileType) -> &'static str {
    if found.is_symlink() {
        "link"
    } else if found.is_fifo() {
        "named pipe"
    } else if found.is_socket() {
        "socket"
    } else {
        "device"
    }
}

/// The entries of a folder, sorted.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = folder.read_dir()?.map(|entry| entry.map(|entry| entry.path()));
    let mut entries: Vec<PathBuf> = entries.collect::<Result<_, _>>()?;
    entries.sort();
    Ok(entries)
}

/// Moves a file or folder, merging folders of the same name; without `really`, only checks whether that
/// works. Existing files are replaced, except for hidden ones, which are settings.
pub(super) fn merge(source: &Path, target: &Path, really: bool) -> io::Result<()> {
    merge_in(source, target, really, false)
}

fn merge_in(source: &Path, target: &Path, really: bool, is_hidden: bool) -> io::Result<()> {
    let is_folder = source.symlink_metadata()?.is_dir();
    let found = match target.symlink_metadata() {
        Ok(found) => found,
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Err(_) if is_hidden => return Err(refusal(target, "would be new in a hidden folder")),
        Err(_) if really => return fs::rename(source, target),
        Err(_) => return Ok(()),
    };
    let is_hidden =
        is_hidden || target.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    match (found.is_dir(), found.is_file()) {
        (true, _) if is_folder => {
            let entries = entries(source)?;
            let targets = entries.iter().map(|entry| target.join(entry.file_name().unwrap_or_default()));
            entries
                .iter()
                .zip(targets)
                .try_for_each(|(entry, target)| merge_in(entry, &target, really, is_hidden))
        }
        (true, _) => Err(refusal(target, "is a folder, and the output a file")),
        (_, true) if is_folder => Err(refusal(target, "is a file, and the output a folder")),
        (_, true) if is_hidden && fs::read(source)? == fs::read(target)? => Ok(()),
        (_, true) if is_hidden => Err(refusal(target, "is hidden, and there already")),
        (_, true) if really => fs::rename(source, target),
        (_, true) => Ok(()),
        _ => Err(refusal(target, &format!("is a {}, and there already", kind(found.file_type())))),
    }
}

fn refusal(target: &Path, reason: &str) -> io::Error {
    io::Error::other(format!("`{}` {reason}", target.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use tempfile::{TempDir, tempdir};

    /// A place with one file in a folder.
    fn place() -> TempDir {
        let place = tempdir().unwrap();
        fs::create_dir_all(place.path().join("staged/model")).unwrap();
        fs::write(place.path().join("staged/model/rows.txt"), "rows").unwrap();
        place
    }

    fn open(place: &Path) -> Delivery<'static> {
        Delivery::open("model", &place.join("staged")).unwrap()
    }

    fn left_out(delivery: &Delivery) -> Vec<(String, &'static str)> {
        let mut left: Vec<_> =
            delivery.left_out.iter().map(|(path, kind)| (path.display().to_string(), *kind)).collect();
        left.sort();
        left
    }

    #[test]
    fn links_are_neither_followed_nor_delivered() {
        let place = place();
        let (secret, staged) = (place.path().join("secret"), place.path().join("staged"));
        fs::create_dir(&secret).unwrap();
        fs::write(secret.join("key"), "mine").unwrap();
        let links = [
            ("absolute", secret.to_str().unwrap()),
            ("above", "../secret"),
            ("model/file", "../../secret/key"),
            ("model/own", "rows.txt"),
        ];
        for (name, target) in links {
            symlink(target, staged.join(name)).unwrap();
        }
        let delivery = open(place.path());
        assert_eq!(delivery.entries, [staged.join("model")]);
        let expected = ["above", "absolute", "model/file", "model/own"].map(|name| (name.to_owned(), "link"));
        assert_eq!(left_out(&delivery), expected);
        merge(&delivery.entries[0], &place.path().join("out"), true).unwrap();
        assert_eq!(fs::read_to_string(place.path().join("out/rows.txt")).unwrap(), "rows");
        assert_eq!(fs::read_dir(place.path().join("out")).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(secret.join("key")).unwrap(), "mine");
    }

    #[test]
    fn a_link_in_place_of_an_output_is_not_followed() {
        let place = place();
        symlink("staged", place.path().join("link")).unwrap();
        let delivery = Delivery::open("model", &place.path().join("link")).unwrap();
        assert!(delivery.is_empty() && delivery.left_out.len() == 1, "{delivery:?}");
        assert!(place.path().join("staged/model/rows.txt").exists());
        assert!(Delivery::open("none", &place.path().join("none")).unwrap().is_empty());
    }

    #[test]
    fn special_files_are_skipped_and_setuid_bits_are_cleared() {
        let place = place();
        let staged = place.path().join("staged");
        rustix::fs::mkfifoat(rustix::fs::CWD, staged.join("pipe"), rustix::fs::Mode::RWXU).unwrap();
        let _socket = UnixListener::bind(staged.join("model/socket")).unwrap();
        let program = staged.join("model/rows.txt");
        fs::set_permissions(&program, Permissions::from_mode(0o6755)).unwrap();
        let delivery = open(place.path());
        let expected = [("model/socket", "socket"), ("pipe", "named pipe")];
        assert_eq!(left_out(&delivery), expected.map(|(path, kind)| (path.to_owned(), kind)));
        assert_eq!(program.metadata().unwrap().permissions().mode() & 0o7777, 0o755);
    }

    #[test]
    fn hard_links_are_delivered_as_separate_files() {
        let place = place();
        let staged = place.path().join("staged");
        fs::hard_link(staged.join("model/rows.txt"), staged.join("again")).unwrap();
        for entry in open(place.path()).entries {
            merge(&entry, &place.path().join("out").with_file_name(entry.file_name().unwrap()), true)
                .unwrap();
        }
        assert_eq!(fs::read_to_string(place.path().join("again")).unwrap(), "rows");
        assert_eq!(fs::read_to_string(place.path().join("model/rows.txt")).unwrap(), "rows");
    }

    #[test]
    fn existing_files_that_are_not_outputs_are_untouched() {
        let place = place();
        let (out, source) = (place.path().join("out"), place.path().join("staged/model"));
        fs::create_dir_all(out.join("elsewhere")).unwrap();
        symlink("elsewhere", out.join("link")).unwrap();
        fs::create_dir(out.join(".git")).unwrap();
        fs::write(out.join(".profile"), "").unwrap();
        fs::write(out.join("file"), "").unwrap();
        for (name, reason) in [("link", "is a link"), (".git", "in a hidden folder"), ("file", "is a file")] {
            let error = merge(&source, &out.join(name), true).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        for (name, reason) in [("elsewhere", "is a folder"), (".profile", "is hidden"), ("link", "is a link")]
        {
            let error = merge(&source.join("rows.txt"), &out.join(name), true).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        assert_eq!(fs::read_dir(out.join("elsewhere")).unwrap().count(), 0);
        assert!(source.join("rows.txt").exists());
        merge(&source, &out, false).unwrap();
        assert!(!out.join("rows.txt").exists(), "only found out");
        fs::write(out.join(".git/rows.txt"), "rows").unwrap();
        merge(&source, &out.join(".git"), true).unwrap();
        fs::write(out.join("rows.txt"), "older").unwrap();
        merge(&source, &out, true).unwrap();
        assert_eq!(fs::read_to_string(out.join("rows.txt")).unwrap(), "rows");
    }
}
