//! Slurm: a batch script that runs the image on a node, and a grid as an array of tasks.

use serde::Serialize;

use super::crossing::no_place;
use super::parameter::{Parameter, one_line, outcomes, parameters};
use super::{Operator, template, values};
use crate::artifact::Artifact;
use crate::component::{Component, Type};
use crate::diagnostic::Diagnostic;
use crate::job::SecretKey;
use crate::job::slurm::Container;

mod container;
mod deliveries;
mod directives;

pub use deliveries::Deliveries;
use directives::directives;

#[derive(Serialize)]
struct Context {
    c3: String,
    source: String,
    name: String,
    stem: String,
    description: String,
    directives: Vec<String>,
    setup: Vec<String>,
    runtime: Container,
    image: String,
    /// The image in a registry or an engine.
    origin: String,
    /// The command that starts a container, without the image; empty without a container.
    container: Vec<String>,
    /// Paths of mounts, on the node and in the container.
    mounts: Vec<[String; 2]>,
    /// The command that starts the operator in it.
    command: Vec<String>,
    /// Variables of the operator that aren't inputs.
    environment: Vec<String>,
    /// Folder of the secrets, and whether it is below the user's home.
    secrets_folder: String,
    is_at_home: bool,
    is_indexed: bool,
    variables: Vec<Variable>,
    secrets: Vec<Secret>,
    /// Inputs that are paths.
    paths: Vec<String>,
    /// Inputs that take the next word whatever it looks like, as a shell pattern.
    others: String,
    outputs: Vec<String>,
}

#[derive(Serialize)]
struct Variable {
    id: String,
    /// None if no shell variable can have this name.
    env: Option<String>,
    about: String,
    value: Option<String>,
}

#[derive(Serialize)]
struct Secret {
    env: String,
    file: String,
    about: String,
    is_required: bool,
}

/// Writes `<stem>.sbatch`.
pub(super) fn emit(operator: &Operator) -> Result<Vec<Artifact>, Vec<Diagnostic>> {
    let Operator { component, settings } = operator;
    let runtime = settings.slurm.runtime.unwrap_or_default();
    let parameters = parameters(component, settings.logging);
    values::check(&parameters, &settings.job)?;
    container::refuse(operator, runtime)?;
    let folder = settings.slurm.secrets.as_ref().map_or("~/.c3/secrets", |folder| folder.as_str());
    let open = || parameters.iter().filter(|it| !it.input.secret);
    let ids = |is: fn(&Type) -> bool| {
        open().filter(|it| is(&it.input.kind)).map(|it| it.id.clone()).collect::<Vec<_>>()
    };
    let context = Context {
        c3: operator.stamp().to_string(),
        source: component.source.clone(),
        name: component.name.clone(),
        stem: settings.stem.clone(),
        description: one_line(&component.description),
        directives: directives(operator),
        setup: settings.slurm.setup.iter().map(ToString::to_string).collect(),
        runtime,
        image: container::image(operator, runtime),
        origin: settings.image.by_one(),
        container: container::container(operator, runtime),
        mounts: container::mounts(operator),
        command: command(operator, runtime),
        environment: environment(operator),
        secrets_folder: folder.strip_prefix("~/").unwrap_or(folder).to_owned(),
        is_at_home: folder.starts_with('~'),
        is_indexed: settings.job.indexed.is_some() && settings.process.is_none(),
        variables: open().map(|parameter| variable(parameter, operator)).collect(),
        secrets: parameters.iter().filter_map(|parameter| secret(parameter, operator)).collect(),
        paths: ids(Type::is_path),
        others: ids(|kind| !kind.is_path() && *kind != Type::Boolean)
            .iter()
            .map(|id| format!("--{id}"))
            .collect::<Vec<_>>()
            .join(" | "),
        outputs: outcomes(component, &parameters).into_iter().map(|outcome| outcome.id).collect(),
    };
    Ok(vec![operator.artifact(".sbatch", &template::render("job.sbatch", &context))])
}

