//! Runs of a grid seen from outside: where workers meet, and the marks there.

pub mod bucket;
pub mod clean;
pub mod connection;
pub mod error;
pub mod marks;
#[cfg(test)]
mod model;
pub mod pace;
pub mod plan;
mod profile;
pub mod status;
pub mod storage;
pub mod watch;
pub mod worker_log;
