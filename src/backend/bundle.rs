//! Bundles: the packages below `templates/runtime/`, each emitted as one file.

pub(super) mod python;
pub(super) mod r;
