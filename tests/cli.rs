//! The command line without an engine: exit codes, the overwrite rules, versions, and what is written where.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::{TempDir, tempdir};

const SCRIPT: &str = "\"\"\"Adds.\"\"\"\nimport os\n\n# One.\na = int(os.getenv('a', 1))\n";

/// A folder with the script `add.py`.
fn project() -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("add.py"), SCRIPT).unwrap();
    folder
}

fn c3(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1");
    command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock").output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

const FILES: [&str; 4] = ["add.Dockerfile", "add.cwl", "add.job.yaml", "add.yaml"];

#[test]
fn files_are_written_beside_the_source() {
    let folder = project();
    let output = c3(folder.path(), &["create-operator", "--no-build", "add.py"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(names(folder.path()), [FILES[0], FILES[1], FILES[2], "add.py", FILES[3]]);
}

#[test]
fn targets_and_folders_are_chosen() {
    let folder = project();
    let arguments =
        ["compile", "add.py", "-o", "out/deep", "--target", "cwl,kubernetes", "--dockerfile", "D"];
    assert_eq!(code(&c3(folder.path(), &arguments)), 0);
    assert_eq!(names(&folder.path().join("out/deep")), ["D", "add.cwl", "add.job.yaml"]);
    assert_eq!(code(&c3(folder.path(), &["compile", "add.py", "--target", "mainframe"])), 2);
}

#[test]
fn the_version_comes_from_existing_manifests() {
    let folder = project();
    let image = |arguments: &[&str]| {
        let output = c3(
            folder.path(),
            &[&["compile", "add.py", "--overwrite", "--format", "json"], arguments].concat(),
        );
        let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        summary["operators"][0]["image"].as_str().unwrap().to_owned()
    };
    assert_eq!(image(&[]), "claimed-add:0.1");
    assert_eq!(image(&["-v", "1.2-rc", "-r", "quay.io/ns/"]), "quay.io/ns/claimed-add:1.2-rc");
    assert_eq!(image(&["-r", "quay.io/ns"]), "quay.io/ns/claimed-add:1.2-rc");
}

#[test]
fn edited_files_are_not_replaced_by_default() {
    let folder = project();
    assert_eq!(code(&c3(folder.path(), &["compile", "add.py"])), 0);
    assert_eq!(code(&c3(folder.path(), &["compile", "add.py"])), 0, "the same again is not a change");
    assert_eq!(code(&c3(folder.path(), &["compile", "add.py", "-v", "2"])), 0, "the version may grow");
    fs::write(folder.path().join("add.py"), SCRIPT.replace("One.", "Another.")).unwrap();
    assert_eq!(code(&c3(folder.path(), &["compile", "add.py", "-v", "2"])), 0, "nobody has edited them");
    let job = folder.path().join("add.job.yaml");
    fs::write(&job, fs::read_to_string(&job).unwrap().replace("Another.", "Mine.")).unwrap();
    let output = c3(folder.path(), &["compile", "add.py", "-v", "2"]);
    assert_eq!(code(&output), 1);
    for word in ["add.job.yaml", "--overwrite", "--rename"] {
        assert!(stderr(&output).contains(word), "{}", stderr(&output));
    }
    assert_eq!(code(&c3(folder.path(), &["compile", "add.py", "-v", "2", "--rename"])), 0);
    assert!(names(folder.path()).contains(&"modified_add.job.yaml".to_owned()));
}

#[test]
fn missing_engine_is_named() {
    let folder = project();
    let output = c3(folder.path(), &["create-operator", "add.py", "-v", "1"]);
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).contains("/nonexistent/docker.sock"), "{}", stderr(&output));
    assert!(stderr(&output).contains("hint:"), "{}", stderr(&output));
    assert_eq!(names(folder.path()), ["add.py"], "nothing is written");
}

#[test]
fn sources_with_the_same_stem_are_reported() {
    let folder = project();
    fs::create_dir(folder.path().join("b")).unwrap();
    fs::write(folder.path().join("b/add.py"), SCRIPT).unwrap();
    assert_eq!(code(&c3(folder.path(), &["compile", "."])), 0);
    let output = c3(folder.path(), &["compile", ".", "-o", "out"]);
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("`./add.py` and `./b/add.py`"), "{}", stderr(&output));
}

