//! From uses of environment variables to inputs and outputs: the rules that hold for every language.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::component::{Input, Output, Type, Via};
use crate::diagnostic::Diagnostic;
use crate::frontend::credentials;
use crate::frontend::directive::Directive;
use crate::identifier;
use crate::source::Source;
use crate::userinfo::has_userinfo;
use crate::value::{self, Constant};

/// One use of an environment variable.
#[derive(Debug, Clone)]
pub struct Access {
    /// Name of the variable.
    pub name: String,
    /// What is done with it.
    pub action: Action,
    /// Bytes of the source's text where it happens.
    pub span: Range<usize>,
    /// The comment above.
    pub description: Option<String>,
    /// What the comment at the end of the line says.
    pub directives: Vec<Directive>,
    /// Whether it is sure to happen: at the top level, under no condition, before any early exit.
    pub is_certain: bool,
}

/// What is done with a variable.
#[derive(Debug, Clone)]
pub enum Action {
    /// It is read.
    Read {
        /// What is taken when it isn't set.
        fallback: Fallback,
        /// The type that directly wraps the read.
        cast: Option<Type>,
    },
    /// It is set.
    Write,
    /// Whether it is set is asked, so the source can do without it.
    Test,
}

/// What a read yields when the variable isn't set.
#[derive(Debug, Clone, PartialEq)]
pub enum Fallback {
    /// Nothing was said: the variable is required.
    Missing,
    /// A value that is known: `None` makes it optional without a default.
    Constant(Constant),
    /// A value known at run time only: optional, no default.
    Computed,
}

/// The two sides of a component.
#[derive(Debug, Default)]
pub struct Interface {
    /// Parameters, by first read.
    pub inputs: Vec<Input>,
    /// Results, by first write.
    pub outputs: Vec<Output>,
}

/// Names that belong to the system, not to an operator.
const SYSTEM_NAMES: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "SHELL",
    "PWD",
    "LANG",
    "TMPDIR",
    "HOSTNAME",
    "DISPLAY",
    "JAVA_HOME",
    "R_HOME",
    "R_LIBS",
];

/// Prefixes of such names.
const SYSTEM_PREFIXES: &[&str] = &[
    "LC_",
    "LD_",
    "PYTHON",
    "CUDA_",
    "NVIDIA_",
    "NCCL_",
    "OMP_",
    "MKL_",
    "OPENBLAS_",
    "TF_",
    "XLA_",
    "KERAS_",
    "TOKENIZERS_",
    "PYTORCH_",
    "PYSPARK_",
    "KUBERNETES_",
];

/// Words that make a variable a secret.
const SECRET_WORDS: &[&str] = &["password", "passwd", "secret", "token", "credential", "credentials"];

/// Parts of a name that make a variable a secret.
const SECRET_PARTS: &[&str] = &["api_key", "access_key", "private_key", "connection_string"];

/// Longest name of a variable, in bytes.
const MAX_NAME: usize = 255;

/// Turns accesses, in the order of evaluation, into an interface; what is doubtful goes to the diagnostics.
pub fn assemble(accesses: Vec<Access>, source: &Source, diagnostics: &mut Vec<Diagnostic>) -> Interface {
    let mut interface = Interface::default();
    for variable in variables(accesses) {
        if let Some(diagnostic) = variable.refusal() {
            diagnostics.push(diagnostic);
        } else if !variable.has(&Directive::Ignore) {
            variable.assemble(source, &mut interface, diagnostics);
        }
    }
    interface.inputs.sort_by_key(|input| input.span.start);
    interface.outputs.sort_by_key(|output| output.span.start);
    diagnostics.extend(collisions(&interface));
    interface
}

