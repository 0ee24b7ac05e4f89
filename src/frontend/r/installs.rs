//! Installations: the packages that a script installs, and their repositories.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::arguments::{self, Matched};
use super::fold;
use super::names::{APPLY, Names, Value};
use super::recipes::{Recipe, UNTOLD, is_address, is_valid, loader, recipe, recipe_of, reference};
use super::shapes::Call;
use super::wrappers::bare;
use crate::component::{Installer, Requirement};
use crate::diagnostic::Diagnostic;
use crate::display;
use crate::frontend::credentials;

/// Deepest expression searched for packages.
const MAX_DEPTH: usize = 20;

/// What a script installs.
#[derive(Debug, Default)]
pub(super) struct Installs {
    pub(super) requirements: Vec<Requirement>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Collects the installations of a script, each package once.
pub(super) fn collect(names: &Names, calls: &[Call]) -> Installs {
    let mut collector =
        Collector { names, repos: Vec::new(), seen: BTreeSet::new(), found: Installs::default() };
    for call in calls {
        collector.call(call);
    }
    collector.found
}

struct Collector<'n, 'tree> {
    names: &'n Names<'tree>,
    /// The repositories of `options(repos = …)`.
    repos: Vec<String>,
    /// Installers with the packages that they have.
    seen: BTreeSet<String>,
    found: Installs,
}

impl<'tree> Collector<'_, 'tree> {
    fn call(&mut self, call: &Call<'tree>) {
        let Some(function) = self.names.function(call.function) else { return };
        if let Some(recipe) = recipe_of(&function) {
            self.install(recipe, call);
        } else if let Some(package) = loader(&function) {
            self.load(package, call);
        } else if UNTOLD
            .iter()
            .any(|(package, name)| function.name == *name && function.package.as_deref() == Some(package))
        {
            self.untold(&text_of(call.function, self.names), call.node);
        } else if function.is_base("options") {
            self.options(call);
        } else if APPLY.contains(&function.name.as_str()) {
            self.apply(call);
        }
    }

    fn install(&mut self, recipe: &Recipe, call: &Call<'tree>) {
        let given = arguments::of(call.arguments, self.names.text);
        let matched = arguments::matched(recipe.formals, given);
        let repos = self.repos(recipe, &matched);
        let Some(packages) = matched.value(0).and_then(|node| packages(node, self.names)) else {
            return self.unclear(matched.value(0).unwrap_or(call.node));
        };
        for package in packages {
            let package = reference(recipe, &package, &matched, self.names);
            self.require(package, recipe, &repos, call.node);
        }
    }

    /// `pacman::p_load(a, "b", char = c("c"))`, `librarian::shelf(a, owner/b)`.
    fn load(&mut self, loader: &str, call: &Call<'tree>) {
        let by_name = recipe("", "", &[], Installer::InstallPackages);
        let by_repository = recipe("", "", &[], Installer::InstallGithub);
        let repos = self.repos.clone();
        self.require(loader.to_owned(), &by_name, &repos, call.node);
        for argument in arguments::of(call.arguments, self.names.text) {
            let (Some(value), Some("char") | None) = (argument.value, argument.name.as_deref()) else {
                continue;
            };
            let is_name = value.kind() == "identifier" || is_division(value, self.names.text);
            let named = (is_name && argument.name.is_none()).then(|| vec![text_of(value, self.names)]);
            let Some(packages) = named.or_else(|| packages(value, self.names)) else {
                self.unclear(value);
                continue;
            };
            for package in packages {
                let package: String =
                    package.chars().filter(|character| !character.is_whitespace()).collect();
                let recipe = if package.contains('/') { &by_repository } else { &by_name };
                self.require(package, recipe, &repos, value);
            }
        }
    }