/// Reports what of a job Slurm has no place for, and inputs that can't be shell variables.
pub(super) fn review(operator: &Operator) -> Vec<Diagnostic> {
    let Operator { component, settings } = operator;
    let job = &settings.job;
    let lost = [
        (!job.node_selector.is_empty(), "labels of nodes", "name features with `constraint` in `[slurm]`"),
        (!job.tolerations.is_empty(), "tolerations", "choose a partition in `[slurm]`"),
        (
            job.ca_bundle.is_some(),
            "the config map of certificates",
            "name their file with `mounts` in `[slurm]`",
        ),
    ];
    let lost = lost.into_iter().filter(|(is_there, ..)| *is_there);
    let lost = lost.map(|(_, what, hint)| no_place("slurm", what, hint));
    lost.chain(container::review(operator)).chain(unnamed(component, settings.logging)).collect()
}

/// Reports secrets that no shell can pass on.
fn unnamed(component: &Component, logging: bool) -> Vec<Diagnostic> {
    let parameters = parameters(component, logging);
    let unnamed = parameters.iter().filter(|it| it.input.secret && shell_name(&it.input.name).is_none());
    let tell = |parameter: &Parameter| {
        let name = &parameter.input.name;
        let message =
            format!("the secret `{name}` doesn't cross to `slurm`: a shell has no variable of this name");
        let note = Diagnostic::note("no-crossing", message).hint("rename it to letters, digits and `_`");
        Diagnostic { span: Some(parameter.input.span.clone()), covered: true, ..note }
    };
    unnamed.map(tell).collect()
}

fn command(operator: &Operator, runtime: Container) -> Vec<String> {
    if runtime == Container::None { vec!["python3".to_owned()] } else { operator.command() }
}

fn environment(operator: &Operator) -> Vec<String> {
    let own = operator.settings.job.environment.iter();
    own.map(|pair| format!("{}={}", pair.name, pair.value)).collect()
}

fn variable(parameter: &Parameter, operator: &Operator) -> Variable {
    let input = &parameter.input;
    Variable {
        id: parameter.id.clone(),
        env: shell_name(&input.name),
        about: parameter.about(),
        value: operator.settings.job.value(&input.name).map(ToOwned::to_owned),
    }
}

/// The path of a secret's file: `<secret>/<key>`, as Kubernetes mounts one.
fn secret(parameter: &Parameter, operator: &Operator) -> Option<Secret> {
    let env = shell_name(&parameter.input.name).filter(|_| parameter.input.secret)?;
    let named = operator.settings.job.secret(&env);
    let folder = named.map_or(operator.component.name.as_str(), SecretKey::name);
    let file = format!("{folder}/{}", named.and_then(SecretKey::key).unwrap_or(&env));
    let about = parameter.description().map(|text| format!(": {text}")).unwrap_or_default();
    let is_required = parameter.input.required || named.is_some();
    Some(Secret { env, file, about, is_required })
}

/// Variables that bash sets or reads itself.
const OF_BASH: &[&str] = &[
    "COLUMNS",
    "COPROC",
    "DIRSTACK",
    "ENV",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "EUID",
    "FUNCNAME",
    "GROUPS",
    "HISTCMD",
    "HOSTTYPE",
    "IFS",
    "LINENO",
    "LINES",
    "MACHTYPE",
    "MAPFILE",
    "OLDPWD",
    "OPTARG",
    "OPTERR",
    "OPTIND",
    "OSTYPE",
    "PIPESTATUS",
    "POSIXLY_CORRECT",
    "PPID",
    "PS4",
    "RANDOM",
    "REPLY",
    "SECONDS",
    "SHELLOPTS",
    "SHLVL",
    "SRANDOM",
    "UID",
    "_",
];

/// The shell variable of a name, if it can be one and isn't the shell's, this script's or Slurm's.
fn shell_name(name: &str) -> Option<String> {
    let is_other = OF_BASH.contains(&name) || name.starts_with("BASH") || name.starts_with("SLURM_");
    let is_ours = name.to_ascii_lowercase().starts_with("c3_");
    let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let begins_well = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    (begins_well && is_word && !is_other && !is_ours).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_safe_shell_names_are_accepted() {
        for name in ["rows", "_x", "A1", "path"] {
            assert!(shell_name(name).is_some(), "{name}");
        }
        for name in ["my-var", "1a", "a b", "", "ü", "RANDOM", "BASH_ENV", "c3_image", "C3_IMAGE", "UID", "_"]
        {
            assert_eq!(shell_name(name), None, "{name}");
        }
    }
}
