//! ONE DATA: environments for Functions, after the guide of its user environments.

use std::path::Path;

use serde::Serialize;

use super::super::parameter::{outcomes, parameters};
use super::super::variant::{Archive, Choice, Variant};
use super::super::{Operator, dockerfile, install, runtime, template};
use super::owned;
use crate::artifact::Artifact;
use crate::diagnostic::Diagnostic;
use crate::language::Language;

/// The image of an environment.
pub(in super::super) static VARIANT: Variant = Variant {
    name: "onedata",
    languages: &[Language::Python],
    why_no_others: "its Functions are Python",
    working_dir: HOME,
    base_image: |_, _| Some("harbor.onedata.de/private/openfaas/runtime/base:1.2.8".to_owned()),
    python: |operator| python(operator.settings.choice("miniconda")),
    python_options: "`--set onedata.miniconda=py312_24.1.2-0`",
    flavour: |_| "",
    dockerfile: emit,
    files: |_| Vec::new(),
    sends: None,
    read_only: None,
    shows_source: |_| false,
    skips_dashes: false,
    archive: Archive::Image,
    check: |operator| Some(check(operator)),
    choices: &[
        Choice {
            name: "miniconda",
            help: "version of Miniconda, which brings Python",
            default: "4.7.12.1",
            values: &[],
        },
        Choice {
            name: "installer",
            help: "what installs the operator's packages",
            default: "pip",
            values: &["pip", "conda"],
        },
    ],
    next,
};

/// Home directory of the user that Functions run as.
const HOME: &str = "/home/app";

/// What Functions need, as the guide pins it.
const PINNED: &[&str] = &["flask==1.1.2", "waitress==1.4.4", "requests==2.22.0"];

/// The versions without which Flask 1.1.2 can't be imported.
const CONSTRAINTS: &[&str] = &["jinja2<3.1", "markupsafe<2.1", "itsdangerous<2.1", "werkzeug<2.1"];

/// Tries the imports and lists the packages.
const CHECK: &str = include_str!("../../../templates/platforms/onedata_check.py");

#[derive(Serialize)]
struct Context<'a> {
    #[serde(flatten)]
    image: dockerfile::Context,
    local_base: bool,
    miniconda: &'a str,
    constraints: String,
    packages: Vec<Vec<String>>,
    wheels: Vec<Wheel>,
}

/// A wheel among the additional files.
#[derive(Serialize)]
struct Wheel {
    source: String,
    install: Vec<Vec<String>>,
}

/// The Python of a Miniconda: `py39_4.9.2` names it, versions before that had 3.7 in the end.
fn python(miniconda: &str) -> Option<String> {
    if let Some((named, _)) = miniconda.strip_prefix("py").and_then(|rest| rest.split_once('_')) {
        let (major, minor) = named.split_at_checked(1)?;
        return runtime::python_version(&format!("{major}.{minor}")).map(ToOwned::to_owned);
    }
    ["4.6.", "4.7."].iter().any(|series| miniconda.starts_with(series)).then(|| "3.7".to_owned())
}

fn emit(operator: &Operator) -> String {
    let settings = operator.settings;
    let wheels = settings.files.iter().filter(|file| is_wheel(file));
    let context = Context {
        image: dockerfile::context(operator),
        local_base: !settings.base_image.starts_with("harbor.onedata.de/"),
        miniconda: settings.choice("miniconda"),
        constraints: template::shell(&[owned(CONSTRAINTS)]),
        packages: packages(operator),
        wheels: wheels.map(|file| wheel(file)).collect(),
    };
    template::render("platforms/onedata.Dockerfile", &context)
}

/// What the Function is filled with: literals of Python.
#[derive(Serialize)]
struct Function {
    c3: String,
    source: String,
    title: String,
    program: String,
    folder: String,
    parameters: String,
    outputs: String,
}

/// Writes the Function that runs the operator.
#[expect(clippy::unnecessary_wraps, reason = "the signature of every target")]
pub(in super::super) fn function(operator: &Operator) -> Result<Vec<Artifact>, Vec<Diagnostic>> {
    let Operator { component, settings } = operator;
    let parameters = parameters(component, settings.logging);
    let outputs = outcomes(component, &parameters).into_iter().map(|outcome| outcome.id);
    let name = &component.name;
    let function = Function {
        c3: operator.stamp().to_string(),
        source: template::comment(&component.source),
        title: template::quoted(&format!("Runs {name} in the image of its environment; made by c3.")),
        program: template::list(operator.command()),
        folder: template::quoted(HOME),
        parameters: template::list(parameters.iter().map(|parameter| parameter.id.clone())),
        outputs: template::list(outputs),
    };
    Ok(vec![operator.artifact(".onedata.py", &template::render("platforms/onedata.py", &function))])
}

/// The commands that install the operator's packages; pip is held to what Functions need.
fn packages(operator: &Operator) -> Vec<Vec<String>> {
    let by_conda = operator.settings.choice("installer") == "conda";
    let pinned = |mut command: Vec<String>| {
        if command.iter().any(|word| word == "pip") {
            command.extend(owned(&[PINNED, CONSTRAINTS].concat()));
        }
        command
    };
    install::commands_with(operator, |words| (by_conda && is_plain(words)).then(|| conda(words)))
        .into_iter()
        .map(pinned)
        .collect()
}

/// Whether all of pip's arguments are packages by name and version, which conda understands too.
fn is_plain(words: &[String]) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.=<>!,*~".contains(&byte);
    words.iter().all(|word| !word.starts_with('-') && word.bytes().all(plain))
}

fn conda(words: &[String]) -> Vec<String> {
    owned(&["conda", "install", "-y"]).into_iter().chain(words.iter().cloned()).collect()
}

fn is_wheel(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|extension| extension == "whl")
}

fn wheel(file: &str) -> Wheel {
    let name = file.rsplit('/').next().unwrap_or(file);
    Wheel {
        source: format!("files/{file}"),
        install: vec![
            owned(&["pip", "install", "--no-cache-dir"])
                .into_iter()
                .chain([format!("{HOME}/{name}")])
                .collect(),
        ],
    }
}

/// Tries what Functions and the operator import, and prints the packages.
fn check(operator: &Operator) -> Vec<String> {
    let script = format!("{HOME}/{}{}", operator.settings.folder, operator.script());
    owned(&["python", "-c", CHECK]).into_iter().chain([script]).collect()
}

fn next(operator: &Operator, archive: Option<&Path>) -> Vec<String> {
    let (image, stem) = (&operator.settings.image, &operator.settings.stem);
    let tar = archive.map_or_else(|| format!("{stem}.tar"), |path| path.display().to_string());
    let save = archive.is_none().then(|| format!("docker save -o {tar} {image}"));
    let publish = format!("c3 publish onedata --server URL --domain ID --tar {tar}");
    let function = format!("the Function is `{stem}.onedata.py`");
    save.into_iter().chain([publish, format!("# {function}")]).collect()
}