#[test]
fn one_bad_source_does_not_stop_the_others() {
    let folder = project();
    fs::write(folder.path().join("bad.py"), "x = (").unwrap();
    assert_eq!(code(&c3(folder.path(), &["compile", "."])), 1);
    assert!(FILES.iter().all(|file| folder.path().join(file).exists()));
    assert!(!folder.path().join("bad.yaml").exists());
}

#[test]
fn the_build_context_is_kept_on_request() {
    let folder = project();
    fs::create_dir(folder.path().join("data")).unwrap();
    fs::write(folder.path().join("data/x.csv"), "1").unwrap();
    let arguments =
        ["create-operator", "--no-build", "--keep-generated-files", "--overwrite", "add.py", "data", "*.py"];
    for _ in 0..2 {
        assert_eq!(code(&c3(folder.path(), &arguments)), 0);
    }
    let context = folder.path().join("add.context");
    assert_eq!(names(&context), ["add.Dockerfile", "files", "operator"]);
    assert_eq!(names(&context.join("operator")), ["add.py", "claimed_add.py"]);
    assert_eq!(names(&context.join("files")), ["data"], "the source is not an additional file");
    assert_eq!(fs::read_to_string(context.join("operator/add.py")).unwrap(), SCRIPT);
}

#[test]
fn option_spellings_of_the_original_are_accepted() {
    let folder = project();
    let program = folder.path().join("c3_create_operator");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_c3"), &program).unwrap();
    let mut command = Command::new(program);
    command.args(["--log_level", "debug", "--image_version", "python3.11", "--no-cache", "--skip-logging"]);
    command.args(["--local_mode", "--dockerfile", "Dockerfile.generated", "--no-build", "add.py"]);
    let output = command.current_dir(folder.path()).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let dockerfile = fs::read_to_string(folder.path().join("Dockerfile.generated")).unwrap();
    assert!(dockerfile.contains("python-311"));
    assert!(!fs::read_to_string(folder.path().join("add.yaml")).unwrap().contains("log_level"));
}

#[test]
fn user_templates_are_rendered() {
    let folder = project();
    let template = "FROM ${base_image}\n${requirements_docker}\nADD ${target_code} ${working_dir}${target_dir}\n\
                    ${additional_files_docker}\nENV PRICE=5$$\nUSER default\nCMD [\"${command}\", \"${target_code}\"]\n";
    fs::write(folder.path().join("template"), template).unwrap();
    let output = c3(folder.path(), &["compile", "add.py", "--dockerfile_template_path", "template"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("template-user"), "{}", stderr(&output));
    let dockerfile = fs::read_to_string(folder.path().join("add.Dockerfile")).unwrap();
    assert!(dockerfile.contains("ADD claimed_add.py /opt/app-root/src/\n"), "{dockerfile}");
    assert!(dockerfile.contains("ENV PRICE=5$\n"), "{dockerfile}");
    fs::write(folder.path().join("template"), "FROM ${base}\n${additional_files_docker}\n").unwrap();
    let output =
        c3(folder.path(), &["compile", "add.py", "--dockerfile-template", "template", "--overwrite"]);
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("`${base}`"), "{}", stderr(&output));
}

