//! Settings of pydantic: the fields of classes that read the environment when instantiated.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, ExprCall, Keyword, Stmt, StmtAnnAssign, StmtClassDef};

use super::{Setting, fallback};
use crate::component::Type;
use crate::diagnostic::Diagnostic;
use crate::frontend::interface::Fallback;
use crate::frontend::python::last_name;
use crate::frontend::python::parameters::{annotation, literals};
use crate::frontend::python::semantic::Model;
use crate::frontend::python::span;
use crate::value::Constant;

/// Modules with such classes.
pub(super) const MODULES: &[&str] = &["pydantic", "pydantic_settings"];

/// The classes.
const BASES: &[(&str, &str)] = &[
    ("pydantic_settings", "pydantic_settings.BaseSettings"),
    ("pydantic.BaseSettings", "pydantic.BaseSettings"),
    ("pydantic.v1.BaseSettings", "pydantic.v1.BaseSettings"),
];

/// The deepest inheritance that is followed.
const DEPTH: usize = 8;

/// The fields of the classes that a script instantiates, and the modules of these; problems go to the
/// diagnostics.
pub(super) fn read(
    body: &[Stmt],
    model: &Model,
    told: &mut Vec<Diagnostic>,
) -> (Vec<Setting>, Vec<&'static str>) {
    let classes: Vec<&StmtClassDef> = body.iter().filter_map(Stmt::as_class_def_stmt).collect();
    let mut made = Made { found: Vec::new() };
    made.visit_body(body);
    let (mut settings, mut modules) = (Vec::new(), Vec::new());
    for class in &classes {
        let reader = Reader { classes: &classes, model };
        let calls: Vec<&ExprCall> =
            made.found.iter().filter(|call| is_named(&call.func, class)).copied().collect();
        let Some(module) = reader.module(class, DEPTH).filter(|_| !calls.is_empty()) else { continue };
        modules.push(module);
        let given = |name: &str| calls.iter().all(|call| call.arguments.find_keyword(name).is_some());
        let mut prefix = String::new();
        for (field, said) in reader.fields(class, &mut prefix, DEPTH) {
            if given(said) {
                continue;
            }
            match reader.setting(field, said, &prefix) {
                Ok(setting) => {
                    for other in reader.others(field) {
                        let message = format!("`{other}`, another name of `{}`, is no input", setting.name());
                        told.push(Diagnostic::note("unread-settings", message).at(span(field)));
                    }
                    settings.push(setting);
                }
                Err(reason) => {
                    let message = format!("the setting `{said}` is no input: {reason}");
                    told.push(Diagnostic::note("unread-settings", message).at(span(field)));
                }
            }
        }
    }
    (settings, modules)
}

fn is_named(expression: &Expr, class: &StmtClassDef) -> bool {
    expression.as_name_expr().is_some_and(|name| name.id == class.name.id)
}

/// Calls of names.
struct Made<'a> {
    found: Vec<&'a ExprCall>,
}

impl<'a> Visitor<'a> for Made<'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression
            && call.func.is_name_expr()
        {
            self.found.push(call);
        }
        walk_expr(self, expression);
    }
}

struct Reader<'r, 'a> {
    classes: &'r [&'r StmtClassDef],
    model: &'r Model<'a>,
}

