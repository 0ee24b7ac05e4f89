//! Uses of the environment in a script: every read, write and test, with what the code and comments say of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{
    Arguments, BoolOp, CmpOp, Expr, ExprBoolOp, ExprCall, ExprCompare, ExprContext, Stmt, StmtAugAssign,
    StmtTry,
};
use ruff_text_size::Ranged;

use super::comments::Comments;
use super::entity::{Entities, Entity};
use super::flow::Doubts;
use super::rescue::Rescue;
use super::semantic::{Model, fold, literal_text, sole_argument};
use super::{span, walk_if};
use crate::component::Type;
use crate::diagnostic::Diagnostic;
use crate::frontend::directive;
use crate::frontend::interface::{Access, Action, Fallback};
use crate::source::Source;
use crate::value::Constant;

/// Functions that tell the type of a read which they are around.
const CASTS: &[(&str, Type)] = &[("int", Type::Integer), ("float", Type::Float), ("bool", Type::Boolean)];

/// Every use of an environment variable, in the order of evaluation.
pub(super) fn accesses(
    body: &[Stmt],
    model: &Model,
    source: &Source,
    comments: &Comments,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Access> {
    let mut finder = Finder {
        model,
        entities: Entities::new(model),
        uses: Vec::new(),
        statement: 0..0,
        rescue: None,
        rescued: Fallback::Missing,
        computed: Vec::new(),
    };
    finder.visit_body(body);
    diagnostics.extend(finder.computed);
    let alone = statements_with_one_use(&finder.uses);
    let doubts = if finder.uses.is_empty() { Doubts::default() } else { Doubts::of(body, model) };
    let annotate = |found: Use| {
        let lines = Lines::of(&found, source, alone.contains(&found.statement.start));
        Access {
            description: lines.description(comments),
            directives: lines.directives(comments, &found.span, diagnostics),
            name: found.name,
            action: found.action,
            is_certain: doubts.is_certain(found.span.start),
            span: found.span,
        }
    };
    finder.uses.into_iter().map(annotate).collect()
}

/// A use as it stands in the tree, without its comments.
struct Use {
    name: String,
    action: Action,
    span: Range<usize>,
    /// The innermost statement around it; empty for one that holds others.
    statement: Range<usize>,
}

fn statements_with_one_use(uses: &[Use]) -> BTreeSet<usize> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for found in uses {
        *counts.entry(found.statement.start).or_default() += 1;
    }
    counts.into_iter().filter(|&(_, count)| count == 1).map(|(start, _)| start).collect()
}

/// The lines whose comments belong to a use.
struct Lines {
    first: usize,
    last: usize,
    statement: Option<(usize, usize)>,
}

impl Lines {
    fn of(found: &Use, source: &Source, alone: bool) -> Self {
        let line = |offset: usize| source.line(offset);
        let simple = alone && !found.statement.is_empty();
        Self {
            first: line(found.span.start),
            last: line(found.span.end),
            statement: simple.then(|| (line(found.statement.start), line(found.statement.end))),
        }
    }

    fn description(&self, comments: &Comments) -> Option<String> {
        comments.above(self.first).or_else(|| comments.above(self.statement?.0))
    }

    fn directives(
        &self,
        comments: &Comments,
        span: &Range<usize>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<directive::Directive> {
        let own = self.first..self.last + 1;
        let rest = self.statement.map_or(0..0, |(_, last)| (self.last + 1)..(last + 1).max(self.last + 1));
        let found = comments.trailing(own).chain(comments.trailing(rest));
        found.flat_map(|comment| directive::parse(comment.raw, span, diagnostics)).collect()
    }
}

/// Walks the tree in the order of evaluation.
struct Finder<'m, 'a> {
    model: &'m Model<'a>,
    entities: Entities<'m, 'a>,
    uses: Vec<Use>,
    statement: Range<usize>,
    /// What is done about missing variables around the statement.
    rescue: Option<Rescue>,
    /// What a missing variable comes to in the statement.
    rescued: Fallback,
    computed: Vec<Diagnostic>,
}

impl Finder<'_, '_> {
    fn found(&mut self, name: &Expr, action: Action, at: &impl Ranged) {
        let span = span(at);
        match self.name(name) {
            Some(name) => self.uses.push(Use { name, action, span, statement: self.statement.clone() }),
            None => self.computed.push(computed_name(&action, span)),
        }
    }

    fn entity(&self, expression: &Expr) -> Option<Entity> {
        self.entities.of(expression)
    }

