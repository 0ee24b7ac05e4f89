//! `c3 grid-status`: shows the progress of a grid.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use c3::display;
use c3::grid::error::GridError;
use c3::grid::pace::span;
use c3::grid::status::{Failed, Run, Status, last_line};
use c3::grid::storage::Storage;
use c3::grid::watch::{Progress, Watch, Work};
use clap::Args;
use serde_json::json;

use super::console;
use super::options::Format;
use c3::failure::Failure;

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// The folder of the marks (`gw_coordinator_path`) or of the results (`sgw_target_folder`), or the connection to it in
    /// an object store (`gw_coordinator_connection`), or a file that holds the connection
    #[arg(value_name = "FOLDER|CONNECTION")]
    place: String,

    /// Most failed batches whose errors are read
    #[arg(long, value_name = "N", default_value_t = 20)]
    errors: usize,

    /// Look again every so many seconds until all batches have ended, and tell how fast they do and which stand still
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "10", require_equals = true,
        value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "format")]
    watch: Option<u64>,

    /// Form of the output
    #[arg(long, default_value = "text")]
    format: Format,
}

/// A failed batch and the last line of its error, if read.
type Error<'a> = (&'a Failed, Option<String>);

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let storage = Storage::find(&options.place)?;
    if let Some(seconds) = options.watch {
        return watch(&storage, options.errors, Duration::from_secs(seconds));
    }
    let status = look(&storage)?;
    let errors = errors(&storage, &status.failed, options.errors)?;
    match options.format {
        Format::Json => console::print_json(&summary(&status, &errors)),
        Format::Text => console::print_lines(&text(&status, &errors)),
    }
}

fn look(storage: &Storage) -> Result<Status, GridError> {
    let names = storage.list()?;
    Ok(Status::count(&names, Run::announced(storage, &names)?.as_ref()))
}

/// Shows the progress repeatedly until the grid has ended.
fn watch(storage: &Storage, limit: usize, pause: Duration) -> Result<(), Failure> {
    let (mut watch, begin) = (Watch::default(), Instant::now());
    loop {
        let status = look(storage)?;
        let progress = watch.look(begin.elapsed().as_secs_f64(), &status, storage)?;
        let errors = errors(storage, &status.failed, limit)?;
        console::print_lines(&format!("{}{}\n", text(&status, &errors), running(&progress)))?;
        if status.locked + status.waiting().unwrap_or(1) == 0 {
            return Ok(());
        }
        std::thread::sleep(pause);
    }
}

/// Maximum number of batches in progress to show.
const SHOWN: usize = 5;

/// Throughput and remaining time.
fn running(progress: &Progress) -> String {
    let speed = progress.speed.per_minute.map(|speed| format!("{speed:>8.1} a minute\n"));
    let left = progress.speed.left.map(|left| format!("{:>8} left\n", span(left)));
    let work = progress.work.iter().take(SHOWN).map(in_work).collect::<String>();
    let title = if work.is_empty() { "" } else { "in work, the longest first:\n" };
    let more = progress.work.len().saturating_sub(SHOWN);
    let more = if more == 0 { String::new() } else { format!("  and {more} more\n") };
    format!("{}{}{title}{work}{more}", speed.unwrap_or_default(), left.unwrap_or_default())
}

fn in_work(work: &Work) -> String {
    let attempt = if work.attempt > 1 { format!(", attempt {}", work.attempt) } else { String::new() };
    let stuck = work.stuck.map(|seconds| format!(", no heartbeat for {}", span(seconds))).unwrap_or_default();
    format!("  {}: {}{attempt}{stuck}\n", display::line(&work.batch), span(work.seconds))
}

/// The failed batches, the first of them with their errors.
fn errors<'a>(storage: &Storage, failed: &'a [Failed], limit: usize) -> Result<Vec<Error<'a>>, GridError> {
    let marks: Vec<_> = failed.iter().take(limit).map(|failed| failed.mark.as_str()).collect();
    let contents = storage.read(&marks)?.into_iter().map(|content| content.as_deref().map(last_line));
    Ok(failed.iter().zip(contents.chain(std::iter::repeat(None))).collect())
}

