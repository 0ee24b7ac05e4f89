//! Commands of click and typer: the one that a script runs, or why its options aren't inputs.

use ruff_python_ast::{Decorator, Expr, ExprCall, StmtFunctionDef};

use super::calls::{Call, Calls, is_all_arguments};
use super::keywords::Keywords;
use super::parser::{is_named, refused, unread};
use crate::diagnostic::Diagnostic;
use crate::frontend::python::semantic::Model;

/// Modules with click's interface.
const CLICK: &[&str] = &["click", "rich_click"];

/// Keywords of a command call that don't change what it reads.
const HARMLESS: &[&str] = &[
    "args",
    "auto_envvar_prefix",
    "color",
    "complete_var",
    "max_content_width",
    "obj",
    "prog_name",
    "standalone_mode",
    "terminal_width",
    "windows_expand_args",
];

/// The library of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Library {
    /// Options by decorators.
    Click,
    /// Options by parameters.
    Typer,
}

/// A command that the script runs.
pub(super) struct Command<'a> {
    pub(super) function: &'a StmtFunctionDef,
    pub(super) library: Library,
    /// Whether it may not run.
    pub(super) is_doubtful: bool,
}

/// The name of a path in click.
pub(super) fn in_click(path: &str) -> Option<&str> {
    let (module, rest) = path.split_once('.')?;
    CLICK.contains(&module).then(|| rest.rsplit('.').next().unwrap_or(rest))
}

/// The function that a decorator calls, or is.
pub(super) fn called(decorator: &Decorator) -> &Expr {
    match &decorator.expression {
        Expr::Call(call) => &call.func,
        other => other,
    }
}

/// The command whose options are inputs, or why none of the commands is.
pub(super) fn find<'a>(calls: &Calls<'a>, model: &Model<'a>) -> Option<Result<Command<'a>, Diagnostic>> {
    let finder = Finder { calls, model };
    let marked = finder.marked();
    let found = marked.first()?;
    Some(finder.only(&marked, found))
}

/// What a decorator makes of a function.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Command(Library),
    Group,
    Sub,
}

/// A decorated function.
struct Marked<'a> {
    function: &'a StmtFunctionDef,
    mark: Mark,
    /// The expression that runs it: the name of the function, or of the app.
    by: Option<&'a str>,
    call: Option<&'a ExprCall>,
    is_doubtful: bool,
}

struct Finder<'f, 'a> {
    calls: &'f Calls<'a>,
    model: &'f Model<'a>,
}