#[test]
fn usage_errors_and_input_errors_have_different_exit_codes() {
    let folder = project();
    for (arguments, expected) in [
        (&["compile"][..], 2),
        (&["compile", "missing.py"], 1),
        (&["compile", "add.py", "-v", "no tag"], 2),
        (&["compile", "add.py", "-r", "https://quay.io/ns"], 2),
        (&["compile", "add.py", "--image-version", "snake"], 2),
        (&["create-operator", "--no-build", "add.py", "missing.csv"], 1),
        (&["create-operator", "--no-build", "add.py", "../x"], 1),
        (&["inspect", "missing.py"], 1),
        (&["--version"], 0),
    ] {
        let output = c3(folder.path(), arguments);
        assert_eq!(code(&output), expected, "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn a_workflow_is_written_beside_its_last_operator() {
    let folder = project();
    fs::create_dir(folder.path().join("b")).unwrap();
    fs::write(folder.path().join("b/say.py"), "import os\nprint(os.environ['a'])\n").unwrap();
    assert_eq!(code(&c3(folder.path(), &["compile", ".", "--target", "cwl,kubeflow"])), 0);
    let output = c3(folder.path(), &["create-workflow", "add.yaml", "b/say.py", "--target", "cwl"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("input `a` of `say` has another type or default"),
        "{}",
        stderr(&output)
    );
    let workflow = fs::read_to_string(folder.path().join("b/say.workflow.cwl")).unwrap();
    assert!(workflow.contains("run: \"../add.cwl\"\n"), "{workflow}");
    assert!(!folder.path().join("b/say.pipeline.py").exists());
    let above = ["create-workflow", "../add.yaml", "say.py", "--name", "g", "-o", "../b/deep"];
    assert_eq!(code(&c3(&folder.path().join("b"), &above)), 0);
    let workflow = fs::read_to_string(folder.path().join("b/deep/g.workflow.cwl")).unwrap_or_default();
    assert!(workflow.contains("run: \"../../add.cwl\"\n"), "{workflow}");
    fs::write(folder.path().join("b/say.workflow.cwl"), "mine").unwrap();
    let again = ["create-workflow", "add.py", "b/say.py"];
    assert_eq!(code(&c3(folder.path(), &again)), 1);
    assert_eq!(code(&c3(folder.path(), &[&again[..], &["--rename", "old"]].concat())), 0);
    assert_eq!(fs::read_to_string(folder.path().join("b/old.workflow.cwl")).unwrap(), "mine");
    for (arguments, expected) in [
        (&["create-workflow"][..], 2),
        (&["create-workflow", "missing.py"], 1),
        (&["create-workflow", "add.job.yaml"], 1),
        (&["create-workflow", "add.py", "--name", "a/b"], 2),
        (&["create-workflow", "add.py", "--name", "!"], 2),
        (&["create-workflow", "add.py", "--parallel", "0"], 2),
    ] {
        let output = c3(folder.path(), arguments);
        assert_eq!(code(&output), expected, "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn run_help_shows_the_interface() {
    let folder = project();
    let output = c3(folder.path(), &["run", "add.py", "--help"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("Adds.\n"), "{text}");
    assert!(text.contains("  --a Integer [default: 1]\n      One.\n"), "{text}");
    assert_eq!(names(folder.path()), ["add.py"]);
}

#[test]
fn parameters_are_checked_before_contacting_an_engine() {
    let folder = project();
    for arguments in [["--b", "1"], ["--a", "x"], ["--log_level", "--"], ["x", "y"]] {
        let expected = if arguments[1] == "--" { 3 } else { 2 };
        let output = c3(folder.path(), &[&["run", "add.py"], &arguments[..]].concat());
        assert_eq!(code(&output), expected, "{arguments:?}: {}", stderr(&output));
    }
    assert_eq!(code(&c3(folder.path(), &["run", "--b", "add.py"])), 2);
    assert_eq!(code(&c3(folder.path(), &["run"])), 2);
    assert_eq!(code(&c3(folder.path(), &["run", "gone.py"])), 1);
    assert_eq!(code(&c3(folder.path(), &["run", "claimed-add:0.1"])), 3);
}

/// Where the cache is in an environment of these variables only.
fn cache_dir(variables: &[(&str, &Path)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
    command.args(["cache", "dir"]).env_clear().envs(variables.iter().copied()).output().unwrap()
}

#[test]
fn the_cache_follows_the_system_conventions() {
    let folder = tempdir().unwrap();
    let [named, home] = ["named", "home"].map(|name| folder.path().join(name));
    for (variables, expected) in [
        (vec![("XDG_CACHE_HOME", named.as_path()), ("HOME", &home)], named.join("c3")),
        (vec![("XDG_CACHE_HOME", Path::new("relative")), ("HOME", &home)], home.join(".cache/c3")),
        (vec![("HOME", &home)], home.join(".cache/c3")),
    ] {
        let output = cache_dir(&variables);
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{}\n", expected.display()));
    }
    let refused = cache_dir(&[("HOME", Path::new("relative"))]);
    assert_eq!(code(&refused), 1);
    assert!(stderr(&refused).contains("`XDG_CACHE_HOME`"), "{}", stderr(&refused));
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn cache_clean_reports_freed_space() {
    let folder = tempdir().unwrap();
    let cache = folder.path().join("c3");
    let clean = |form| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
        command.args(["cache", "clean", "--format", form]).env("XDG_CACHE_HOME", folder.path());
        let output = command.output().unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(clean("text"), "freed 0 B\n");
    for name in ["environments/a/file", "environments/b/file", "layers/c.tar.gz"] {
        let path = cache.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, vec![1; 1 << 20]).unwrap();
    }
    let used = fs::File::create(cache.join("environments/b.lock")).unwrap();
    used.lock_shared().unwrap();
    let json: serde_json::Value = serde_json::from_str(&clean("json")).unwrap();
    assert_eq!(json["folder"], cache.to_str().unwrap());
    assert!(json["freed_bytes"].as_u64().unwrap() >= 2 << 20);
    assert_eq!(json["removed"], serde_json::json!({"layers": 1, "environments": 1, "containerless": 0}));
    assert_eq!(json["in_use"], serde_json::json!({"layers": 0, "environments": 1, "containerless": 0}));
    assert!(clean("text").ends_with("\nin use: 1 environment\n"));
    drop(used);
    assert!(clean("text").ends_with(": 1 environment\n"));
    assert_eq!(names(&cache.join("environments")), [""; 0]);
}

#[test]
fn invalid_cache_size_is_rejected() {
    let folder = project();
    let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
    command.args(["run", "--no-engine", "add.py"]).current_dir(folder.path());
    let output = command.env("XDG_CACHE_HOME", folder.path()).env("C3_CACHE_SIZE", "500m").output().unwrap();
    assert_eq!(code(&output), 1);
    let text = stderr(&output);
    assert!(text.contains("`C3_CACHE_SIZE` is `500m`") && text.contains("hint: write it as in"), "{text}");
    assert_eq!(names(folder.path()), ["add.py"]);
}

/// Sources that leave a file behind when they are run, and name an address that tells whether it is asked.
fn traps(folder: &Path, address: &str) -> Vec<&'static str> {
    let mark = folder.join("mark").display().to_string();
    let python = format!(
        "# pip install six --index-url http://{address}/simple\n# pip install -r http://{address}/r.txt\n\
         # pip install http://{address}/a-1-py3-none-any.whl\nimport os\nopen({mark:?}, 'w').close()\n\
         a = os.getenv('a', str(open({mark:?}, 'w').close()))\n"
    );
    let lines: Vec<_> =
        format!("!touch {mark}\n%run x.py\n{python}").lines().map(|line| format!("{line}\n")).collect();
    let cell = serde_json::json!({"cell_type": "code", "metadata": {}, "outputs": [], "source": lines});
    let metadata = serde_json::json!({"kernelspec": {"name": "python3", "language": "python"}});
    let notebook =
        serde_json::json!({"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5});
    let r = format!(
        "# Runs.\ninstall.packages('a', repos = 'http://{address}')\nfile.create({mark:?})\na <- Sys.getenv('a', file.create({mark:?}))\n"
    );
    fs::write(folder.join("trap.py"), format!("\"\"\"Runs.\"\"\"\n{python}")).unwrap();
    fs::write(folder.join("caught.ipynb"), notebook.to_string()).unwrap();
    fs::write(folder.join("snare.R"), r).unwrap();
    vec!["trap.py", "caught.ipynb", "snare.R"]
}

/// Whatever reads a source doesn't run it and asks nobody.
#[test]
fn sources_are_neither_run_nor_fetched() {
    let folder = tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    for name in traps(folder.path(), &listener.local_addr().unwrap().to_string()) {
        for command in [
            &["inspect", name][..],
            &["check", name],
            &["check", "--stale", name],
            &["fix", "--diff", name],
            &["config", name],
            &["snippet", name],
            &["compile", name, "--overwrite"],
            &["compile", name, "--stale", "--overwrite"],
            &["create-operator", "--no-build", "--overwrite", name],
            &["create-workflow", name, name, "--overwrite"],
        ] {
            let output = c3(folder.path(), command);
            assert!([0, 1, 2].contains(&code(&output)), "{command:?}: {}", stderr(&output));
            assert!(!folder.path().join("mark").exists(), "{command:?} runs the source");
            assert!(listener.accept().is_err(), "{command:?} asks the network");
        }
        assert_eq!(code(&c3(folder.path(), &["inspect", name])), 0, "{name} is not a source");
    }
}

/// `c3` where neither kubectl nor Slurm is.
fn alone(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_c3"));
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1").env("PATH", folder).output().unwrap()
}

#[test]
fn jobs_are_checked_before_contacting_their_engine() {
    let folder = project();
    let refused = |arguments: &[&str], wanted: i32, message: &str| {
        let output = alone(folder.path(), arguments);
        let said = stderr(&output);
        assert_eq!(code(&output), wanted, "{said}");
        assert!(said.contains(message), "{said}");
        assert!(output.stdout.is_empty());
    };
    refused(&["submit", "add.py"], 1, "create-operator -r REGISTRY/NAMESPACE add.py");
    assert_eq!(code(&alone(folder.path(), &["compile", "add.py", "-r", "registry.example/ns"])), 0);
    refused(&["submit", "add.py", "--on", "slurm"], 1, "--target slurm");
    refused(&["submit", "add.py", "--b", "3"], 2, "there is no parameter `b`");
    refused(&["submit", "add.py", "--a", "three"], 2, "parameter `a` is an Integer");
    refused(&["submit", "add.py", "--on", "moon"], 2, "invalid value 'moon'");
    refused(&["submit", "add.cwl"], 2, "is not a job");
    refused(&["submit", "add.yaml"], 1, "not a Kubernetes job");
    refused(&["submit", "add.py", "--a", "3", "--follow"], 3, "`kubectl` was not found");
    refused(&["logs", "add-x2b4c"], 3, "`kubectl` was not found");
    refused(&["wait", "12"], 3, "`scontrol` was not found");
    let help = alone(folder.path(), &["submit", "add.py", "--help"]);
    assert!(String::from_utf8(help.stdout).unwrap().contains("--a Integer [default: 1]"));
}

#[test]
fn warns_about_a_job_older_than_its_source() {
    let folder = project();
    let arguments = ["compile", "add.py", "-r", "registry.example/ns"];
    assert_eq!(code(&alone(folder.path(), &arguments)), 0);
    fs::write(folder.path().join("add.py"), SCRIPT.replace("'a', 1", "'a', 2")).unwrap();
    let said = stderr(&alone(folder.path(), &["submit", "add.py"]));
    assert!(said.contains("`add.job.yaml` is older than its source"), "{said}");
}

#[test]
fn grid_functions_of_any_name_need_what_they_read() {
    let folder = project();
    let script = "'''Tiles.'''\nimport os\ndef work(batch_id): return os.environ['tiles']\nprint(os.getenv('b', ''))\n";
    fs::write(folder.path().join("tiles.py"), script).unwrap();
    let arguments =
        ["create-gridwrapper", "-p", "work", "-b", "local", "--no-build", "--target", "kubeflow", "tiles.py"];
    let output = c3(folder.path(), &arguments);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let component = fs::read_to_string(folder.path().join("gw_tiles.yaml")).unwrap();
    let (_, behind) = component.split_once("- name: \"tiles\"").unwrap();
    let input = behind.split("- name:").next().unwrap();
    assert!(!input.contains("optional") && !input.contains("default"), "{input}");
}
