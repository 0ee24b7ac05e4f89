use super::*;

fn words(text: &str) -> Vec<String> {
    shlex::split(text).unwrap()
}

fn kinds(text: &str) -> Vec<Kind> {
    parse(&words(text)).unwrap().into_iter().map(|argument| argument.kind).collect()
}

fn package(name: &str) -> Kind {
    Kind::Package(name.to_owned())
}

#[test]
fn requirements_are_parsed_as_in_pep_508() {
    for (text, name) in [
        ("numpy", "numpy"),
        ("'numpy>=1.26,<3'", "numpy"),
        ("'Ruamel.Yaml[x,y]==1.*'", "ruamel-yaml"),
        ("'six; python_version < \"3.13\"'", "six"),
        ("torch==2.1.0+cu121", "torch"),
        ("this>=1", "this"),
    ] {
        assert_eq!(kinds(text), [package(name)], "{text}");
    }
}

#[test]
fn prose_and_invalid_requirements_are_rejected() {
    for text in [
        "is not needed here",
        "numpy to use this script",
        "numpy and pandas",
        "the requirements",
        "numpy, pandas",
        "numpy.",
        "numpy[x.]",
        "'numpy[a, x- ]>=1'",
        "'numpy [x. y]'",
        "'numpy[ x.@https://x/a.whl'",
        "a @ https://x/a.whl",
        "numpy>=",
        "'numpy;'",
        "--frobnicate",
        "--req requirements.txt",
        "--no-bin evil",
        "-Z",
        "-r",
        "--user=1",
        "gopher://x/y",
        "(see",
    ] {
        assert!(parse(&words(text)).is_err(), "{text}");
    }
}

#[test]
fn every_spelling_of_an_option_is_equivalent() {
    let requirements = |path: &str| Kind::Requirements(path.to_owned());
    for text in
        ["-r a.txt", "-ra.txt", "--requirement a.txt", "--requirement=a.txt", "-qr a.txt", "-Ur a.txt"]
    {
        assert_eq!(kinds(text).last(), Some(&requirements("a.txt")), "{text}");
    }
    for text in ["--user", "--system", "-q", "-qq", "-vvv", "--progress-bar off", "-y"] {
        let arguments = parse(&words(text)).unwrap();
        assert!(arguments.iter().all(Argument::is_pointless), "{text}");
    }
    assert_eq!(kinds("-c https://host/c.txt --no-deps six").len(), 3);
    assert_eq!(
        kinds("-e git+https://x/y.git@v1#egg=y"),
        [Kind::Editable("git+https://x/y.git@v1#egg=y".into())]
    );
}

#[test]
fn paths_are_distinguished_from_names() {
    for place in [
        "./x",
        "../x",
        ".",
        "~/x",
        "/x/y",
        "pkg/sub",
        "a-1-py3-none-any.whl",
        "a.tar.gz",
        "https://h/a.zip",
        "git+ssh://git@h/x",
        "./pkg[extra]",
        "file:///x/y.whl",
    ] {
        assert_eq!(kinds(&format!("'{place}'")), [Kind::Location(place.into())], "{place}");
    }
    let direct = |text: &str| kinds(text).pop().unwrap();
    assert_eq!(direct("'a @ https://u@h/a.whl'"), Kind::Direct("a".into(), "https://u@h/a.whl".into()));
    assert_eq!(direct("b[x]@git+https://h/b"), Kind::Direct("b".into(), "git+https://h/b".into()));
    assert_eq!(direct("'b @ ../secret.whl'"), Kind::Direct("b".into(), "../secret.whl".into()));
    for word in ["https://h/a.whl ; python_version < '4'", "https://h/a.whl; extra == 'x'"] {
        let read = parse(&[word]).unwrap();
        assert_eq!(
            (&read[0].kind, &read[0].words[0]),
            (&Kind::Location("https://h/a.whl".into()), &word.to_owned())
        );
    }
    for words in [
        "https://h/a b.whl",
        "a @ https://h/a b.whl",
        "https://h/a ftp://h/b.whl; extra == 'x'",
        "https://h/a.tar.gz; id b.whl",
        "a@https://h/a.tar.gz;x; id b.whl",
    ] {
        assert!(parse(&[words]).is_err(), "{words}");
    }
}

