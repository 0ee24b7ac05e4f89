//! Places: where in the file system an expression leads, as far as the source says.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::visitor::{Visitor, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, ExprFString, Operator, Parameters, Stmt};

use crate::frontend::place::Place;
use crate::frontend::python::semantic::Model;
use crate::frontend::python::walk_if;

/// Functions that make a path of their first argument, and functions that list paths below it.
const PATHS: &[&str] = &[
    "builtins.str",
    "builtins.sorted",
    "glob.glob",
    "glob.iglob",
    "os.fspath",
    "os.path.abspath",
    "os.path.dirname",
    "os.path.expanduser",
    "os.path.join",
    "os.path.normpath",
    "os.path.realpath",
    "os.walk",
    "pathlib.Path",
    "pathlib.PosixPath",
];

/// Methods that derive a path from another.
const METHODS: &[&str] = &[
    "absolute",
    "expanduser",
    "glob",
    "iterdir",
    "joinpath",
    "resolve",
    "rglob",
    "rstrip",
    "strip",
    "with_name",
    "with_suffix",
];

/// Functions that read a variable of the environment.
const READS: &[&str] = &["os.getenv", "os.environ.get"];

/// The places of a script's names.
pub(super) struct Places<'m> {
    model: &'m Model<'m>,
    /// The relevant inputs.
    inputs: &'m BTreeSet<String>,
    /// Names of the script; those with several places have none.
    names: BTreeMap<&'m str, Option<Place>>,
    /// The texts of outputs.
    pub(super) delivered: BTreeSet<String>,
}

impl<'m> Places<'m> {
    /// The places of a script's names.
    pub(super) fn of(body: &'m [Stmt], model: &'m Model<'m>, inputs: &'m BTreeSet<String>) -> Self {
        let mut places = Self { model, inputs, names: BTreeMap::new(), delivered: BTreeSet::new() };
        places.visit_body(body);
        places
    }

    /// The place of an expression.
    pub(super) fn find(&self, expression: &Expr) -> Option<Place> {
        if let Some(text) = self.model.text(expression) {
            return Some(Place::Text(text));
        }
        match expression {
            Expr::Name(name) => match self.names.get(name.id.as_str()) {
                Some(place) => place.clone(),
                None => self.input(&name.id),
            },
            Expr::Attribute(attribute) if attribute.attr.as_str() == "parent" => self.find(&attribute.value),
            // `arguments.dataset_path`
            Expr::Attribute(attribute) => self.input(&attribute.attr),
            Expr::Subscript(subscript) if self.model.may_be(&subscript.value, "os.environ") => {
                self.input(&self.model.text(&subscript.slice)?)
            }
            Expr::BinOp(sum) if matches!(sum.op, Operator::Add | Operator::Div) => self.find(&sum.left),
            Expr::FString(text) => self.start(text),
            Expr::Call(call) => self.called(call),
            _ => None,
        }
    }

    fn called(&self, call: &ExprCall) -> Option<Place> {
        let paths = self.model.qualified(&call.func);
        let first = call.arguments.args.first();
        let is_one_of = |known: &[&str]| paths.iter().any(|path| known.contains(&path.as_str()));
        if is_one_of(READS) {
            return self.input(&self.model.text(first?)?);
        }
        if is_one_of(PATHS) {
            return self.find(first?);
        }
        let method = call.func.as_attribute_expr()?;
        METHODS.contains(&method.attr.as_str()).then(|| self.find(&method.value))?
    }

    /// The place at the start of an f-string.
    fn start(&self, text: &ExprFString) -> Option<Place> {
        let first = text.value.elements().next()?;
        if let Some(literal) = first.as_literal() {
            return Some(Place::Text(literal.value.to_string()));
        }
        self.find(&first.as_interpolation()?.expression)
    }

    fn input(&self, name: &str) -> Option<Place> {
        self.inputs.get(name).map(|name| Place::Input(name.clone()))
    }

    /// Binds a name to a place, unless it has another already.
    fn name(&mut self, target: &'m Expr, place: Option<Place>) {
        match target {
            Expr::Name(name) => {
                let known = self.names.entry(name.id.as_str()).or_insert_with(|| place.clone());
                if *known != place {
                    *known = None;
                }
            }
            // `for folder, folders, files in os.walk(…)`
            Expr::Tuple(tuple) => {
                let mut place = place;
                for element in &tuple.elts {
                    self.name(element, place.take());
                }
            }
            _ => {}
        }
    }

    fn parameters(&mut self, parameters: &'m Parameters) {
        for parameter in parameters {
            let name = parameter.name().as_str();
            if !self.inputs.contains(name) {
                self.names.insert(name, None);
            }
        }
    }

    /// Records the text of an output.
    fn deliver(&mut self, target: &Expr, place: Option<&Place>) {
        let Expr::Subscript(subscript) = target else { return };
        if let Some(Place::Text(text)) = place
            && self.model.may_be(&subscript.value, "os.environ")
        {
            self.delivered.insert(text.clone());
        }
    }
}

impl<'m> Visitor<'m> for Places<'m> {
    fn visit_stmt(&mut self, statement: &'m Stmt) {
        match statement {
            Stmt::Assign(assign) => {
                let place = self.find(&assign.value);
                for target in &assign.targets {
                    self.deliver(target, place.as_ref());
                    self.name(target, place.clone());
                }
            }
            Stmt::AnnAssign(assign) => {
                let place = assign.value.as_ref().and_then(|value| self.find(value));
                self.name(&assign.target, place);
            }
            Stmt::For(repeat) => {
                let place = self.find(&repeat.iter);
                self.name(&repeat.target, place);
            }
            Stmt::FunctionDef(function) => self.parameters(&function.parameters),
            _ => {}
        }
        match statement {
            Stmt::If(condition) => walk_if(self, condition),
            _ => walk_stmt(self, statement),
        }
    }
}
