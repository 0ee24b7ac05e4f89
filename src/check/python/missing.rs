//! Modules that are imported but not installed.

use std::collections::BTreeSet;

use super::imports::Import;
use super::scene::Scene;
use crate::diagnostic::Diagnostic;
use crate::installers::distributions::{self, Provider};
use crate::installers::pip::normalized;

/// Modules that Python images have, or may have, by default.
const IN_IMAGES: &[&str] = &["pip", "setuptools", "pkg_resources", "wheel"];

/// The origin of an imported module.
enum Origin {
    /// It is available, or may be.
    There,
    /// Python itself, up to a version.
    Gone(&'static str),
    /// A distribution that may come with another installed one.
    Perhaps(&'static Provider),
    /// A known distribution that isn't installed.
    Missing(&'static Provider),
    /// An unknown distribution, perhaps this installed one.
    Unexplained(String),
    /// Unknown.
    Unknown,
}

/// Reports modules that are imported but not installed, each once.
pub(super) fn check(imports: &[Import], scene: &Scene, seen: &mut BTreeSet<String>) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for (import, origin) in origins(imports, scene) {
        if seen.insert(subject(import, &origin)) {
            let found = diagnostic(import, &origin);
            diagnostics.extend(found.map(|found| found.at(import.span.clone())));
        }
    }
    diagnostics
}

/// The missing distributions, if certain.
pub(super) fn sure(imports: &[Import], scene: &Scene) -> Vec<&'static str> {
    let mut seen = BTreeSet::new();
    let missing = origins(imports, scene).filter_map(|(_, origin)| match origin {
        Origin::Missing(provider) => provider.sure(),
        _ => None,
    });
    missing.filter(|name| seen.insert(*name)).collect()
}

/// The missing modules, as far as known, each once.
pub(super) fn modules(imports: &[Import], scene: &Scene) -> BTreeSet<String> {
    let missing = origins(imports, scene);
    let missing = missing.filter(|(_, origin)| matches!(origin, Origin::Missing(_) | Origin::Unknown));
    missing.map(|(import, _)| import.module().to_owned()).collect()
}

/// The required imports, with their origins.
fn origins<'a>(imports: &'a [Import], scene: &Scene) -> impl Iterator<Item = (&'a Import, Origin)> {
    let needed = imports.iter().filter(|import| !import.optional);
    needed.map(|import| (import, origin(import, imports, scene)))
}

/// What is reported once: a distribution, or the first part of an unknown module's path.
fn subject(import: &Import, origin: &Origin) -> String {
    match origin {
        Origin::Missing(provider) | Origin::Perhaps(provider) => {
            provider.sure().unwrap_or(provider.module).to_owned()
        }
        _ => import.module().to_owned(),
    }
}

fn origin(import: &Import, imports: &[Import], scene: &Scene) -> Origin {
    let module = import.module();
    if scene.surroundings.has_module(module) {
        return Origin::There;
    }
    if distributions::is_standard(module) {
        let python = scene.surroundings.python.as_deref();
        let last = distributions::last_version(module).filter(|last| is_gone(last, python));
        return last.map_or(Origin::There, Origin::Gone);
    }
    if IN_IMAGES.contains(&module) || is_named(&import.path, scene) || scene.fetches(module) {
        return Origin::There;
    }
    match distributions::provider(&import.path) {
        Some(provider) => of_provider(provider, scene),
        None if scene.installed.opaque || scene.extends_path => Origin::There,
        None => unexplained(imports, scene).map_or(Origin::Unknown, Origin::Unexplained),
    }
}

/// Whether an image with this version of Python lacks a module whose last version was another.
fn is_gone(last: &str, python: Option<&str>) -> bool {
    python.is_some_and(|python| minor(python) > minor(last))
}

/// The minor number of a version.
fn minor(version: &str) -> Option<u32> {
    version.split('.').nth(1)?.parse().ok()
}

/// Whether an installed distribution is named like the module or part of its path: `google-cloud-storage`.
fn is_named(path: &str, scene: &Scene) -> bool {
    let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
    ends.map(|end| normalized(&path[..end])).any(|name| scene.installed.names.contains(&name))
}

fn of_provider(provider: &'static Provider, scene: &Scene) -> Origin {
    let installed = distributions::with_companions(&scene.installed.names);
    if provider.all().any(|name| installed.contains(&normalized(name))) {
        Origin::There
    } else if scene.is_open() && provider.all().any(distributions::is_companion) {
        Origin::Perhaps(provider)
    } else {
        Origin::Missing(provider)
    }
}

/// An installed distribution without a known import.
fn unexplained(imports: &[Import], scene: &Scene) -> Option<String> {
    let is_explained = |name: &&String| {
        !distributions::modules(name).is_empty()
            || distributions::is_silent(name)
            || imports.iter().any(|import| normalized(import.module()) == normalized(name))
    };
    scene.installed.own.iter().find(|name| !is_explained(name)).cloned()
}

fn diagnostic(import: &Import, origin: &Origin) -> Option<Diagnostic> {
    let module = import.module();
    match origin {
        Origin::There => None,
        Origin::Gone(last) => Some(gone(module, last)),
        Origin::Perhaps(provider) => Some(perhaps(provider)),
        Origin::Missing(provider) => Some(missing(provider)),
        Origin::Unexplained(name) => {
            let message = format!("`{module}` is imported; whether `{name}` has it can't be told");
            let hint = "install the package that has it with `# pip install …`, unless that one does";
            Some(Diagnostic::note("missing-package", message).hint(hint))
        }
        Origin::Unknown => {
            let message = format!("`{module}` is imported, but nowhere installed");
            let hint = "install the package that has it with `# pip install …`, unless it is in the base image or an additional file";
            Some(Diagnostic::warning("missing-package", message).hint(hint))
        }
    }
}

fn gone(module: &str, last: &str) -> Diagnostic {
    let instead = match module {
        "distutils" => "`# pip install setuptools` brings a stand-in",
        "imp" => "`importlib` takes its place",
        "asyncore" | "asynchat" | "smtpd" => "`asyncio` takes its place",
        _ => "use another",
    };
    let message = format!("`{module}` is not part of Python since 3.{}", minor(last).unwrap_or_default() + 1);
    Diagnostic::warning("removed-module", message)
        .hint(format!("{instead}; or take an older image with `--image-version python{last}`"))
}

/// Whether a distribution's name differs from its module's.
fn is_called_otherwise(provider: &Provider, name: &str) -> bool {
    normalized(name) != normalized(provider.module)
}

fn perhaps(provider: &Provider) -> Diagnostic {
    let (module, name) = (provider.module, provider.meant.first().copied().unwrap_or(provider.module));
    let what = if is_called_otherwise(provider, name) { format!("`{name}`") } else { "it".to_owned() };
    let message = format!("`{module}` is imported, but no line of the source installs {what}");
    Diagnostic::note("missing-package", message).hint(format!(
        "write `# pip install {name}`, unless it comes with another package or is in the base image"
    ))
}

fn missing(provider: &Provider) -> Diagnostic {
    let other = provider.sure().filter(|name| is_called_otherwise(provider, name));
    let what = other.map(|name| format!("`{name}` is ")).unwrap_or_default();
    let message = format!("`{}` is imported, but {what}nowhere installed", provider.module);
    Diagnostic::warning("missing-package", message).hint(remedy(provider))
}

fn remedy(provider: &Provider) -> String {
    match provider.meant {
        [name] => format!("write `# pip install {name}`, unless the base image has it"),
        names => {
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("install one of {}, unless the base image has it", names.join(", "))
        }
    }
}
