//! Interface × target: what crosses has a proof, what can't is told, and no target lets a secret through.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::path::Path;

use c3::backend::crossing::Crossing;
use c3::backend::{self, TARGETS, Target};
use c3::settings::{Config, TargetName};
use c3::{Plan, Purpose, Request};
use tempfile::tempdir;

/// Uses every part of an interface that can be missed.
const SCRIPT: &str = r#""""Uses everything."""
# pip install numpy
import os
rows = int(os.environ["rows"])
data = os.environ["data"]  # c3: input=File
token = os.getenv("api_token", "hunter2-of-the-default")
os.environ["result"] = "written"
"#;

/// The settings of a job that asks for more than a component can say.
const SETTINGS: &str = "[job]\nvolumes = [\"claim:data\"]\ngpu = 1\n[job.requests]\nmemory = \"1Gi\"\n";

/// A plan for one target, and the messages of what can't cross to it.
fn planned(target: &'static Target, settings: &str) -> (Plan, Vec<String>) {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("uses.py"), SCRIPT).unwrap();
    fs::write(folder.path().join("c3.toml"), settings).unwrap();
    planned_in(&folder.path().join("uses.py"), target)
}

/// The same of a source on disk.
fn planned_in(path: &Path, target: &'static Target) -> (Plan, Vec<String>) {
    let settings = Config { targets: Some(vec![TargetName(target)]), ..Config::default() };
    let request = Request { settings, ..Request::default() };
    let planned = c3::plan(&c3::load(path).unwrap(), &request, Purpose::Files);
    let told = planned.diagnostics.into_iter().filter(|diagnostic| diagnostic.code == "no-crossing");
    (planned.plan.unwrap(), told.map(|diagnostic| diagnostic.message).collect())
}

/// What a part of the interface is called in messages.
fn subject(part: &str) -> &'static str {
    match part {
        "inputs" => "the input `rows`",
        "outputs" => "the output `result`",
        "secrets" => "the secret `api_token`",
        "resources" => "what the job asks of a node, `memory` and `nvidia.com/gpu`,",
        "volumes" => "the volume `claim`",
        _ => "the input `data`",
    }
}

#[test]
fn every_crossing_is_backed_by_a_test() {
    let crossings = TARGETS.iter().flat_map(|target| target.crossings.all());
    let proofs: Vec<_> = crossings
        .filter_map(|(_, crossing)| match crossing {
            Crossing::Proven(proof) => Some(proof),
            Crossing::Cannot(..) => None,
        })
        .collect();
    assert!(proofs.len() > TARGETS.len());
    for proof in proofs {
        let (file, name) = proof.split_once("::").unwrap();
        let tests = fs::read_to_string(Path::new("tests/engines").join(file)).unwrap();
        assert!(tests.contains(&format!("def {name}(")), "{proof} is gone");
    }
}

#[test]
fn warns_about_what_a_target_cannot_express() {
    for target in TARGETS {
        let with = planned(target, SETTINGS).1;
        // What a volume holds is no loss.
        let without = planned(target, "").1;
        for (part, crossing) in target.crossings.all().into_iter().filter(|(part, _)| *part != "exit code") {
            let told = if part == "outputs" { &without } else { &with };
            let start = format!("{} doesn't cross to `{}`", subject(part), target.name);
            let is_told = told.iter().any(|message| message.starts_with(&start));
            assert_eq!(is_told, matches!(crossing, Crossing::Cannot(..)), "{start}: {told:#?}");
        }
    }
}

#[test]
fn secrets_are_never_written_to_files() {
    for target in TARGETS {
        let (plan, _) = planned(target, SETTINGS);
        // What goes beside an image is the script as it is; here it is on no disk.
        for artifact in backend::emit(&plan.operator(), &[target]).unwrap() {
            let text = String::from_utf8(artifact.content).unwrap();
            assert!(
                !text.contains("hunter2"),
                "{} of `{}` has the secret:\n{text}",
                artifact.name,
                target.name
            );
        }
    }
}

/// What is written for a target: all of its files.
fn written(plan: &Plan, target: &'static Target) -> String {
    let artifacts = backend::emit(&plan.operator(), &[target]).unwrap();
    artifacts.into_iter().map(|artifact| String::from_utf8_lossy(&artifact.content).into_owned()).collect()
}

/// Parts that are added to an operator, with what they are called where they arrive, or where it is said that they can't.
const MUTATIONS: [(&str, &str, &[&str]); 3] = [
    ("outputs", "os.environ['mutated_output'] = 'x'\n", &["mutated_output"]),
    ("secrets", "mutated = os.environ['MUTATED_PASSWORD']\n", &["MUTATED_PASSWORD"]),
    ("resources", "", &["nvidia.com/gpu", "the GPUs", "--gres=gpu:1", "gpu=1", "acceleratorCount"]),
];

#[test]
fn additions_to_samples_are_emitted_or_rejected_by_name() {
    let folder = tempdir().unwrap();
    // The Miniconda of ONE DATA's guide is too old for some samples.
    let settings = "[job]\ngpu = 1\n[set.onedata]\nminiconda = \"py312_24.1.2-0\"\n";
    fs::write(folder.path().join("c3.toml"), settings).unwrap();
    let added: String = MUTATIONS.iter().map(|(_, line, _)| *line).collect();
    let samples = fs::read_dir("samples").unwrap().map(|entry| entry.unwrap().path());
    let samples: Vec<_> = samples.filter(|path| path.extension().is_some_and(|end| end == "py")).collect();
    assert!(samples.len() > 7);
    for sample in samples {
        let path = folder.path().join(sample.file_name().unwrap());
        fs::write(&path, format!("{}\nimport os\n{added}", fs::read_to_string(&sample).unwrap())).unwrap();
        for target in TARGETS {
            let (plan, told) = planned_in(&path, target);
            let text = written(&plan, target);
            let crossings = target.crossings.all();
            for (part, _, words) in MUTATIONS {
                let (_, crossing) = crossings.iter().find(|(each, _)| *each == part).unwrap();
                let is_in = |text: &str| words.iter().any(|word| text.contains(word));
                let is_told = told.iter().any(|message| is_in(message));
                let is_there = is_told || matches!(crossing, Crossing::Proven(_)) && is_in(&text);
                assert!(is_there, "{words:?} of {} for `{}`: {told:?}", path.display(), target.name);
            }
        }
    }
}
