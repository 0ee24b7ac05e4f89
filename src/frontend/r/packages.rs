//! Packages that a script uses, compared with those that it installs.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::arguments;
use super::atom::Atom;
use super::fold;
use super::installs::{packages, text_of};
use super::literals;
use super::names::{APPLY, Names};
use super::recipes::is_package;
use super::shapes::Shapes;
use crate::component::{Installer, Requirement};
use crate::diagnostic::Diagnostic;

/// Packages in R itself, and recommended ones, which every distribution has.
const IN_R: &[&str] = &[
    "base",
    "stats",
    "graphics",
    "grDevices",
    "utils",
    "datasets",
    "methods",
    "parallel",
    "tools",
    "compiler",
    "grid",
    "splines",
    "stats4",
    "tcltk",
    "MASS",
    "lattice",
    "Matrix",
    "nlme",
    "survival",
    "boot",
    "class",
    "cluster",
    "codetools",
    "foreign",
    "KernSmooth",
    "mgcv",
    "nnet",
    "rpart",
    "spatial",
];

/// Packages that come with others.
const MEMBERS: &[(&str, &[&str])] = &[
    (
        "tidyverse",
        &[
            "broom",
            "conflicted",
            "cli",
            "dbplyr",
            "dplyr",
            "dtplyr",
            "forcats",
            "ggplot2",
            "googledrive",
            "googlesheets4",
            "haven",
            "hms",
            "httr",
            "jsonlite",
            "lubridate",
            "magrittr",
            "modelr",
            "pillar",
            "purrr",
            "ragg",
            "readr",
            "readxl",
            "reprex",
            "rlang",
            "rstudioapi",
            "rvest",
            "stringr",
            "tibble",
            "tidyr",
            "xml2",
            "scales",
            "glue",
            "vctrs",
            "tidyselect",
            "lifecycle",
            "stringi",
            "withr",
        ],
    ),
    (
        "tidymodels",
        &[
            "broom",
            "cli",
            "conflicted",
            "dials",
            "dplyr",
            "ggplot2",
            "hardhat",
            "infer",
            "modeldata",
            "parsnip",
            "purrr",
            "recipes",
            "rlang",
            "rsample",
            "rstudioapi",
            "tibble",
            "tidyr",
            "tune",
            "workflows",
            "workflowsets",
            "yardstick",
        ],
    ),
    (
        "devtools",
        &["usethis", "remotes", "pkgbuild", "pkgload", "testthat", "roxygen2", "sessioninfo", "cli", "withr"],
    ),
    ("ggplot2", &["scales", "rlang", "glue", "withr", "tibble", "lifecycle"]),
    ("dplyr", &["tibble", "magrittr", "rlang", "glue", "tidyselect", "vctrs", "lifecycle", "pillar"]),
    ("doParallel", &["foreach", "iterators"]),
    ("caret", &["ggplot2", "recipes", "foreach"]),
];

/// Functions that load a package, by the name of their first parameter.
const LOADERS: &[&str] = &["library", "require", "requireNamespace", "loadNamespace", "attachNamespace"];

/// Warns once for each package that is used and not installed.
pub(super) fn missing(mut used: Vec<(String, Node)>, requirements: &[Requirement]) -> Vec<Diagnostic> {
    let installed = installed(requirements);
    let mut seen = BTreeSet::new();
    used.sort_by_key(|(_, node)| node.start_byte());
    let is_missing = |name: &str| !IN_R.contains(&name) && !installed.contains(&name.to_lowercase());
    let used = used.into_iter().filter(|(name, _)| is_missing(name) && seen.insert(name.clone()));
    used.map(|(name, node)| warning(&name, node)).collect()
}

fn warning(name: &str, node: Node) -> Diagnostic {
    let message = format!("the package `{name}` is used, but not installed by the script");
    Diagnostic::warning("missing-package", message).at(node.byte_range()).hint(format!(
        "write `install.packages(\"{name}\")`, unless it is in the base image or comes with another package"
    ))
}

