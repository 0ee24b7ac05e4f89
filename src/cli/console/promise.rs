//! The guarantee of `--format json`: exactly one document on standard output, whatever happens.

use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};

use c3::failure::Failure;
use c3::report::messages;
use serde::Serialize;
use serde_json::{Value, json};

/// Whether a document is due.
static PROMISED: AtomicBool = AtomicBool::new(false);

/// Commands whose words behind the first are somebody else's.
const OTHERS: &[&str] = &["run"];

/// Notes whether the command line asks for JSON.
pub(crate) fn expect(words: &[OsString]) {
    let words: Vec<_> = words.iter().filter_map(|word| word.to_str()).collect();
    let is_foreign = words.get(1).is_some_and(|command| OTHERS.contains(command));
    let asked = words.contains(&"--format=json") || words.windows(2).any(|pair| pair == ["--format", "json"]);
    PROMISED.store(asked && !is_foreign, Ordering::Relaxed);
}

/// Withdraws the guarantee: other output is printed.
pub(super) fn fulfil() {
    PROMISED.store(false, Ordering::Relaxed);
}

/// The document with all messages added, which fulfils the guarantee; nothing if there are no messages, or
/// the document has them.
pub(super) fn with_messages(value: &impl Serialize) -> Option<Value> {
    if !PROMISED.swap(false, Ordering::Relaxed) {
        return None;
    }
    let mut value = serde_json::to_value(value).ok()?;
    let document = value.as_object_mut().filter(|document| !document.contains_key("diagnostics"))?;
    document.insert("diagnostics".to_owned(), messages::take().into());
    Some(value)
}

/// The document of a command that failed before it printed one.
pub(super) fn of_failure(failure: &Failure) -> Option<Value> {
    PROMISED.load(Ordering::Relaxed).then(|| json!({"schema_version": 1, "error": error(failure)}))
}

/// A failure as JSON.
pub(crate) fn error(failure: &Failure) -> Value {
    let mut error = json!({"message": failure.to_string(), "exit_code": failure.code});
    if let Some(hint) = &failure.hint {
        error["hint"] = hint.as_str().into();
    }
    if !failure.details.is_empty() {
        error["details"] = failure.details.clone().into();
    }
    error
}
