//! The plan of one operator: what its source says joined with what the command line and the disk say.

use std::path::{Path, PathBuf};

use c3::artifact::{Artifact, Destination};
use c3::backend::stamp::Stamp;
use c3::backend::variant::{self, Image};
use c3::backend::{self, Operator, Settings};
use c3::check::surroundings::{Listings, Surroundings};
use c3::component::Component;
use c3::context::Content;
use c3::diagnostic::{Diagnostic, Severity};
use c3::engine::http::{self, HttpError};
use c3::files::{self, AdditionalFile};
use c3::frontend;
use c3::job::Job;
use c3::load;
use c3::logins::NamedIndex;
use c3::recipe;
use c3::reference::{self, NameError};
use c3::requirement_files::remote::{Remote, Unfetched};
use c3::requirement_files::{self, Resolved};
use c3::settings::Config;
use c3::source::Source;

use self::contents::{check_entry, scripts, without_own};
pub(crate) use self::contents::{made, packed};
use self::decisions::{default_python, settings, template};
use super::console::Messages;
use super::failure::{ENGINE, Failure, USAGE};
use super::options::Emission;
use super::settings::{Layers, current_dir};

mod contents;
mod decisions;
mod present;
mod wrapped;

/// One operator, ready to be emitted and built.
pub(crate) struct Plan {
    pub(crate) source: Source,
    pub(crate) component: Component,
    pub(crate) settings: Settings,
    /// The options that are in force, those of files among them.
    pub(crate) emission: Emission,
    /// What is said of this operator's job alone.
    own_job: Job,
    /// Folder for the files.
    pub(crate) folder: PathBuf,
    /// The program that runs in the image, and what it calls: file names and contents.
    scripts: Vec<(String, Content)>,
    files: Vec<AdditionalFile>,
    requirements: Resolved,
    /// The package indexes that the source gives names.
    pub(crate) indexes: Vec<NamedIndex>,
}

/// Largest requirement file that is fetched, in bytes.
const FETCHED_LIMIT: usize = 4 << 20;

/// How the name of a build context that is left on disk ends.
pub(crate) const CONTEXT: &str = ".context";

/// How the name of an image's archive ends, where no other is given.
pub(crate) const ARCHIVE: &str = ".image.tar";

/// Whether the operator's image is going to be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Files only: what is missing on this machine is a warning, and nothing is fetched.
    Files,
    /// The image too: it is an error, and requirement files at URLs are fetched.
    Image,
}

impl Purpose {
    fn remote(self) -> Remote<'static> {
        match self {
            Self::Files => Remote::Left,
            Self::Image => Remote::Fetched(&fetched),
        }
    }

    /// An image can't do without what files can.
    fn weighed(self, diagnostic: Diagnostic) -> Diagnostic {
        let is_missing = diagnostic.code == "requirement-file" && diagnostic.severity == Severity::Warning;
        let is_needed = self == Self::Image && is_missing;
        let severity = if is_needed { Severity::Error } else { diagnostic.severity };
        Diagnostic { severity, ..diagnostic }
    }
}

impl Plan {
    /// Reads a source and decides everything but the version.
    pub(crate) fn new(
        path: &Path,
        patterns: &[String],
        options: &Emission,
        purpose: Purpose,
        messages: &mut Messages,
    ) -> Result<Self, Failure> {
        let source = load::load(path)?;
        let mut diagnostics = Vec::new();
        let plan = Self::of(&source, patterns, options, purpose, &mut diagnostics);
        messages.add(&diagnostics, &source, options.telling.log_level);
        plan?.ok_or_else(Failure::diagnosed)
    }

