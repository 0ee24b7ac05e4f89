//! Messages of a command, kept for `--format json`.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;

static TOLD: Mutex<Vec<Value>> = Mutex::new(Vec::new());

/// Something without a place in a source.
#[derive(Serialize)]
struct Warning<'a> {
    severity: &'static str,
    message: &'a str,
}

/// Keeps a warning that has no place in a source.
pub fn warn(message: &str) {
    keep(&Warning { severity: "warning", message });
}

/// Keeps a message.
pub fn keep(entry: &impl Serialize) {
    let entry = serde_json::to_value(entry).unwrap_or_default();
    TOLD.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
}

/// Takes all messages kept so far.
#[must_use]
pub fn take() -> Vec<Value> {
    std::mem::take(&mut TOLD.lock().unwrap_or_else(PoisonError::into_inner))
}
