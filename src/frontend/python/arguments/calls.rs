//! Calls: how a script uses parsers and its command line.

use std::collections::HashSet;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, ExprContext, ExprSubscript, Stmt, StmtFor, StmtFunctionDef, StmtIf};

use super::loops;
use crate::frontend::python::flow::is_main;
use crate::frontend::python::semantic::{Model, Names};

/// The classes of parsers.
pub(crate) const PARSERS: &[&str] = &["argparse.ArgumentParser", "optparse.OptionParser"];

/// Those whose result is a pair: the options, and what is none of them.
pub(crate) const PAIRING: &[&str] = &["optparse.OptionParser"];

/// What declares an option that is added to a parser later.
pub(crate) const DECLARING: &[&str] = &["optparse.make_option", "optparse.Option"];

/// The list of arguments.
const ARGUMENTS: &str = "sys.argv";

/// A call and its surroundings.
#[derive(Clone)]
pub(super) struct Call<'a> {
    pub(super) expression: &'a ExprCall,
    /// Whether it may run not at all, or more than once.
    pub(super) is_doubtful: bool,
    /// Whether it is as optparse has it, not argparse.
    pub(super) is_optparse: bool,
    /// The functions around it, outermost first.
    pub(super) functions: Vec<&'a StmtFunctionDef>,
    /// The loops over literals around it.
    pub(super) loops: Vec<&'a StmtFor>,
}

/// A function that a script defines.
pub(super) struct Definition<'a> {
    pub(super) function: &'a StmtFunctionDef,
    /// Whether it is nested in another function, or may not be defined.
    pub(super) is_doubtful: bool,
}

/// How a script uses parsers.
#[derive(Default)]
pub(super) struct Calls<'a> {
    /// Calls that make parsers.
    pub(super) parsers: Vec<Call<'a>>,
    /// Parser classes of the script.
    pub(super) classes: Vec<&'a Stmt>,
    /// `add_argument`, and what optparse has for it.
    pub(super) options: Vec<Call<'a>>,
    /// `add_mutually_exclusive_group`.
    pub(super) groups: Vec<Call<'a>>,
    /// `add_subparsers`.
    pub(super) subparsers: Vec<Call<'a>>,
    /// `add_parser`, for each subcommand.
    pub(super) commands: Vec<Call<'a>>,
    /// `set_defaults`, `set_default`.
    pub(super) defaults: Vec<Call<'a>>,
    /// `parse_args` and similar calls.
    pub(super) parses: Vec<Call<'a>>,
    /// The names of what parsers of optparse leave over, by the call, and the calls that leave out what is left.
    pub(super) rests: Vec<(&'a ExprCall, Option<&'a str>)>,
    /// Calls of functions by their names.
    pub(super) plain: Vec<Call<'a>>,
    /// Calls of methods that may run a command: `typer.run`, `command.main`.
    pub(super) runs: Vec<Call<'a>>,
    /// Function definitions.
    pub(super) definitions: Vec<Definition<'a>>,
    /// Names that are used.
    pub(super) used: HashSet<&'a str>,
    /// Where the list of arguments is modified, or read by position.
    pub(super) handled: Option<&'a Expr>,
}

impl<'a> Calls<'a> {
    pub(super) fn of(body: &'a [Stmt], model: &Model<'a>) -> Self {
        let names = [model.names_of("sys"), model.names_of("argparse"), model.names_of("optparse")];
        let mut finder = Finder {
            model,
            names,
            found: Self::default(),
            is_doubtful: false,
            functions: Vec::new(),
            loops: Vec::new(),
            adding: HashSet::new(),
        };
        finder.visit_body(body);
        finder.found
    }

    /// Whether all functions around a call are used by the script itself.
    pub(super) fn is_used(&self, call: &Call) -> bool {
        let names = call.functions.iter().map(|function| function.name.as_str());
        names.filter(|name| !name.starts_with("__")).all(|name| self.used.contains(name))
    }
}