impl<'r> Reader<'r, '_> {
    fn local(&self, base: &Expr) -> Option<&'r StmtClassDef> {
        self.classes.iter().copied().find(|class| is_named(base, class))
    }

    /// The module of a class's base.
    fn module(&self, class: &'r StmtClassDef, depth: usize) -> Option<&'static str> {
        bases(class).find_map(|base| {
            let known = BASES.iter().find(|(_, path)| self.model.may_be(base, path));
            known.map(|(module, _)| *module).or_else(|| {
                let local = self.local(base).filter(|_| depth > 0)?;
                self.module(local, depth - 1)
            })
        })
    }

    /// The fields of a class and its bases; the last prefix counts.
    fn fields(
        &self,
        class: &'r StmtClassDef,
        prefix: &mut String,
        depth: usize,
    ) -> Vec<(&'r StmtAnnAssign, &'r str)> {
        let mut fields = Vec::new();
        for base in bases(class).filter_map(|base| self.local(base)).filter(|_| depth > 0) {
            fields.extend(self.fields(base, prefix, depth - 1));
        }
        if let Some(own) = self.prefix(class) {
            *prefix = own;
        }
        for statement in &class.body {
            let Some(field) = statement.as_ann_assign_stmt() else { continue };
            let Some(name) = field.target.as_name_expr().map(|name| name.id.as_str()) else { continue };
            if name == "model_config" || name.starts_with('_') || is_class_variable(&field.annotation) {
                continue;
            }
            fields.retain(|(_, other)| *other != name);
            fields.push((field, name));
        }
        fields
    }

    /// The prefix of a class's fields.
    fn prefix(&self, class: &'r StmtClassDef) -> Option<String> {
        let arguments = class.arguments.iter().flat_map(|arguments| &arguments.keywords);
        let of_config = class.body.iter().flat_map(|statement| match statement {
            Stmt::Assign(assign)
                if assign.targets.iter().any(|target| last_name(target) == Some("model_config")) =>
            {
                self.of_value(&assign.value)
            }
            Stmt::AnnAssign(assign) if last_name(&assign.target) == Some("model_config") => {
                assign.value.as_deref().map(|value| self.of_value(value)).unwrap_or_default()
            }
            Stmt::ClassDef(config) if config.name.as_str() == "Config" => {
                config.body.iter().filter_map(|line| self.of_assignment(line)).collect()
            }
            _ => Vec::new(),
        });
        let own =
            arguments.filter(|keyword| is_prefix(keyword)).map(|keyword| self.model.text(&keyword.value));
        own.chain(of_config.map(Some)).flatten().last()
    }

    /// The prefix of `SettingsConfigDict(env_prefix="A_")` and of a dict.
    fn of_value(&self, value: &Expr) -> Vec<String> {
        match value {
            Expr::Call(call) => {
                let keywords = call.arguments.keywords.iter().filter(|keyword| is_prefix(keyword));
                keywords.filter_map(|keyword| self.model.text(&keyword.value)).collect()
            }
            Expr::Dict(dict) => {
                let is_key = |key: &Expr| self.model.text(key).as_deref() == Some(PREFIX);
                let items = dict.items.iter().filter(|item| item.key.as_ref().is_some_and(is_key));
                items.filter_map(|item| self.model.text(&item.value)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn of_assignment(&self, line: &Stmt) -> Option<String> {
        let assign = line.as_assign_stmt()?;
        assign
            .targets
            .iter()
            .any(|target| last_name(target) == Some(PREFIX))
            .then(|| self.model.text(&assign.value))?
    }

    fn setting(&self, field: &StmtAnnAssign, name: &str, prefix: &str) -> Result<Setting, &'static str> {
        let value = field.value.as_deref();
        let call = value.and_then(Expr::as_call_expr).filter(|call| last_name(&call.func) == Some("Field"));
        let keyword = |name: &str| Some(&call?.arguments.find_keyword(name)?.value);
        let default = match call {
            Some(call) => call.arguments.args.first().or_else(|| keyword("default")),
            None => value,
        };
        let default = default.filter(|default| !default.is_ellipsis_literal_expr());
        let alias = ["validation_alias", "alias", "env"].into_iter().find_map(keyword);
        let name = match alias {
            Some(alias) => self.alias(alias).ok_or("its alias is known at run time only")?,
            None => format!("{prefix}{name}"),
        };
        let kind = annotation::kind(&field.annotation);
        let is_nested = field.annotation.as_name_expr().is_some_and(|named| self.is_model(named.id.as_str()));
        if is_nested {
            return Err("it is a model of its own");
        }
        let is_list = matches!(kind, Some(Type::List | Type::Dict));
        let found = match (default, keyword("default_factory")) {
            (_, Some(_)) => Fallback::Computed,
            (Some(value), _) if is_list => literals::json(value, self.model)
                .map_or(Fallback::Computed, |text| {
                    Fallback::Constant(if text == "null" { Constant::None } else { Constant::Text(text) })
                }),
            (value, _) => fallback(inner(value), self.model),
        };
        let is_secret = annotated(&field.annotation, "SecretStr");
        Ok(Setting {
            name,
            is_word: kind == Some(Type::Boolean),
            kind,
            fallback: found,
            span: span(field),
            description: keyword("description").and_then(|text| self.model.text(text)),
            is_secret,
        })
    }

    fn alias(&self, alias: &Expr) -> Option<String> {
        self.model.text(choices(alias).first().unwrap_or(alias))
    }

    /// Further variables that give a field's value.
    fn others(&self, field: &StmtAnnAssign) -> Vec<String> {
        let call = field.value.as_deref().and_then(Expr::as_call_expr);
        let keyword = |name: &&str| Some(&call?.arguments.find_keyword(name)?.value);
        let alias = ["validation_alias", "env"].iter().find_map(keyword);
        let others = alias.into_iter().flat_map(|alias| choices(alias).iter().skip(1));
        others.filter_map(|name| self.model.text(name)).collect()
    }

    /// Whether a class of the script is a nested model, whose fields are read differently.
    fn is_model(&self, name: &str) -> bool {
        let class = self.classes.iter().find(|class| class.name.as_str() == name);
        class.is_some_and(|class| {
            bases(class).any(|base| last_name(base) == Some("BaseModel") || self.local(base).is_some())
        })
    }
}

/// The names of which a field takes the first that is set.
fn choices(alias: &Expr) -> &[Expr] {
    match alias {
        Expr::Call(call) if last_name(&call.func) == Some("AliasChoices") => &call.arguments.args,
        Expr::List(list) => &list.elts,
        _ => &[],
    }
}

/// The bases of a class.
fn bases(class: &StmtClassDef) -> impl Iterator<Item = &Expr> {
    class.arguments.iter().flat_map(|arguments| &arguments.args)
}

/// The text of `SecretStr("x")` and `Path("x")`.
fn inner(value: Option<&Expr>) -> Option<&Expr> {
    let call = value?.as_call_expr().filter(|call| {
        ["SecretStr", "Path"].iter().any(|name| last_name(&call.func) == Some(*name))
            && call.arguments.len() == 1
    });
    call.and_then(|call| call.arguments.args.first()).or(value)
}

/// The setting with the prefix of field names.
const PREFIX: &str = "env_prefix";

fn is_prefix(keyword: &Keyword) -> bool {
    keyword.arg.as_deref() == Some(PREFIX)
}

fn is_class_variable(annotation: &Expr) -> bool {
    annotation.as_subscript_expr().is_some_and(|found| last_name(&found.value) == Some("ClassVar"))
}

/// Whether an annotation names a type, perhaps optional.
fn annotated(annotation: &Expr, name: &str) -> bool {
    match annotation {
        Expr::Subscript(found) => annotated(&found.slice, name),
        Expr::BinOp(union) => annotated(&union.left, name) || annotated(&union.right, name),
        found => last_name(found) == Some(name),
    }
}
