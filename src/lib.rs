//! c3
pub mod component;
pub mod diagnostic;
pub mod frontend;
pub mod identifier;
pub mod reference;
pub mod source;
