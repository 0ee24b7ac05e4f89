//! The Dockerfile: system packages, then requirements, then files, so that an edit reinstalls nothing.

use std::collections::BTreeMap;

use serde::Serialize;

use super::parameter::one_line;
use super::{Operator, prelude, template};
use crate::artifact::Artifact;
use crate::component::{Component, Requirement};
use crate::diagnostic::Diagnostic;

/// Label that holds the component as JSON.
pub const COMPONENT_LABEL: &str = "io.claimed.c3.component";

/// Folder of the build context with the files that `pip install` reads.
pub const REQUIREMENTS: &str = "requirements";

/// Folder of the build context with the additional files.
pub const FILES: &str = "files";

/// Folder of the build context with the script and its entry point.
pub const OPERATOR: &str = "operator";

/// Longest label, in bytes: builders refuse lines of 64 KiB.
const LABEL_LIMIT: usize = 40_000;

/// Longest description in a label, in characters.
const DESCRIPTION_LIMIT: usize = 1000;

/// A generated file of the build context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildFile {
    /// Path in the build context.
    pub path: String,
    /// Its content.
    pub content: Vec<u8>,
}

#[derive(Serialize)]
struct Context {
    c3: &'static str,
    source: String,
    base_image: String,
    working_dir: &'static str,
    system: Vec<Vec<Vec<String>>>,
    requirement_files: bool,
    setup: Vec<Vec<String>>,
    files: bool,
    command: [String; 2],
    labels: Vec<Label>,
}

#[derive(Serialize)]
struct Label {
    name: &'static str,
    value: String,
}

/// Writes the Dockerfile.
pub(super) fn emit(operator: &Operator) -> Result<Artifact, Vec<Diagnostic>> {
    let settings = operator.settings;
    let text = match &settings.dockerfile_template {
        None => template::render(operator.runtime().dockerfile, &context(operator)),
        Some(text) => from_template(operator, text).map_err(|diagnostic| vec![diagnostic])?,
    };
    Ok(Artifact::new(settings.dockerfile.clone(), text))
}

/// The generated files of the build context: the entry point, where the Dockerfile looks for it.
#[must_use]
pub fn build_files(operator: &Operator) -> Vec<BuildFile> {
    let entry = prelude::emit(operator);
    let in_root = operator.settings.dockerfile_template.is_some().then(|| entry.name.clone());
    let in_folder = format!("{OPERATOR}/{}{}", operator.settings.folder, entry.name);
    let paths = std::iter::once(in_folder).chain(in_root);
    paths.map(|path| BuildFile { path, content: entry.content.clone() }).collect()
}

/// What is doubtful about the image.
pub(super) fn review(operator: &Operator) -> Vec<Diagnostic> {
    let template = operator.settings.dockerfile_template.as_deref();
    template.and_then(named_user).into_iter().chain(foreign_manager(operator)).collect()
}

/// A template whose user has a name: Kubernetes can't tell whether it is root.
fn named_user(template: &str) -> Option<Diagnostic> {
    let mut users = template.lines().filter_map(|line| line.trim().strip_prefix("USER "));
    let user = users.next_back().unwrap_or("root").trim();
    let id = user.split(':').next().unwrap_or(user);
    let numeric = id.bytes().all(|byte| byte.is_ascii_digit()) && !id.trim_start_matches('0').is_empty();
    (!numeric).then(|| {
        let message = format!("the Dockerfile template ends as user `{user}`");
        Diagnostic::warning("template-user", message)
            .hint("end with a numeric one such as `USER 1001`: the job runs only where Kubernetes can see that it isn't root")
    })
}

/// `# apt` lines on the default base image, whose packages are installed with `dnf`.
fn foreign_manager(operator: &Operator) -> Option<Diagnostic> {
    let apt = |requirement: &Requirement| matches!(requirement, Requirement::System { text, .. } if text.starts_with("apt"));
    let red_hat = operator.settings.base_image.starts_with("registry.access.redhat.com/");
    (red_hat && operator.component.requirements.iter().any(apt)).then(|| {
        let message = format!(
            "`# apt` lines need a base image of Debian's kind, not `{}`",
            operator.settings.base_image
        );
        Diagnostic::warning("package-manager", message)
            .hint("write `# dnf install …`, or choose an image with `--base-image`")
    })
}

