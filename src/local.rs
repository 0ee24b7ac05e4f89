//! Without an engine: what an operator needs, installed on this machine, and its program as a process.

pub mod bundle;
pub mod environment;
pub mod process;
