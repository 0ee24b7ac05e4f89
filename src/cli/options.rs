//! Options that commands share.

use c3::artifact::Existing;
use c3::operator::Request;
use c3::progress::Verbosity;
use c3::settings::FILES;
use clap::{Args, ValueEnum};

/// What is emitted, and where to.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct Emission {
    #[command(flatten)]
    pub(crate) request: Request,

    #[command(flatten)]
    pub(crate) replacing: Replacing,

    #[command(flatten)]
    pub(crate) output: OutputOptions,
}

/// The log level, and the format of the summary.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct OutputOptions {
    /// Log level
    #[arg(
        short,
        long,
        alias = "log_level",
        value_name = "LEVEL",
        default_value = "INFO",
        ignore_case = true
    )]
    log_level: LogLevel,

    /// Show only errors and the summary
    #[arg(short, long, conflicts_with = "log_level")]
    quiet: bool,

    /// Form of the summary on standard output
    #[arg(long, default_value = "text")]
    pub(crate) format: Format,
}

impl OutputOptions {
    /// The log level.
    pub(crate) fn level(&self) -> LogLevel {
        if self.quiet { LogLevel::Error } else { self.log_level }
    }

    /// The log level of suggestions: they are for people, not for programs.
    pub(crate) fn next(&self) -> LogLevel {
        if self.format == Format::Json { LogLevel::Error } else { self.level() }
    }
}

/// How to treat existing files.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct Replacing {
    /// Replace existing files, even edited ones
    #[arg(long, help_heading = FILES)]
    overwrite: bool,

    /// Answer every question with yes: replace edited files, like `--overwrite`
    #[arg(short, long, help_heading = FILES)]
    yes: bool,

    /// Rename existing files that differ to modified_<file>, or give them the stem NAME
    #[arg(long, help_heading = FILES, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    rename: Option<String>,
}

impl Replacing {
    /// The choice.
    pub(crate) fn existing(&self) -> Existing {
        Existing::chosen(self.overwrite || self.yes, self.rename.as_deref())
    }
}

/// The log level.
#[derive(ValueEnum, Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
#[value(rename_all = "UPPER")]
pub(crate) enum LogLevel {
    /// Everything, with the output of the build.
    #[value(alias = "NOTSET")]
    Debug,
    /// Progress, notes, warnings and errors.
    #[default]
    Info,
    /// Warnings and errors.
    #[value(alias = "WARN")]
    Warning,
    /// Errors only.
    Error,
    /// Errors only.
    #[value(alias = "FATAL")]
    Critical,
}

impl From<LogLevel> for Verbosity {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Debug => Self::Debug,
            LogLevel::Info => Self::Info,
            LogLevel::Warning => Self::Warnings,
            LogLevel::Error | LogLevel::Critical => Self::Quiet,
        }
    }
}

/// A format of output.
#[derive(ValueEnum, Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}
