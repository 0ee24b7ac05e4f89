//! The plan of one operator: its source joined with the command line, settings and existing files.

use std::path::{Path, PathBuf};

use crate::artifact::{Artifact, Destination};
use crate::backend::variant::{self, Image};
use crate::backend::{self, Operator, Settings, values};
use crate::check::surroundings::{Listings, Surroundings};
use crate::component::Component;
use crate::context::Content;
use crate::diagnostic::{Diagnostic, Severity};
use crate::engine::http::{self, HttpError};
use crate::files::{self, AdditionalFile};
use crate::frontend::{self, Metadata};
use crate::job::Job;
use crate::logins::NamedIndex;
use crate::neighbours::{self, Neighbours};
use crate::recipe;
use crate::reference::{self, ImageName, NameError};
use crate::requirement_files::remote::{Remote, Unfetched};
use crate::requirement_files::{self, Resolved};
use crate::settings::{Config, Layers, current_dir};
use crate::source::Source;
use crate::stamp::Stamp;

use self::contents::{check_entry, habits, scripts, without_own};
pub use self::contents::{fingerprint, made, packed};
use self::decisions::{default_python, settings, template};
use super::Request;
use super::project::Around;
use crate::failure::{ENGINE, Failure, Fault, USAGE};

mod contents;
mod decisions;
mod present;
mod sent;
mod wrapped;

/// The version of a new operator.
const FIRST: &str = "0.1";

/// One operator, ready to be emitted and built.
pub struct Plan {
    /// What was read.
    pub source: Source,
    /// What it says.
    pub component: Component,
    /// What was decided.
    pub settings: Settings,
    /// The options that are in force, those of files among them.
    pub request: Request,
    /// The job settings of this operator alone.
    own_job: Job,
    /// Folder for the files.
    pub folder: PathBuf,
    /// The entry point and the scripts it runs: file names and contents.
    scripts: Vec<(String, Content)>,
    files: Vec<AdditionalFile>,
    requirements: Resolved,
    neighbours: Neighbours,
    /// The file beside the source that lists requirements, if the source has none.
    pub project: Option<String>,
    /// The package indexes named by the source.
    pub indexes: Vec<NamedIndex>,
}

/// Largest requirement file that is fetched, in bytes.
const FETCHED_LIMIT: usize = 4 << 20;

/// Suffix of a build context left on disk.
pub const CONTEXT: &str = ".context";

/// Default suffix of an image's archive.
pub const ARCHIVE: &str = ".image.tar";

/// What a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Files only: what is missing on this machine is a warning, and nothing is fetched.
    Files,
    /// The image too: what is missing is an error, and requirement files at URLs are fetched.
    Image,
}

impl Purpose {
    fn remote(self) -> Remote<'static> {
        match self {
            Self::Files => Remote::Left,
            Self::Image => Remote::Fetched(&fetched),
        }
    }

    /// A diagnostic as an error, if the image needs it.
    fn weighed(self, diagnostic: Diagnostic) -> Diagnostic {
        let is_missing = diagnostic.code == "requirement-file" && diagnostic.severity == Severity::Warning;
        let is_needed = self == Self::Image && is_missing;
        let severity = if is_needed { Severity::Error } else { diagnostic.severity };
        Diagnostic { severity, ..diagnostic }
    }
}

/// The result of planning.
pub struct Planned {
    /// The plan, or why there is none.
    pub plan: Result<Plan, Failure>,
    /// Diagnostics of the source.
    pub diagnostics: Vec<Diagnostic>,
}

/// Plans everything made of a source, from its text, settings and the request.
#[must_use]
pub fn plan(source: &Source, request: &Request, purpose: Purpose) -> Planned {
    let mut diagnostics = Vec::new();
    let plan = decide(source, request, purpose, &mut diagnostics);
    Planned { plan, diagnostics }
}

