//! The Dockerfile: system packages, then requirements, then files, so that an edit reinstalls nothing.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Operator, install, prelude, recipe, template, variant};
use crate::artifact::Artifact;
use crate::component::Requirement;
use crate::diagnostic::Diagnostic;
use crate::recipe::{FILES, OPERATOR, REQUIREMENTS, Recipe};
use crate::stamp::{self, Stamp};

/// A generated file of the build context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildFile {
    /// Path in the build context.
    pub path: String,
    /// Its content.
    pub content: Vec<u8>,
}

/// The context of Dockerfile templates.
#[derive(Serialize)]
pub(super) struct Context {
    c3: String,
    source: String,
    base_image: String,
    #[serde(flatten)]
    recipe: Recipe,
    system: Vec<Vec<Vec<String>>>,
    requirement_files: bool,
    install: Vec<Vec<String>>,
    writable: [Vec<String>; 3],
    files: bool,
}

/// Writes the Dockerfile; fails if the user's template can't be filled.
pub fn emit(operator: &Operator) -> Result<Artifact, Vec<Diagnostic>> {
    let settings = operator.settings;
    if let Some(dockerfile) = variant::dockerfile(operator) {
        return Ok(dockerfile);
    }
    let text = match &settings.dockerfile_template {
        None => template::render("Dockerfile", &context(operator)),
        Some(text) => from_template(operator, text).map_err(|diagnostic| vec![diagnostic])?,
    };
    Ok(Artifact::new(settings.dockerfile.clone(), stamp::sealed(&text)))
}

/// The generated files of the build context: the entry point, at the path the Dockerfile copies.
#[must_use]
pub fn build_files(operator: &Operator) -> Vec<BuildFile> {
    let entry = prelude::emit(operator);
    let in_root = operator.settings.dockerfile_template.is_some().then(|| entry.name.clone());
    let in_folder = format!("{OPERATOR}/{}{}", operator.settings.folder, entry.name);
    let paths = std::iter::once(in_folder).chain(in_root);
    let entries = paths.map(|path| BuildFile { path, content: entry.content.clone() });
    let own = operator.settings.variant.map(|variant| (variant.files)(operator));
    entries.chain(own.into_iter().flatten()).collect()
}

/// Likely problems of the image.
pub(super) fn review(operator: &Operator) -> Vec<Diagnostic> {
    let template = operator.settings.dockerfile_template.as_deref();
    template.and_then(named_user).into_iter().chain(foreign_manager(operator)).collect()
}

/// A note on a template with a named user: Kubernetes can't tell whether that is root.
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

/// A warning for a package manager that the default base image's distribution doesn't have.
fn foreign_manager(operator: &Operator) -> Option<Diagnostic> {
    let image = &operator.settings.base_image;
    let (foreign, own) = match image {
        image if image.starts_with("registry.access.redhat.com/") => (&["apt", "conda"][..], "dnf"),
        image if image.starts_with("r-base:") || image.starts_with("python:") => {
            (&["dnf", "microdnf", "yum", "conda"][..], "apt")
        }
        _ => return None,
    };
    let mut lines = operator.component.requirements.iter().filter_map(|requirement| match requirement {
        Requirement::System { text, .. } => text.split([' ', '-']).next(),
        Requirement::Conda { .. } => Some("conda"),
        _ => None,
    });
    let manager = lines.find(|manager| foreign.contains(manager))?;
    let message = format!("`# {manager}` lines need another base image than `{image}`");
    let hint = match manager {
        "conda" => {
            "choose one that has conda, such as `condaforge/miniforge3`, with `--base-image`".to_owned()
        }
        _ => format!("write `# {own} install …`, or choose an image with `--base-image`"),
    };
    Some(Diagnostic::warning("package-manager", message).hint(hint))
}

/// What the Dockerfile needs to know of an image.
pub(super) fn context(operator: &Operator) -> Context {
    let Operator { component, settings } = operator;
    Context {
        c3: operator.stamp().to_string(),
        source: component.source.clone(),
        base_image: settings.pulled_image(),
        recipe: recipe::recipe(operator),
        system: install::system_commands(component),
        requirement_files: !settings.requirement_files.is_empty(),
        install: install::commands(operator),
        writable: writable(operator.working_dir()),
        files: !settings.files.is_empty(),
    }
}

/// Makes the working directory writable for any user of group 0, and readable for all others.
fn writable(folder: &str) -> [Vec<String>; 3] {
    [["mkdir", "-p", folder], ["chown", "1001:0", folder], ["chmod", "775", folder]]
        .map(|words| words.map(ToOwned::to_owned).to_vec())
}

/// Fills a template in the original's syntax: `${base_image}` and so on, `$$` for a dollar.
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
        ("working_dir", format!("{}/", context.recipe.working_dir)),
        ("command", operator.runtime().interpreter.to_owned()),
    ]);
    let title = format!("Image of {}", template::comment(&operator.component.source));
    let filled = template::substitute(text, &values);
    filled.map(|text| stamp::recorded(&text, &title, &Stamp { template: true, ..operator.stamp() })).map_err(
        |problem| {
            let known: Vec<_> = values.keys().map(|name| format!("`${{{name}}}`")).collect();
            let hint = format!("known are {}; write `$$` for a dollar sign", known.join(", "));
            Diagnostic::error("template", format!("the Dockerfile template {problem}")).hint(hint)
        },
    )
}

fn requirement_lines(context: &Context) -> String {
    let copy =
        context.requirement_files.then(|| format!("COPY {REQUIREMENTS}/ {}/", context.recipe.working_dir));
    let setup = context.install.iter().chain(&context.writable).cloned().collect();
    let commands = context.system.iter().chain(std::iter::once(&setup));
    let run = commands.map(|commands| format!("RUN {}", template::shell(commands)));
    copy.into_iter().chain(run).collect::<Vec<_>>().join("\n")
}

fn copy_lines(context: &Context) -> String {
    let folders = context.files.then_some(FILES).into_iter().chain([OPERATOR]);
    let lines =
        folders.map(|folder| format!("COPY --chown=1001:0 {folder}/ {}/", context.recipe.working_dir));
    lines.collect::<Vec<_>>().join("\n")
}
