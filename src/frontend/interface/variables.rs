//! Variables: all accesses to each, and the input or output that follows from them.

use std::collections::BTreeMap;
use std::ops::Range;

use super::names::{is_library, is_platform, is_secret_key, is_secret_name, is_system};
use super::{Access, Action, Fallback, Interface, Set};
use crate::component::{Input, Output, Type, Via};
use crate::diagnostic::Diagnostic;
use crate::frontend::credentials;
use crate::frontend::directive::Directive;
use crate::identifier;
use crate::source::Source;
use crate::userinfo::has_userinfo;
use crate::value::{self, Constant};

/// Longest name of a variable, in bytes.
const MAX_NAME: usize = 255;

/// All accesses to one variable, in order; never empty.
pub(super) struct Variable {
    name: String,
    accesses: Vec<Access>,
}

/// The variables of some accesses, in the order of their first.
pub(super) fn variables(accesses: Vec<Access>) -> Vec<Variable> {
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

/// A read.
struct Read<'a> {
    access: &'a Access,
    fallback: &'a Fallback,
    cast: Option<&'a Type>,
    is_hard: bool,
    set: Set,
}

impl<'a> Read<'a> {
    fn new(access: &'a Access, fallback: &'a Fallback) -> Self {
        Self { access, fallback, cast: None, is_hard: false, set: Set::No }
    }

    fn of_read(access: &'a Access) -> Option<Self> {
        match &access.action {
            Action::Read { fallback, cast, is_hard, set } => {
                Some(Self { access, fallback, cast: cast.as_ref(), is_hard: *is_hard, set: *set })
            }
            _ => None,
        }
    }

    fn of_other(access: &'a Access) -> Option<Self> {
        match &access.action {
            Action::Test => Some(Self::new(access, &Fallback::Absent)),
            Action::Default(fallback) => Some(Self::new(access, fallback)),
            _ => None,
        }
    }

    /// Whether it has no fallback.
    fn is_bare(&self) -> bool {
        *self.fallback == Fallback::Missing && self.set == Set::No
    }

    /// Whether the program certainly fails if the variable isn't set.
    fn is_fatal(&self) -> bool {
        self.is_bare() && self.is_hard && self.access.is_certain
    }

    /// Whether it has a value if the variable isn't set.
    fn gives_something(&self) -> bool {
        match self.fallback {
            Fallback::Constant(Constant::Text(text)) => !text.is_empty(),
            Fallback::Constant(value) => *value != Constant::None,
            fallback => *fallback == Fallback::Computed,
        }
    }

    /// Whether it names a fallback.
    fn is_decisive(&self) -> bool {
        self.set != Set::Sure && matches!(self.fallback, Fallback::Constant(_) | Fallback::Computed)
    }
}

impl Variable {
    pub(super) fn has(&self, directive: &Directive) -> bool {
        self.directives().any(|found| found == directive)
    }

    fn directives(&self) -> impl Iterator<Item = &Directive> {
        self.accesses.iter().flat_map(|access| &access.directives)
    }

