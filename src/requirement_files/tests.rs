use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::symlink;

use super::remote::Unfetched;
use super::*;
use crate::component::Component;
use crate::frontend;
use crate::language::Language;
use crate::source::Source;

/// A folder `project` with a source of these comment lines, and a folder `private` beside it.
struct Project {
    folder: tempfile::TempDir,
    component: Component,
}

impl Project {
    fn new(lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("project")).unwrap();
        let text = format!("'''D.'''\n{lines}\n");
        let source = Source::new("x.py", Language::Python, text);
        let reading = frontend::read(&source);
        let component = reading.component.unwrap_or_else(|| panic!("{:?}", reading.diagnostics));
        Self { folder, component }
    }

    fn with(self, name: &str, text: &str) -> Self {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn resolve(&self, remote: Remote) -> Resolved {
        let project = self.folder.path().join("project");
        resolve(&self.component.requirements, &project.join("x.py"), Path::new("/nonexistent"), remote)
    }
}

fn paths(resolved: &Resolved) -> Vec<&str> {
    resolved.files.iter().map(|file| file.path.as_str()).collect()
}

fn messages(resolved: &Resolved) -> Vec<&str> {
    resolved.diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect()
}

#[test]
fn requirement_files_are_found_with_their_includes() {
    let project = Project::new("# pip install -r ~/requirements.txt -cmissing.txt")
        .with("project/requirements.txt", "numpy\n-r more/base.txt\n-c limits.txt # why\n")
        .with("project/more/base.txt", "--requirement=../requirements.txt\n-rother.txt\n")
        .with("project/limits.txt", "numpy<3\n");
    let found = project.resolve(Remote::Left);
    assert_eq!(paths(&found), ["requirements.txt", "more/base.txt", "limits.txt"]);
    assert_eq!(messages(&found).len(), 2, "{:?}", messages(&found));
    assert!(messages(&found)[0].contains("`other.txt`") && messages(&found)[1].contains("`missing.txt`"));
    assert_eq!(
        (found.named[0].named.as_str(), found.named[0].path.as_str()),
        ("~/requirements.txt", "requirements.txt")
    );
    assert_eq!(found.files[0].text().unwrap(), "numpy\n-r more/base.txt\n-c limits.txt # why\n", "unchanged");
}

#[test]
fn requirement_files_outside_the_project_are_not_read() {
    for line in [
        "-r ../private/notes.txt",
        "-c ../private/notes.txt six",
        "../private/x.whl",
        "'x @ ../private/x.whl'",
        "-r /etc/passwd",
        "-r link.txt",
        "-r inner.txt",
    ] {
        let project = Project::new(&format!("# pip install {line}"))
            .with("private/notes.txt", "six\n")
            .with("private/x.whl", "")
            .with("project/inner.txt", "-r ../private/notes.txt\n");
        let target = project.folder.path().join("private/notes.txt");
        symlink(target, project.folder.path().join("project/link.txt")).unwrap();
        let found = project.resolve(Remote::Left);
        let message = messages(&found)[0];
        assert!(message.contains("is outside the working directory"), "{line}: {message}");
        assert!(paths(&found).iter().all(|path| *path == "inner.txt"), "{line}");
    }
}

#[test]
fn every_line_is_vetted() {
    let project = Project::new("# pip install -r notes.txt")
        .with("project/notes.txt", "six\nMy private notes\n\nroot:x:0:0::/root:/bin/sh\n");
    let found = project.resolve(Remote::Left);
    assert!(
        messages(&found)[0].starts_with("`notes.txt`, line 2: `My private notes`"),
        "{:?}",
        messages(&found)
    );
    assert_eq!(found.diagnostics.len(), 2);
}

