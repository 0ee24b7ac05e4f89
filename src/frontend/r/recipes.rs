//! Recipes: R functions that install packages, and what they accept.

use super::arguments::Matched;
use super::fold;
use super::names::{Function, Names};
use crate::component::Installer;

/// How an R function installs packages.
pub(super) struct Recipe {
    pub(super) package: &'static str,
    pub(super) function: &'static str,
    /// Its parameters; the first takes the packages.
    pub(super) formals: &'static [&'static str],
    pub(super) installer: Installer,
    /// The prefix of each package for the installer.
    pub(super) prefix: &'static str,
}

pub(super) const fn recipe(
    package: &'static str,
    function: &'static str,
    formals: &'static [&'static str],
    installer: Installer,
) -> Recipe {
    Recipe { package, function, formals, installer, prefix: "" }
}

const GITHUB: &[&str] = &["repo", "ref", "subdir", "..."];

/// Functions that install packages; `devtools` re-exports those of `remotes`.
const RECIPES: &[Recipe] = &[
    recipe(
        "utils",
        "install.packages",
        &["pkgs", "lib", "repos", "contriburl", "method", "available", "destdir", "dependencies", "type"],
        Installer::InstallPackages,
    ),
    recipe("remotes", "install_github", GITHUB, Installer::InstallGithub),
    recipe("pacman", "p_load_gh", GITHUB, Installer::InstallGithub),
    recipe("remotes", "install_cran", &["pkgs", "repos"], Installer::InstallPackages),
    recipe("remotes", "install_version", &["package", "version", "dependencies", "upgrade"], Installer::Pak),
    recipe("remotes", "install_bioc", &["repo"], Installer::BiocManager),
    Recipe { prefix: "gitlab::", ..recipe("remotes", "install_gitlab", &["repo"], Installer::Pak) },
    Recipe { prefix: "git::", ..recipe("remotes", "install_git", &["url"], Installer::Pak) },
    recipe("remotes", "install_url", &["url"], Installer::InstallPackages),
    recipe("BiocManager", "install", &["pkgs", "..."], Installer::BiocManager),
    recipe("pak", "pkg_install", &["pkg", "lib"], Installer::Pak),
    recipe("pak", "pak", &["pkg", "..."], Installer::Pak),
    recipe("BiocInstaller", "biocLite", &["pkgs"], Installer::BiocManager),
    recipe("pacman", "p_install", &["package", "force"], Installer::InstallPackages),
    recipe("renv", "install", &["packages"], Installer::Pak),
];

/// Functions that install missing packages, named bare or as texts, and load all.
const LOADERS: &[(&str, &str)] = &[
    ("easypackages", "packages"),
    ("librarian", "shelf"),
    ("librarian", "stock"),
    ("pacman", "p_load"),
    ("xfun", "pkg_attach2"),
    ("xfun", "pkg_load2"),
];

/// Function names that other packages share: they count only with their package.
const COMMON: &[&str] = &["install", "pak", "packages", "stock"];

/// Functions that install from a file or folder, or from a place that no installer supports.
pub(super) const UNTOLD: &[(&str, &str)] = &[
    ("remotes", "install_bitbucket"),
    ("devtools", "install_bitbucket"),
    ("renv", "restore"),
    ("renv", "init"),
    ("packrat", "restore"),
    ("remotes", "install_local"),
    ("remotes", "install_deps"),
    ("devtools", "install"),
    ("pak", "local_install"),
    ("pak", "local_install_deps"),
    ("groundhog", "groundhog.library"),
];

/// How a function installs packages, if it does. Without a package, only unambiguous names count.
pub(super) fn recipe_of(function: &Function) -> Option<&'static Recipe> {
    RECIPES.iter().find(|recipe| {
        recipe.function == function.name
            && match function.package.as_deref() {
                Some("devtools") => recipe.package == "remotes",
                Some(package) => recipe.package == package,
                None => !COMMON.contains(&recipe.function),
            }
    })
}

/// The package of a function that installs missing packages and loads all.
pub(super) fn loader(function: &Function) -> Option<&'static str> {
    let found = LOADERS.iter().find(|(package, name)| {
        function.name == *name
            && function.package.as_deref().map_or(!COMMON.contains(name), |named| named == *package)
    });
    found.map(|(package, _)| *package)
}

/// A package for the installer, with the reference and folder from other arguments.
pub(super) fn reference(recipe: &Recipe, package: &str, matched: &Matched, names: &Names) -> String {
    let argument = |name: &str| {
        let at = recipe.formals.iter().position(|formal| *formal == name)?;
        fold::text(matched.value(at)?, names)
    };
    let package = format!("{}{package}", recipe.prefix);
    match recipe.function {
        "install_github" | "p_load_gh" => {
            let folder = argument("subdir").map(|folder| format!("/{folder}")).unwrap_or_default();
            let reference = argument("ref")
                .filter(|reference| reference != "HEAD")
                .map(|reference| format!("@{reference}"));
            format!("{package}{folder}{}", reference.unwrap_or_default())
        }
        "install_version" => match argument("version") {
            Some(version) => format!("{package}@{version}"),
            None => package,
        },
        _ => package,
    }
}

/// Whether the installer can install this.
pub(super) fn is_valid(package: &str, installer: Installer) -> bool {
    match installer {
        Installer::InstallPackages => is_package(package) || is_address(package),
        Installer::BiocManager => is_package(package) || is_repository(package),
        Installer::InstallGithub => is_repository(package) || is_address(package),
        Installer::Pak => is_repository(package) || is_reference(package),
    }
}

/// Letters, digits and dots, as the manual of R says.
pub(super) fn is_package(name: &str) -> bool {
    name.len() <= 200
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
}

fn is_word(text: &str) -> bool {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+~:/@#=>*?&%".contains(&byte);
    (1..=500).contains(&text.len()) && text.bytes().all(valid) && !text.starts_with(['-', '/', '.'])
}

/// `owner/repository`, perhaps with a folder, a reference or a pull request.
fn is_repository(text: &str) -> bool {
    let owner = text
        .split_once('/')
        .map(|(owner, rest)| !owner.is_empty() && !rest.is_empty() && !rest.starts_with('/'));
    is_word(text) && owner == Some(true) && !text.contains("://") && !text.contains("..")
}

/// What pak accepts: `readr`, `readr@2.1.0`, `bioc::limma`, `git::https://…`.
fn is_reference(text: &str) -> bool {
    let name = text.rsplit("::").next().unwrap_or(text);
    is_word(text)
        && (is_package(name.split('@').next().unwrap_or(name)) || is_repository(name) || is_address(name))
}

pub(super) fn is_address(text: &str) -> bool {
    let schemes = ["https://", "http://", "ftp://", "file://"];
    is_word(text) && schemes.iter().any(|scheme| text.starts_with(scheme))
}