    /// The same for a source at hand, unless there is an error among its diagnostics.
    pub(crate) fn of(
        source: &Source,
        patterns: &[String],
        options: &Emission,
        purpose: Purpose,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<Option<Self>, Failure> {
        let (reading, own) = Config::with(source);
        diagnostics.extend(reading.diagnostics);
        let Some(mut component) = reading.component else { return Ok(None) };
        let layers = Layers::find(&options.files, source, own)?;
        let own_job = options.own_job(&layers);
        let options = &options.settled(&layers);
        let stamp = Stamp::of(&component);
        options.job.mark_secrets(&mut component);
        let root = options.root.clone().map_or_else(current_dir, Ok)?;
        let of_settings = || layers.merged().additional_files;
        let is_told = !patterns.is_empty() || options.root.is_some();
        let patterns = if is_told { patterns.to_vec() } else { of_settings() };
        let beside = || source.path().parent().map(Path::to_path_buf).unwrap_or_default();
        let folder = options.output_dir.clone().unwrap_or_else(beside);
        let files = without_own(files::collect(&patterns, &root)?, source, &folder, options);
        let requirements = requirement_files::resolve(&component, source.path(), &root, purpose.remote());
        diagnostics.extend(requirements.diagnostics.iter().cloned().map(|found| purpose.weighed(found)));
        let stamp = Stamp { fetched: requirements.fetched.clone(), ..stamp };
        let template = template(options, &layers, source, &root)?;
        let settings = settings(source, &component, options, &files, &requirements, &root)?;
        let settings = Settings { stamp, dockerfile_template: template, ..settings };
        let operator = Operator { component: &component, settings: &settings };
        check_entry(&operator)?;
        let python = default_python(options, &component);
        diagnostics.extend(backend::review(&operator, &options.targets(), python));
        if frontend::has_error(diagnostics) {
            let failure = || Err(Failure::of_program(ENGINE));
            return if requirements.is_network_down { failure() } else { Ok(None) };
        }
        let scripts = scripts(source, &operator);
        let (source, emission) = (source.clone(), options.clone());
        Ok(Some(Self {
            source,
            component,
            settings,
            emission,
            own_job,
            folder,
            scripts,
            files,
            requirements,
            indexes: reading.indexes.into_iter().collect(),
        }))
    }

    /// What lies around the source and matters to its checks.
    pub(crate) fn surroundings(&self, listings: &Listings) -> Result<Surroundings, Failure> {
        let python = default_python(&self.emission, &self.component);
        Ok(Surroundings::look(self.source.path(), &current_dir()?, &self.requirements, python, listings))
    }

    /// The repository of the image, without a tag.
    pub(crate) fn repository(&self, options: &Emission) -> Result<String, Failure> {
        reference::image_repository(options.repository.as_deref(), &self.component.name).map_err(usage)
    }

    /// Decides on the version.
    pub(crate) fn set_version(&mut self, version: &str, repository: &str) -> Result<(), Failure> {
        reference::valid_tag(version).map_err(usage)?;
        version.clone_into(&mut self.settings.version);
        self.settings.image = format!("{repository}:{version}");
        Ok(())
    }

    /// The image is named by its digest, too.
    pub(crate) fn pin(&mut self, digest: &str) {
        self.settings.image = format!("{}@{digest}", self.settings.image);
    }

    pub(crate) fn operator(&self) -> Operator<'_> {
        self.operator_in(&self.settings)
    }

    /// Where its files go.
    pub(crate) fn destination(&self) -> Destination<'_> {
        Destination { folder: &self.folder, stem: &self.settings.stem }
    }

    /// The operator as it is in one of its images.
    pub(crate) fn operator_in<'a>(&'a self, settings: &'a Settings) -> Operator<'a> {
        Operator { component: &self.component, settings }
    }

    /// The images that the chosen targets need.
    pub(crate) fn images(&self, options: &Emission) -> Vec<Image<'static>> {
        variant::images(&self.component, &self.settings, &options.targets())
    }

    /// The files of the chosen platforms, or what keeps them from being written.
    pub(crate) fn emitted(&self, options: &Emission) -> Result<Vec<Artifact>, Vec<Diagnostic>> {
        backend::emit(&self.operator(), &options.targets())
    }

    /// Emits the files.
    pub(crate) fn artifacts(
        &self,
        options: &Emission,
        messages: &mut Messages,
    ) -> Result<Vec<Artifact>, Failure> {
        let unknown = self.own_job.unknown_secrets(&self.component);
        messages.add(&unknown, &self.source, options.telling.log_level);
        self.emitted(options).map_err(|diagnostics| {
            messages.add(&diagnostics, &self.source, options.telling.log_level);
            Failure::diagnosed()
        })
    }

    /// Leaves a file out that patterns have found among the additional ones.
    pub(crate) fn leave_out(&mut self, path: &Path) {
        let Ok(path) = path.canonicalize() else { return };
        self.files.retain(|file| file.disk != path);
        self.settings.files = self.files.iter().map(|file| file.path.clone()).collect();
    }

    /// Takes additional files for given, although it isn't known here which: the Dockerfile only says that there are some.
    pub(crate) fn copy_files(&mut self, copied: bool) {
        if copied && self.settings.files.is_empty() {
            self.settings.files.push(recipe::FILES.to_owned());
        }
    }
}

/// A name on the command line that isn't one.
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