#[test]
fn remote_files_are_fetched_once_and_vetted() {
    let asked = RefCell::new(Vec::new());
    let fetch = |url: &str| {
        asked.borrow_mut().push(url.to_owned());
        Ok(match url {
            "https://h/a/x.txt" => "six\n-r y.txt\n-c https://i/z.txt\n".to_owned(),
            "https://h/a/y.txt" => "toolz # why\n-r x.txt\n".to_owned(),
            _ => "six<2\n".to_owned(),
        })
    };
    let project =
        Project::new("# pip install -r https://h/a/x.txt\n# pip install -r https://h/a/x.txt -r local.txt")
            .with("project/local.txt", "-r https://h/a/y.txt\nnumpy\n");
    let found = project.resolve(Remote::Fetched(&fetch));
    assert_eq!(messages(&found), Vec::<&str>::new());
    assert_eq!(*asked.borrow(), ["https://h/a/x.txt", "https://h/a/y.txt", "https://i/z.txt"]);
    let names: Vec<_> = paths(&found).into_iter().map(|path| path.rsplit('-').next().unwrap()).collect();
    assert_eq!(names, ["x.txt", "y.txt", "z.txt", "local.txt"]);
    let [x, y, z] = [0, 1, 2].map(|at| paths(&found)[at].trim_start_matches("fetched/").to_owned());
    assert_eq!(found.files[0].text().unwrap(), format!("six\n-r {y}\n-c {z}\n"));
    assert_eq!(found.files[1].text().unwrap(), format!("toolz\n-r {x}\n"));
    assert_eq!(found.files[3].text().unwrap(), format!("-r fetched/{y}\nnumpy\n"));
    assert!(found.fetched.is_some());
    let left = project.resolve(Remote::Left);
    assert!(left.fetched.is_none() && left.incomplete);
    assert_eq!(left.diagnostics[0].code, "remote-requirements");
}

#[test]
fn server_failures_are_distinguished_from_wrong_urls() {
    for is_network in [true, false] {
        let fetch = |_: &str| Err(Unfetched { reason: "no".to_owned(), is_network });
        let found = Project::new("# pip install -r https://h/x.txt").resolve(Remote::Fetched(&fetch));
        assert_eq!(found.is_network_down, is_network);
        assert!(messages(&found)[0].starts_with("failed to fetch"), "{:?}", messages(&found));
    }
}

#[test]
fn remote_files_cannot_reference_local_paths() {
    for text in ["./x.whl\n", "-e .\n", "x @ ../x.whl\n", "is not a list\n", "--no-bin x\n"] {
        let fetch = |_: &str| Ok(text.to_owned());
        let found = Project::new("# pip install -r https://h/x.txt").resolve(Remote::Fetched(&fetch));
        assert_eq!(found.diagnostics.len(), 1, "{text}: {:?}", found.diagnostics);
    }
}

#[test]
fn paths_cannot_escape_the_image_folder() {
    assert_eq!(below(Path::new("a/../b/./c")).as_deref(), Some("b/c"));
    assert_eq!(below(Path::new("../c")), None);
    assert_eq!(below(Path::new("/c")), None);
}

#[test]
fn credentials_in_urls_are_kept_out_of_the_image() {
    let list =
        "six  # of https://bob:pw777@notes.example\n-i https://bob:pw777@h.example/simple\n-r sub/more.txt\n";
    let project = Project::new("# pip install -r list.txt")
        .with("project/list.txt", list)
        .with("project/sub/more.txt", "x @ git+https://pw777@h.example/x.git@v1\ntools\n");
    let found = project.resolve(Remote::Left);
    let texts: Vec<_> = found.files.iter().map(|file| file.text().unwrap()).collect();
    assert_eq!(
        texts,
        [
            "six\n-i https://h.example/simple\n-r sub/more.txt\n",
            "x @ git+https://h.example/x.git@v1\ntools\n"
        ]
    );
    assert!(found.named.iter().all(|file| !file.text.contains("pw777")));
    let codes: Vec<_> = found.diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(codes, ["credentials-in-requirement"; 2]);
    let mut places: Vec<_> =
        messages(&found).into_iter().map(|message| message.split(": ").next().unwrap()).collect();
    places.sort_unstable();
    assert_eq!(places, ["`list.txt`, line 2", "`sub/more.txt`, line 1"]);
}

#[test]
fn credentials_in_channels_are_kept_out_of_the_image() {
    let environment = "channels:\n  - https://bob:pw777@conda.example/main\ndependencies:\n  - six\n";
    let project =
        Project::new("# conda env update -f environment.yml").with("project/environment.yml", environment);
    let found = project.resolve(Remote::Left);
    assert_eq!(found.files[0].text().unwrap(), environment.replace("bob:pw777@", ""));
    assert!(messages(&found)[0].starts_with("`environment.yml`, line 2: "));
}