    /// A variable's name: a literal, or a constant of the module. What is put together from constants counts as
    /// computed: nobody would find it by its name.
    fn name(&self, expression: &Expr) -> Option<String> {
        let constant = match expression {
            Expr::Name(name) => self.model.constant(name),
            _ => None,
        };
        match constant {
            Some(Constant::Text(text)) => Some(text.clone()),
            _ => literal_text(expression),
        }
    }

    /// Walks a function, which is called elsewhere.
    fn function(&mut self, statement: &Stmt) {
        let rescue = self.rescue.take();
        walk_stmt(self, statement);
        self.rescue = rescue;
    }

    /// Walks `try … except`: what is caught may be missing.
    fn attempt(&mut self, attempt: &StmtTry, statement: &Stmt) {
        let Some(rescue) = Rescue::of(attempt, |value| self.fallback(value)) else {
            return walk_stmt(self, statement);
        };
        let outer = self.rescue.replace(rescue);
        self.visit_body(&attempt.body);
        self.rescue = outer;
        attempt.handlers.iter().for_each(|handler| self.visit_except_handler(handler));
        self.visit_body(&attempt.orelse);
        self.visit_body(&attempt.finalbody);
    }

    /// A read in a call of `os.getenv` and the like.
    fn lookup(&mut self, call: &ExprCall, cast: Option<Type>, alternative: Option<&Expr>) -> bool {
        let Some(entity @ (Entity::Lookup | Entity::Pop)) = self.entity(&call.func) else {
            return false;
        };
        let Some(name) = argument(&call.arguments, 0, "key") else { return false };
        let default =
            argument(&call.arguments, 1, "default").or_else(|| argument(&call.arguments, 1, "value"));
        let fallback = match (default, alternative) {
            (Some(default), None) => self.fallback(default),
            (None, Some(alternative)) if entity == Entity::Lookup => self.fallback(alternative),
            (Some(default), Some(alternative)) => match self.fallback(default) {
                Fallback::Constant(Constant::None) => self.fallback(alternative),
                Fallback::Constant(Constant::Text(text)) if text.is_empty() => self.fallback(alternative),
                fallback => fallback,
            },
            _ => Fallback::Missing,
        };
        self.found(name, Action::Read { fallback, cast }, call);
        self.visit_expr(name);
        if let Some(default) = default {
            self.visit_expr(default);
        }
        true
    }

    fn fallback(&self, default: &Expr) -> Fallback {
        fold(default, self.model).filter(fits_environment).map_or(Fallback::Computed, Fallback::Constant)
    }

    /// A read, perhaps with `or …` behind it, which a cast may wrap.
    fn read(&mut self, expression: &Expr, cast: Option<Type>) -> bool {
        match expression {
            Expr::Call(call) => self.lookup(call, cast, None),
            Expr::Subscript(subscript) if subscript.ctx == ExprContext::Load => {
                let found = self.entity(&subscript.value) == Some(Entity::Environ);
                if found {
                    let fallback = self.rescued.clone();
                    self.found(&subscript.slice, Action::Read { fallback, cast }, subscript);
                    self.visit_expr(&subscript.slice);
                }
                found
            }
            Expr::BoolOp(operation) => self.read_or(operation, cast.as_ref()),
            _ => false,
        }
    }

    /// `os.getenv('x') or 'default'`: what follows a read is what it falls back to.
    fn read_or(&mut self, operation: &ExprBoolOp, cast: Option<&Type>) -> bool {
        let is_lookup = |value: &Expr| match value {
            Expr::Call(call) => self.entity(&call.func).is_some(),
            _ => false,
        };
        if operation.op != BoolOp::Or || !operation.values.iter().any(is_lookup) {
            return false;
        }
        let mut values = operation.values.iter().peekable();
        while let Some(value) = values.next() {
            let found = match value {
                Expr::Call(call) => self.lookup(call, cast.cloned(), values.peek().copied()),
                _ => false,
            };
            if !found {
                self.visit_expr(value);
            }
        }
        true
    }

    /// `int(…)`, `float(…)`, `bool(…)` around a read.
    fn cast(&mut self, call: &ExprCall) -> bool {
        let cast = CASTS.iter().find(|(name, _)| self.model.is_builtin(&call.func, name));
        let (Some((_, kind)), Some(argument)) = (cast, sole_argument(&call.arguments)) else { return false };
        self.read(argument, Some(kind.clone()))
    }

    /// `os.environ['x'] = …`; `del os.environ['x']` says nothing of an interface.
    fn write(&mut self, target: &Expr) -> bool {
        let Expr::Subscript(subscript) = target else { return false };
        if self.entity(&subscript.value) != Some(Entity::Environ) {
            return false;
        }
        if subscript.ctx == ExprContext::Store {
            self.found(&subscript.slice, Action::Write, subscript);
        }
        self.visit_expr(&subscript.slice);
        true
    }