fn decide(
    source: &Source,
    request: &Request,
    purpose: Purpose,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Plan, Failure> {
    let (reading, own) = Config::with(source);
    diagnostics.extend(reading.diagnostics);
    let has_block = reading.metadata.as_ref().is_some_and(Metadata::has_dependencies);
    let mut component = reading.component.ok_or_else(Failure::diagnosed)?;
    let layers = Layers::find(&request.files, source, own)?;
    let own_job = request.settings.job.over(&layers.specific().job);
    let request = request.settled(&layers.merged());
    let root = request.root.clone().map_or_else(current_dir, Ok)?;
    let folder = request.output_dir.clone();
    let folder = folder.or_else(|| source.path().parent().map(Path::to_path_buf)).unwrap_or_default();
    let patterns = &request.settings.additional_files;
    let found = files::collect(patterns, &root)?;
    diagnostics.extend(found.dangling.iter().map(|link| dangling(link)));
    let mut files = without_own(found.files, source, &folder, &request);
    let neighbours = neighbours::find(source, &reading.mentions, &component, &root, &files);
    let mut around = Around { component: &mut component, diagnostics };
    let project = around.look(source, &request.settings, has_block, &neighbours);
    let (project, listed) = project.unzip();
    let stamp = Stamp::of(&component).with_files(neighbours.digest.clone()).with_files(listed.flatten());
    request.settings.job.mark_secrets(&mut component);
    files.extend(neighbours.files.iter().cloned());
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let habits = habits(&files);
    let requirements =
        requirement_files::resolve(&component.requirements, source.path(), &root, purpose.remote());
    diagnostics.extend(requirements.diagnostics.iter().cloned().map(|found| purpose.weighed(found)));
    let settings = Settings {
        stamp: Stamp { fetched: requirements.fetched.clone(), ..stamp },
        dockerfile_template: template(&request, &layers, source, &root)?,
        own_arguments: habits.iter().any(|habits| habits.reads_command_line),
        logs: habits.iter().any(|habits| habits.may_log),
        files: files.iter().map(|file| file.path.clone()).collect(),
        requirement_files: requirements.named.clone(),
        ..settings(source, &component, &request, &root)?
    };
    let operator = Operator { component: &component, settings: &settings };
    check_entry(&operator)?;
    diagnostics.extend(backend::review(&operator, &request.targets(), default_python(&request, &component)));
    if frontend::has_error(diagnostics) {
        let is_down = requirements.is_network_down;
        return Err(if is_down { Failure::of_program(ENGINE) } else { Failure::diagnosed() });
    }
    let scripts = scripts(source, &operator)?;
    let indexes = reading.indexes.into_iter().collect();
    let source = source.clone();
    Ok(Plan {
        source,
        component,
        settings,
        request,
        own_job,
        folder,
        scripts,
        files,
        requirements,
        neighbours,
        project,
        indexes,
    })
}

/// A link of an additional folder that can't go into the image.
fn dangling(link: &str) -> Diagnostic {
    let message = format!("`{link}` is a link that leads nowhere: the image goes without it");
    Diagnostic::warning("dangling-link", message)
        .hint("remove the link, correct what it points to, or list it in `.dockerignore`")
}

impl Plan {
    /// What the checks need to know of the files around the source.
    pub fn surroundings(&self, listings: &Listings) -> Result<Surroundings, Failure> {
        let python = default_python(&self.request, &self.component);
        let mut around =
            Surroundings::look(self.source.path(), &current_dir()?, &self.requirements, python, listings);
        around.neighbours.clone_from(&self.neighbours.read);
        around.project.clone_from(&self.project);
        let variants = self.request.targets().into_iter().filter_map(|target| target.variant);
        around.platform = variants.into_iter().find(|variant| variant.read_only.is_some());
        Ok(around)
    }

    /// Whether the source, or a module beside it, imports a module found neither here nor in Python.
    #[must_use]
    pub fn imports_foreign(&self) -> bool {
        !self.neighbours.foreign.is_empty()
    }

    /// Sets the version.
    pub fn set_version(&mut self, version: &str) -> Result<(), Failure> {
        let repository = self.settings.image.repository.clone();
        self.set_image(&repository, version)
    }

    /// Sets the image.
    pub fn set_image(&mut self, repository: &str, version: &str) -> Result<(), Failure> {
        self.settings.image = ImageName::new(repository, version).map_err(usage)?;
        Ok(())
    }

    /// Keeps the image local, whatever repository settings name.
    pub fn keep_here(&mut self, version: &str) -> Result<(), Failure> {
        let repository = reference::image_repository(None, &self.component.name).map_err(usage)?;
        self.set_image(&repository, version)
    }

    /// Adds the digest to the image's reference.
    pub fn pin(&mut self, digest: &str) {
        self.settings.image.digest = Some(digest.to_owned());
    }

    /// The operator in its own image.
    #[must_use]
    pub fn operator(&self) -> Operator<'_> {
        self.operator_in(&self.settings)
    }

    /// Where its files go.
    #[must_use]
    pub fn destination(&self) -> Destination<'_> {
        Destination { folder: &self.folder, stem: &self.settings.stem }
    }

    /// The operator as it is in one of its images.
    #[must_use]
    pub fn operator_in<'a>(&'a self, settings: &'a Settings) -> Operator<'a> {
        Operator { component: &self.component, settings }
    }

    /// The images that the chosen targets need.
    #[must_use]
    pub fn images(&self) -> Vec<Image<'static>> {
        variant::images(&self.component, &self.settings, &self.request.targets())
    }

    /// The files of the chosen targets, or what prevents them.
    pub fn emit(&self) -> Result<Vec<Artifact>, Vec<Diagnostic>> {
        let settings = Settings { sent: self.sent()?, ..self.settings.clone() };
        backend::emit(&self.operator_in(&settings), &self.request.targets())
    }

    /// Warnings about the settings of this operator alone.
    #[must_use]
    pub fn warnings(&self) -> Vec<Diagnostic> {
        let values = values::unknown(&self.own_job, &self.component, self.settings.logging);
        let unheld = values::unheld(&self.settings.job, &self.request.targets());
        self.own_job.unknown_secrets(&self.component).into_iter().chain(values).chain(unheld).collect()
    }

    /// Removes a file from the additional files that patterns have matched.
    pub fn leave_out(&mut self, path: &Path) {
        let Ok(path) = path.canonicalize() else { return };
        self.files.retain(|file| file.disk != path);
        self.settings.files = self.files.iter().map(|file| file.path.clone()).collect();
    }

    /// Records additional files that aren't known here: the record only says that there are some.
    pub fn copy_files(&mut self, copied: bool) {
        if copied && self.settings.files.is_empty() {
            self.settings.files.push(recipe::FILES.to_owned());
        }
    }
}

/// The error for an invalid name on the command line.
fn usage(error: NameError) -> Failure {
    Failure { code: USAGE, ..Failure::from(error) }
}

/// The text of a requirement file at a URL.
fn fetched(url: &str) -> Result<String, Unfetched> {
    http::fetch_text(url, FETCHED_LIMIT).map_err(|error| {
        let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
        let reason = format!("{error}{hint}");
        // Where the answer isn't what a source may name, its address is at fault.
        let is_address = matches!(
            error,
            HttpError::Address { .. }
                | HttpError::Redirect { .. }
                | HttpError::Large { .. }
                | HttpError::NoText { .. }
        );
        Unfetched { reason, is_network: !is_address }
    })
}
