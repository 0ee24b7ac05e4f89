//! The way to a user's file: pipes, sockets and devices are refused, never waited for.

use std::fs::{File, FileType, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// Reads a file.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a text file.
pub fn read_to_string(path: &Path) -> io::Result<String> {
    io::read_to_string(open(path)?)
}

/// Opens a file for reading.
pub fn open(path: &Path) -> io::Result<File> {
    // To open a device may set it going; a pipe that comes between is opened without waiting for its other end.
    check(path.metadata()?.file_type())?;
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    check(file.metadata()?.file_type())?;
    Ok(file)
}

/// What a path is if neither a file nor a folder, in words; links are followed.
#[must_use]
pub fn special(path: &Path) -> Option<&'static str> {
    path.metadata().ok().and_then(|found| name(found.file_type()))
}

fn check(kind: FileType) -> io::Result<()> {
    match name(kind) {
        Some(name) => Err(io::Error::other(format!("it is a {name}, not a file"))),
        None => Ok(()),
    }
}

fn name(kind: FileType) -> Option<&'static str> {
    if kind.is_file() || kind.is_dir() {
        None
    } else if kind.is_fifo() {
        Some("named pipe")
    } else if kind.is_socket() {
        Some("socket")
    } else {
        Some("device")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn special_files_are_rejected_immediately() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        rustix::fs::mkfifoat(rustix::fs::CWD, path("pipe"), rustix::fs::Mode::RWXU).unwrap();
        let _socket = UnixListener::bind(path("socket")).unwrap();
        std::os::unix::fs::symlink("pipe", path("link")).unwrap();
        for (name, said) in [("pipe", "named pipe"), ("socket", "socket"), ("link", "named pipe")] {
            let error = read_to_string(&path(name)).unwrap_err();
            assert_eq!(error.to_string(), format!("it is a {said}, not a file"));
            assert_eq!(special(&path(name)), Some(said));
        }
        assert_eq!(special(Path::new("/dev/null")), Some("device"));
        assert!(open(Path::new("/dev/null")).is_err());
    }

    #[test]
    fn files_are_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "text").unwrap();
        assert_eq!((read(file.path()).unwrap(), special(file.path())), (b"text".to_vec(), None));
        let missing = read(&file.path().with_file_name("no such file")).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        assert_eq!(special(&file.path().with_file_name("no such file")), None);
    }
}