/// The names of installed packages, in lower case as in system packages.
fn installed(requirements: &[Requirement]) -> BTreeSet<String> {
    let mut installed = BTreeSet::new();
    for requirement in requirements {
        match requirement {
            Requirement::R { text, installer, .. } => {
                installed.extend(parts(text));
                installed.extend(helper(*installer).map(str::to_owned));
            }
            Requirement::System { words, .. } => installed.extend(words.iter().filter_map(|word| {
                ["r-cran-", "r-bioc-", "R-CRAN-", "R-"]
                    .iter()
                    .find_map(|prefix| word.strip_prefix(prefix))
                    .map(str::to_lowercase)
            })),
            Requirement::Pip { .. } | Requirement::Conda { .. } => {}
        }
    }
    for (package, members) in MEMBERS {
        if installed.contains(&package.to_lowercase()) {
            installed.extend(members.iter().map(|member| member.to_lowercase()));
        }
    }
    installed
}

/// The package that an installer needs in the image.
fn helper(installer: Installer) -> Option<&'static str> {
    match installer {
        Installer::InstallPackages => None,
        Installer::InstallGithub => Some("remotes"),
        Installer::BiocManager => Some("biocmanager"),
        Installer::Pak => Some("pak"),
    }
}

/// The names that a requirement may provide: `owner/repository/folder@v1`, `https://…/name_1.0.tar.gz`,
/// `bioc::limma`.
fn parts(text: &str) -> Vec<String> {
    let text = text.rsplit("::").next().unwrap_or(text);
    let name = |part: &str| {
        let part = part.split(['@', '#', '_', '?', '*']).next().unwrap_or(part);
        part.trim_end_matches(".git").to_lowercase()
    };
    text.split('/').map(name).filter(|name| is_package(name)).collect()
}

/// Packages with the positions of their uses; installers needn't exist at run time.
pub(super) fn used<'tree>(names: &Names<'tree>, shapes: &Shapes<'tree>) -> Vec<(String, Node<'tree>)> {
    let mut used = Vec::new();
    for call in &shapes.calls {
        let Some(function) = names.function(call.function) else { continue };
        let given = || arguments::of(call.arguments, names.text);
        if LOADERS.iter().any(|loader| function.is_base(loader)) {
            let quoted = function.name.ends_with("Namespace");
            used.extend(loaded(names, given(), quoted).into_iter().map(|name| (name, call.node)));
        } else if APPLY.contains(&function.name.as_str()) {
            let values: Vec<Node> = given().iter().filter_map(|argument| argument.value).collect();
            let loads = |node: &&Node| matches!(text_of(**node, names).as_str(), "library" | "require");
            let vector = values.iter().find(loads).and_then(|_| packages(*values.first()?, names));
            used.extend(vector.into_iter().flatten().map(|name| (name, call.node)));
        }
    }
    let prefixes =
        shapes.packages.iter().filter_map(|node| Some((literals::name(*node, names.text)?, *node)));
    used.extend(prefixes.filter(|(name, _)| !is_installer(name)));
    used.retain(|(name, _)| is_package(name));
    used
}

/// The packages that a call of `library` or the like loads.
fn loaded(names: &Names, given: Vec<arguments::Argument>, quoted: bool) -> Vec<String> {
    let matched = arguments::matched(&["package", "help", "pos", "lib.loc", "character.only"], given);
    let Some(package) = matched.value(0) else { return Vec::new() };
    let evaluated =
        quoted || matched.value(4).and_then(|node| fold::fold(node, names)) == Some(vec![Atom::Bool(true)]);
    if evaluated {
        return packages(package, names).unwrap_or_default();
    }
    literals::name(package, names.text).into_iter().collect()
}

fn is_installer(name: &str) -> bool {
    ["remotes", "devtools", "BiocManager", "pak", "pacman", "renv", "packrat"].contains(&name)
}
