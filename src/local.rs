//! Running without an engine: requirements installed on this machine, and the program as a process.

pub mod bundle;
pub mod environment;
pub mod process;
