//! From uses of environment variables to inputs and outputs: the rules that hold for every language.

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
    /// How the source's own command line takes it, if it isn't a use of the environment at all.
    pub argument: Option<Argument>,
    /// Whether what is false has to be a word, where others take an empty text.
    pub is_word: bool,
}

impl Access {
    /// Takes from it what makes a variable required: the program goes on where this fails.
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
    /// Makes what has no default required: the program gives up without it.
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

/// What is done with a variable.
#[derive(Debug, Clone)]
pub enum Action {
    /// It is read.
    Read {
        /// What is taken when it isn't set.
        fallback: Fallback,
        /// The type that directly wraps the read.
        cast: Option<Type>,
        /// Whether it fails when the variable isn't set.
        is_hard: bool,
        /// Whether the source has set the variable before.
        set: Set,
    },
    /// It is set.
    Write,
    /// It is set for programs that the source starts.
    Hand,
    /// It is set where it wasn't.
    Default(Fallback),
    /// Whether it is set is asked, so the source can do without it.
    Test,
    /// The source gives up because it isn't set.
    Demand {
        /// Whether it is sure to do so with the default that another read has.
        is_final: bool,
    },
    /// It is taken out of the environment.
    Remove,
}

impl Action {
    /// A read of what the source has not set.
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
    /// On some ways only.
    Maybe,
    /// It is.
    Sure,
}

/// What a read yields when the variable isn't set.
#[derive(Debug, Clone, PartialEq)]
pub enum Fallback {
    /// Nothing was said: the variable is required.
    Missing,
    /// Nothing, and the source goes on without it.
    Absent,
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

/// Turns accesses, in the order of evaluation, into an interface; what is doubtful goes to the diagnostics.
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
