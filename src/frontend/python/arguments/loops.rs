//! Options in loops over literals: one for each element.

use ruff_python_ast::visitor::transformer::{Transformer, walk_expr};
use ruff_python_ast::{Expr, ExprCall, StmtFor};

/// Most options that loops make of one call.
const MOST: usize = 100;

/// The values of names in one iteration.
type Round = Vec<(String, Expr)>;

/// Whether a loop runs over literal elements, without a way out.
pub(super) fn is_literal(each: &StmtFor) -> bool {
    each.orelse.is_empty() && rounds(each).is_some()
}

/// A call as each iteration of the loops around it makes it.
pub(super) fn expanded(call: &ExprCall, loops: &[&StmtFor]) -> Vec<ExprCall> {
    let mut calls = vec![call.clone()];
    for each in loops.iter().rev() {
        let rounds = rounds(each).unwrap_or_default();
        calls =
            calls.iter().flat_map(|call| rounds.iter().map(|round| put(call, round))).take(MOST).collect();
    }
    calls
}

fn put(call: &ExprCall, round: &Round) -> ExprCall {
    let mut call = call.clone();
    let put = Put(round);
    call.arguments.args.iter_mut().for_each(|argument| put.visit_expr(argument));
    call.arguments.keywords.iter_mut().for_each(|keyword| put.visit_expr(&mut keyword.value));
    call
}

struct Put<'r>(&'r Round);

impl Transformer for Put<'_> {
    fn visit_expr(&self, expression: &mut Expr) {
        let name = expression.as_name_expr().map(|name| name.id.as_str());
        match self.0.iter().find(|(known, _)| Some(known.as_str()) == name) {
            Some((_, value)) => *expression = value.clone(),
            None => walk_expr(self, expression),
        }
    }
}

fn rounds(each: &StmtFor) -> Option<Vec<Round>> {
    elements(&each.iter)?.into_iter().map(|element| round(&each.target, element)).collect()
}

/// The elements of a literal; those of `{…}.items()` as tuples.
fn elements(iterated: &Expr) -> Option<Vec<Vec<Expr>>> {
    let lone = |elements: &[Expr]| Some(elements.iter().map(|element| vec![element.clone()]).collect());
    match iterated {
        Expr::List(list) => lone(&list.elts),
        Expr::Tuple(tuple) => lone(&tuple.elts),
        Expr::Dict(dict) => dict.items.iter().map(|item| Some(vec![item.key.clone()?])).collect(),
        Expr::Call(call) => {
            let method = call.func.as_attribute_expr().filter(|method| method.attr.as_str() == "items")?;
            let dict = method.value.as_dict_expr().filter(|_| call.arguments.is_empty())?;
            dict.items.iter().map(|item| Some(vec![item.key.clone()?, item.value.clone()])).collect()
        }
        _ => None,
    }
}

fn round(target: &Expr, element: Vec<Expr>) -> Option<Round> {
    let (targets, values): (&[Expr], Vec<Expr>) = match (target, element.as_slice()) {
        (Expr::Tuple(targets), [Expr::Tuple(values)]) => (&targets.elts, values.elts.clone()),
        (Expr::Tuple(targets), [Expr::List(values)]) => (&targets.elts, values.elts.clone()),
        (Expr::Tuple(targets), _) => (&targets.elts, element),
        (target, [_]) => (std::slice::from_ref(target), element),
        _ => return None,
    };
    let names: Option<Vec<String>> =
        targets.iter().map(|target| target.as_name_expr().map(|name| name.id.to_string())).collect();
    let names = names.filter(|names| names.len() == values.len())?;
    Some(names.into_iter().zip(values).collect())
}