    /// `os.environ['x'] += …` reads before it writes.
    fn augmented(&mut self, assign: &StmtAugAssign) {
        if let Expr::Subscript(subscript) = &*assign.target
            && self.entity(&subscript.value) == Some(Entity::Environ)
        {
            let read = Action::Read { fallback: Fallback::Missing, cast: None };
            self.found(&subscript.slice, read, subscript);
        }
    }

    /// `'x' in os.environ`.
    fn test(&mut self, compare: &ExprCompare) -> bool {
        let ([CmpOp::In | CmpOp::NotIn], [container]) = (&*compare.ops, &*compare.comparators) else {
            return false;
        };
        if self.entity(container) != Some(Entity::Environ) {
            return false;
        }
        if literal_text(&compare.left).is_some() {
            self.found(&compare.left, Action::Test, &*compare.left);
        }
        self.visit_expr(&compare.left);
        true
    }

    /// `env = os.environ` gives the environment another name.
    fn is_alias(&self, statement: &Stmt) -> bool {
        match statement {
            Stmt::Assign(assign) => {
                assign.targets.iter().all(Expr::is_name_expr) && self.entity(&assign.value).is_some()
            }
            _ => false,
        }
    }

    /// The environment, or a function that reads it, handed on: what becomes of it can't be told.
    fn whole(&mut self, expression: &Expr) -> bool {
        let is_name = matches!(expression, Expr::Name(_) | Expr::Attribute(_));
        let entity = self.entity(expression).filter(|_| is_name);
        if entity.is_some() {
            let message = "the environment is used as a whole here";
            self.computed.push(Diagnostic::note("whole-environment", message).at(span(expression)).hint(
                "a variable that is read or set this way is no part of the interface; read it by its name",
            ));
        }
        entity.is_some()
    }
}

impl Visitor<'_> for Finder<'_, '_> {
    fn visit_stmt(&mut self, statement: &Stmt) {
        let outer = std::mem::replace(&mut self.statement, simple_range(statement));
        let rescued = self.rescue.as_ref().map_or(Fallback::Missing, |rescue| rescue.fallback(statement));
        let above = std::mem::replace(&mut self.rescued, rescued);
        if let Stmt::AugAssign(assign) = statement {
            self.augmented(assign);
        }
        match statement {
            Stmt::FunctionDef(_) => self.function(statement),
            Stmt::Try(attempt) => self.attempt(attempt, statement),
            Stmt::If(condition) => walk_if(self, condition),
            _ if self.is_alias(statement) => {}
            _ => walk_stmt(self, statement),
        }
        self.statement = outer;
        self.rescued = above;
    }

    fn visit_expr(&mut self, expression: &Expr) {
        let found = match expression {
            Expr::Call(call) => self.cast(call) || self.read(expression, None),
            Expr::Subscript(subscript) if subscript.ctx != ExprContext::Load => self.write(expression),
            Expr::Compare(compare) => self.test(compare),
            expression => self.read(expression, None) || self.whole(expression),
        };
        if !found {
            walk_expr(self, expression);
        }
    }
}

/// The range of a statement that holds no others.
fn simple_range(statement: &Stmt) -> Range<usize> {
    match statement {
        Stmt::Assign(_) | Stmt::AnnAssign(_) | Stmt::AugAssign(_) | Stmt::Expr(_) | Stmt::Return(_) => {
            span(statement)
        }
        _ => 0..0,
    }
}

/// Whether a value can stand in an environment: text without NUL, and without the mark of a character that isn't one.
fn fits_environment(value: &Constant) -> bool {
    !matches!(value, Constant::Text(text) if text.contains(['\0', char::REPLACEMENT_CHARACTER]))
}

fn argument<'a>(arguments: &'a Arguments, position: usize, name: &str) -> Option<&'a Expr> {
    let keyword = arguments.keywords.iter().find(|keyword| keyword.arg.as_deref() == Some(name));
    keyword.map(|keyword| &keyword.value).or_else(|| arguments.args.get(position))
}

fn computed_name(action: &Action, span: Range<usize>) -> Diagnostic {
    let verb = if matches!(action, Action::Write) { "written" } else { "read" };
    Diagnostic::warning("computed-name", format!("the name of the variable that is {verb} here is computed"))
        .at(span)
        .hint("write the name as a literal, or the variable is no part of the interface")
}
