//! Failures: what ends a command, with its exit code and remedy.

use c3::artifact::ArtifactError;
use c3::cache::CacheError;
use c3::context::ContextError;
use c3::engine::endpoint::EndpointError;
use c3::engine::error::EngineError;
use c3::engine::http::HttpError;
use c3::engine::image_archive::ImageArchiveError;
use c3::engine::indexes::IndexError;
use c3::engine::oci::OciError;
use c3::engine::registry::RegistryError;
use c3::files::FilesError;
use c3::grid::error::GridError;
use c3::invocation::InvocationError;
use c3::load::LoadError;
use c3::local::environment::EnvironmentError;
use c3::publish::PublishError;
use c3::reference::NameError;
use c3::settings::ConfigError;
use c3::shown;

/// Exit code: the input is at fault.
pub(crate) const INPUT: u8 = 1;
/// Exit code: the command line is at fault.
pub(crate) const USAGE: u8 = 2;
/// Exit code: an engine, a registry or the network failed.
pub(crate) const ENGINE: u8 = 3;
/// Exit code: the user has pressed Ctrl-C.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why a command ends early.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) code: u8,
    /// What happened; nothing where the diagnostics have said it.
    pub(crate) message: Option<String>,
    /// Lines that explain it, such as the end of a build's output.
    pub(crate) details: Vec<String>,
    /// What to do.
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// A failure that is told on one line, whatever foreign texts are in it.
    pub(crate) fn new(code: u8, message: impl Into<String>) -> Self {
        let message = shown::line(&message.into()).into_owned();
        Self { code, message: Some(message), details: Vec::new(), hint: None }
    }

    /// The diagnostics have said all.
    pub(crate) fn diagnosed() -> Self {
        Self { code: INPUT, message: None, details: Vec::new(), hint: None }
    }

    /// A program has ended with this exit code and said itself why.
    pub(crate) fn of_program(code: u8) -> Self {
        Self { code, ..Self::diagnosed() }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Turns the errors of effects into failures with one exit code.
macro_rules! failures {
    ($($error:ty => $code:expr),+ $(,)?) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self { hint: error.hint(), ..Self::new($code, error.to_string()) }
            }
        }
    )+};
}

failures! {
    LoadError => INPUT,
    FilesError => INPUT,
    NameError => INPUT,
    ContextError => INPUT,
    IndexError => INPUT,
    ImageArchiveError => INPUT,
    ArtifactError => INPUT,
    CacheError => INPUT,
    InvocationError => USAGE,
    RegistryError => ENGINE,
    EndpointError => ENGINE,
}

/// The message shows the place in the file on lines of its own.
impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self { message: Some(error.to_string()), hint: error.hint(), ..Self::of_program(INPUT) }
    }
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        let hint = error.hint();
        Self { code: ENGINE, message: Some(error.to_string()), details: Vec::new(), hint }
    }
}

impl From<GridError> for Failure {
    fn from(error: GridError) -> Self {
        let code = if error.is_remote() { ENGINE } else { INPUT };
        Self { hint: error.hint(), ..Self::new(code, error.to_string()) }
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        let code = match error {
            PublishError::Interrupted => INTERRUPTED,
            PublishError::Server(_) | PublishError::Read { .. } => INPUT,
            _ => ENGINE,
        };
        Self { hint: error.hint(), ..Self::new(code, error.to_string()) }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let code = match error {
            EngineError::Interrupted => INTERRUPTED,
            EngineError::Build { .. } | EngineError::Check { .. } => INPUT,
            _ => ENGINE,
        };
        let details = match &error {
            EngineError::Build { tail, .. } => tail.clone(),
            EngineError::Check { said, .. } => said.lines().map(ToOwned::to_owned).collect(),
            _ => Vec::new(),
        };
        Self { details, hint: error.hint(), ..Self::new(code, error.to_string()) }
    }
}

impl From<EnvironmentError> for Failure {
    fn from(error: EnvironmentError) -> Self {
        let code = if matches!(error, EnvironmentError::NoInterpreter(_)) { ENGINE } else { INPUT };
        let details = match &error {
            EnvironmentError::Failed { tail, .. } => tail.clone(),
            _ => Vec::new(),
        };
        Self { details, hint: error.hint(), ..Self::new(code, error.to_string()) }
    }
}

impl From<OciError> for Failure {
    fn from(error: OciError) -> Self {
        let code = match error {
            OciError::Interrupted => INTERRUPTED,
            OciError::Install { offline: false, .. }
            | OciError::Cache(_)
            | OciError::Context(_)
            | OciError::Changed(_) => INPUT,
            _ => ENGINE,
        };
        let details = match &error {
            OciError::Install { tail, .. } => tail.clone(),
            _ => Vec::new(),
        };
        Self { details, hint: error.hint(), ..Self::new(code, error.to_string()) }
    }
}
