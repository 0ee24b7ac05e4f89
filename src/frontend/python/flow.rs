//! Flow: which parts of a script are sure to be run, and what ends it.

mod certain;
mod ends;

pub(super) use certain::Doubts;
pub(super) use ends::Ends;
