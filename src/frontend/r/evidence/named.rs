//! Applies evidence to the uses of a variable.

use std::ops::Range;

use crate::frontend::interface::{Action, Fallback};
use crate::frontend::r::environment::Use;
use crate::frontend::r::names::Names;
use crate::value::Constant;

/// The uses of one variable, and the fallbacks applied already: the same one again changes nothing.
#[derive(Default)]
pub(super) struct Named<'u> {
    pub(super) uses: Vec<&'u mut Use>,
    taken: Vec<Fallback>,
}

impl Named<'_> {
    /// Sets the fallback of reads that don't have their own.
    pub(super) fn take(&mut self, fallback: Fallback) {
        if self.taken.contains(&fallback) {
            return;
        }
        for found in &mut self.uses {
            let Action::Read { fallback: known, .. } = &mut found.action else { continue };
            let is_open = match known {
                Fallback::Missing | Fallback::Absent => true,
                Fallback::Constant(value) => match value {
                    Constant::None => true,
                    Constant::Text(text) => text.is_empty() && matches!(fallback, Fallback::Constant(_)),
                    _ => false,
                },
                Fallback::Computed => false,
            };
            if is_open && (*known == Fallback::Missing || fallback != Fallback::Absent) {
                *known = fallback.clone();
            }
        }
        self.taken.push(fallback);
    }

    /// A variable that is set only if it wasn't has a default.
    pub(super) fn set(&mut self, span: &Range<usize>, names: &Names) {
        for found in self.uses.iter_mut().filter(|found| found.span == *span) {
            let written = names.text.get(span.clone()).and_then(|text| text.split_once('='));
            let text = written.map(|(_, value)| value.trim());
            let quoted = |text: &str| {
                let inner = text.strip_prefix(['"', '\'']).and_then(|text| text.strip_suffix(['"', '\'']));
                inner.filter(|inner| !inner.contains(['\\', '"', '\''])).map(str::to_owned)
            };
            let number = |text: &str| text.parse::<f64>().ok().map(|_| text.to_owned());
            let value = text.and_then(|text| quoted(text).or_else(|| number(text)));
            let fallback =
                value.map_or(Fallback::Computed, |value| Fallback::Constant(Constant::Text(value)));
            found.action = Action::Default(fallback);
        }
    }

    /// A restored variable isn't an output.
    pub(super) fn restore(&mut self) {
        let writes = self.uses.iter_mut().filter(|found| matches!(found.action, Action::Write));
        writes.for_each(|found| found.action = Action::Remove);
    }
}
