//! The `sbatch` options of a job: names, resources, time, the array of a grid.

use crate::backend::Operator;
use crate::backend::amounts::{MEGABYTE, asked, gpus, whole};
use crate::job::Job;
use crate::job::slurm::Container;

/// Seconds between the warning signal and the end of the time limit.
const GRACE: u32 = 60;

/// The options, each in one word.
pub(super) fn directives(operator: &Operator) -> Vec<String> {
    let (slurm, job) = (&operator.settings.slurm, &operator.settings.job);
    let name = &operator.component.name;
    let array = array(operator);
    let log = if array.is_some() { "%A_%a" } else { "%j" };
    let given = |option: &str, value: Option<String>| value.map(|value| format!("--{option}={value}"));
    let text = |value: Option<&dyn ToString>| value.map(ToString::to_string);
    let own = [
        given("job-name", Some(name.clone())),
        given("output", Some(format!("{name}-{log}.log"))),
        given("open-mode", Some("append".to_owned())),
        given("partition", slurm.partition.as_ref().and_then(|it| text(Some(it)))),
        given("account", slurm.account.as_ref().and_then(|it| text(Some(it)))),
        given("qos", slurm.qos.as_ref().and_then(|it| text(Some(it)))),
        given("array", array),
        given("cpus-per-task", asked(job, "cpu").map(|cores| whole(cores, 1.0))),
        given("mem", asked(job, "memory").map(|bytes| format!("{}M", whole(bytes, MEGABYTE)))),
        given("tmp", asked(job, "ephemeral-storage").map(|bytes| format!("{}M", whole(bytes, MEGABYTE)))),
        given(
            "gres",
            slurm
                .gres
                .as_ref()
                .map(ToString::to_string)
                .or_else(|| gpus(job).map(|count| format!("gpu:{count}"))),
        ),
        given("constraint", slurm.constraint.as_ref().map(ToString::to_string)),
        given("time", slurm.time.as_ref().map(ToString::to_string).or_else(|| deadline(job))),
        Some("--requeue".to_owned()),
        given("signal", Some(format!("B:TERM@{GRACE}"))),
    ];
    own.into_iter().flatten().chain(slurm.options.iter().map(ToString::to_string)).collect()
}

/// The tasks of an indexed job or of a grid's workers, and how many run at once.
fn array(operator: &Operator) -> Option<String> {
    let job = &operator.settings.job;
    let (parallelism, indexed) = (job.parallelism.map(u32::from), job.indexed.map(u32::from));
    let workers = parallelism.filter(|_| operator.settings.process.is_some());
    let last = indexed.or(workers)?.saturating_sub(1);
    let at_once = parallelism.filter(|at_once| indexed.is_some_and(|all| *at_once < all));
    Some(format!("0-{last}{}", at_once.map(|at_once| format!("%{at_once}")).unwrap_or_default()))
}

/// The options that give a container the GPUs of its node.
pub(super) fn accelerators(job: &Job, runtime: Container) -> &'static [&'static str] {
    let is_there = |name: &str| job.all_limits().contains_key(name);
    match (is_there("nvidia.com/gpu"), is_there("amd.com/gpu"), runtime) {
        (_, _, Container::None | Container::Charliecloud) | (false, false, _) => &[],
        (true, _, Container::Podman) => &["--device", "nvidia.com/gpu=all"],
        (_, _, Container::Podman) => &["--device", "/dev/kfd", "--device", "/dev/dri"],
        (true, ..) => &["--nv"],
        _ => &["--rocm"],
    }
}

/// The job's deadline in hours, minutes and seconds.
fn deadline(job: &Job) -> Option<String> {
    let seconds = job.active_deadline.map(u32::from)?;
    Some(format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_are_passed_to_the_container() {
        let job = Job { gpu: "1".parse().ok(), ..Job::default() };
        assert_eq!(accelerators(&job, Container::Apptainer), ["--nv"]);
    }

    #[test]
    fn a_deadline_has_hours() {
        let job = Job { active_deadline: "90061".parse().ok(), ..Job::default() };
        assert_eq!(deadline(&job), Some("25:01:01".to_owned()));
    }
}