fn summary(status: &Status, errors: &[Error<'_>]) -> serde_json::Value {
    let failed = |(failed, error): &Error<'_>| json!({ "batch": failed.batch, "error": error });
    json!({
        "schema_version": 1,
        "total": status.total,
        "done": status.done,
        "locked": status.locked,
        "waiting": status.waiting(),
        "others": status.others,
        "failed": errors.iter().map(failed).collect::<Vec<_>>(),
    })
}

const WIDTH: usize = 50;

fn text(status: &Status, errors: &[Error<'_>]) -> String {
    let mut text = status.total.map(|total| bar(status, total)).unwrap_or_default();
    let rows = [
        ("done", Some(status.done)),
        ("failed", Some(status.failed.len())),
        ("in work", Some(status.locked)),
        ("waiting", status.waiting()),
        ("in total", status.total),
    ];
    for (name, number) in rows {
        let _ = number.map(|number| writeln!(text, "{number:>8} {name}"));
    }
    if status.total.is_none() {
        text += "how many batches there are is not known: no worker has left the list of them here\n";
    }
    if status.others > 0 {
        let _ = writeln!(text, "{} of other lists than the latest are not counted", batches(status.others));
    }
    text + &failures(errors)
}

/// The progress bar: `#` done, `!` failed, `.` to do.
fn bar(status: &Status, total: usize) -> String {
    let share = |number: usize| (number * WIDTH).checked_div(total).unwrap_or(WIDTH);
    let ended = share(status.done + status.failed.len());
    // What there is of failures is seen, however few they are.
    let failed = share(status.failed.len()).max(usize::from(!status.failed.is_empty()));
    let done = ended.saturating_sub(failed);
    let rest = WIDTH - done - failed;
    let percent = (status.done * 100).checked_div(total).unwrap_or(100);
    format!("[{}{}{}] {percent} % done\n", "#".repeat(done), "!".repeat(failed), ".".repeat(rest))
}

/// The failed batches whose errors were read, as text.
fn failures(errors: &[Error<'_>]) -> String {
    let line = |(failed, error): &Error<'_>| {
        let line = |error: &String| format!("  {}: {}\n", display::line(&failed.batch), display::line(error));
        error.as_ref().map(line)
    };
    let lines: Vec<_> = errors.iter().filter_map(line).collect();
    let hidden = errors.len() - lines.len();
    let more = (hidden > 0).then(|| format!("  and {hidden} more\n"));
    if errors.is_empty() {
        return String::new();
    }
    format!("failed:\n{}{}", lines.concat(), more.unwrap_or_default())
}

fn batches(number: usize) -> String {
    format!("{number} batch{}", if number == 1 { "" } else { "es" })
}

#[cfg(test)]
mod tests {
    use c3::grid::pace::Speed;

    use super::*;

    fn status(total: Option<usize>, done: usize, failed: usize) -> Status {
        let failed = (0..failed)
            .map(|number| Failed { batch: format!("b{number}\x1b"), mark: format!("{number}.err") });
        Status { total, done, locked: 1, held: Vec::new(), failed: failed.collect(), others: 0 }
    }

    #[test]
    fn the_progress_bar_shows_every_state() {
        let line = |done, failed| bar(&status(Some(1000), done, failed), 1000);
        assert_eq!(line(0, 0), format!("[{}] 0 % done\n", ".".repeat(50)));
        assert_eq!(line(0, 1), format!("[!{}] 0 % done\n", ".".repeat(49)));
        assert_eq!(line(500, 1), format!("[{}!{}] 50 % done\n", "#".repeat(24), ".".repeat(25)));
        assert_eq!(line(999, 1), format!("[{}!] 99 % done\n", "#".repeat(49)));
        assert_eq!(line(1000, 0), format!("[{}] 100 % done\n", "#".repeat(50)));
    }

    #[test]
    fn stuck_batches_are_reported() {
        let work = |attempt, stuck| Work { batch: "b\x1b".into(), attempt, seconds: 75.0, stuck };
        let all = [work(2, Some(40.0)), work(1, None)].into_iter().chain((0..5).map(|_| work(1, None)));
        let progress =
            Progress { speed: Speed { per_minute: Some(12.34), left: Some(7_260.0) }, work: all.collect() };
        let text = running(&progress);
        let begin = "    12.3 a minute\n2 h 1 min left\nin work, the longest first:\n  b\\u{1b}: 1 min, attempt 2, no heartbeat for 40 s\n  b\\u{1b}: 1 min\n";
        assert!(text.starts_with(begin) && text.ends_with("  and 2 more\n"), "{text}");
        assert_eq!(running(&Progress { speed: Speed::default(), work: Vec::new() }), "");
    }

    #[test]
    fn unread_errors_are_counted() {
        let status = status(None, 3, 3);
        let errors = [
            (&status.failed[0], Some("no\x07".to_owned())),
            (&status.failed[1], None),
            (&status.failed[2], None),
        ];
        let text = text(&status, &errors);
        assert!(text.ends_with("failed:\n  b0\\u{1b}: no\\u{7}\n  and 2 more\n"), "{text}");
        assert!(text.starts_with("       3 done\n       3 failed\n       1 in work\nhow many"), "{text}");
    }
}