/// Whether a name belongs to the system.
pub(crate) fn is_system(name: &str) -> bool {
    SYSTEM_NAMES.contains(&name) || SYSTEM_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Every access to one variable, in order; never empty.
struct Variable {
    name: String,
    accesses: Vec<Access>,
}

fn variables(accesses: Vec<Access>) -> Vec<Variable> {
    let mut index = BTreeMap::new();
    let mut variables: Vec<Variable> = Vec::new();
    for access in accesses {
        let at = *index.entry(access.name.clone()).or_insert(variables.len());
        match variables.get_mut(at) {
            Some(variable) => variable.accesses.push(access),
            None => variables.push(Variable { name: access.name.clone(), accesses: vec![access] }),
        }
    }
    variables
}

/// A read among the accesses.
struct Read<'a> {
    access: &'a Access,
    fallback: &'a Fallback,
    cast: Option<&'a Type>,
}

impl Read<'_> {
    /// Whether nothing is taken when the variable isn't set.
    fn is_bare(&self) -> bool {
        *self.fallback == Fallback::Missing
    }
}

impl Variable {
    fn has(&self, directive: &Directive) -> bool {
        self.directives().any(|found| found == directive)
    }

    fn directives(&self) -> impl Iterator<Item = &Directive> {
        self.accesses.iter().flat_map(|access| &access.directives)
    }

