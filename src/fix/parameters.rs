//! Parameters: plain values at the top of a script, or in a notebook cell, made inputs.

use super::edit::{self, Edit};
use super::{Refusal, imports, notebook, source_of};
use crate::component::{Component, Input};
use crate::frontend;
use crate::frontend::offers::Offer;
use crate::identifier;
use crate::source::Source;
use crate::stamp;

/// The text of a source with the plain values at its top made inputs; nothing if there are none.
///
/// In a notebook, the first cell that assigns plain values gets Papermill's tag `parameters`; in a script,
/// each such value becomes a
/// read of a variable with the value as its default.
pub fn add_parameters(source: &Source, file: &str, component: &Component) -> Result<Option<String>, Refusal> {
    let (text, wanted) = if source.notebook().is_some() {
        let Some(cell) = frontend::notebook::offered(file) else { return Ok(None) };
        (notebook::tag(file, cell)?, None)
    } else {
        let offers = frontend::offers(source);
        let is_free = |offer: &Offer| !is_taken(&offer.name, component);
        let values: Vec<Offer> = offers.values.into_iter().filter(is_free).collect();
        if values.is_empty() {
            return Ok(None);
        }
        let edit = |offer: &Offer| Edit { range: offer.span.clone(), text: offer.read.clone() };
        let import = offers.import.and_then(|module| imports::insertion(source, &[module]));
        let edits: Vec<Edit> = import.into_iter().chain(values.iter().map(edit)).collect();
        (edit::apply(file, source, &edits), Some(values))
    };
    let after = source_of(source.path(), &text).and_then(|source| frontend::read(&source).component);
    let is_fit = after.is_some_and(|after| is_wanted(component, &after, wanted.as_deref()));
    if is_fit { Ok(Some(text)) } else { Err(Refusal::Interface) }
}

/// Whether a name clashes with an input or an output.
fn is_taken(name: &str, component: &Component) -> bool {
    let inputs = component.inputs.iter().map(|input| &input.name);
    let others = inputs.chain(component.outputs.iter().map(|output| &output.name));
    others.into_iter().any(|other| identifier::least(other) == identifier::least(name))
}

/// Whether a component differs from another only in additional inputs, none of them required.
fn is_wanted(before: &Component, after: &Component, wanted: Option<&[Offer]>) -> bool {
    let is_old = |input: &&Input| before.inputs.iter().any(|known| known.name == input.name);
    let (old, new): (Vec<&Input>, Vec<&Input>) = after.inputs.iter().partition(is_old);
    let kept = Component { inputs: old.into_iter().cloned().collect(), ..after.clone() };
    let is_said =
        |offer: &Offer| new.iter().any(|input| input.name == offer.name && input.kind == offer.kind);
    !new.is_empty()
        && new.iter().all(|input| !input.required)
        && wanted.is_none_or(|offers| offers.len() == new.len() && offers.iter().all(is_said))
        && stamp::essence(&kept) == stamp::essence(before)
}
