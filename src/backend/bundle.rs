//! Bundles: the programs below `templates/runtime/`, packages of plain files, as the one file that is emitted.

pub(super) mod python;
pub(super) mod r;
