//! Console scripts: the programs of packages, written as by pip, for the interpreter of an image.

/// The console scripts of a package's entry points: names and texts.
pub(super) fn console_scripts(entry_points: &str, interpreter: &str) -> Vec<(String, String)> {
    let mut scripts = Vec::new();
    let mut is_ours = false;
    for line in entry_points.lines().map(str::trim) {
        if line.starts_with('[') {
            is_ours = matches!(line, "[console_scripts]" | "[gui_scripts]");
        } else if let Some((name, target)) = line.split_once('=').filter(|_| is_ours) {
            scripts.extend(script(target, interpreter).map(|text| (name.trim().to_owned(), text)));
        }
    }
    scripts
}

/// The script for `module:function [extras]`.
fn script(target: &str, interpreter: &str) -> Option<String> {
    let target = target.split('[').next()?.trim();
    let (module, function) = target.split_once(':')?;
    let (module, function) = (module.trim(), function.trim());
    let name = function.split('.').next()?;
    Some(format!(
        "#!{interpreter}\n# -*- coding: utf-8 -*-\nimport re\nimport sys\nfrom {module} import {name}\nif __name__ == '__main__':\n    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n    sys.exit({function}())\n"
    ))
}

/// A script with the image's interpreter in its first line instead of this machine's.
pub(super) fn with_interpreter(script: &[u8], interpreter: &str) -> Vec<u8> {
    let end = python_lines(script);
    match end {
        0 => script.to_vec(),
        end => [b"#!", interpreter.as_bytes(), b"\n", &script[end..]].concat(),
    }
}

/// The length of the lines that start a Python script: one, or three with a shell where the interpreter's
/// path doesn't fit a first line.
fn python_lines(script: &[u8]) -> usize {
    let ends: Vec<usize> =
        script.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).take(3).collect();
    let Some(first) = ends.first().map(|end| String::from_utf8_lossy(&script[..*end])) else { return 0 };
    let program = first.strip_prefix("#!").unwrap_or_default().trim();
    let is_python = program.rsplit('/').next().is_some_and(|name| name.starts_with("python"));
    let by_shell = program == "/bin/sh" && script[ends[0]..].starts_with(b"'''exec' ");
    match ends.as_slice() {
        [end, ..] if is_python && !program.contains(' ') => *end,
        [_, _, end] if by_shell => *end,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn console_scripts_match_pip() {
        let points =
            "[other]\nx = y:z\n[console_scripts]\nblack = black:patched_main\nd = a.b : C.run [extra]\n";
        let scripts = console_scripts(points, "/opt/app-root/bin/python");
        let names: Vec<_> = scripts.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["black", "d"]);
        assert_eq!(
            scripts[0].1,
            "#!/opt/app-root/bin/python\n# -*- coding: utf-8 -*-\nimport re\nimport sys\nfrom black import patched_main\nif __name__ == '__main__':\n    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n    sys.exit(patched_main())\n"
        );
        assert!(scripts[1].1.contains("from a.b import C\n") && scripts[1].1.contains("sys.exit(C.run())"));
    }

    #[test]
    fn only_python_shebangs_are_replaced() {
        let replaced = |script: &str| String::from_utf8(with_interpreter(script.as_bytes(), "/p")).unwrap();
        assert_eq!(replaced("#!/home/me/bin/python3.11\nx\n"), "#!/p\nx\n");
        assert_eq!(replaced("#!/bin/sh\n'''exec' '/a b/python' \"$0\" \"$@\"\n' '''\nx\n"), "#!/p\nx\n");
        for script in ["#!/bin/bash\nx\n", "#!/usr/bin/env python\nx\n", "\u{7f}ELF\n", "", "x"] {
            assert_eq!(replaced(script), script);
        }
    }
}
