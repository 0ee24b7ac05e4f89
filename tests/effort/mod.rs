//! How hard properties are tried.

use proptest::prelude::ProptestConfig;

/// How many cases a property tries: few in a plain run, as many as `PROPTEST_CASES` says in a long one.
pub(crate) fn cases(quick: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(quick);
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 2000, ..ProptestConfig::default() }
}
