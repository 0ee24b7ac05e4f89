//! Installation: the commands that install a component's requirements in its image.

use std::path::Path;

use super::Operator;
use super::template::r_quoted;
use crate::component::{Component, Installer, Requirement};
use crate::installers::pip;

/// The commands that install packages of the component's language, in the order of the source.
pub(crate) fn commands(operator: &Operator) -> Vec<Vec<String>> {
    commands_with(operator, |_| None)
}

/// The same, with replacements for some of pip's arguments.
pub(crate) fn commands_with(
    operator: &Operator,
    instead: impl Fn(&[String]) -> Option<Vec<String>>,
) -> Vec<Vec<String>> {
    let others = conda_commands(operator).into_iter().chain(pip_commands(operator, &instead));
    others.chain(r_commands(&operator.component.requirements)).collect()
}

/// One `conda` command for each of the source, without prompts; pip's packages come after.
pub(crate) fn conda_commands(operator: &Operator) -> Vec<Vec<String>> {
    let command = |requirement: &Requirement| {
        let Requirement::Conda { words, .. } = requirement else { return None };
        let words = conda_words_in(words, operator, operator.working_dir());
        let asks = words.first().is_some_and(|word| word == "install")
            && !words.iter().any(|word| word == "-y" || word == "--yes");
        let (first, rest) = words.split_at(1);
        let yes = asks.then(|| "-y".to_owned());
        let command = std::iter::once("conda".to_owned()).chain(first.iter().cloned());
        Some(command.chain(yes).chain(rest.iter().cloned()).collect())
    };
    operator.component.requirements.iter().filter_map(command).collect()
}

/// The commands of system package managers, adapted to an image.
pub(crate) fn system_commands(component: &Component) -> Vec<Vec<Vec<String>>> {
    let commands = component.requirements.iter().filter_map(|requirement| match requirement {
        Requirement::System { words, .. } => Some(system_command(words)),
        _ => None,
    });
    commands.collect()
}