    /// The reads; for a variable that is never read, its tests and conditional writes.
    fn reads(&self) -> Vec<Read<'_>> {
        let reads: Vec<_> = self.accesses.iter().filter_map(Read::of_read).collect();
        if !reads.is_empty() {
            return reads;
        }
        self.accesses.iter().filter_map(Read::of_other).collect()
    }

    fn is_done(&self, action: fn(&Action) -> bool) -> bool {
        self.accesses.iter().any(|access| action(&access.action))
    }

    fn first(&self, action: fn(&Action) -> bool) -> Option<&Access> {
        let found = self.accesses.iter().filter(|access| action(&access.action));
        found.min_by_key(|access| access.span.start)
    }

    /// Whether a write comes before any read.
    fn is_set_first(&self) -> bool {
        self.reads().iter().all(|read| read.set == Set::Sure)
    }

    fn span(&self) -> Range<usize> {
        self.accesses.first().map_or(0..0, |access| access.span.clone())
    }

    fn description(&self) -> Option<String> {
        self.accesses.iter().find_map(|access| access.description.clone())
    }

    /// Why the variable can't be part of an interface.
    pub(super) fn refusal(&self) -> Option<Diagnostic> {
        let name = &self.name;
        if name.is_empty() || name.len() > MAX_NAME || name.contains(['=', '\0']) {
            let message = format!("`{}` can't be the name of an environment variable", name.escape_debug());
            return Some(Diagnostic::warning("variable-name", message).at(self.span()));
        }
        if self.directives().any(|directive| *directive != Directive::Ignore) {
            return None;
        }
        if is_system(name) {
            let message = format!("`{name}` belongs to the system and is not part of the interface");
            return Some(Diagnostic::note("system-variable", message).at(self.span()));
        }
        is_platform(name).then(|| {
            let message = format!("`{name}` is set by the platform and is not part of the interface");
            let note = Diagnostic::note("platform-variable", message).at(self.span());
            note.hint("write `# c3: input` at the end of the line to make it an input")
        })
    }

    pub(super) fn assemble(
        &self,
        source: &Source,
        interface: &mut Interface,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let found = interface.inputs.len() + interface.outputs.len();
        let forced = self.directives().find_map(Directive::output);
        let is_asked = self.path_type().is_some() || self.has(&Directive::AsInput);
        let input = if forced.is_some() || (self.is_set_first() && !is_asked) {
            None
        } else {
            self.input(source, diagnostics)
        };
        let secret = self.is_secret_result(input.as_ref());
        let output = self.output(forced, secret, source, diagnostics);
        interface.inputs.extend(input);
        interface.outputs.extend(output);
        if interface.inputs.len() + interface.outputs.len() > found && !identifier::is_plain(&self.name) {
            diagnostics.push(self.folded());
        }
    }

    fn folded(&self) -> Diagnostic {
        let message = format!("`{}` is not an identifier", self.name.escape_debug());
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

    /// Whether the written value is a secret.
    fn is_secret_result(&self, input: Option<&Input>) -> bool {
        let is_key = is_secret_key(&self.name) && !self.has(&Directive::NotSecret);
        is_key || input.map_or_else(|| self.is_secret(&Type::String), |input| input.secret)
    }

    fn input(&self, source: &Source, diagnostics: &mut Vec<Diagnostic>) -> Option<Input> {
        let before = diagnostics.len();
        let input = self.read_input(source, diagnostics);
        // A URL that is put together of pieces is nowhere seen to be one.
        for read in self.reads().iter().filter(|read| holds_credentials(read)) {
            let is_seen = has_userinfo(&source.text()[read.access.span.clone()]);
            let about = |found: &&mut Diagnostic| found.span.as_ref() == Some(&read.access.span);
            diagnostics[before..].iter_mut().filter(about).for_each(|found| found.covered |= !is_seen);
        }
        input
    }

    fn read_input(&self, source: &Source, diagnostics: &mut Vec<Diagnostic>) -> Option<Input> {
        let reads = self.reads();
        let first = reads.iter().min_by_key(|read| read.access.span.start)?;
        let written = self.accesses.iter().filter_map(|access| match &access.action {
            Action::Default(fallback) => Some(Read::new(access, fallback)),
            _ => None,
        });
        let written: Vec<_> = written.collect();
        // What the program sets where it finds nothing comes before `None`.
        let is_given =
            |read: &&Read| read.is_decisive() && *read.fallback != Fallback::Constant(Constant::None);
        let own = reads.iter().find(|read| read.is_decisive());
        let made = written.iter().find(|read| read.is_decisive());
        let decisive = own.filter(is_given).or(made).or(own);
        let kind = self.path_type().or_else(|| self.cast(diagnostics)).unwrap_or(Type::String);
        let is_demanded = self.is_done(|action| matches!(action, Action::Demand { .. }))
            && reads.iter().all(|read| read.set != Set::Maybe);
        let credentials = self.credentials();
        let required = if credentials.is_some() {
            // The source has a value, if one that is in no manifest.
            false
        } else if is_demanded {
            self.is_done(|action| matches!(action, Action::Demand { is_final: true }))
                || !decisive.is_some_and(Read::gives_something)
        } else {
            decisive.is_none() && self.is_missed(&reads)
        };
        let default = decisive.and_then(|read| self.default(read, &kind, required, diagnostics));
        self.check_defaults(&kind, default.as_ref(), !written.is_empty(), diagnostics);
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
                "leave it out and give it when the operator runs, or write `# c3: not-secret` at the end of the line if it isn't one",
            ));
        }
        let argument = first.access.argument.clone();
        let is_certain = |read: &Read| read.access.is_certain && read.set == Set::No;
        Some(Input {
            name: self.name.clone(),
            via: if argument.is_some() { Via::Argument } else { Via::Environment },
            argument,
            word: kind == Type::Boolean && reads.iter().all(|read| read.access.is_word),
            required,
            unconditional: required && reads.iter().any(is_certain),
            default: default.filter(|_| !secret && !required),
            secret,
            kind,
            description: self.description(),
            location: source.locate(first.access.span.start),
            reads: reads.iter().map(|read| source.locate(read.access.span.start)).collect(),
            span: first.access.span.clone(),
        })
    }

    /// Whether the program needs the variable, judged by its reads.
    fn is_missed(&self, reads: &[Read]) -> bool {
        let goes_on = |read: &Read| *read.fallback == Fallback::Absent || read.set == Set::Maybe;
        let is_tested = self.is_done(|action| matches!(action, Action::Test | Action::Default(_)));
        let is_relaxed = is_tested || reads.iter().any(goes_on);
        reads.iter().any(Read::is_fatal) || (!is_relaxed && reads.iter().any(Read::is_bare))
    }

    /// The first read whose default holds credentials in a URL, unless the source marks it as harmless.
    fn credentials(&self) -> Option<Read<'_>> {
        self.reads().into_iter().find(holds_credentials).filter(|_| !self.has(&Directive::NotSecret))
    }

    /// The type of the first cast; a different cast elsewhere is a warning.
    fn cast(&self, diagnostics: &mut Vec<Diagnostic>) -> Option<Type> {
        let first = self.reads().iter().find_map(|read| read.cast.cloned())?;
        let other = self.reads().into_iter().find(|read| read.cast.is_some_and(|cast| *cast != first));
        diagnostics.extend(other.map(|read| {
            let (kind, other) = (first.name(), read.cast.map_or("", Type::name));
            let message =
                format!("`{}` is read as {other} here and as {kind} before; it is {kind}", self.name);
            Diagnostic::warning("type-conflict", message).at(read.access.span.clone())
        }));
        Some(first)
    }

    fn default(
        &self,
        read: &Read,
        kind: &Type,
        required: bool,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<String> {
        let span = read.access.span.clone();
        match read.fallback {
            Fallback::Missing | Fallback::Absent | Fallback::Constant(Constant::None) => None,
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
                    let need = if required { "required" } else { "optional and has none" };
                    diagnostics.push(Diagnostic::warning("default-type", message).at(span).hint(format!(
                        "write a default that is valid for {}; until then the input is {need}",
                        kind.name()
                    )));
                })
                .ok(),
        }
    }

    /// Warns of a read whose default differs from the decided one, which the program may make where there is none.
    fn check_defaults(
        &self,
        kind: &Type,
        decided: Option<&String>,
        is_made: bool,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let differs = |read: &Read| match read.fallback {
            Fallback::Constant(Constant::None) if is_made => false,
            Fallback::Constant(value) => value::default_text(value, kind).ok().as_ref() != decided,
            _ => false,
        };
        let reads = self.reads();
        let Some(read) = reads.iter().find(|read| differs(read)).filter(|_| reads.len() > 1) else { return };
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
        let written = self.first(|action| matches!(action, Action::Write));
        let handed = self.first(|action| matches!(action, Action::Hand));
        let access = written.or(handed).or(forced.and(self.accesses.first()))?;
        if forced.is_none()
            && let Some(note) = self.no_output(secret, written.is_none())
        {
            diagnostics.push(note.at(access.span.clone()));
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

impl Variable {
    /// Why a written variable isn't an output.
    fn no_output(&self, secret: bool, is_handed: bool) -> Option<Diagnostic> {
        let name = &self.name;
        if secret {
            let message = format!("`{name}` looks like a secret and is not an output");
            let note = Diagnostic::note("secret-output", message);
            return Some(note.hint("write `# c3: output` or `# c3: not-secret` at the end of the line"));
        }
        let message = if is_library(name) {
            format!("`{name}` is a setting of a library and no output")
        } else if is_handed {
            format!("`{name}` is set for a program that is started, and is not an output")
        } else {
            return None;
        };
        let note = Diagnostic::note("setting", message);
        Some(note.hint("write `# c3: output` at the end of the line if it is one"))
    }
}

fn holds_credentials(read: &Read) -> bool {
    matches!(read.fallback, Fallback::Constant(value) if has_userinfo(&value.text()))
}
