//! Contexts as tar archives and folders.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use proptest::prelude::*;

use super::archive::Exactly;
use super::*;

fn made(path: &str, text: &str) -> Entry {
    Entry { path: path.to_owned(), content: Content::Bytes(text.into()), executable: false }
}

fn on_disk(path: &str, disk: &Path) -> Entry {
    Entry { path: path.to_owned(), content: Content::Disk(disk.to_owned()), executable: true }
}

fn context(entries: impl IntoIterator<Item = Entry>) -> Context {
    Context::new(entries, 7).unwrap()
}

/// Path, mode, time and text of every entry of the archive.
fn archived(context: &Context) -> Vec<(String, u32, u64, String)> {
    let mut bytes = Vec::new();
    context.write_tar(&mut bytes).unwrap();
    let mut archive = tar::Archive::new(bytes.as_slice());
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        let (mode, mtime) = (entry.header().mode().unwrap(), entry.header().mtime().unwrap());
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        (path, mode, mtime, text)
    });
    entries.collect()
}

#[test]
fn an_archive_is_sorted_and_has_fixed_metadata() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run.sh");
    fs::write(&run, "exit").unwrap();
    let context = context([made("b/ü.py", "2"), on_disk("b/c/run.sh", &run), made("a", "1")]);
    let entry = |path: &str, mode, text: &str| (path.to_owned(), mode, 7, text.to_owned());
    let expected = [
        entry("a", 0o664, "1"),
        entry("b/", 0o775, ""),
        entry("b/c/", 0o775, ""),
        entry("b/c/run.sh", 0o775, "exit"),
        entry("b/ü.py", 0o664, "2"),
    ];
    assert_eq!(archived(&context), expected);
    assert_eq!(context.paths().collect::<Vec<_>>(), ["a", "b/c/run.sh", "b/ü.py"]);
    assert_eq!(context.size(), 6);
}

#[test]
fn long_paths_are_preserved() {
    let path = format!("{}/{}", "ordner".repeat(30), "größe".repeat(30));
    assert_eq!(archived(&context([made(&path, "x")]))[1].0, path);
}

#[test]
fn context_paths_are_unique() {
    let refusal = |entries: [Entry; 2]| Context::new(entries, 0).unwrap_err().to_string();
    assert_eq!(refusal([made("a", ""), made("a", "")]), "two files would be `a` in the image");
    assert_eq!(refusal([made("a", ""), made("a/b", "")]), "two files would be `a` in the image");
    assert_eq!(refusal([made("a/b", ""), made("a", "")]), "two files would be `a` in the image");
}

#[test]
fn paths_outside_the_context_are_rejected() {
    for path in ["", "/a", "a/", "../a", "a//b", "./a", "a\0"] {
        assert!(matches!(Context::new([made(path, "")], 0), Err(ContextError::Path(_))), "{path}");
    }
}

#[test]
fn a_folder_gets_fixed_modes_and_times() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run.sh");
    fs::write(&run, "exit").unwrap();
    let target = folder.path().join("new/context");
    let context = context([made("a/b", "1"), on_disk("a/run", &run)]);
    context.write_dir(&target).unwrap();
    for (path, mode) in [("a", 0o775), ("a/b", 0o664), ("a/run", 0o775)] {
        let metadata = target.join(path).metadata().unwrap();
        assert_eq!((metadata.mode() & 0o777, metadata.mtime()), (mode, 7), "{path}");
    }
    assert_eq!(fs::read_to_string(target.join("a/run")).unwrap(), "exit");
    assert!(matches!(context.write_dir(&target), Err(ContextError::NotEmpty(_))));
}

#[test]
fn a_file_that_changes_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    fs::write(&path, "12345").unwrap();
    for promised in [3, 7] {
        let file = File::open(&path).unwrap();
        let mut content = Exactly { file, left: promised };
        io::copy(&mut content, &mut io::sink()).unwrap();
        assert!(matches!(content.finish(&path), Err(ContextError::Changed(_))));
    }
}

#[test]
fn a_missing_file_is_named() {
    let context = context([on_disk("a", Path::new("/nowhere/a"))]);
    let error = context.write_tar(io::sink()).unwrap_err().to_string();
    assert!(error.starts_with("cannot read `/nowhere/a`: "), "{error}");
}

proptest! {
    #[test]
    fn the_order_of_the_entries_does_not_matter(mut paths in prop::collection::btree_set("[a-c]{1,2}/[a-z.-]{1,3}x", 1..8)
        .prop_map(Vec::from_iter).prop_shuffle()) {
        let shuffled = context(paths.iter().map(|path| made(path, path)));
        paths.sort();
        let sorted = context(paths.iter().map(|path| made(path, path)));
        prop_assert_eq!(archived(&shuffled), archived(&sorted));
    }
}
