//! Tests of unpacking wheels.

use std::io::Write;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;
use crate::engine::oci::platform::Libc;

const SITE: &str = "opt/app/lib/python3.12/site-packages";

fn python() -> Python {
    let (version, prefix) = ("3.12".into(), "/opt/app".into());
    Python { version, prefix, libc: Libc::USUAL, folders: (0o775, (1001, 0)), is_environment: true }
}

/// A wheel of files with their texts, some of which may be executed.
fn wheel(folder: &tempfile::TempDir, files: &[(&str, &str, u32)]) -> std::path::PathBuf {
    let path = folder.path().join("tool-1.0-py3-none-any.whl");
    let mut zip = ZipWriter::new(std::fs::File::create(&path).unwrap());
    for (at, (name, text, mode)) in files.iter().enumerate() {
        let method = if at % 2 == 0 { CompressionMethod::Deflated } else { CompressionMethod::Stored };
        let options = SimpleFileOptions::default().compression_method(method).unix_permissions(*mode);
        zip.start_file(*name, options).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    path
}

const WHEEL: (&str, &str, u32) = ("tool-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n", 0o644);

fn whole(folder: &tempfile::TempDir) -> Unpacked {
    let record = "tool/__init__.py,sha256=a,1\n\"tool/a,b\",sha256=b,2\ntool-1.0.data/scripts/run,sha256=c,3\n\
        tool-1.0.data/scripts/plain,sha256=d,4\ntool-1.0.data/data/share/x,sha256=e,5\ntool-1.0.dist-info/RECORD,,\n";
    let wheel = wheel(
        folder,
        &[
            ("tool/__init__.py", "", 0o644),
            ("tool/a,b", "ab", 0o755),
            ("tool/__pycache__/x.pyc", "", 0o644),
            ("tool-1.0.data/scripts/run", "#!python\nrun\n", 0o755),
            ("tool-1.0.data/scripts/plain", "#!/usr/bin/python3\nplain\n", 0o755),
            ("tool-1.0.data/scripts/tool-script.py", "old", 0o755),
            ("tool-1.0.data/data/share/x", "data", 0o644),
            ("tool-1.0.data/headers/tool.h", "h", 0o644),
            ("tool-1.0.data/platlib/deep/so", "so", 0o755),
            WHEEL,
            (
                "tool-1.0.dist-info/METADATA",
                "Name: tool\nRequires-Dist: Six>=1\nRequires-Dist: b; extra == 'x'\n\nRequires-Dist: c\n",
                0o644,
            ),
            ("tool-1.0.dist-info/entry_points.txt", "[console_scripts]\ntool = tool.cli:main\n", 0o644),
            ("tool-1.0.dist-info/RECORD", record, 0o644),
        ],
    );
    unpack(&wheel, &python()).ok().unwrap()
}

fn text(unpacked: &Unpacked, path: &str) -> String {
    let bytes = match unpacked.entries[path].content.as_ref().unwrap() {
        Body::Bytes(bytes) => bytes.clone(),
        Body::Member(member) => member.bytes().unwrap(),
        Body::Disk(_) => panic!("{path}"),
    };
    String::from_utf8(bytes).unwrap()
}

#[test]
fn files_are_unpacked_as_by_pip() {
    let folder = tempfile::tempdir().unwrap();
    let unpacked = whole(&folder);
    let found: Vec<_> =
        unpacked.entries.iter().map(|(path, entry)| format!("{:o} {path}", entry.mode)).collect();
    let expected = [
        "755 opt/app/bin/plain",
        "755 opt/app/bin/run",
        "755 opt/app/bin/tool",
        "644 opt/app/include/site/python3.12/tool/tool.h",
        &format!("755 {SITE}/deep/so"),
        &format!("644 {SITE}/tool-1.0.dist-info/INSTALLER"),
        &format!("644 {SITE}/tool-1.0.dist-info/METADATA"),
        &format!("644 {SITE}/tool-1.0.dist-info/RECORD"),
        &format!("644 {SITE}/tool-1.0.dist-info/WHEEL"),
        &format!("644 {SITE}/tool-1.0.dist-info/entry_points.txt"),
        &format!("644 {SITE}/tool/__init__.py"),
        &format!("755 {SITE}/tool/a,b"),
        "644 opt/app/share/x",
    ];
    assert_eq!(found, expected);
    assert_eq!(
        (unpacked.info.as_str(), unpacked.requires.as_slice()),
        ("tool-1.0.dist-info", &["six".to_owned()][..])
    );
}

#[test]
fn scripts_name_the_interpreter_of_the_image() {
    let folder = tempfile::tempdir().unwrap();
    let unpacked = whole(&folder);
    assert_eq!(text(&unpacked, "opt/app/bin/run"), "#!/opt/app/bin/python\nrun\n");
    assert_eq!(text(&unpacked, "opt/app/bin/plain"), "#!/usr/bin/python3\nplain\n");
    assert!(text(&unpacked, "opt/app/bin/tool").contains("from tool.cli import main"));
}

#[test]
fn the_record_is_correct() {
    let folder = tempfile::tempdir().unwrap();
    let unpacked = whole(&folder);
    let [run, tool] = ["run", "tool"].map(|name| {
        recorded(&format!("../../../bin/{name}"), text(&unpacked, &format!("opt/app/bin/{name}")).as_bytes())
    });
    let record = text(&unpacked, &format!("{SITE}/tool-1.0.dist-info/RECORD"));
    assert_eq!(record, unpacked.record);
    assert!(record.contains(&run) && record.contains(&tool), "{record}");
    for line in [
        "../../../bin/plain,sha256=d,4\n",
        "../../../share/x,sha256=e,5\n",
        "../../../include/site/python3.12/tool/tool.h,,\n",
        "tool-1.0.dist-info/RECORD,,\n",
        "\"tool/a,b\",sha256=b,2\n",
    ] {
        assert!(record.contains(line), "{line}{record}");
    }
    let recorded: Vec<_> = recorded_paths(&record).collect();
    assert_eq!(recorded.len(), unpacked.entries.len());
}

#[test]
fn paths_outside_the_wheel_are_rejected() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["../x", "/x", "tool/../../x", "tool\\x", "tool-1.0.data/x", "tool-1.0.data/other/x"] {
        let wheel = wheel(&folder, &[WHEEL, (name, "", 0o644)]);
        let refused = unpack(&wheel, &python());
        assert!(matches!(refused, Err(Failure::Failed(OciError::Wheel { .. }))), "{name}");
    }
    let wheel = wheel(&folder, &[("tool.py", "", 0o644)]);
    assert!(matches!(unpack(&wheel, &python()), Err(Failure::Failed(OciError::Wheel { .. }))));
}

#[test]
fn duplicate_paths_are_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let path = wheel(&folder, &[WHEEL, ("tool_a.py", "", 0o644), ("tool_b.py", "", 0o644)]);
    let bytes = std::fs::read(&path).unwrap();
    let twice: Vec<u8> = bytes.windows(9).enumerate().fold(bytes.clone(), |mut all, (at, window)| {
        if window == b"tool_b.py" {
            all[at + 5] = b'a';
        }
        all
    });
    std::fs::write(&path, twice).unwrap();
    let refused = unpack(&path, &python());
    assert!(
        matches!(refused, Err(Failure::Failed(OciError::Wheel { reason, .. })) if reason.contains("twice"))
    );
}