impl<'a> Finder<'_, 'a> {
    fn marked(&self) -> Vec<Marked<'a>> {
        let mut found: Vec<Marked> = Vec::new();
        for definition in &self.calls.definitions {
            let function = definition.function;
            for decorator in &function.decorator_list {
                if let Some((mark, by)) = self.mark(decorator, &found) {
                    let by = Some(by.unwrap_or(&function.name));
                    let call = decorator.expression.as_call_expr();
                    found.push(Marked { function, mark, by, call, is_doubtful: definition.is_doubtful });
                    break;
                }
            }
        }
        let ran = self.calls.runs.iter().chain(&self.calls.plain);
        for run in ran.filter(|run| self.model.may_be(&run.expression.func, "typer.run")) {
            let name = run.expression.arguments.args.first().and_then(Expr::as_name_expr);
            let definition = name.and_then(|name| self.defined(&name.id));
            let mark = Mark::Command(Library::Typer);
            found.extend(definition.map(|function| Marked {
                function,
                mark,
                by: None,
                call: Some(run.expression),
                is_doubtful: false,
            }));
        }
        found
    }

    fn defined(&self, name: &str) -> Option<&'a StmtFunctionDef> {
        let mut named = self.calls.definitions.iter().filter(|found| found.function.name.as_str() == name);
        named.next().map(|found| found.function)
    }

    /// What a decorator makes of its function, and the name that runs it if not its own.
    fn mark(&self, decorator: &'a Decorator, known: &[Marked]) -> Option<(Mark, Option<&'a str>)> {
        let function = called(decorator);
        let method = function.as_attribute_expr();
        let owner = method.and_then(|method| method.value.as_name_expr()).map(|name| name.id.as_str());
        for path in self.model.qualified(function) {
            match (in_click(&path), path.as_str()) {
                (Some("command"), _) => return Some((Mark::Command(Library::Click), None)),
                (_, "typer.Typer().command") => return Some((Mark::Command(Library::Typer), owner)),
                (Some("group"), _) | (_, "typer.Typer().callback") => return Some((Mark::Group, None)),
                _ => {}
            }
        }
        let is_group =
            |name: &str| known.iter().any(|one| one.mark != Mark::Sub && one.function.name.as_str() == name);
        let is_sub = ["command", "group"].contains(&method?.attr.as_str()) && is_group(owner?);
        is_sub.then_some((Mark::Sub, None))
    }

    fn only(&self, marked: &[Marked<'a>], found: &Marked<'a>) -> Result<Command<'a>, Diagnostic> {
        if let Some(refusal) = self.subcommands(marked) {
            return Err(refusal);
        }
        if let Some(other) = marked.get(1) {
            return Err(unread("there are several commands", &other.function.name));
        }
        let Mark::Command(library) = found.mark else {
            return Err(unread("it is a group of commands", &found.function.name));
        };
        let refuse = |reason: &str| Err(unread(reason, &found.function.name));
        if let Some(setting) = found.call.filter(|_| found.by.is_some()).and_then(|call| self.setting(call)) {
            return refuse(&format!("`{setting}` changes what it reads"));
        }
        if let Some(handled) = self.calls.handled {
            return Err(unread("the script reads or changes `sys.argv` itself", handled));
        }
        let runs = self.runs(found, library);
        let Some(run) = runs.first() else { return refuse("nothing here runs the command") };
        if let Some(other) = runs.iter().find(|run| !self.takes_command_line(run, found.by.is_some())) {
            return Err(unread("it may be given another list than the command line", other.expression));
        }
        if !runs.iter().any(|run| self.calls.is_used(run)) {
            return Err(unread("nothing here calls the function that runs the command", run.expression));
        }
        let is_doubtful = found.is_doubtful || runs.iter().all(|run| run.is_doubtful);
        Ok(Command { function: found.function, library, is_doubtful })
    }

    /// Rejects a group, and several commands of one app.
    fn subcommands(&self, marked: &[Marked]) -> Option<Diagnostic> {
        let of_app = |one: &&Marked| one.mark == Mark::Command(Library::Typer) && one.by.is_some();
        let is_group = marked.iter().any(|one| matches!(one.mark, Mark::Group | Mark::Sub))
            || marked.iter().filter(of_app).count() > 1;
        let commands: Vec<&Marked> = marked.iter().filter(|one| one.mark != Mark::Group).collect();
        let place = marked.iter().find(|one| one.mark == Mark::Group).or(commands.first().copied())?;
        let names: Vec<String> = commands.iter().map(|command| self.name(command)).collect();
        is_group.then(|| refused(&names, &place.function.name))
    }

    fn name(&self, command: &Marked) -> String {
        let named = command.call.and_then(|call| {
            let name = call.arguments.args.first().or_else(|| Keywords::of(call).get("name"));
            self.model.text(name?)
        });
        named.unwrap_or_else(|| command.function.name.to_lowercase().replace('_', "-"))
    }

    /// A setting of a decorator that isn't followed.
    fn setting(&self, call: &ExprCall) -> Option<&'static str> {
        let keywords = Keywords::of(call);
        if keywords.is_open {
            return Some("**");
        }
        let is_set = |name: &&str| keywords.get(name).is_some_and(|value| !value.is_none_literal_expr());
        let named = ["cls", "params"].into_iter().find(is_set);
        let settings = keywords.get("context_settings").and_then(Expr::as_dict_expr);
        let has_defaults = settings.is_some_and(|settings| {
            let keys = settings.items.iter().filter_map(|item| item.key.as_ref());
            keys.filter_map(|key| self.model.text(key)).any(|key| key == "default_map")
        });
        named.or(has_defaults.then_some("default_map"))
    }

    fn runs(&self, found: &Marked<'a>, library: Library) -> Vec<&Call<'a>> {
        let plain = self.calls.plain.iter();
        match found.by {
            None => plain
                .chain(&self.calls.runs)
                .filter(|run| found.call.is_some_and(|call| std::ptr::eq(call, run.expression)))
                .collect(),
            Some(name) => {
                let is_main = |run: &&Call| {
                    let method = run.expression.func.as_attribute_expr();
                    library == Library::Click
                        && method.is_some_and(|method| {
                            method.attr.as_str() == "main" && is_named(&method.value, name)
                        })
                };
                let mains = self.calls.runs.iter().filter(is_main);
                plain.filter(|run| is_named(&run.expression.func, name)).chain(mains).collect()
            }
        }
    }

    fn takes_command_line(&self, run: &Call, is_command: bool) -> bool {
        let call = run.expression;
        let keywords = Keywords::of(call);
        let mut given = call.arguments.args.iter().skip(usize::from(!is_command)).chain(keywords.get("args"));
        !keywords.is_open
            && keywords.names().all(|name| HARMLESS.contains(&name))
            && given.all(|given| given.is_none_literal_expr() || is_all_arguments(given, self.model))
    }
}
