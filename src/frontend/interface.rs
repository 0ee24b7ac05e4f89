//! From uses of environment variables to inputs and outputs: the rules for every language.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::component::{Argument, Input, Output, Type};
use crate::diagnostic::Diagnostic;
use crate::frontend::directive::Directive;
use crate::identifier;
use crate::source::Source;
use crate::value::Constant;

mod arguments;
mod names;
mod variables;

pub(crate) use names::{is_secret_name, is_system};
use variables::variables;

/// One use of an environment variable.
#[derive(Debug, Clone)]
pub struct Access {
    /// Name of the variable.
    pub name: String,
    /// The kind of use.
    pub action: Action,
    /// Bytes of the source's text where it happens.
    pub span: Range<usize>,
    /// The comment above.
    pub description: Option<String>,
    /// The directives at the end of the line.
    pub directives: Vec<Directive>,
    /// Whether it is certain to run: at the top level, under no condition, before any early exit.
    pub is_certain: bool,
    /// Its option on the source's own command line, if it isn't a use of the environment.
    pub argument: Option<Argument>,
    /// Whether false has to be a word instead of the empty text.
    pub is_word: bool,
}

impl Access {
    /// Stops it from making a variable required: the program survives its failure.
    pub(crate) fn relax(&mut self) {
        self.is_certain = false;
        match &mut self.action {
            Action::Read { fallback, is_hard, .. } => {
                *is_hard = false;
                if *fallback == Fallback::Missing {
                    *fallback = Fallback::Absent;
                }
            }
            Action::Demand { .. } => self.action = Action::Test,
            _ => {}
        }
    }
}

impl Access {
    /// Makes a read without a default required: the program fails without it.
    pub(crate) fn demand(&mut self) {
        let Action::Read { fallback, is_hard, .. } = &mut self.action else { return };
        let is_open = match &*fallback {
            Fallback::Constant(Constant::Text(text)) => text.is_empty(),
            Fallback::Constant(value) => *value == Constant::None,
            fallback => *fallback == Fallback::Absent,
        };
        if is_open {
            (*fallback, *is_hard) = (Fallback::Missing, true);
            // The script says so itself, in its own words.
            self.is_certain = false;
        }
    }
}

/// A use of a variable.
#[derive(Debug, Clone)]
pub enum Action {
    /// It is read.
    Read {
        /// The value used if it isn't set.
        fallback: Fallback,
        /// The type that directly wraps the read.
        cast: Option<Type>,
        /// Whether it fails if the variable isn't set.
        is_hard: bool,
        /// Whether the source has set the variable before.
        set: Set,
    },
    /// It is set.
    Write,
    /// It is set for child processes.
    Hand,
    /// It is set if it wasn't.
    Default(Fallback),
    /// It is tested for being set, so the source can do without it.
    Test,
    /// The source gives up if it isn't set.
    Demand {
        /// Whether it does so even with the default of another read.
        is_final: bool,
    },
    /// It is removed from the environment.
    Remove,
}

impl Action {
    /// A read of a variable that the source hasn't set.
    #[must_use]
    pub fn read(fallback: Fallback, cast: Option<Type>) -> Self {
        Self::Read { fallback, cast, is_hard: false, set: Set::No }
    }
}

/// Whether something is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Set {
    /// It isn't.
    No,
    /// On some paths only.
    Maybe,
    /// It is.
    Sure,
}

/// The value of a read if the variable isn't set.
#[derive(Debug, Clone, PartialEq)]
pub enum Fallback {
    /// None is given: the variable is required.
    Missing,
    /// None, and the source goes on without it.
    Absent,
    /// A known value: `None` makes it optional without a default.
    Constant(Constant),
    /// A value known at run time only: optional, no default.
    Computed,
}

/// Inputs and outputs of a component.
#[derive(Debug, Default)]
pub struct Interface {
    /// Parameters, by first read.
    pub inputs: Vec<Input>,
    /// Results, by first write.
    pub outputs: Vec<Output>,
}

/// Turns accesses, in order of evaluation, into an interface, and reports problems.
pub fn assemble(accesses: Vec<Access>, source: &Source, diagnostics: &mut Vec<Diagnostic>) -> Interface {
    let mut interface = Interface::default();
    for variable in variables(arguments::apart(accesses, diagnostics)) {
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

/// Diagnostics for variables that would share an identifier.
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