    /// `lapply(packages, install.packages)`.
    fn apply(&mut self, call: &Call<'tree>) {
        let given = arguments::of(call.arguments, self.names.text);
        let values: Vec<Node> = given.iter().filter_map(|argument| argument.value).collect();
        let recipe_at = |node: &Node<'tree>| {
            let is_name = matches!(node.kind(), "identifier" | "namespace_operator");
            recipe_of(&is_name.then(|| self.names.function(*node)).flatten()?)
        };
        let Some((at, recipe)) =
            values.iter().enumerate().find_map(|(at, node)| Some((at, recipe_at(node)?)))
        else {
            return;
        };
        let Some(vector) = values.iter().enumerate().find(|(other, _)| *other != at).map(|(_, node)| *node)
        else {
            return;
        };
        match packages(vector, self.names) {
            Some(packages) => {
                let repos = self.repos.clone();
                for package in packages {
                    self.require(package, recipe, &repos, call.node);
                }
            }
            None => self.unclear(vector),
        }
    }

    /// `options(repos = …)` applies to every later installation.
    fn options(&mut self, call: &Call<'tree>) {
        let given = arguments::of(call.arguments, self.names.text);
        let repos = given.iter().find(|argument| argument.name.as_deref() == Some("repos"));
        if let Some(repos) = repos.and_then(|argument| fold::texts(argument.value?, self.names)) {
            self.repos = repos.into_iter().filter(|url| is_address(url)).collect();
        }
    }

    /// The repositories that a call names, or else those of the options.
    fn repos(&mut self, recipe: &Recipe, matched: &Matched<'tree>) -> Vec<String> {
        let at = recipe.formals.iter().position(|formal| *formal == "repos");
        let Some(node) = at.and_then(|at| matched.value(at)) else {
            return if recipe.installer == Installer::InstallPackages {
                self.repos.clone()
            } else {
                Vec::new()
            };
        };
        let known = fold::texts(node, self.names);
        if known.is_none() && !text_of(node, self.names).contains("getOption") {
            let message = "the repositories that are used here are known at run time only";
            self.found.diagnostics.push(
                Diagnostic::warning("requirement", message)
                    .at(node.byte_range())
                    .hint("write their addresses as literals; until then those of the base image are used"),
            );
        }
        known.unwrap_or_default().into_iter().filter(|url| is_address(url)).collect()
    }

    fn require(&mut self, package: String, recipe: &Recipe, repos: &[String], at: Node) {
        if !is_valid(&package, recipe.installer) {
            return self.invalid(&package, at);
        }
        let repos = if is_address(&package) { &[] } else { repos };
        if self.seen.insert(format!("{:?} {package}", recipe.installer)) {
            let repos = repos.to_vec();
            let mut found = [Requirement::R { text: package, installer: recipe.installer, repos }];
            let told = credentials::taken_out(&mut found, at.byte_range());
            let is_new = |told: &Diagnostic| !self.found.diagnostics.contains(told);
            self.found.diagnostics.extend(told.filter(is_new));
            self.found.requirements.extend(found);
        }
    }

    fn invalid(&mut self, package: &str, at: Node) {
        let message = format!("`{}` is not a package that can be installed", display::beginning(package, 60));
        self.found.diagnostics.push(Diagnostic::warning("requirement", message).at(at.byte_range()).hint(
            "name a package, an `owner/repository` or an address; the files of the operator aren't there yet when packages are installed",
        ));
    }

    fn unclear(&mut self, at: Node) {
        let message = "the packages that are installed here are known at run time only";
        self.found.diagnostics.push(Diagnostic::warning("requirement", message).at(at.byte_range()).hint(
            "name them in a literal, such as `install.packages(c(\"readr\", \"dplyr\"))`; nothing is installed in a running container",
        ));
    }

    fn untold(&mut self, function: &str, at: Node) {
        let message = format!("what `{function}` installs can't be told from the script");
        self.found.diagnostics.push(Diagnostic::warning("requirement", message).at(at.byte_range()).hint(
            "name the packages, such as `install.packages(c(\"readr\", \"dplyr\"))`; nothing is installed in a running container",
        ));
    }
}

/// Whether an expression is `owner/repository`.
fn is_division(node: Node, text: &str) -> bool {
    let is_slash = |operator: Node| &text[operator.byte_range()] == "/";
    node.kind() == "binary_operator" && node.child_by_field_name("operator").is_some_and(is_slash)
}

pub(super) fn text_of(node: Node, names: &Names) -> String {
    names.text[node.byte_range()].to_owned()
}

/// The packages that an expression names: a constant vector, or a subset of one chosen at run time.
pub(super) fn packages(node: Node, names: &Names) -> Option<Vec<String>> {
    packages_within(node, names, MAX_DEPTH)
}

fn packages_within(node: Node, names: &Names, depth: usize) -> Option<Vec<String>> {
    let depth = depth.checked_sub(1)?;
    let node = bare(node);
    let within = |node| packages_within(node, names, depth);
    if let Some(texts) = fold::texts(node, names) {
        return Some(texts).filter(|texts| !texts.is_empty());
    }
    match node.kind() {
        "identifier" => match names.only_value(&super::literals::name(node, names.text)?)? {
            Value::Expression(value) | Value::Element(value) => within(value),
            Value::Label(_) | Value::Unknown => None,
        },
        "subset" | "subset2" => within(node.child_by_field_name("function")?),
        "call" => selected(node, names, depth),
        _ => None,
    }
}

/// `setdiff(packages, installed)` and other functions whose result is a subset of an argument.
fn selected(node: Node, names: &Names, depth: usize) -> Option<Vec<String>> {
    let function = names.function(node.child_by_field_name("function")?)?;
    let values = arguments::of(node.child_by_field_name("arguments")?, names.text);
    let mut values = values.into_iter().filter_map(|argument| argument.value);
    match function.name.as_str() {
        "setdiff" | "unique" | "sort" | "rev" | "unlist" | "as.character" | "na.omit" | "invisible" => {
            packages_within(values.next()?, names, depth)
        }
        "Filter" => packages_within(values.nth(1)?, names, depth),
        "c" | "list" | "union" => {
            let parts: Option<Vec<_>> = values.map(|value| packages_within(value, names, depth)).collect();
            Some(parts?.concat())
        }
        _ => None,
    }
}
