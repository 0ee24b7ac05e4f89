//! Places: the paths of expressions such as `os.path.join(os.path.dirname(__file__), "lib")`, relative to the
//! script's folder.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use ruff_python_ast::{Expr, ExprAttribute, ExprCall, Operator, Stmt};

use super::semantic::Model;

/// Deepest expression that is followed, through names as well.
const DEPTH: usize = 20;

/// Functions that return the path they are given, as far as it matters here.
const SAME: &[&str] = &[
    "os.path.abspath",
    "os.path.realpath",
    "os.path.normpath",
    "os.fspath",
    "builtins.str",
    "os.path.expanduser",
];

/// Functions that join paths.
const JOINING: &[&str] = &["os.path.join", "pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath"];

/// Functions that return the current directory, which is taken to be the script's folder.
const HERE: &[&str] = &["os.getcwd", "pathlib.Path.cwd", "os.curdir"];

/// The names of a module that refer to paths.
pub(super) struct Places<'m> {
    model: &'m Model<'m>,
    assigned: BTreeMap<&'m str, &'m Expr>,
}

impl<'m> Places<'m> {
    /// Collects the names bound once at a module's top level.
    pub(super) fn new(body: &'m [Stmt], model: &'m Model<'m>) -> Self {
        let mut assigned = BTreeMap::new();
        for statement in body {
            if let Stmt::Assign(assign) = statement
                && let [Expr::Name(name)] = assign.targets.as_slice()
            {
                assigned.insert(name.id.as_str(), &*assign.value);
            }
        }
        Self { model, assigned }
    }

    /// The path of an expression, if it can be known.
    pub(super) fn of(&self, expression: &Expr) -> Option<PathBuf> {
        self.within(expression, DEPTH)
    }

    /// The paths in an expression: elements of a list, or of concatenated lists.
    pub(super) fn all(&self, expression: &Expr) -> Vec<String> {
        let each = |elements: &[Expr]| elements.iter().flat_map(|element| self.all(element)).collect();
        match expression {
            Expr::List(list) => each(&list.elts),
            Expr::Tuple(tuple) => each(&tuple.elts),
            Expr::BinOp(joined) if self.of(expression).is_none() => {
                [self.all(&joined.left), self.all(&joined.right)].concat()
            }
            _ => self.of(expression).iter().map(|place| shown(place)).collect(),
        }
    }

    fn within(&self, expression: &Expr, depth: usize) -> Option<PathBuf> {
        let depth = depth.checked_sub(1)?;
        if let Some(text) = self.model.text(expression) {
            return Some(PathBuf::from(text)).filter(|path| path.is_relative());
        }
        match expression {
            Expr::Name(name) if name.id.as_str() == "__file__" => Some(PathBuf::from("__file__")),
            Expr::Name(name) => self.within(self.assigned.get(name.id.as_str())?, depth),
            Expr::Call(call) => self.call(call, depth),
            Expr::Attribute(attribute) => self.attribute(attribute, depth),
            Expr::Subscript(subscript) => self.ancestor(&subscript.value, &subscript.slice, depth),
            Expr::BinOp(operation) => {
                let left = self.within(&operation.left, depth)?;
                match operation.op {
                    Operator::Div => Some(left.join(self.within(&operation.right, depth)?)),
                    Operator::Add => {
                        let right = self.model.text(&operation.right)?;
                        Some(left.join(right.strip_prefix('/')?))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn call(&self, call: &ExprCall, depth: usize) -> Option<PathBuf> {
        let paths = self.model.qualified(&call.func);
        let is_any = |names: &[&str]| paths.iter().any(|path| names.contains(&path.as_str()));
        let first = || self.within(call.arguments.args.first()?, depth);
        let joined = |start: PathBuf, rest: &[Expr]| {
            rest.iter().try_fold(start, |path, part| Some(path.join(self.within(part, depth)?)))
        };
        if is_any(SAME) {
            return first();
        }
        if is_any(&["os.path.dirname"]) {
            return first().map(up);
        }
        if is_any(JOINING) {
            return joined(PathBuf::new(), &call.arguments.args);
        }
        if is_any(HERE) {
            return Some(PathBuf::new());
        }
        let method = call.func.as_attribute_expr()?;
        let owner = || self.within(&method.value, depth);
        match method.attr.as_str() {
            "resolve" | "absolute" | "as_posix" | "expanduser" => owner(),
            "joinpath" => joined(owner()?, &call.arguments.args),
            _ => None,
        }
    }

    fn attribute(&self, attribute: &ExprAttribute, depth: usize) -> Option<PathBuf> {
        let owner = self.within(&attribute.value, depth);
        (attribute.attr.as_str() == "parent").then_some(owner?).map(up)
    }

    /// `path.parents[n]`.
    fn ancestor(&self, value: &Expr, index: &Expr, depth: usize) -> Option<PathBuf> {
        let parents = value.as_attribute_expr().filter(|value| value.attr.as_str() == "parents")?;
        let number = index.as_number_literal_expr()?.value.as_int()?.as_u8()?;
        let path = self.within(&parents.value, depth)?;
        Some((0..=number).fold(path, |path, _| up(path)))
    }
}

/// The parent of a path; above the script's folder it is `..`.
fn up(mut path: PathBuf) -> PathBuf {
    if matches!(path.components().next_back(), Some(Component::Normal(_))) {
        path.pop();
        path
    } else {
        path.join("..")
    }
}

fn shown(place: &Path) -> String {
    place.to_string_lossy().into_owned()
}
