//! Offers of an R script: plain values of names at its top that are bound only once.

use tree_sitter::Node;

use super::atom::Atom;
use super::fold;
use super::literals;
use super::names::Names;
use super::shapes::{self, Shapes};
use super::tree;
use crate::component::Type;
use crate::frontend::interface::is_system;
use crate::frontend::offers::{Offer, Offers};
use crate::identifier;
use crate::source::Source;

/// Node kinds of literals.
const LITERALS: &[&str] = &["string", "float", "integer", "true", "false"];

/// The offers of a script: plain values between its first calls and the first other statement.
pub(crate) fn offers(source: &Source) -> Offers {
    let text = source.text();
    let Ok(tree) = tree::parse(text) else { return Offers::default() };
    let shapes = shapes::find(&tree, text);
    let names = Names::new(text, &shapes);
    let mut cursor = tree.root_node().walk();
    let statements: Vec<Node> = tree.root_node().named_children(&mut cursor).collect();
    let head = statements
        .into_iter()
        .take_while(|node| ["comment", "call", "binary_operator"].contains(&node.kind()));
    let alone = Names::new(text, &Shapes::default());
    let values = head.filter_map(|statement| offer(statement, &names, &alone));
    Offers { values: values.collect(), import: None }
}

/// The offer of a statement that binds one name to a plain value; `alone` knows no names.
fn offer(statement: Node, names: &Names, alone: &Names) -> Option<Offer> {
    let part = |field| statement.child_by_field_name(field);
    let (target, operator, value) = (part("lhs")?, part("operator")?, part("rhs")?);
    let is_plain = ["<-", "="].contains(&operator.kind()) && is_literal(value);
    let name = literals::name(target, names.text).filter(|_| target.kind() == "identifier" && is_plain)?;
    if !identifier::is_plain(&name) || is_system(&name) || names.only_value(&name).is_none() {
        return None;
    }
    let written = &names.text[value.byte_range()];
    let call = |default: &str| format!("Sys.getenv(\"{name}\", {default})");
    let folded = fold::fold(value, alone)?;
    let (kind, read) = match folded.as_slice() {
        [Atom::Bool(value)] => {
            let default = if *value { "\"TRUE\"" } else { "\"FALSE\"" };
            (Type::Boolean, format!("as.logical({})", call(default)))
        }
        [Atom::Int(value)] => (Type::Integer, format!("as.integer({})", call(&format!("\"{value}\"")))),
        [atom @ Atom::Double(_)] => {
            (Type::Float, format!("as.numeric({})", call(&format!("\"{}\"", atom.text()?))))
        }
        [Atom::Text(text)] if !text.contains(['\n', '\r', '\0']) && !written.contains('\n') => {
            (Type::String, call(written))
        }
        _ => return None,
    };
    Some(Offer { name, kind, span: value.byte_range(), read })
}

/// Whether a value is a literal, or a number with a sign.
fn is_literal(value: Node) -> bool {
    let signed = value.child_by_field_name("rhs").filter(|_| value.kind() == "unary_operator");
    match signed {
        Some(number) => ["float", "integer"].contains(&number.kind()),
        None => LITERALS.contains(&value.kind()),
    }
}