struct Finder<'m, 'a> {
    model: &'m Model<'a>,
    /// Names that may refer to sys and to modules of parsers; a quick filter.
    names: [Names<'a>; 3],
    found: Calls<'a>,
    is_doubtful: bool,
    functions: Vec<&'a StmtFunctionDef>,
    loops: Vec<&'a StmtFor>,
    /// Aliases of a parser's `add_argument`.
    adding: HashSet<&'a str>,
}

impl<'a> Finder<'_, 'a> {
    fn doubt(&mut self, walk: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.is_doubtful, true);
        walk(self);
        self.is_doubtful = outer;
    }

    fn condition(&mut self, condition: &'a StmtIf) {
        self.visit_expr(&condition.test);
        if is_main(&condition.test) {
            self.visit_body(&condition.body);
        } else {
            self.doubt(|finder| finder.visit_body(&condition.body));
        }
        for clause in &condition.elif_else_clauses {
            self.doubt(|finder| {
                clause.test.iter().for_each(|test| finder.visit_expr(test));
                finder.visit_body(&clause.body);
            });
        }
    }

    fn is_parser(&self, expression: &Expr) -> bool {
        self.is_one_of(expression, PARSERS)
    }

    fn is_one_of(&self, expression: &Expr, paths: &[&str]) -> bool {
        self.names[1..].iter().any(|names| names.begin(expression))
            && paths.iter().any(|path| self.model.may_be(expression, path))
    }

    fn is_arguments(&self, expression: &Expr) -> bool {
        self.names[0].begin(expression) && self.model.may_be(expression, ARGUMENTS)
    }

    fn call(&mut self, call: &'a ExprCall) {
        let is_declaring = self.is_one_of(&call.func, DECLARING);
        let method = call.func.as_attribute_expr().map(|method| method.attr.as_str());
        let found = Call {
            expression: call,
            is_optparse: is_declaring || method == Some("add_option") || self.is_one_of(&call.func, PAIRING),
            is_doubtful: self.is_doubtful,
            functions: self.functions.clone(),
            loops: self.loops.clone(),
        };
        let list = match &*call.func {
            function if self.is_parser(function) => &mut self.found.parsers,
            _ if is_declaring => &mut self.found.options,
            _ if method == Some("add_option") && is_made(call) => return,
            Expr::Name(name) if self.adding.contains(name.id.as_str()) => &mut self.found.options,
            Expr::Name(_) => &mut self.found.plain,
            Expr::Attribute(method) => match method.attr.as_str() {
                "add_argument" | "add_option" => &mut self.found.options,
                "add_mutually_exclusive_group" => &mut self.found.groups,
                "add_subparsers" => &mut self.found.subparsers,
                "add_parser" => &mut self.found.commands,
                "set_defaults" | "set_default" => &mut self.found.defaults,
                "run" | "main" => &mut self.found.runs,
                "parse_args" | "parse_known_args" | "parse_intermixed_args" => &mut self.found.parses,
                _ => return,
            },
            _ => return,
        };
        list.push(found);
    }

    /// Records what is left over: `options, rest = parser.parse_args()`, or not: `parser.parse_args()[0]`.
    fn leave_over(&mut self, value: &'a Expr, targets: &'a [Expr]) {
        let left = match (value, targets) {
            (Expr::Call(call), [Expr::Tuple(pair)]) if pair.elts.len() == 2 => {
                pair.elts[1].as_name_expr().map(|name| (call, Some(name.id.as_str())))
            }
            (Expr::Subscript(item), _) => {
                let index = item.slice.as_number_literal_expr().and_then(|literal| literal.value.as_int());
                let call = item.value.as_call_expr().filter(|_| index.is_some_and(|index| *index == 0));
                call.map(|call| (call, None))
            }
            _ => None,
        };
        self.found.rests.extend(left);
    }

    /// Records uses of the list of arguments itself.
    fn handle(&mut self, expression: &'a Expr) {
        let is_handled = match expression {
            Expr::Subscript(item) => self.is_arguments(&item.value) && !is_harmless(item),
            Expr::Attribute(part) => {
                self.is_arguments(&part.value)
                    || (part.ctx != ExprContext::Load && self.is_arguments(expression))
            }
            _ => false,
        };
        if is_handled {
            self.found.handled.get_or_insert(expression);
        }
    }
}

