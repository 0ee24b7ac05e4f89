//! What counts as an edit, and records that are written and read.

use super::*;
use crate::frontend;
use crate::language::Language;
use crate::source::Source;

fn stamp(text: &str) -> Stamp {
    let source = Source::new("x.py", Language::Python, text.to_owned());
    Stamp::of(&frontend::read(&source).component.unwrap())
}

#[test]
fn only_changes_in_emitted_content_change_the_stamp() {
    let first = stamp("'''D.'''\nimport os\n# One.\na = os.getenv('a', '1')\n");
    let same = [
        "'''D.'''\nimport os\nimport re\n\n# One.\na = os.getenv('a', '1')\nprint(a)\n",
        "'''D.'''\nfrom os import getenv\n# One.\nprint(getenv('a', '1'), getenv('a', '1'))\n",
    ];
    let other = [
        "'''E.'''\nimport os\n# One.\na = os.getenv('a', '1')\n",
        "'''D.'''\nimport os\n# Two.\na = os.getenv('a', '1')\n",
        "'''D.'''\nimport os\n# One.\na = os.getenv('a', '2')\n",
        "'''D.'''\n# pip install numpy\nimport os\n# One.\na = os.getenv('a', '1')\n",
    ];
    assert!(same.iter().all(|text| stamp(text) == first));
    assert!(other.iter().all(|text| stamp(text) != first));
}

/// A record with everything in it.
fn full() -> Stamp {
    Stamp {
        fetched: Some("0a1b".into()),
        version: Some("0.7".into()),
        image: Some("127.0.0.1:5000/ns/claimed-x:0.7@sha256:00".into()),
        base_image: Some("oci:my layout (1); made by c3, 100%".into()),
        targets: vec!["kubeflow".into(), "cwl".into()],
        files: true,
        template: true,
        grid: Some(Grid { process: "grid_process".into(), store: "s3kv".into() }),
        beside: BTreeMap::from([("x y=1.json".into(), "0123".into())]),
        ..stamp("'''D.'''\n")
    }
}

fn file(stamp: &Stamp) -> String {
    sealed(&format!("# CWL step of x.py, made by c3 {stamp}\nx: 1\ny:\n- 2\n"))
}

#[test]
fn records_round_trip() {
    for stamp in [full(), stamp("'''D.'''\n"), Stamp::now()] {
        let text = file(&stamp);
        let found = Stamp::find(&text).unwrap();
        assert!(found.content.is_some() && found.is_untouched(&text) == Some(true), "{text}");
        assert_eq!(Stamp { content: None, ..found }, stamp);
    }
    let text = file(&full());
    assert!(Stamp::read(&text, "x.py").is_some());
    assert!(Stamp::read(&format!("# Ours.\n\n{text}"), "x.py").is_some());
    assert_eq!(Stamp::read(&text, "y.py"), None);
}

#[test]
fn records_of_the_first_format_are_read() {
    let header =
        "# Image of x.py, made by c3 0.1.0 (component 0a; fetched sha256:1b); `c3` leaves more\nFROM x\n";
    let stamp = Stamp::read(header, "x.py").unwrap();
    assert_eq!((&*stamp.c3, &*stamp.component, stamp.fetched.as_deref()), ("0.1.0", "0a", Some("1b")));
    assert_eq!(stamp.is_untouched(header), None);
    assert_eq!(Stamp::read("# CWL step of x.py, made by c3 0.1.0\n", "x.py"), None);
    assert!(is_same_content(header, "# Image of x.py, made by c3 9 (component 2)\r\nFROM x"));
}

#[test]
fn formatting_by_tools_is_not_an_edit() {
    let text = file(&full());
    let changes: [&dyn Fn(&str) -> String; 6] = [
        &|text| text.replace('\n', "\r\n"),
        &|text| text.replace('\n', " \t\n"),
        &|text| text.trim_end().to_owned(),
        &|text| format!("{text}\n\n"),
        &|text| format!("\u{feff}{text}"),
        &|text| text.replace("0.7", "0.8"),
    ];
    for change in changes {
        let after = change(&text);
        let stamp = Stamp::find(&after).unwrap_or_else(|| panic!("{after:?}"));
        assert_eq!(stamp.is_untouched(&after), Some(true), "{after:?}");
    }
}

#[test]
fn every_other_change_is_an_edit() {
    let text = file(&full());
    let at = text.find('\n').unwrap() + 1;
    for position in (at..text.len() - 1).filter(|&position| text.as_bytes()[position] != b'\n') {
        let mut edited = text.clone();
        edited.replace_range(position..=position, "z");
        assert_eq!(Stamp::find(&edited).unwrap().is_untouched(&edited), Some(false), "{edited}");
    }
    for edited in [format!("# Ours.\n{text}"), format!("{text}# Ours.\n"), text.replace("y:\n", "y:\n\n")] {
        assert_eq!(Stamp::find(&edited).unwrap().is_untouched(&edited), Some(false), "{edited}");
    }
}

#[test]
fn records_are_inserted_after_leading_directives() {
    let old = "# Image of x.py, made by c3 0.1.0 (component 0a)\n";
    let text = format!("\u{feff}# syntax=docker/dockerfile:1\n#escape=`\n{old}# a comment = more\nFROM x\n");
    let text = sealed(&recorded(&text, "Image of x.py", &full()));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[..2], ["# syntax=docker/dockerfile:1", "#escape=`"]);
    assert!(lines[2].starts_with("# Image of x.py, made by c3 "), "{text}");
    assert_eq!(lines[3..], ["# a comment = more", "FROM x"]);
    assert_eq!(Stamp::find(&text).unwrap().is_untouched(&text), Some(true));
    assert!(recorded("# escape=`", "Image of x", &full()).starts_with("# escape=`\n# Image of x,"));
}
