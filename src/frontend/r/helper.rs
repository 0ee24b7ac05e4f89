//! Helpers: functions of the script's that read variables which their callers name.

use tree_sitter::Node;

use super::literals;
use super::names::Names;
use super::shapes::Call;

/// How far out a function is looked for.
const MAX_DEPTH: usize = 200;

/// A function with a name.
#[derive(Debug)]
pub(super) struct Helper<'tree> {
    name: String,
    node: Node<'tree>,
    /// Its parameters.
    pub(super) formals: Vec<String>,
    /// The default of each.
    pub(super) defaults: Vec<Option<Node<'tree>>>,
}

impl<'tree> Helper<'tree> {
    /// The function around a node, if it has a name.
    pub(super) fn around(node: Node<'tree>, names: &Names<'tree>) -> Option<Self> {
        let outwards = std::iter::successors(node.parent(), Node::parent).take(MAX_DEPTH);
        let node = outwards.into_iter().find(|node| node.kind() == "function_definition")?;
        let assignment = node.parent().filter(|parent| parent.kind() == "binary_operator")?;
        let target = assignment.child_by_field_name("lhs")?;
        let name = literals::name(target, names.text)?;
        let parameters = node.child_by_field_name("parameters")?;
        let mut cursor = parameters.walk();
        let (mut formals, mut defaults) = (Vec::new(), Vec::new());
        for parameter in parameters.named_children(&mut cursor).filter(|child| child.kind() == "parameter") {
            let name = parameter.child_by_field_name("name")?;
            formals.push(literals::name(name, names.text).unwrap_or_else(|| "...".to_owned()));
            defaults.push(parameter.child_by_field_name("default"));
        }
        Some(Self { name, node, formals, defaults })
    }

    /// Whether a call is one of this function, from outside.
    pub(super) fn is_called(&self, call: &Call, text: &str) -> bool {
        let is_named = literals::name(call.function, text).as_deref() == Some(&*self.name);
        is_named && !self.node.byte_range().contains(&call.node.start_byte())
    }
}