/// Whether a call adds an option that was declared before.
fn is_made(call: &ExprCall) -> bool {
    call.arguments.keywords.is_empty() && matches!(&*call.arguments.args, [Expr::Call(_)])
}

/// Whether only the program's name, or all arguments, are read.
fn is_harmless(item: &ExprSubscript) -> bool {
    let is_number = |expression: &Expr, wanted: &str| {
        expression
            .as_number_literal_expr()
            .and_then(|literal| literal.value.as_int())
            .is_some_and(|int| int.to_string() == wanted)
    };
    item.ctx == ExprContext::Load
        && match &*item.slice {
            Expr::Slice(slice) => {
                let begins = slice.lower.as_deref().is_some_and(|lower| is_number(lower, "1"));
                begins && slice.upper.is_none() && slice.step.is_none()
            }
            index => is_number(index, "0"),
        }
}

/// Whether an expression is `sys.argv[1:]`.
pub(super) fn is_all_arguments(expression: &Expr, model: &Model) -> bool {
    let Expr::Subscript(item) = expression else { return false };
    item.slice.is_slice_expr() && is_harmless(item) && model.may_be(&item.value, ARGUMENTS)
}

impl<'a> Visitor<'a> for Finder<'_, 'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => {
                let is_doubtful = self.is_doubtful || !self.functions.is_empty();
                self.found.definitions.push(Definition { function, is_doubtful });
                self.functions.push(function);
                walk_stmt(self, statement);
                self.functions.pop();
            }
            Stmt::ClassDef(class) => {
                let bases = class.arguments.iter().flat_map(|arguments| &arguments.args);
                if bases.into_iter().any(|base| self.is_parser(base)) {
                    self.found.classes.push(statement);
                }
                walk_stmt(self, statement);
            }
            Stmt::Assign(assign) => {
                let is_adding =
                    assign.value.as_attribute_expr().is_some_and(|part| part.attr.as_str() == "add_argument");
                let names = assign.targets.iter().filter_map(Expr::as_name_expr);
                self.leave_over(&assign.value, &assign.targets);
                self.adding.extend(names.filter(|_| is_adding).map(|name| name.id.as_str()));
                walk_stmt(self, statement);
            }
            Stmt::If(condition) => self.condition(condition),
            Stmt::Try(attempt) => {
                self.visit_body(&attempt.body);
                self.doubt(|finder| {
                    for handler in &attempt.handlers {
                        finder.visit_except_handler(handler);
                    }
                });
                self.visit_body(&attempt.orelse);
                self.visit_body(&attempt.finalbody);
            }
            Stmt::For(each) if loops::is_literal(each) => {
                self.loops.push(each);
                walk_stmt(self, statement);
                self.loops.pop();
            }
            Stmt::For(_) | Stmt::While(_) | Stmt::Match(_) => {
                self.doubt(|finder| walk_stmt(finder, statement));
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Call(call) => self.call(call),
            Expr::Name(name) if name.ctx == ExprContext::Load => {
                self.found.used.insert(name.id.as_str());
            }
            Expr::Attribute(part) => {
                self.found.used.insert(part.attr.as_str());
            }
            _ => {}
        }
        self.handle(expression);
        match expression {
            Expr::Lambda(_)
            | Expr::If(_)
            | Expr::BoolOp(_)
            | Expr::ListComp(_)
            | Expr::SetComp(_)
            | Expr::DictComp(_)
            | Expr::Generator(_) => self.doubt(|finder| walk_expr(finder, expression)),
            _ => walk_expr(self, expression),
        }
    }
}
