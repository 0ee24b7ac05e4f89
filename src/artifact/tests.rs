//! Tests of existing files: kept, replaced, renamed.

use std::collections::BTreeMap;
use std::path::Path;

use super::*;

const STEM: &str = "x";

fn put(artifacts: &[Artifact], folder: &Path, existing: &Existing) -> Result<Vec<PathBuf>, ArtifactError> {
    write(artifacts, Destination { folder, stem: STEM }, existing)
}

fn artifacts(names: &[&str], text: &str) -> Vec<Artifact> {
    names.iter().map(|name| Artifact::new(*name, format!("{text} {name}"))).collect()
}

fn rename(name: &str) -> Existing {
    Existing::chosen(false, Some(name))
}

/// All files of a folder with their texts; a folder has none.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let name = |entry: &std::fs::DirEntry| entry.file_name().into_string().unwrap();
    let entries = folder.read_dir().unwrap().map(Result::unwrap);
    entries.map(|entry| (name(&entry), std::fs::read_to_string(entry.path()).unwrap_or_default())).collect()
}

#[test]
fn differing_files_are_kept_by_default() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = ([Artifact::new("x.job.yaml", "old")], [Artifact::new("x.job.yaml", "new")]);
    put(&old, folder.path(), &Existing::Keep).unwrap();
    put(&old, folder.path(), &Existing::Keep).unwrap();
    assert!(matches!(put(&new, folder.path(), &Existing::Keep), Err(ArtifactError::Exists { .. })));
    assert_eq!(files(folder.path())["x.job.yaml"], "old");
    put(&new, folder.path(), &rename("")).unwrap();
    let found = files(folder.path());
    assert_eq!((&*found["x.job.yaml"], &*found["modified_x.job.yaml"]), ("new", "old"));
    assert!(matches!(put(&old, folder.path(), &rename("")), Err(ArtifactError::RenameTaken { .. })));
    put(&old, folder.path(), &rename("mine")).unwrap();
    assert_eq!(files(folder.path())["mine.job.yaml"], "new");
    put(&new, folder.path(), &Existing::Overwrite).unwrap();
    assert_eq!(files(folder.path()).len(), 3, "nothing is left over");
}

#[test]
fn renamed_files_keep_their_extension() {
    let names = [
        "x.Dockerfile",
        "x.submarine.Dockerfile",
        "x.yaml",
        "x.submarine.yaml",
        "x.submarine.experiment.yaml",
    ];
    for (given, stem) in
        [("mine", "mine"), ("mine.yaml", "mine"), ("mine.submarine.yaml", "mine"), ("a.b", "a.b")]
    {
        let folder = tempfile::tempdir().unwrap();
        put(&artifacts(&names, "old"), folder.path(), &Existing::Keep).unwrap();
        put(&artifacts(&names, "new"), folder.path(), &rename(given)).unwrap();
        let found = files(folder.path());
        for name in names {
            assert_eq!(found[name], format!("new {name}"));
            assert_eq!(found[&name.replacen('x', stem, 1)], format!("old {name}"), "{given}");
        }
        assert_eq!(found.len(), 2 * names.len());
    }
}

#[test]
fn renamed_files_never_collide() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["x.yaml", "other.yaml"];
    put(&artifacts(&names, "old"), folder.path(), &Existing::Keep).unwrap();
    let before = files(folder.path());
    for overwrite in [false, true] {
        let existing = Existing::chosen(overwrite, Some("mine"));
        let refused = put(&artifacts(&names, "new"), folder.path(), &existing);
        assert!(matches!(refused, Err(ArtifactError::RenameTwice { .. })), "{refused:?}");
        let refused =
            put(&artifacts(&names[..1], "new"), folder.path(), &Existing::chosen(overwrite, Some("x")));
        assert!(matches!(refused, Err(ArtifactError::RenameOnto { .. })), "{refused:?}");
    }
    assert_eq!(files(folder.path()), before);
}

#[test]
fn a_failed_move_rolls_back_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["x.yaml", "x.job.yaml"];
    put(&artifacts(&names, "old"), folder.path(), &Existing::Keep).unwrap();
    let before = files(folder.path());
    let longest = "n".repeat(255 - ".yaml".len());
    let refused = put(&artifacts(&names, "new"), folder.path(), &rename(&longest));
    assert!(matches!(refused, Err(ArtifactError::Io { .. })), "{refused:?}");
    assert_eq!(files(folder.path()), before);
}

#[test]
fn overwritable_files_are_replaced() {
    let folder = tempfile::tempdir().unwrap();
    for text in ["first", "second", "third"] {
        put(&artifacts(&["x.yaml"], text), folder.path(), &Existing::chosen(true, Some("mine"))).unwrap();
    }
    let found = files(folder.path());
    assert_eq!((&*found["x.yaml"], &*found["mine.yaml"], found.len()), ("third x.yaml", "second x.yaml", 2));
    std::fs::create_dir(folder.path().join("other.yaml")).unwrap();
    let refused = put(&artifacts(&["x.yaml"], "last"), folder.path(), &Existing::chosen(true, Some("other")));
    assert!(matches!(refused, Err(ArtifactError::RenameTaken { .. })), "{refused:?}");
}

#[test]
fn a_folder_in_the_way_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("x.cwl")).unwrap();
    let artifacts = artifacts(&["x.yaml", "x.cwl"], "new");
    assert!(put(&artifacts, folder.path(), &Existing::Overwrite).is_err());
    assert_eq!(files(folder.path()).len(), 1, "nothing is written");
}

#[test]
fn special_files_are_rejected_immediately() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("x.cwl");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
    for existing in [Existing::Keep, Existing::Overwrite, rename(""), rename("mine")] {
        let refused = put(&artifacts(&["x.yaml", "x.cwl"], "new"), folder.path(), &existing);
        assert!(matches!(refused, Err(ArtifactError::Special { kind: "named pipe", .. })), "{refused:?}");
    }
    assert!(matches!(replace(&pipe, b"new"), Err(ArtifactError::Special { .. })));
    assert_eq!(folder.path().read_dir().unwrap().count(), 1, "nothing is written");
}

#[test]
fn dangling_links_are_not_replaced_by_default() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("x.cwl")).unwrap();
    let refused = put(&artifacts(&["x.cwl"], "new"), folder.path(), &Existing::Keep);
    assert!(matches!(refused, Err(ArtifactError::Exists { .. })), "{refused:?}");
    put(&artifacts(&["x.cwl"], "new"), folder.path(), &rename("")).unwrap();
    let kept = std::fs::read_link(folder.path().join("modified_x.cwl")).unwrap();
    assert_eq!(kept, Path::new("nowhere"));
}
