//! Additional files on a real file system.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// A folder with the given files, each holding its own path.
fn folder(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        write(&folder, file, file);
    }
    folder
}

fn write(folder: &TempDir, path: &str, text: &str) {
    let path = folder.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn paths(folder: &TempDir, patterns: &[&str]) -> Result<Vec<String>, FilesError> {
    let patterns: Vec<_> = patterns.iter().map(ToString::to_string).collect();
    let found = collect(&patterns, folder.path())?;
    Ok(found.files.into_iter().map(|file| file.path).collect())
}

fn found(folder: &TempDir, patterns: &[&str]) -> Vec<String> {
    paths(folder, patterns).unwrap()
}

fn refusal(folder: &TempDir, patterns: &[&str]) -> String {
    paths(folder, patterns).unwrap_err().to_string()
}

#[test]
fn named_files_and_folders_are_sorted_and_unique() {
    let folder = folder(&["b.py", "a.py", "data/z.csv", "data/deep/.hidden", "other"]);
    let patterns = ["data/", "b.py", "./a.py", "data/z.csv", "data/../b.py"];
    assert_eq!(found(&folder, &patterns), ["a.py", "b.py", "data/z.csv"]);
    assert!(found(&folder, &[]).is_empty());
}

#[test]
fn globs_follow_shell_rules() {
    let folder = folder(&[
        "a.py",
        "b.py",
        ".env",
        ".git/config",
        "lib/c.py",
        "lib/deep/d.py",
        "lib/.e.py",
        "x1",
        "x2",
    ]);
    assert_eq!(found(&folder, &["*.py"]), ["a.py", "b.py"]);
    assert_eq!(found(&folder, &["**/*.py"]), ["a.py", "b.py", "lib/c.py", "lib/deep/d.py"]);
    assert_eq!(found(&folder, &["lib/**"]), ["lib/c.py", "lib/deep/d.py"]);
    assert_eq!(found(&folder, &["**/deep/*"]), ["lib/deep/d.py"]);
    assert_eq!(found(&folder, &["l*"]), ["lib/c.py", "lib/deep/d.py"]);
    assert_eq!(found(&folder, &["x[!1]", "?1"]), ["x1", "x2"]);
    assert_eq!(found(&folder, &[".e*", "lib/.*"]), [".env", "lib/.e.py"]);
    assert_eq!(found(&folder, &[".git"]), [".git/config"]);
}

#[test]
fn existing_names_take_precedence_over_wildcards() {
    let folder = folder(&["a[1].txt", "a1.txt", "{b}.txt", "b.txt"]);
    assert_eq!(found(&folder, &["a[1].txt"]), ["a[1].txt"]);
    assert_eq!(found(&folder, &["{b}.t?t"]), ["{b}.txt"]);
}

#[test]
fn absolute_paths_must_be_inside_the_working_directory() {
    let folder = folder(&["data/a.csv"]);
    let inside = folder.path().join("data/a.csv").display().to_string();
    let glob = folder.path().join("d*/*.csv").display().to_string();
    assert_eq!(found(&folder, &[&inside, &glob]), ["data/a.csv"]);
    assert_eq!(refusal(&folder, &["/etc/hosts"]), "`/etc/hosts` is outside the working directory");
    assert_eq!(refusal(&folder, &["/etc/host*"]), "`/etc/host*` is outside the working directory");
    assert_eq!(refusal(&folder, &["../*"]), "`../*` is outside the working directory");
    assert_eq!(refusal(&folder, &["d*/../../*"]), "`d*/../../*` is outside the working directory");
    assert_eq!(refusal(&folder, &[".."]), "`..` is outside the working directory");
}

#[test]
fn patterns_without_a_match_are_rejected() {
    let folder = folder(&["a.py"]);
    fs::create_dir(folder.path().join("empty")).unwrap();
    assert_eq!(refusal(&folder, &["b.py"]), "`b.py` does not exist");
    assert_eq!(refusal(&folder, &["a.py/b"]), "`a.py/b` does not exist");
    assert_eq!(refusal(&folder, &["*.txt"]), "no file matches `*.txt`");
    assert_eq!(refusal(&folder, &["no/*.txt"]), "no file matches `no/*.txt`");
    assert_eq!(refusal(&folder, &["empty"]), "the folder `empty` holds no files");
    assert!(refusal(&folder, &["a[.py"]).starts_with("`a[.py` is not a valid pattern: "));
}

#[test]
fn only_the_dangling_link_is_left_out() {
    let folder = folder(&["data/a.csv", "b.py"]);
    let link = |name: &str| symlink("nowhere", folder.path().join(name)).unwrap();
    link("data/b.csv");
    link("c.py");
    for pattern in ["data", "data/*", "**/*.csv"] {
        let found = collect(&[pattern.to_owned()], folder.path()).unwrap();
        let files: Vec<_> = found.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!((files, found.dangling), (vec!["data/a.csv"], vec!["data/b.csv".to_owned()]), "{pattern}");
    }
    assert_eq!(
        collect(&["*.py".to_owned(), ".".to_owned()], folder.path()).unwrap().dangling,
        ["c.py", "data/b.csv"]
    );
    for pattern in ["c.py", "data/b*"] {
        assert!(refusal(&folder, &[pattern]).ends_with("is a link that leads nowhere"), "{pattern}");
    }
    assert!(matches!(below(folder.path()), Err(FilesError::Dangling(link)) if link == "c.py"));
    write(&folder, ".dockerignore", "**/b.csv\n");
    assert!(collect(&["data".to_owned()], folder.path()).unwrap().dangling.is_empty());
}

#[test]
fn links_are_followed_only_inside_the_root() {
    let outside = folder(&["secret"]);
    let folder = folder(&["real/a.txt", "b.txt"]);
    let link = |target: &Path, name: &str| symlink(target, folder.path().join(name)).unwrap();
    link(Path::new("real"), "inside");
    link(Path::new("../b.txt"), "real/c.txt");
    assert_eq!(found(&folder, &["inside"]), ["inside/a.txt", "inside/c.txt"]);
    link(&outside.path().join("secret"), "leak");
    link(outside.path(), "leaks");
    assert_eq!(refusal(&folder, &["leak"]), "`leak` is outside the working directory");
    assert_eq!(refusal(&folder, &["leak?"]), "`leaks` is outside the working directory");
    assert_eq!(refusal(&folder, &["leaks/secret"]), "`leaks/secret` is outside the working directory");
    assert_eq!(refusal(&folder, &["leaks/*"]), "`leaks/secret` is outside the working directory");
    assert_eq!(refusal(&folder, &["."]), "`leak` is outside the working directory");
}

#[test]
fn link_loops_end() {
    let folder = folder(&["a/b.txt"]);
    symlink(".", folder.path().join("a/self")).unwrap();
    symlink("knot", folder.path().join("knot")).unwrap();
    assert_eq!(refusal(&folder, &["a"]), "the symbolic link `a/self` leads back to itself");
    assert_eq!(refusal(&folder, &["knot"]), "the symbolic link `knot` leads back to itself");
    assert_eq!(found(&folder, &["**/*.txt"]), ["a/b.txt"]);
}

#[test]
fn dockerignore_excludes_matching_files() {
    let folder = folder(&["a.csv", "b.csv", "data/c.csv", "data/d.txt", "venv/x.py"]);
    write(&folder, ".dockerignore", "*.csv\n!b.csv\ndata/*.csv\nvenv\n");
    assert_eq!(found(&folder, &["*.csv", "data"]), ["b.csv", "data/d.txt"]);
    assert_eq!(refusal(&folder, &["a.csv"]), "`a.csv` is excluded by `.dockerignore`");
    assert_eq!(refusal(&folder, &["venv"]), "`venv` is excluded by `.dockerignore`");
    assert_eq!(refusal(&folder, &["venv/*"]), "no file matches `venv/*`");
}

#[test]
fn exceptions_restore_files_from_excluded_folders() {
    let folder = folder(&["data/keep.csv", "data/drop.csv"]);
    write(&folder, ".dockerignore", "data\n!data/keep.csv\n");
    assert_eq!(found(&folder, &["data"]), ["data/keep.csv"]);
    assert_eq!(found(&folder, &["d*"]), ["data/keep.csv"]);
    assert_eq!(found(&folder, &["**"]), ["data/keep.csv"]);
}

#[test]
fn ignored_files_are_not_visited() {
    let folder = folder(&["a.txt", "venv/a.py"]);
    symlink("/etc/hosts", folder.path().join("leak")).unwrap();
    symlink(".", folder.path().join("venv/self")).unwrap();
    write(&folder, ".dockerignore", "leak\nvenv\n.dockerignore");
    assert_eq!(found(&folder, &["."]), ["a.txt"]);
}

#[test]
fn only_files_and_folders_are_collected() {
    let folder = folder(&["a.txt"]);
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    assert_eq!(refusal(&folder, &["socket"]), "`socket` is neither a file nor a folder");
    assert_eq!(refusal(&folder, &["."]), "`socket` is neither a file nor a folder");
}

#[test]
fn names_are_utf8() {
    use std::os::unix::ffi::OsStrExt;
    let folder = folder(&["ok/größe.txt"]);
    assert_eq!(found(&folder, &["ok"]), ["ok/größe.txt"]);
    fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"\xff.txt")), "").unwrap();
    assert!(refusal(&folder, &["."]).ends_with("is not valid UTF-8"));
}

