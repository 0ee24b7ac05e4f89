//! Tests of what is evicted, in which order, and what never is.

use std::fs::File;
use std::time::{Duration, SystemTime};

use super::*;

const PAGE: usize = 4096;

/// A cache with an environment and an unpacked operator of a few pages each, made so many hours ago.
fn cache() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    thing(&folder, "environments/old", 9);
    thing(&folder, "containerless/new-3.12", 1);
    thing(&folder, "environments/middle", 5);
    folder
}

fn thing(cache: &TempDir, name: &str, hours: u64) {
    let folder = cache.path().join(name);
    fs::create_dir_all(folder.join("bin")).unwrap();
    fs::write(folder.join("bin/python"), vec![1; 10 * PAGE]).unwrap();
    file(cache, &format!("{name}.lock"), 0, hours);
}

fn file(cache: &TempDir, name: &str, size: usize, hours: u64) {
    let path = cache.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, vec![1; size]).unwrap();
    let then = SystemTime::now() - Duration::from_hours(hours);
    File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
}

fn names(cache: &TempDir) -> Vec<String> {
    let entries =
        Kind::ALL.iter().filter_map(|kind| cache.path().join(kind.folder()).read_dir().ok()).flatten();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn sizes_are_quantities_of_bytes() {
    let sizes = ["0", "500M", "10Gi", "1.5Ki", "500m", "10 GiB", "-1", "", "much"].map(size);
    let none = None;
    let expected = [Some(0), Some(500_000_000), Some(10 << 30), Some(1536), none, none, none, none, none];
    assert_eq!(sizes, expected);
}

#[test]
fn least_recently_used_items_are_evicted_first() {
    let cache = cache();
    let size: u64 = items(cache.path()).unwrap().iter().map(|item| item.size).sum();
    assert_eq!(shrink(cache.path(), Some(size)).unwrap(), Cleaning::default());
    let gone = shrink(cache.path(), Some(size - 1)).unwrap();
    assert_eq!((gone.removed, gone.in_use), ([0, 1, 0], [0; 3]));
    assert!(gone.freed > 10 * PAGE as u64);
    assert_eq!(names(&cache), ["middle", "middle.lock", "new-3.12", "new-3.12.lock"]);
    Lock::share(&lock_beside(&cache.path().join("environments/middle"))).unwrap();
    let gone = shrink(cache.path(), Some(size / 3)).unwrap();
    assert_eq!(gone.removed(), "1 unpacked operator");
    assert_eq!(names(&cache), ["middle", "middle.lock"]);
}

#[test]
fn items_in_use_are_not_evicted() {
    let cache = cache();
    let lock = Lock::share(&lock_beside(&cache.path().join("environments/old"))).unwrap();
    let gone = shrink(cache.path(), None).unwrap();
    assert_eq!((gone.removed, gone.in_use), ([0, 1, 1], [0, 1, 0]));
    assert_eq!(
        (gone.removed(), gone.in_use()),
        ("1 environment, 1 unpacked operator".into(), "1 environment".into())
    );
    assert_eq!(names(&cache), ["old", "old.lock"]);
    drop(lock);
    assert_eq!(shrink(cache.path(), None).unwrap().removed, [0, 1, 0]);
    assert_eq!(names(&cache), [""; 0]);
}

#[test]
fn layers_are_evicted_with_their_notes() {
    let cache = tempfile::tempdir().unwrap();
    file(&cache, "layers/0a.tar.gz", PAGE, 3);
    file(&cache, "layers/0b.json", 10, 3);
    file(&cache, "layers/python-0c.json", 10, 3);
    let gone = shrink(cache.path(), None).unwrap();
    assert_eq!((gone.removed(), names(&cache).len()), ("1 layer".to_owned(), 0));
    assert!(gone.freed >= 3 * 4096);
}

#[test]
fn abandoned_work_is_removed() {
    let cache = tempfile::tempdir().unwrap();
    for (name, hours) in [("young", 0), ("old", 2), ("locked", 2)] {
        file(&cache, &format!("layers/.work-{name}"), 10, hours);
        file(&cache, &format!("layers/.work-{name}-folder/.lock"), 0, hours);
    }
    let _file = Lock::share(&cache.path().join("layers/.work-locked")).unwrap();
    let _folder = Lock::share(&cache.path().join("layers/.work-locked-folder/.lock")).unwrap();
    // Sharing has told that they were just used.
    file(&cache, "layers/.work-locked", 10, 2);
    file(&cache, "layers/.work-locked-folder/.lock", 0, 2);
    let gone = shrink(cache.path(), None).unwrap();
    assert_eq!((gone.removed, gone.in_use), ([0; 3], [0; 3]));
    let left = [".work-locked", ".work-locked-folder", ".work-young", ".work-young-folder"];
    assert_eq!(names(&cache), left);
}

#[test]
fn files_outside_the_cache_are_not_touched() {
    let (cache, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    file(&elsewhere, "precious/file", 10, 9);
    fs::create_dir_all(cache.path().join("environments")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join("precious"), cache.path().join("environments/link"))
        .unwrap();
    file(&cache, "other/file", 10, 9);
    file(&cache, "file", 10, 9);
    assert_eq!(shrink(cache.path(), None).unwrap(), Cleaning::default());
    assert!(elsewhere.path().join("precious/file").exists());
    assert!(cache.path().join("other/file").exists() && cache.path().join("file").exists());
}

#[test]
fn hard_linked_files_do_not_count_as_freed() {
    let (cache, elsewhere) = (cache(), tempfile::tempdir().unwrap());
    let before = items(cache.path()).unwrap().iter().map(|item| item.size).sum::<u64>();
    let python = cache.path().join("environments/old/bin/python");
    fs::hard_link(python, elsewhere.path().join("python")).unwrap();
    let after = items(cache.path()).unwrap().iter().map(|item| item.size).sum::<u64>();
    assert!(before - after >= 10 * PAGE as u64);
}

#[test]
fn a_deleted_lock_file_is_recreated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    assert!(Lock::share(&path).unwrap().is_none());
    let held = Lock::hold(&path).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| Lock::hold(&path).unwrap());
        std::thread::sleep(Duration::from_millis(50));
        fs::remove_file(&path).unwrap();
        drop(held);
        drop(waiting.join().unwrap());
    });
    assert!(path.exists());
    let (_one, _other) = (Lock::share(&path).unwrap().unwrap(), Lock::share(&path).unwrap().unwrap());
    assert!(Lock::try_hold(&path).unwrap().is_none());
}