/// `dnf install git` → `dnf install -y git` and a clean-up; the same for `apt`, after updating its lists.
pub(crate) fn system_command(words: &[String]) -> Vec<Vec<String>> {
    let (manager, rest) = words.split_first().map_or(("", words), |(first, rest)| (first.as_str(), rest));
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    if manager == "apk" {
        let cache = (!rest.iter().any(|word| word == "--no-cache")).then(|| "--no-cache".to_owned());
        return vec![std::iter::once(manager.to_owned()).chain(cache).chain(rest.iter().cloned()).collect()];
    }
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

/// A command that never prompts.
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

/// One `pip install` for each command of the source.
pub(crate) fn pip_commands(
    operator: &Operator,
    instead: &impl Fn(&[String]) -> Option<Vec<String>>,
) -> Vec<Vec<String>> {
    let arguments = pip_arguments(operator, operator.working_dir()).into_iter();
    arguments.map(|words| instead(&words).unwrap_or_else(|| pip_command(words))).collect()
}

/// The arguments of `pip install` for each command of the source, in one for all entries of the PEP 723 block; files
/// are named below a folder, or without one if it is empty.
pub(crate) fn pip_arguments(operator: &Operator, folder: &str) -> Vec<Vec<String>> {
    let mut commands: Vec<Vec<String>> = Vec::new();
    let mut previous_is_metadata = false;
    for requirement in &operator.component.requirements {
        let Requirement::Pip { words, metadata, .. } = requirement else { continue };
        let words = pip_words_in(words, operator, folder);
        match commands.last_mut() {
            Some(command) if *metadata && previous_is_metadata => command.extend(words),
            _ => commands.push(words),
        }
        previous_is_metadata = *metadata;
    }
    commands
}

pub(crate) fn pip_command(words: Vec<String>) -> Vec<String> {
    const FORCE: &str = "--break-system-packages";
    // Older versions of pip know the variable only, which they ignore.
    let force = words.iter().any(|word| word == FORCE).then_some(["env", "PIP_BREAK_SYSTEM_PACKAGES=1"]);
    let cache = (!words.iter().any(|word| word == "--no-cache-dir")).then_some("--no-cache-dir");
    let install = force.into_iter().flatten().chain(["python", "-m", "pip", "install"]).chain(cache);
    let words = words.into_iter().filter(|word| word != FORCE);
    install.map(ToOwned::to_owned).chain(words).collect()
}

/// The arguments of pip, with the paths of files below a folder.
fn pip_words_in(words: &[String], operator: &Operator, folder: &str) -> Vec<String> {
    let arguments = pip::parse(words).unwrap_or_default().into_iter();
    let placed = |argument: pip::Argument| {
        let path = argument.place().and_then(|place| in_folder(place, operator, folder));
        path.map_or_else(|| argument.words.clone(), |path| argument.placed(&path))
    };
    arguments.flat_map(placed).collect()
}

/// The arguments of conda, with the paths of files below a folder.
fn conda_words_in(words: &[String], operator: &Operator, folder: &str) -> Vec<String> {
    let path = |named: &str| in_folder(named, operator, folder);
    let word = |word: &String| match word.split_once('=') {
        Some(("--file", named)) => path(named).map(|path| format!("--file={path}")),
        _ => path(word),
    };
    words.iter().map(|original| word(original).unwrap_or_else(|| original.clone())).collect()
}

/// The path of a file named by the source, below a folder of the image.
fn in_folder(named: &str, operator: &Operator, folder: &str) -> Option<String> {
    let file = operator.settings.requirement_files.iter().find(|file| file.named == named)?;
    Some(Path::new(folder).join(&file.path).to_string_lossy().into_owned())
}

/// One call of R for consecutive packages from the same repositories.
pub(crate) fn r_commands(requirements: &[Requirement]) -> Vec<Vec<String>> {
    let mut groups: Vec<(Installer, &[String], Vec<&str>)> = Vec::new();
    for requirement in requirements {
        let Requirement::R { text, installer, repos } = requirement else { continue };
        match groups.last_mut() {
            Some((last, same, packages)) if last == installer && same == repos => packages.push(text),
            _ => groups.push((*installer, repos, vec![text])),
        }
    }
    groups.into_iter().map(|(installer, repos, packages)| r_command(installer, repos, &packages)).collect()
}

fn r_command(installer: Installer, repos: &[String], packages: &[&str]) -> Vec<String> {
    let packages = r_vector(packages);
    let lines = [r_repos(repos), r_helper(installer).unwrap_or_default(), r_call(installer, &packages)];
    let lines = lines.into_iter().filter(|line| !line.is_empty());
    std::iter::once("Rscript".to_owned()).chain(lines.flat_map(|line| ["-e".to_owned(), line])).collect()
}

/// The repositories of the source, those of the image, or CRAN.
fn r_repos(repos: &[String]) -> String {
    if repos.is_empty() {
        let cran = r_quoted("https://cloud.r-project.org");
        return format!("if (\"@CRAN@\" %in% getOption(\"repos\")) options(repos = {cran})");
    }
    format!("options(repos = {})", r_vector(&repos.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// The package that an installer needs.
fn r_helper(installer: Installer) -> Option<String> {
    let package = match installer {
        Installer::InstallPackages => return None,
        Installer::InstallGithub => "remotes",
        Installer::BiocManager => "BiocManager",
        Installer::Pak => "pak",
    };
    Some(format!("if (!requireNamespace(\"{package}\", quietly = TRUE)) install.packages(\"{package}\")"))
}

/// The installation itself. R only warns when it fails, so packages missing afterwards end the build by name.
fn r_call(installer: Installer, packages: &str) -> String {
    let call = match installer {
        Installer::InstallPackages => {
            "install.packages(x, repos = if (!any(grepl(\"/\", x))) getOption(\"repos\"), Ncpus = if (nzchar(Sys.which(\"make\"))) parallel::detectCores() else 1L)"
        }
        Installer::InstallGithub => {
            return format!("remotes::install_github({packages}, upgrade = \"never\")");
        }
        Installer::BiocManager => "BiocManager::install(x, ask = FALSE, update = FALSE)",
        Installer::Pak => return format!("pak::pkg_install({packages}, ask = FALSE)"),
    };
    format!("x <- {packages}; {call}; {R_CHECK}")
}

/// Fails with the names of packages in `x` (or paths and addresses) that aren't installed.
const R_CHECK: &str = "missing <- x[!sub(\"[@_].*\", \"\", basename(x)) %in% rownames(installed.packages())]; if (length(missing)) stop(\"cannot install \", toString(missing))";

/// `c("a", "b")`, or `"a"` alone.
fn r_vector(texts: &[&str]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| r_quoted(text)).collect();
    if let [text] = texts.as_slice() { text.clone() } else { format!("c({})", texts.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_installed_together() {
        let package =
            |text: &str, installer| Requirement::R { text: text.to_owned(), installer, repos: vec![] };
        let requirements = [
            package("a", Installer::InstallPackages),
            package("b", Installer::InstallPackages),
            package("o/r", Installer::InstallGithub),
        ];
        let commands = r_commands(&requirements);
        assert_eq!(commands.len(), 2);
        assert!(
            commands[0]
                .last()
                .is_some_and(|call| call.starts_with("x <- c(\"a\", \"b\"); install.packages(x"))
        );
        assert!(commands[1].last().is_some_and(|call| call.starts_with("remotes::install_github(\"o/r\"")));
    }
}