#[test]
fn executable_bits_are_preserved() {
    let folder = folder(&["run.sh", "data.csv"]);
    fs::set_permissions(folder.path().join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    let files = collect(&[".".to_owned()], folder.path()).unwrap().files;
    let executable: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.executable)).collect();
    assert_eq!(executable, [("data.csv", false), ("run.sh", true)]);
    assert_eq!(fs::read_to_string(&files[0].disk).unwrap(), "data.csv");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn files_outside_the_root_are_never_included(pattern in r"[a-c./*?\[\]!]{0,12}") {
        let folder = folder(&["a/b.c", "b", "c.a/.a"]);
        let root = folder.path().canonicalize().unwrap();
        if let Ok(Matches { files, dangling }) = collect(&[pattern], folder.path()) {
            prop_assert!(dangling.is_empty());
            prop_assert!(!files.is_empty());
            prop_assert!(files.is_sorted_by(|one, two| one.path < two.path));
            for file in files {
                prop_assert_eq!(&file.disk, &root.join(&file.path));
            }
        }
    }

    #[test]
    fn a_file_name_matches_itself(name in r"[^/\x00]{1,20}") {
        prop_assume!(!matches!(name.as_str(), "." | ".." | ".dockerignore"));
        let folder = folder(&[&name]);
        prop_assert_eq!(found(&folder, &[&name]), [name]);
    }
}
