//! Settings in files: where they are found, what goes before what, what is refused and how, and the schema.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use insta::assert_snapshot;
use tempfile::{TempDir, tempdir};

const SCRIPT: &str = "\"\"\"Adds.\"\"\"\nimport os\n\n# One.\na = int(os.getenv('a', 1))\n";

/// A folder with files in it.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn c3(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1").output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What a command that is refused says.
fn refusal(folder: &Path, arguments: &[&str]) -> String {
    let output = c3(folder, arguments);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

/// What a `c3.toml` is refused with.
fn refused(toml: &str) -> String {
    let folder = folder(&[("add.py", SCRIPT), ("c3.toml", toml)]);
    let text = refusal(folder.path(), &["compile", "add.py"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is written");
    text
}

/// What a block in a script is refused with.
fn refused_block(lines: &str) -> String {
    let folder = folder(&[("add.py", &format!("# /// script\n{lines}# ///\n{SCRIPT}"))]);
    refusal(folder.path(), &["compile", "add.py"])
}

#[test]
fn samples() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, source) in [("script", "read_table.py"), ("operator", "train_model.R")] {
        let output = c3(root, &["config", &format!("samples/settings/{source}")]);
        assert_snapshot!(name, stdout(&output));
    }
}

#[test]
fn specific_settings_override_general_ones() {
    let block = "# /// script\n# [tool.c3]\n# version = '3'\n# job.limits.cpu = 3\n# ///\n";
    let toml = "version = '1'\nbase-image = 'one'\nrepository = 'quay.io/one'\n\
        [job]\nvolumes = ['one:/one']\n[job.limits]\ncpu = 1\nmemory = '1Gi'\ngpu.org = 1\n\
        [operators.add]\nversion = '2'\nbase-image = 'two'\njob.volumes = ['two:/two']\n";
    let toml = toml.replace("gpu.org = 1", "\"gpu.org/gpu\" = 1");
    let folder = folder(&[("add.py", &format!("{block}{SCRIPT}")), ("b.py", SCRIPT), ("c3.toml", &toml)]);
    let add = stdout(&c3(folder.path(), &["config", "add.py"]));
    for line in ["version = \"3\"", "base-image = \"two\"", "volumes = [\"two:/two\"]", "cpu = \"3\""] {
        assert!(add.contains(line), "{line} in {add}");
    }
    assert!(add.contains("memory = \"1Gi\"") && add.contains("\"gpu.org/gpu\" = \"1\""), "{add}");
    let other = stdout(&c3(folder.path(), &["config", "b.py"]));
    assert!(other.contains("version = \"1\"") && other.contains("volumes = [\"one:/one\"]"), "{other}");
    let flags = ["compile", "add.py", "-v", "4", "-r", "quay.io/two", "--limits", "cpu=4", "--image-version"];
    stdout(&c3(folder.path(), &[&flags[..], &["python3.11", "--volume", "three:/three"]].concat()));
    let job = fs::read_to_string(folder.path().join("add.job.yaml")).unwrap();
    assert!(job.contains("quay.io/two/claimed-add:4"), "{job}");
    assert!(job.contains("\"cpu\": \"4\"") && job.contains("\"memory\": \"1Gi\""), "{job}");
    assert!(job.contains("\"three\"") && !job.contains("\"two\""), "{job}");
    let dockerfile = fs::read_to_string(folder.path().join("add.Dockerfile")).unwrap();
    assert!(dockerfile.contains("ubi8/python-311"), "{dockerfile}");
}

#[test]
fn the_nearest_settings_file_wins() {
    let files = [
        ("c3.toml", "version = '1'"),
        ("near/c3.toml", "repository = 'quay.io/near'"),
        ("near/deep/add.py", SCRIPT),
        ("far/deep/add.py", SCRIPT),
        ("own/.git/HEAD", ""),
        ("own/deep/add.py", SCRIPT),
    ];
    let folder = folder(&files);
    let config = |current: &str, file: &str| stdout(&c3(&folder.path().join(current), &["config", file]));
    assert_eq!(
        config("", "near/deep/add.py"),
        "# near/deep/add.py: from near/c3.toml\nrepository = \"quay.io/near\"\n"
    );
    assert_eq!(config("", "far/deep/add.py"), "# far/deep/add.py: from c3.toml\nversion = \"1\"\n");
    assert_eq!(config("", "own/deep/add.py"), "# own/deep/add.py: from no file\n");
    assert_eq!(config("far", "deep/add.py"), "# deep/add.py: from no file\n");
    fs::create_dir(folder.path().join(".git")).unwrap();
    assert!(config("far/deep", "add.py").ends_with("version = \"1\"\n"));
}

#[test]
fn folder_settings_apply_to_each_source() {
    let toml = "targets = ['kubernetes']\nimage-version = 'python3.11'\nskip-logging = true\n\
        [job]\ngenerate-name = true\n[job.secrets]\na = 'numbers/one'\n";
    let r = "# Adds.\nb <- Sys.getenv('b', '1')\n";
    let folder = folder(&[("ops/add.py", SCRIPT), ("ops/b.R", r), ("ops/c3.toml", toml)]);
    let output = c3(folder.path(), &["compile", "-q", "ops"]);
    assert_eq!(stdout(&output), "ops/add.Dockerfile\nops/add.job.yaml\nops/b.Dockerfile\nops/b.job.yaml\n");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    let read = |name: &str| fs::read_to_string(folder.path().join("ops").join(name)).unwrap();
    assert!(read("add.Dockerfile").contains("ubi8/python-311"));
    assert!(read("b.Dockerfile").contains("r-base:4.3.2"));
    assert!(read("add.job.yaml").contains("name: \"numbers\"\n              key: \"one\""));
    assert!(read("b.job.yaml").contains("generateName: \"b-\"") && !read("b.job.yaml").contains("log_level"));
    let inspected = stdout(&c3(folder.path(), &["inspect", "ops/add.py"]));
    assert!(inspected.contains("secret"), "{inspected}");
}

#[test]
fn paths_are_relative_to_their_settings_file() {
    let toml = "dockerfile-template = 'my.Dockerfile'\nadditional-files = ['data/*.txt']\n";
    let template = "FROM ${base_image}\nUSER 1001\n${additional_files_docker}\nCMD ${command}\n";
    let files = [
        ("ops/c3.toml", toml),
        ("ops/my.Dockerfile", template),
        ("ops/data/a.txt", ""),
        ("ops/add.py", SCRIPT),
    ];
    let folder = folder(&files);
    for (current, source) in [("", "ops/add.py"), ("ops", "add.py")] {
        let current = folder.path().join(current);
        stdout(&c3(&current, &["compile", source, "--overwrite"]));
        let arguments = ["create-operator", "--no-build", "--keep-generated-files", "--overwrite", source];
        stdout(&c3(&current, &arguments));
        let context = folder.path().join("ops/add.context/files");
        let file = if source == "add.py" { "data/a.txt" } else { "ops/data/a.txt" };
        assert!(context.join(file).is_file(), "{file}");
    }
}

#[test]
fn errors_are_shown_with_their_location() {
    assert_snapshot!("unknown_key", refused("version = '1'\nrepositry = 'quay.io/me'\n"));
    assert_snapshot!("unknown_job_key", refused("[job]\nbackoff_limit = 1\n"));
    assert_snapshot!("bad_quantity", refused("[job.limits]\ncpu = 2\nmemory = '4 gigabytes'\n"));
    assert_snapshot!("bad_resource", refused("[job]\nlimits = { gpu = 1 }\n"));
    assert_snapshot!("bad_type", refused("[job]\nparallelism = 'many'\n"));
    assert_snapshot!("out_of_range", refused("[job]\nparallelism = 0\n"));
    assert_snapshot!("bad_policy", refused("[job]\nrestart-policy = 'Always'\n"));
    assert_snapshot!("bad_repository", refused("repository = 'https://quay.io/me'\n"));
    assert_snapshot!("bad_target", refused("targets = ['kubeflow', 'mainframe']\n"));
    assert_snapshot!("bad_choice", refused("[set.chaimeleon]\ngpu = 'cuda10'\n"));
    assert_snapshot!("unknown_choice", refused("[set.chaimeleon]\ngpus = 'cuda12'\n"));
    assert_snapshot!("nested_operators", refused("[operators.a.operators.b]\nversion = '1'\n"));
    assert_snapshot!("no_toml", refused("version = \n"));
    assert_snapshot!("block_key", refused_block("# [tool.c3.job]\n#\n# gpus = 1\n"));
    assert_snapshot!("block_value", refused_block("# dependencies = []\n# [tool.c3]\n# version = 'a b'\n"));
    assert_snapshot!("block_operators", refused_block("# [tool.c3.operators.a]\n"));
}

#[test]
fn tables_of_unknown_operators_are_rejected() {
    let files = [("add.py", SCRIPT), ("_own.py", SCRIPT), ("sub/in.py", SCRIPT), ("sub/c3.toml", "")];
    let said = |toml: &str| {
        let folder = folder(&[&files[..], &[("c3.toml", toml)]].concat());
        let output = c3(folder.path(), &["config", "add.py"]);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for (toml, place, remedy) in [
        ("[operators.Add]\nversion = '1'", "c3.toml:1:12", "did you mean `[operators.add]`?"),
        ("[operators]\n'add.py'.version = '1'", "c3.toml:2:1", "did you mean `[operators.add]`?"),
        ("operators = { add = {}, other = {} }", "c3.toml:1:25", "there are `_own`, `add`"),
        ("[operators.in]", "c3.toml:1:12", "write the table into `sub/c3.toml`"),
    ] {
        let (code, said) = said(toml);
        assert_eq!(code, Some(1), "{toml}");
        assert!(said.contains(place) && said.contains(remedy), "{said}");
    }
    for toml in ["[operators.add]", "[operators._own]", "[operators.gw_add]"] {
        assert_eq!(said(toml), (Some(0), String::new()), "{toml}");
    }
}

#[test]
fn an_invalid_settings_file_is_reported_once() {
    let folder = folder(&[("a.py", SCRIPT), ("b.py", SCRIPT), ("c3.toml", "x = 1")]);
    let text = refusal(folder.path(), &["compile", "."]);
    assert_eq!(text.matches("error").count(), 1, "{text}");
}

#[test]
fn tables_of_other_tools_are_ignored() {
    let block = "# /// script\n# [tool.uv]\n# exclude-newer = '2026-01-01T00:00:00Z'\n# [tool.other.c3]\n# x = 1\n# ///\n";
    let folder = folder(&[("add.py", &format!("{block}{SCRIPT}"))]);
    assert_eq!(stdout(&c3(folder.path(), &["config", "add.py"])), "# add.py: from no file\n");
}

#[test]
fn target_choices_are_merged_individually() {
    let toml = "targets = ['chaimeleon']\nset.chaimeleon = { gpu = 'cuda11', authorization = true }\n\
                operators.add.set.chaimeleon.gpu = 'cuda12'\n";
    let folder = folder(&[("add.py", SCRIPT), ("c3.toml", toml)]);
    let dockerfile = |options: &[&str]| {
        let arguments = [&["compile", "add.py", "--overwrite"], options].concat();
        stdout(&c3(folder.path(), &arguments));
        fs::read_to_string(folder.path().join("add.chaimeleon.Dockerfile")).unwrap()
    };
    let text = dockerfile(&[]);
    assert!(text.contains("FROM nvidia/cuda:12") && text.contains("LABEL authorization="), "{text}");
    let text = dockerfile(&["--set", "chaimeleon.gpu=none"]);
    assert!(text.contains("FROM python:3.12-slim") && text.contains("LABEL authorization="), "{text}");
    let shown = stdout(&c3(folder.path(), &["config", "add.py"]));
    assert!(shown.contains("[set.chaimeleon]\nauthorization = \"true\"\ngpu = \"cuda12\""), "{shown}");
}

#[test]
fn the_published_schema_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let published = fs::read_to_string(root.join("docs/c3.schema.json")).unwrap();
    let schema = stdout(&c3(root, &["config", "--schema"]));
    assert_eq!(published, schema, "run `c3 config --schema > docs/c3.schema.json`");
}
