//! Long runs: a million inputs, or as many as `C3_INPUTS` says and `C3_SECONDS` allows; `C3_SEED` gives others.

use std::fmt::{self, Debug, Display};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use proptest::prelude::{ProptestConfig, Strategy};
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

/// What a long run was.
pub(crate) struct LongRun {
    pub(crate) inputs: u32,
    pub(crate) time: Duration,
    pub(crate) slowest: Duration,
}

impl Display for LongRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} inputs in {:.0?}, the slowest in {:.0?}", self.inputs, self.time, self.slowest)
    }
}

/// Checks inputs until there have been enough, and shows the one that fails.
pub(crate) fn long_run<T: Debug>(strategy: &impl Strategy<Value = T>, mut check: impl FnMut(&T)) -> LongRun {
    let most = setting("C3_INPUTS", 1_000_000);
    let patience = Duration::from_secs(setting("C3_SECONDS", u64::MAX));
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[setting("C3_SEED", 0); 32]);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    let mut run = LongRun { inputs: 0, time: Duration::ZERO, slowest: Duration::ZERO };
    let start = Instant::now();
    while run.inputs < most && start.elapsed() < patience {
        let input = strategy.new_tree(&mut runner).unwrap().current();
        let begun = Instant::now();
        let survived = catch_unwind(AssertUnwindSafe(|| check(&input))).is_ok();
        assert!(survived, "{input:?}");
        run.slowest = run.slowest.max(begun.elapsed());
        run.inputs += 1;
    }
    run.time = start.elapsed();
    run
}

/// A number that the environment sets.
fn setting<T: std::str::FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
