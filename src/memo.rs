//! What was worked out once and is asked for again: a module is read once, however many sources import it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Results of a pure function, by its argument.
#[derive(Debug)]
pub(crate) struct Memo<K, T>(Mutex<BTreeMap<K, Arc<T>>>);

impl<K: Ord, T> Memo<K, T> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// The result for a key; threads that ask at the same time may each work it out.
    pub(crate) fn of(&self, key: K, work: impl FnOnce() -> T) -> Arc<T> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        kept.unwrap_or_else(|| {
            let result = Arc::new(work());
            let mut results = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(results.entry(key).or_insert(result))
        })
    }
}

impl<K: Ord, T> Default for Memo<K, T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_result_is_worked_out_once_for_each_key() {
        let (memo, calls) = (Memo::new(), Cell::new(0));
        let length = |text: &'static str| {
            *memo.of(text, || {
                calls.set(calls.get() + 1);
                text.len()
            })
        };
        assert_eq!(["a", "bc", "a", "bc"].map(length), [1, 2, 1, 2]);
        assert_eq!(calls.get(), 2);
    }
}
