//! The code beside a script that it sources.

use tree_sitter::Node;

use super::arguments;
use super::fold;
use super::literals;
use super::names::{APPLY, Names, Value};
use super::shapes::{Call, Shapes};
use crate::frontend::mentions::{Mention, Mentions, What};

/// Longest chain of aliases that is followed.
const ALIASES: usize = 4;

/// The relevant parameters of `source` and `sys.source`.
const FORMALS: &[&str] = &["file"];

/// Prefixes of addresses, which aren't files.
const ADDRESSES: &[&str] = &["http://", "https://", "ftp://", "file://"];

/// The files that a script, or a file it sources, refers to.
pub(super) fn of_shapes(names: &Names, shapes: &Shapes) -> Mentions {
    let found = shapes.calls.iter().flat_map(|call| of_call(call, names)).collect();
    Mentions { named: found, folders: Vec::new() }
}

fn of_call(call: &Call, names: &Names) -> Vec<Mention> {
    let Some(function) = names.function(call.function) else { return Vec::new() };
    let given = arguments::of(call.arguments, names.text);
    let sourced = if is_source(call.function, names) {
        arguments::matched(FORMALS, given).value(0)
    } else if APPLY.contains(&function.name.as_str()) {
        let values: Vec<Node> = given.iter().filter_map(|argument| argument.value).collect();
        let is_source = |node: &Node| is_name(*node) && is_source(*node, names);
        let applies = values.iter().any(is_source);
        values.into_iter().find(|node| !is_source(node)).filter(|_| applies)
    } else {
        None
    };
    let Some(sourced) = sourced else { return Vec::new() };
    let mention = |what| Mention { what, span: call.node.byte_range() };
    let sourced = resolved(sourced, names);
    match files(sourced, names) {
        None => vec![mention(folder(sourced, names).map_or(What::Computed, What::Folder))],
        Some(files) => {
            let files =
                files.into_iter().filter(|file| !ADDRESSES.iter().any(|start| file.starts_with(start)));
            files.map(|file| mention(What::File(file))).collect()
        }
    }
}

fn is_name(node: Node) -> bool {
    matches!(node.kind(), "identifier" | "namespace_operator")
}

fn is_source(node: Node, names: &Names) -> bool {
    names.function(node).is_some_and(|function| function.is_base("source") || function.is_base("sys.source"))
}

/// The files that an expression names, if they can be known.
fn files(node: Node, names: &Names) -> Option<Vec<String>> {
    fold::texts(node, names).or_else(|| here(node, names))
}

/// The only value of a name, or the vector that it iterates over.
fn resolved<'tree>(node: Node<'tree>, names: &Names<'tree>) -> Node<'tree> {
    let value_of = |node: &Node<'tree>| {
        let name = (node.kind() == "identifier").then(|| literals::name(*node, names.text)).flatten()?;
        match names.only_value(&name)? {
            Value::Expression(value) | Value::Element(value) | Value::Label(value) => Some(value),
            Value::Unknown => None,
        }
    };
    std::iter::successors(Some(node), value_of).take(ALIASES).last().unwrap_or(node)
}

/// The folder whose files `list.files("R", …)` lists.
fn folder(node: Node, names: &Names) -> Option<String> {
    let function = names.function(node.child_by_field_name("function")?)?;
    (function.is_base("list.files") || function.is_base("dir")).then_some(())?;
    let given = arguments::of(node.child_by_field_name("arguments")?, names.text);
    fold::text(arguments::matched(&["path"], given).value(0)?, names)
}

/// `here::here("R", "x.R")`, relative to the project's folder.
fn here(node: Node, names: &Names) -> Option<Vec<String>> {
    let function = names.function(node.child_by_field_name("function")?)?;
    function.is("here", "here").then_some(())?;
    let given = arguments::of(node.child_by_field_name("arguments")?, names.text);
    let parts: Option<Vec<_>> = given.iter().map(|argument| fold::text(argument.value?, names)).collect();
    Some(vec![parts?.join("/")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend;
    use crate::language::Language;
    use crate::source::Source;

    fn mentions(text: &str) -> Mentions {
        frontend::read(&Source::new("x.R", Language::R, text.to_owned())).mentions
    }

    #[test]
    fn sourced_files_are_found() {
        let cases: [(&str, &[&str]); 13] = [
            ("source(\"a.R\")", &["a.R"]),
            ("base::source(file = 'R/a.R', local = TRUE)", &["R/a.R"]),
            ("sys.source(\"a.R\", envir = globalenv())", &["a.R"]),
            ("d <- \"R\"\nsource(file.path(d, \"a.R\"))", &["R/a.R"]),
            ("source(here::here(\"R\", \"a.R\"))", &["R/a.R"]),
            ("lapply(c(\"a.R\", \"b.R\"), source)", &["a.R", "b.R"]),
            ("for (f in c(\"a.R\", \"b.R\")) source(f)", &["a.R", "b.R"]),
            ("if (x) source(\"a.R\")", &["a.R"]),
            ("source(\"https://example.org/a.R\")", &[]),
            ("lapply(list.files(\"R\", full.names = TRUE), source)", &["R/"]),
            ("files <- list.files(path = \"R\")\nfor (f in files) source(f)", &["R/"]),
            ("source(f(x))", &["?"]),
            ("source <- function(x) x\nsource(\"a.R\")", &[]),
        ];
        for (text, wanted) in cases {
            let written = |mention: Mention| match mention.what {
                What::Module(name) | What::File(name) => name,
                What::Folder(name) => format!("{name}/"),
                What::Computed => "?".to_owned(),
            };
            let named: Vec<_> = mentions(text).named.into_iter().map(written).collect();
            assert_eq!(named, wanted, "{text}");
        }
    }
}
