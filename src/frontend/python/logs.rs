//! Whether a program may log, so that a log level matters.

use super::semantic::Model;

/// Modules of the standard library that never log: they import neither `logging` nor any module by a computed
/// name.
const SILENT: &[&str] = &[
    "__future__",
    "abc",
    "argparse",
    "array",
    "ast",
    "atexit",
    "base64",
    "binascii",
    "bisect",
    "builtins",
    "bz2",
    "calendar",
    "cmath",
    "codecs",
    "collections",
    "colorsys",
    "configparser",
    "contextlib",
    "copy",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "email",
    "enum",
    "errno",
    "fcntl",
    "filecmp",
    "fnmatch",
    "fractions",
    "ftplib",
    "functools",
    "gc",
    "getopt",
    "getpass",
    "glob",
    "graphlib",
    "grp",
    "gzip",
    "hashlib",
    "heapq",
    "hmac",
    "html",
    "http",
    "inspect",
    "io",
    "ipaddress",
    "itertools",
    "json",
    "keyword",
    "linecache",
    "locale",
    "lzma",
    "math",
    "mimetypes",
    "mmap",
    "numbers",
    "operator",
    "optparse",
    "os",
    "pathlib",
    "pickle",
    "platform",
    "pprint",
    "pwd",
    "queue",
    "random",
    "re",
    "resource",
    "secrets",
    "select",
    "shelve",
    "shlex",
    "shutil",
    "signal",
    "smtplib",
    "socket",
    "sqlite3",
    "ssl",
    "stat",
    "statistics",
    "string",
    "struct",
    "subprocess",
    "sys",
    "tarfile",
    "tempfile",
    "textwrap",
    "threading",
    "time",
    "timeit",
    "tomllib",
    "traceback",
    "types",
    "typing",
    "unicodedata",
    "urllib",
    "uuid",
    "warnings",
    "weakref",
    "xml",
    "zipfile",
    "zlib",
    "zoneinfo",
];

/// Words by which a program may log whatever its imports.
const WORDS: &[&str] = &["logging", "__import__", "exec", "eval"];

/// Whether a script or a module may log, itself or through its imports.
pub(super) fn may_log(text: &str, model: &Model) -> bool {
    let is_silent = |path: &str| SILENT.contains(&path.split('.').next().unwrap_or_default());
    WORDS.iter().any(|word| text.contains(word))
        || model.imports().iter().any(|import| !import.is_relative() && !is_silent(&import.path))
}

#[cfg(test)]
mod tests {
    use ruff_python_parser::parse_module;

    use super::*;

    #[test]
    fn scripts_are_silent_only_if_nothing_can_log() {
        let logs = |text: &str| may_log(text, &Model::new(&parse_module(text).unwrap().syntax().body));
        for text in ["", "import os, sys", "from urllib.request import urlopen", "from . import x\nprint(1)"]
        {
            assert!(!logs(text), "{text}");
        }
        for text in [
            "import logging",
            "import numpy",
            "from helper import x",
            "import asyncio",
            "__import__('l' + 'ogging')",
        ] {
            assert!(logs(text), "{text}");
        }
    }
}