    fn reads(&self) -> impl Iterator<Item = Read<'_>> {
        self.accesses.iter().filter_map(|access| match &access.action {
            Action::Read { fallback, cast } => Some(Read { access, fallback, cast: cast.as_ref() }),
            _ => None,
        })
    }

    fn first_write(&self) -> Option<&Access> {
        let writes = self.accesses.iter().filter(|access| matches!(access.action, Action::Write));
        writes.min_by_key(|access| access.span.start)
    }

    /// Whether a write comes before any read.
    fn is_set_first(&self) -> bool {
        let used = |access: &&Access| !matches!(access.action, Action::Test);
        self.accesses.iter().find(used).is_some_and(|access| matches!(access.action, Action::Write))
    }

    fn span(&self) -> Range<usize> {
        self.accesses.first().map_or(0..0, |access| access.span.clone())
    }

    fn description(&self) -> Option<String> {
        self.accesses.iter().find_map(|access| access.description.clone())
    }

    /// Why the variable can't be part of an interface.
    fn refusal(&self) -> Option<Diagnostic> {
        let name = &self.name;
        if name.is_empty() || name.len() > MAX_NAME || name.contains(['=', '\0']) {
            let message = format!("`{}` can't be the name of an environment variable", name.escape_debug());
            return Some(Diagnostic::warning("variable-name", message).at(self.span()));
        }
        let system = is_system(name);
        let directed = self.directives().any(|directive| *directive != Directive::Ignore);
        (system && !directed).then(|| {
            let message = format!("`{name}` belongs to the system and is no part of the interface");
            Diagnostic::note("system-variable", message).at(self.span())
        })
    }

    fn assemble(&self, source: &Source, interface: &mut Interface, diagnostics: &mut Vec<Diagnostic>) {
        let found = interface.inputs.len() + interface.outputs.len();
        let forced = self.directives().find_map(Directive::output);
        let input = if forced.is_some() || (self.is_set_first() && self.path_type().is_none()) {
            None
        } else {
            self.input(source, diagnostics)
        };
        let secret = input.as_ref().map_or_else(|| self.is_secret(&Type::String), |input| input.secret);
        let output = self.output(forced, secret, source, diagnostics);
        interface.inputs.extend(input);
        interface.outputs.extend(output);
        if interface.inputs.len() + interface.outputs.len() > found && !identifier::is_plain(&self.name) {
            diagnostics.push(self.folded());
        }
    }

    fn folded(&self) -> Diagnostic {
        let message = format!("`{}` is no identifier", self.name.escape_debug());
        let id = identifier::fold(&self.name);
        Diagnostic::warning("folded-name", message)
            .at(self.span())
            .hint(format!("Kubeflow and CWL call it `{id}`; the environment keeps the name"))
    }

    fn path_type(&self) -> Option<Type> {
        self.directives().find_map(|directive| match directive {
            Directive::Input(kind) => Some(kind.clone()),
            _ => None,
        })
    }

    fn is_secret(&self, kind: &Type) -> bool {
        if self.has(&Directive::Secret) || self.has(&Directive::NotSecret) {
            return !self.has(&Directive::NotSecret);
        }
        *kind == Type::String && is_secret_name(&self.name)
    }

    fn input(&self, source: &Source, diagnostics: &mut Vec<Diagnostic>) -> Option<Input> {
        let before = diagnostics.len();
        let input = self.read_input(source, diagnostics);
        // A URL that is put together of pieces is nowhere seen to be one.
        for read in self.reads().filter(holds_credentials) {
            let is_seen = has_userinfo(&source.text()[read.access.span.clone()]);
            let about = |found: &&mut Diagnostic| found.span.as_ref() == Some(&read.access.span);
            diagnostics[before..].iter_mut().filter(about).for_each(|found| found.covered |= !is_seen);
        }
        input
    }

    fn read_input(&self, source: &Source, diagnostics: &mut Vec<Diagnostic>) -> Option<Input> {
        let first = self.reads().min_by_key(|read| read.access.span.start)?;
        let decisive = self.reads().find(|read| *read.fallback != Fallback::Missing);
        let kind = self.path_type().or_else(|| self.cast(diagnostics)).unwrap_or(Type::String);
        let tested = self.accesses.iter().any(|access| matches!(access.action, Action::Test));
        let default = decisive.as_ref().and_then(|read| self.default(read, &kind, diagnostics));
        self.check_defaults(&kind, default.as_ref(), diagnostics);
        let credentials = self.credentials();
        let secret = self.is_secret(&kind) || credentials.is_some();
        if let Some(read) = credentials {
            diagnostics.push(credentials::in_default(&self.name, read.access.span.clone()));
        } else if secret && default.as_ref().is_some_and(|text| !text.is_empty()) {
            let message = format!(
                "`{}` looks like a secret; its default is in no manifest, but in the source and so in the image",
                self.name
            );
            let warning = Diagnostic::warning("secret-default", message).at(first.access.span.clone());
            diagnostics.push(warning.hint(
                "leave it out and give it when the operator runs, or write `# c3: not-secret` at the end of the line if it is none",
            ));
        }
        Some(Input {
            name: self.name.clone(),
            via: Via::Environment,
            required: decisive.is_none() && !tested,
            unconditional: self.reads().any(|read| read.access.is_certain && read.is_bare()),
            default: default.filter(|_| !secret),
            secret,
            kind,
            description: self.description(),
            location: source.locate(first.access.span.start),
            reads: self.reads().map(|read| source.locate(read.access.span.start)).collect(),
            span: first.access.span.clone(),
        })
    }

    /// The first read whose default holds credentials in a URL, unless the source says that they are none.
    fn credentials(&self) -> Option<Read<'_>> {
        self.reads().find(holds_credentials).filter(|_| !self.has(&Directive::NotSecret))
    }

    /// The type that the first cast names; another cast elsewhere is a warning.
    fn cast(&self, diagnostics: &mut Vec<Diagnostic>) -> Option<Type> {
        let first = self.reads().find_map(|read| read.cast.cloned())?;
        let other = self.reads().find(|read| read.cast.is_some_and(|cast| *cast != first));
        diagnostics.extend(other.map(|read| {
            let (kind, other) = (first.name(), read.cast.map_or("", Type::name));
            let message =
                format!("`{}` is read as {other} here and as {kind} before; it is {kind}", self.name);
            Diagnostic::warning("type-conflict", message).at(read.access.span.clone())
        }));
        Some(first)
    }

    fn default(&self, read: &Read, kind: &Type, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
        let span = read.access.span.clone();
        match read.fallback {
            Fallback::Missing | Fallback::Constant(Constant::None) => None,
            Fallback::Computed => {
                let message = format!("the default of `{}` is known at run time only", self.name);
                diagnostics.push(Diagnostic::note("computed-default", message).at(span).hint(
                    "the input is optional and has no default; the source's own one is taken when nothing is given",
                ));
                None
            }
            Fallback::Constant(value) => value::default_text(value, kind)
                .inspect_err(|problem| {
                    let message = format!("the default of `{}` {problem}", self.name);
                    diagnostics.push(Diagnostic::warning("default-type", message).at(span).hint(format!(
                        "write a default that is valid for {}; until then the input is optional and has none",
                        kind.name()
                    )));
                })
                .ok(),
        }
    }

    /// Warns of a read whose default isn't the one that was decided on.
    fn check_defaults(&self, kind: &Type, decided: Option<&String>, diagnostics: &mut Vec<Diagnostic>) {
        let differs = |read: &Read| match read.fallback {
            Fallback::Constant(value) => value::default_text(value, kind).ok().as_ref() != decided,
            _ => false,
        };
        let Some(read) = self.reads().find(differs).filter(|_| self.reads().count() > 1) else { return };
        let message = format!("`{}` has another default here than at its first read", self.name);
        let hint = match decided {
            Some(default) => format!("the component says `{}`", default.escape_debug()),
            None => "the component says that it is optional".to_owned(),
        };
        diagnostics
            .push(Diagnostic::warning("default-conflict", message).at(read.access.span.clone()).hint(hint));
    }

    fn output(
        &self,
        forced: Option<&Type>,
        secret: bool,
        source: &Source,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Output> {
        let access = self.first_write().or(forced.and(self.accesses.first()))?;
        if secret && forced.is_none() {
            let message = format!("`{}` looks like a secret and is no output", self.name);
            let note = Diagnostic::note("secret-output", message).at(access.span.clone());
            diagnostics.push(note.hint("write `# c3: output` or `# c3: not-secret` at the end of the line"));
            return None;
        }
        Some(Output {
            name: self.name.clone(),
            kind: forced.cloned().unwrap_or(Type::String),
            description: self.description(),
            location: source.locate(access.span.start),
            read: forced.is_some() && !self.is_set_first(),
            span: access.span.clone(),
        })
    }
}

