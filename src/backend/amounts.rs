//! Amounts of resources in the integer units of schedulers.

use crate::job::{Job, Quantity, amount};

/// Bytes of a scheduler's megabyte.
pub(super) const MEGABYTE: f64 = 1_048_576.0;

/// Suffix of resources that are GPUs.
const GPU: &str = "/gpu";

/// The limit of a resource, or else its request.
pub(super) fn asked(job: &Job, resource: &str) -> Option<f64> {
    amount(&job.limits, resource).or_else(|| amount(&job.requests, resource))
}

/// An amount in integer units, at least one.
pub(super) fn whole(amount: f64, unit: f64) -> String {
    format!("{:.0}", (amount / unit).ceil().max(1.0))
}

/// The number of GPUs, of any vendor.
pub(super) fn gpus(job: &Job) -> Option<String> {
    let limits = job.all_limits();
    let (_, number) = limits.iter().find(|(name, _)| name.ends_with(GPU))?;
    number.parse::<Quantity>().ok().map(|it| format!("{:.0}", it.amount()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(limits: &str) -> Job {
        let limits =
            limits.split(',').map(|pair| pair.parse().unwrap_or_else(|error| unreachable!("{error}")));
        Job { limits: limits.collect(), ..Job::default() }
    }

    #[test]
    fn amounts_are_rounded_up() {
        let job = job("cpu=1500m,memory=1G");
        assert_eq!(asked(&job, "cpu").map(|cores| whole(cores, 1.0)), Some("2".to_owned()));
        assert_eq!(asked(&job, "memory").map(|bytes| whole(bytes, MEGABYTE)), Some("954".to_owned()));
        assert_eq!(whole(0.0, 1.0), "1");
    }

    #[test]
    fn gpus_of_any_vendor_are_requested() {
        assert_eq!(gpus(&job("amd.com/gpu=2")), Some("2".to_owned()));
    }
}