fn file(text: &str) -> Vec<(usize, bool)> {
    lines(text).into_iter().map(|line| (line.number, line.arguments.is_ok())).collect()
}

#[test]
fn requirement_files_are_parsed_as_by_pip() {
    let text = "# -e .\n\nsix==1.17.0 ; python_version > \"3\" \\\n  --hash=sha256:00\nnumpy # why\n--index-url https://h --extra-index-url https://i\n-r other.txt\nhttps://h/a.whl#sha256=00\n";
    assert_eq!(file(text), [(3, true), (5, true), (6, true), (7, true), (8, true)]);
    for wrong in [
        "root:x:0:0:root:/root:/bin/bash",
        "# c\nsix toolz",
        "-r a -r b",
        "six --index-url https://h",
        "--no-bin x",
        "\u{1b}[31m",
        "six \"",
        "PRIVATE LINE of notes",
    ] {
        assert!(file(wrong).iter().any(|(_, good)| !good), "{wrong}");
    }
}

#[test]
fn hashes_are_digests() {
    let is_read = |hash: &str| lines(&format!("six --hash={hash}"))[0].arguments.is_ok();
    assert!(is_read("sha256:00fF"));
    for hash in
        ["sha256", "sha256:", ":00", "sha256:0g", "sha256:00,--src", "sha256:0'0", "sha256:0\u{2066}0"]
    {
        assert!(!is_read(hash), "{hash}");
    }
}

#[test]
fn files_of_other_encodings_are_read() {
    assert_eq!(text(b"six\n").unwrap(), "six\n");
    assert_eq!(text(b"\xff\xfes\0i\0x\0").unwrap(), "six");
    assert_eq!(text(b"\xef\xbb\xbfsix").unwrap(), "six");
    assert!(text(b"\xff\xff").is_err());
}

fn flat(command: &str, files: &[(&str, &str)]) -> Result<Flat, Vec<Refusal>> {
    let read = |path: &str| files.iter().find(|file| file.0 == path).map(|file| file.1.to_owned());
    flatten(&parse(&words(command)).unwrap(), &read)
}

#[test]
fn files_are_joined_into_one_list() {
    let files = [
        ("a.txt", "--extra-index-url https://e/simple\nsix==1 --hash=sha256:00\n-r b.txt\n-c c.txt\n"),
        ("b.txt", "-r a.txt\ntoolz; python_version > '3'\n"),
        ("c.txt", "numpy<3\n"),
    ];
    let found = flat("-q --no-cache-dir -i https://x -i https://y -U -r a.txt 'b @ https://h/b.whl'", &files)
        .unwrap();
    assert_eq!(found.options.join(" "), "--index-url https://y --upgrade --extra-index-url https://e/simple");
    assert_eq!(
        found.requirements,
        ["six==1 --hash=sha256:00", "toolz; python_version > '3'", "b @ https://h/b.whl"]
    );
    assert_eq!(found.constraints, ["numpy<3"]);
}

#[test]
fn source_builds_and_local_paths_are_rejected_by_line() {
    for word in [
        "git+https://h/b",
        "'b @ git+https://h/b@main'",
        "https://x/a-1.tar.gz",
        "a.zip",
        ".",
        "./package",
        "-e .",
        "--no-binary :all:",
        "--target x",
        "file:///etc/x.whl",
        "'x @ file:///x.whl'",
        "-f /w",
        "-i ../index",
        "-i 'https://h/${HOME}'",
        "--cert x",
    ] {
        assert_eq!(flat(&format!("six {word}"), &[]).unwrap_err().len(), 1, "{word}");
    }
    let refusals = flat("-r a.txt", &[("a.txt", "six\n--no-binary evil\n-r https://h/x\n")]).unwrap_err();
    assert_eq!(refusals[0].line, Some(("a.txt".to_owned(), 2)));
    assert_eq!(refusals[1].reason, "was not read before");
    for word in [
        "six==1.17.0",
        "'a[b]>=1'",
        "./a-1-py3-none-any.whl",
        "https://x/a-1-py3-none-any.whl",
        "-f https://x",
    ] {
        assert!(flat(word, &[]).is_ok(), "{word}");
    }
}

#[test]
fn names_are_compared_as_by_indexes() {
    assert_eq!(normalized("Ruamel.Yaml__x"), "ruamel-yaml-x");
}