fn holds_credentials(read: &Read) -> bool {
    matches!(read.fallback, Fallback::Constant(value) if has_userinfo(&value.text()))
}

/// Whether a variable of this name is taken for a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let name: String =
        name.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    name.split('_').any(|word| SECRET_WORDS.contains(&word))
        || SECRET_PARTS.iter().any(|part| name.contains(part))
        || name.ends_with("_connection")
}

/// Two variables that would have one identifier.
fn collisions(interface: &Interface) -> Vec<Diagnostic> {
    let inputs = interface.inputs.iter().map(|input| (&input.name, &input.span));
    let outputs = interface.outputs.iter().map(|output| (&output.name, &output.span));
    let mut taken: BTreeMap<String, &String> = BTreeMap::new();
    let mut found = Vec::new();
    for (name, span) in inputs.chain(outputs) {
        let id = identifier::fold(name);
        let other = *taken.entry(id.clone()).or_insert(name);
        if other != name {
            let (name, other) = (name.escape_debug(), other.escape_debug());
            let message = format!("`{name}` and `{other}` would both be called `{id}`");
            found.push(
                Diagnostic::error("name-collision", message).at(span.clone()).hint("rename one of them"),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_by_their_names() {
        for name in [
            "password",
            "DB_PASSWORD",
            "api_token",
            "my_credentials",
            "openai_api_key",
            "aws_access_key_id",
            "cos_connection",
            "x_connection_string",
            "secret",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in
            ["max_tokens", "tokenizer", "key", "connection_timeout", "secretary", "passwords_file", "monkey"]
        {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