fn context(operator: &Operator) -> Context {
    let Operator { component, settings } = operator;
    Context {
        c3: env!("CARGO_PKG_VERSION"),
        source: component.source.clone(),
        base_image: settings.base_image.clone(),
        working_dir: operator.runtime().working_dir,
        system: system_commands(component),
        requirement_files: !settings.requirement_files.is_empty(),
        setup: pip_commands(operator).into_iter().chain(writable(operator.runtime().working_dir)).collect(),
        files: !settings.files.is_empty(),
        command: operator.command(),
        labels: labels(operator),
    }
}

/// The working directory, writable under any user of group 0 and readable by all others.
fn writable(folder: &str) -> [Vec<String>; 3] {
    [["mkdir", "-p", folder], ["chown", "1001:0", folder], ["chmod", "775", folder]]
        .map(|words| words.map(ToOwned::to_owned).to_vec())
}

/// The commands of the system's package managers, each made fit for an image.
fn system_commands(component: &Component) -> Vec<Vec<Vec<String>>> {
    let commands = component.requirements.iter().filter_map(|requirement| match requirement {
        Requirement::System { words, .. } => Some(system_command(words)),
        Requirement::Pip { .. } => None,
    });
    commands.collect()
}

/// `dnf install git` → `dnf install -y git` and a clean-up; the same for `apt`, after an update of its lists.
fn system_command(words: &[String]) -> Vec<Vec<String>> {
    let (manager, rest) = words.split_first().map_or(("", words), |(first, rest)| (first.as_str(), rest));
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    if manager.starts_with("apt") {
        let mut command = confirmed("apt-get", rest);
        if let Some(at) = command.iter().position(|word| word == "install")
            && !command.iter().any(|word| word.starts_with("--no-install-recommends"))
        {
            command.insert(at + 1, "--no-install-recommends".to_owned());
        }
        vec![owned(&["apt-get", "update"]), command, owned(&["rm", "-rf", "/var/lib/apt/lists/"])]
    } else {
        vec![confirmed(manager, rest), owned(&[manager, "clean", "all"])]
    }
}

/// A command that asks nothing.
fn confirmed(manager: &str, rest: &[String]) -> Vec<String> {
    let asks = !rest
        .iter()
        .any(|word| matches!(word.as_str(), "-y" | "-qy" | "-yq" | "-yqq" | "--yes" | "--assumeyes"));
    let flag_at = rest.iter().position(|word| !word.starts_with('-')).map_or(rest.len(), |at| at + 1);
    let mut command: Vec<String> = std::iter::once(manager.to_owned()).chain(rest.iter().cloned()).collect();
    if asks {
        command.insert(flag_at + 1, "-y".to_owned());
    }
    command
}

/// One `pip install` for each command of the source, one for all entries of the PEP 723 block.
fn pip_commands(operator: &Operator) -> Vec<Vec<String>> {
    let mut commands: Vec<Vec<String>> = Vec::new();
    let mut previous_is_metadata = false;
    for requirement in &operator.component.requirements {
        let Requirement::Pip { words, metadata, .. } = requirement else { continue };
        let words = words_in_image(words, operator);
        match commands.last_mut() {
            Some(command) if *metadata && previous_is_metadata => command.extend(words),
            _ => commands.push(pip_command(words)),
        }
        previous_is_metadata = *metadata;
    }
    commands
}

fn pip_command(words: Vec<String>) -> Vec<String> {
    let install = ["python", "-m", "pip", "install", "--no-cache-dir"].map(ToOwned::to_owned);
    let given = words.iter().any(|word| word == "--no-cache-dir");
    install.into_iter().take(if given { 4 } else { 5 }).chain(words).collect()
}

/// The arguments of pip with the paths of files as they are in the image.
fn words_in_image(words: &[String], operator: &Operator) -> Vec<String> {
    let files: BTreeMap<&str, &str> = operator
        .settings
        .requirement_files
        .iter()
        .map(|file| (file.named.as_str(), file.path.as_str()))
        .collect();
    let in_image = |path: &str| match files.get(path) {
        Some(path) => format!("{}/{path}", operator.runtime().working_dir),
        None => path.to_owned(),
    };
    let word = |word: &String| match word.split_once('=') {
        Some((option @ ("--requirement" | "--constraint"), path)) => format!("{option}={}", in_image(path)),
        _ => match word.strip_prefix("-r").or_else(|| word.strip_prefix("-c")) {
            Some(path) if !path.is_empty() => format!("{}{}", &word[..2], in_image(path)),
            _ => in_image(word),
        },
    };
    words.iter().map(word).collect()
}

