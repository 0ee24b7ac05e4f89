//! Images of packages without an operator, as bases for others, following CHAIMELEON's guide.

use serde::Serialize;

use super::Member;
use super::contents::Base;
use super::requirements::FOLDER;
use crate::backend::platforms::chaimeleon::interactive::{Interactive, Interface, Parts};
use crate::backend::platforms::chaimeleon::interpreter;
use crate::backend::template::comment;
use crate::backend::{BuildFile, install, template};
use crate::language::Language;

#[derive(Serialize)]
struct Context<'a> {
    name: &'a str,
    version: &'a str,
    /// Always set: the base's label would be inherited otherwise.
    description: String,
    authorization: bool,
    base_image: String,
    system: Vec<Vec<String>>,
    interactive: Option<Parts>,
    requirement_files: bool,
    pip: Vec<Vec<String>>,
}

/// The Dockerfile of an image based on another, with requirement files by their paths in it.
#[must_use]
pub fn dockerfile(member: &Member, base: &Base, version: &str, requirements: &[String]) -> String {
    let context = Context {
        name: &member.name,
        version,
        description: description(member),
        authorization: member.authorization,
        base_image: base.pulled(),
        system: system(member, &base.reference),
        interactive: interactive(member, &base.root).map(|interactive| interactive.parts()),
        requirement_files: !requirements.is_empty(),
        pip: pip(member, requirements),
    };
    template::render("platforms/chaimeleon-base.Dockerfile", &context)
}

/// The files of its build context besides the Dockerfile.
#[must_use]
pub fn files(member: &Member, root: &str) -> Vec<BuildFile> {
    interactive(member, root).map_or_else(Vec::new, |interactive| interactive.files())
}

/// Whether an interface has this name.
#[must_use]
pub fn is_interface(name: &str) -> bool {
    Interface::named(name).is_some()
}

/// The image's user interface, if people log in to it.
fn interactive<'a>(member: &'a Member, root: &str) -> Option<Interactive<'a>> {
    Some(Interactive {
        interface: Interface::named(member.interface.as_deref()?)?,
        language: Language::Python,
        system_python: !interpreter(Language::Python, root).is_empty(),
        url: member.url.as_deref(),
        application: None,
    })
}

fn description(member: &Member) -> String {
    if member.description.is_empty() { member.name.clone() } else { comment(&member.description) }
}

/// The commands that install system packages, including a bare distribution's interpreter.
fn system(member: &Member, base_image: &str) -> Vec<Vec<String>> {
    let interpreter = interpreter(Language::Python, base_image).iter().map(|package| (*package).to_owned());
    let packages: Vec<String> = interpreter.chain(member.system.iter().cloned()).collect();
    if packages.is_empty() {
        return Vec::new();
    }
    let command = ["apt-get", "install"].map(ToOwned::to_owned).into_iter().chain(packages);
    install::system_command(&command.collect::<Vec<_>>())
}

/// The commands that install packages: those of requirement files, then those of the list, with its own
/// options.
fn pip(member: &Member, requirements: &[String]) -> Vec<Vec<String>> {
    let files = requirements.iter().flat_map(|path| ["-r".to_owned(), path.clone()]).collect();
    let lists = [files, member.pip.clone()].into_iter().filter(|words| !words.is_empty());
    let remove = ["rm", "-rf", FOLDER].map(ToOwned::to_owned).to_vec();
    lists.map(install::pip_command).chain((!requirements.is_empty()).then_some(remove)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The Dockerfile in version 1 on this base and this root.
    fn on(member: &Member, reference: &str, root: &str) -> String {
        let [reference, root] = [reference, root].map(ToOwned::to_owned);
        let base = Base { reference, root, ..Base::default() };
        dockerfile(member, &base, "1", &[])
    }

    #[test]
    fn bare_distributions_get_an_interpreter_with_their_packages() {
        let member = Member { name: "a".to_owned(), system: vec!["curl".to_owned()], ..Member::default() };
        let bare = on(&member, "ubuntu:22.04", "ubuntu:22.04");
        assert!(bare.contains("python3-pip"), "{bare}");
        assert!(bare.contains("--no-install-recommends"), "{bare}");
        let full = on(&member, "quay.io/us/python:3.9", "ubuntu:22.04");
        assert!(!full.contains("python3-pip"), "{full}");
        let none = on(&Member::default(), "quay.io/us/python:3.9", "python:3.12");
        assert!(!none.contains("apt-get") && !none.contains("pip"), "{none}");
    }

    #[test]
    fn interactive_images_start_their_services() {
        let member = Member { interface: Some("jupyter".to_owned()), ..Member::default() };
        let text = on(&member, "a:1", "a:1");
        assert!(text.contains("supervisor") && text.contains("jupyter"), "{text}");
        assert!(text.ends_with("ENTRYPOINT [\"/home/chaimeleon/.init/run.sh\"]\nCMD []\n"), "{text}");
        assert!(files(&member, "a:1").iter().any(|file| file.path == "interactive/init/run.sh"));
        assert!(files(&Member::default(), "a:1").is_empty());
    }

    #[test]
    fn text_cannot_escape_its_quotes() {
        let member = Member {
            description: "x\"\nUSER root".to_owned(),
            pip: vec!["a; rm -rf /".to_owned()],
            ..Member::default()
        };
        let text = on(&member, "a:1", "a:1");
        assert_eq!(text.lines().filter(|line| line.starts_with("USER root")).count(), 1, "{text}");
        assert!(text.contains("'a; rm -rf /'"), "{text}");
    }
}
