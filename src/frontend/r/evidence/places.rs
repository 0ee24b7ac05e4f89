//! Places that hold values: names, and fields of lists such as `cfg$a`.

use tree_sitter::Node;

use super::Finder;
use super::subjects::Held;
use crate::frontend::r::arguments;
use crate::frontend::r::literals;
use crate::frontend::r::shapes::Pair;
use crate::frontend::r::wrappers::bare;

/// Functions that only test a value.
const ASKING: &[&str] =
    &["nzchar", "nchar", "is.na", "is.null", "identical", "isTRUE", "grepl", "startsWith", "endsWith"];

/// Operators that only test a value, with the sides to which this applies.
const COMPARING: &[(&str, &[&str])] = &[("==", &["lhs", "rhs"]), ("!=", &["lhs", "rhs"]), ("%in%", &["lhs"])];

/// Most fields of a list that are followed when it is used as a whole.
const MAX_FIELDS: usize = 100;

/// The sides of an operator that are compared, if it compares.
pub(super) fn compared(operator: &str) -> Option<&'static [&'static str]> {
    COMPARING.iter().find(|(name, _)| *name == operator).map(|(_, sides)| *sides)
}

/// A canonical name of a place: `x`, or `cfg$a` for `cfg$a` and `cfg[["a"]]`.
pub(super) fn place(node: Node, text: &str) -> Option<String> {
    let field = |field| node.child_by_field_name(field);
    let (list, name) = match node.kind() {
        "extract_operator" => (field("lhs")?, field("rhs")?),
        "subset2" => {
            let index = arguments::sole(field("arguments")?, text)?;
            (field("function")?, Some(index).filter(|index| index.kind() == "string")?)
        }
        "identifier" | "string" => return literals::name(node, text),
        _ => return None,
    };
    (list.kind() == "identifier").then_some(())?;
    Some(format!("{}${}", literals::name(list, text)?, literals::name(name, text)?))
}

impl<'tree> Finder<'_, 'tree> {
    /// Records what a place holds after an assignment.
    pub(super) fn hold(&mut self, pair: &Pair<'tree>) {
        let from = pair.node.end_byte();
        let Some(place) = place(pair.target, self.names.text) else {
            // What some elements are replaced in is something else: `x[is.na(x)] <- 5`.
            let whole =
                pair.target.child_by_field_name("function").filter(|_| pair.target.kind() == "subset");
            let changed = whole.and_then(|whole| self::place(whole, self.names.text));
            return changed.into_iter().for_each(|place| {
                self.holders.entry(place).or_default().push((from, Held::Nothing));
            });
        };
        let held = self.held(pair);
        let fields = self.fields(pair);
        // What another list has in its fields isn't known any more.
        let old = self.holders.range(format!("{place}$")..).map(|(field, _)| field);
        let old: Vec<String> =
            old.take_while(|field| field.starts_with(&format!("{place}$"))).cloned().collect();
        let gone = old.into_iter().map(|field| (field, Held::Nothing));
        let named = fields.into_iter().map(|(field, held)| (format!("{place}${field}"), held));
        for (place, held) in gone.chain(named.collect::<Vec<_>>()).chain([(place.clone(), held)]) {
            self.holders.entry(place).or_default().push((from, held));
        }
    }

    /// What the fields of `list(a = …)` hold.
    fn fields(&self, pair: &Pair<'tree>) -> Vec<(String, Held)> {
        let value = bare(pair.value);
        let is_list = self.names.called(value).is_some_and(|function| function.is_base("list"));
        let Some(list) = value.child_by_field_name("arguments").filter(|_| is_list) else {
            return Vec::new();
        };
        let given = arguments::of(list, self.names.text).into_iter();
        given
            .filter_map(|field| Some((field.name?, self.held(&Pair { value: field.value?, ..*pair }))))
            .collect()
    }

    /// Records a use of a place that holds a variable's value, and whether it is a mere test.
    pub(super) fn occurrence(&mut self, node: Node<'tree>) {
        if self.is_name(node) {
            return;
        }
        let names = self.values_at(node);
        let is_asked = !names.is_empty() && self.is_asked(node);
        for name in names {
            *self.asked.entry(name).or_insert(true) &= is_asked;
        }
        for name in self.handed_on(node) {
            self.asked.insert(name, false);
        }
    }

    /// Whether a node is a name rather than a value: of an argument, a field, the target of an assignment.
    fn is_name(&self, node: Node<'tree>) -> bool {
        node.parent().is_some_and(|parent| {
            let is_field = |field| parent.child_by_field_name(field) == Some(node);
            match parent.kind() {
                "argument" | "parameter" => is_field("name"),
                "extract_operator" => is_field("rhs") || is_field("lhs"),
                "subset2" => is_field("function"),
                // What is assigned counts where the other place is used.
                "binary_operator" => self.is_assignment(parent) && (is_field("lhs") || is_field("rhs")),
                _ => false,
            }
        })
    }

    /// The variables whose values are in the fields of a list that is used as a whole.
    fn handed_on(&self, node: Node<'tree>) -> Vec<String> {
        let list = place(node, self.names.text).filter(|_| node.kind() == "identifier");
        let Some(list) = list.map(|list| format!("{list}$")) else { return Vec::new() };
        let fields = self.holders.range(list.clone()..).take_while(|(field, _)| field.starts_with(&list));
        let held = fields.take(MAX_FIELDS).flat_map(|(_, held)| held);
        let values = held.filter_map(|(_, held)| match held {
            Held::Values(names) => Some(names.clone()),
            _ => None,
        });
        values.flatten().collect()
    }

    /// Whether a value is only tested, and the script doesn't end by the outcome.
    fn is_asked(&self, node: Node<'tree>) -> bool {
        let around = std::iter::successors(node.parent(), Node::parent);
        let (mut inner, at) = (node, node.start_byte());
        for outer in around {
            match outer.kind() {
                "parenthesized_expression" | "argument" | "arguments" => inner = outer,
                "call" => {
                    let Some(function) = self.names.called(outer) else { return false };
                    let name = function.name.as_str();
                    let is_first =
                        self.first_argument(outer).is_some_and(|first| first.byte_range().contains(&at));
                    return (ASKING.contains(&name) || (name == "switch" && is_first))
                        && !self.is_refused(outer);
                }
                "binary_operator" => {
                    let sides = self.operator_of(outer).and_then(compared);
                    let is_side = |side: &&str| outer.child_by_field_name(side) == Some(inner);
                    return sides.is_some_and(|sides| sides.iter().any(is_side)) && !self.is_refused(outer);
                }
                _ => return false,
            }
        }
        false
    }
}