fn labels(operator: &Operator) -> Vec<Label> {
    let Operator { component, settings } = operator;
    let label = |name, value| Label { name, value };
    let shown = [
        label("org.opencontainers.image.title", component.name.clone()),
        label("org.opencontainers.image.description", shortened(&one_line(&component.description))),
        label("org.opencontainers.image.version", settings.version.clone()),
        label("org.opencontainers.image.base.name", settings.base_image.clone()),
    ];
    let interface = component_json(component).map(|json| label(COMPONENT_LABEL, json));
    shown.into_iter().chain(interface).collect()
}

/// The beginning of a description, without backslashes before quotes and at the end: not every reader of Dockerfiles
/// understands them.
fn shortened(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars().take(DESCRIPTION_LIMIT) {
        if character == '"' {
            shown.truncate(shown.trim_end_matches('\\').len());
        }
        shown.push(character);
    }
    shown.truncate(shown.trim_end_matches('\\').len());
    shown
}

/// The component as a label holds it: without diagnostics, and with shorter descriptions if it would be too long.
fn component_json(component: &Component) -> Option<String> {
    let mut component = Component { diagnostics: Vec::new(), ..component.clone() };
    let json =
        |component: &Component| prelude::ascii_json(component).filter(|json| json.len() <= LABEL_LIMIT);
    if let Some(json) = json(&component) {
        return Some(json);
    }
    component.inputs.iter_mut().for_each(|input| input.reads.clear());
    if let Some(json) = json(&component) {
        return Some(json);
    }
    component.description = shortened(&component.description);
    component.inputs.iter_mut().for_each(|input| input.description = None);
    component.outputs.iter_mut().for_each(|output| output.description = None);
    json(&component)
}

/// Fills a template of the original: `${base_image}` and the like, `$$` for a dollar.
fn from_template(operator: &Operator, text: &str) -> Result<String, Diagnostic> {
    let (context, entry) = (context(operator), prelude::file_name(operator));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    let target = format!("{}{entry}", operator.settings.folder);
    if !target.bytes().all(plain) {
        let message = format!("`{target}` can't be named in a Dockerfile template");
        return Err(Diagnostic::error("template", message)
            .hint("use letters, digits, `-`, `_` and `.` in file names"));
    }
    if !text.contains("additional_files_docker") {
        let message =
            "the Dockerfile template doesn't use `${additional_files_docker}`, which copies the script";
        return Err(Diagnostic::error("template", message).hint("add it in a line of its own"));
    }
    let values = BTreeMap::from([
        ("base_image", context.base_image.clone()),
        ("requirements_docker", requirement_lines(&context)),
        ("additional_files_docker", copy_lines(&context)),
        ("target_code", entry),
        ("target_dir", operator.settings.folder.clone()),
        ("working_dir", format!("{}/", context.working_dir)),
        ("command", operator.runtime().interpreter.to_owned()),
    ]);
    template::substitute(text, &values).map_err(|problem| {
        let known: Vec<_> = values.keys().map(|name| format!("`${{{name}}}`")).collect();
        let hint = format!("known are {}; write `$$` for a dollar sign", known.join(", "));
        Diagnostic::error("template", format!("the Dockerfile template {problem}")).hint(hint)
    })
}

fn requirement_lines(context: &Context) -> String {
    let copy = context.requirement_files.then(|| format!("COPY {REQUIREMENTS}/ {}/", context.working_dir));
    let commands = context.system.iter().chain(std::iter::once(&context.setup));
    let run = commands.map(|commands| format!("RUN {}", template::shell(commands)));
    copy.into_iter().chain(run).collect::<Vec<_>>().join("\n")
}

fn copy_lines(context: &Context) -> String {
    let folders = context.files.then_some(FILES).into_iter().chain([OPERATOR]);
    let lines = folders.map(|folder| format!("COPY --chown=1001:0 {folder}/ {}/", context.working_dir));
    lines.collect::<Vec<_>>().join("\n")
}
