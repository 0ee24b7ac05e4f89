//! The plan of one operator: what its source says joined with what the command line and the disk say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use c3::artifact::{self, Artifact};
use c3::backend::grid::{self, Process, Store};
use c3::backend::stamp::Stamp;
use c3::backend::variant::{self, Image};
use c3::backend::{self, Job, Operator, Settings, TARGETS, dockerfile, prelude, runtime};
use c3::check::surroundings::Surroundings;
use c3::component::{Component, Language};
use c3::diagnostic::Diagnostic;
use c3::engine::context::{Content, Context, Entry, source_date_epoch};
use c3::engine::image_archive;
use c3::engine::oci::on_disk;
use c3::files::{self, AdditionalFile};
use c3::frontend;
use c3::reference::{self, NameError};
use c3::requirement_files::{self, Resolved};
use c3::source::Source;

use super::console::Messages;
use super::failure::{Failure, INPUT, USAGE};
use super::options::Emission;
use super::settings::{Layers, current_dir};

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
}

/// The scripts of a source that is no wrapper: itself, or what a notebook became.
fn scripts(source: &Source, operator: &Operator) -> Vec<(String, Content)> {
    let content = match source.notebook() {
        None => Content::Disk(source.path().into()),
        Some(notebook) => Content::Bytes(notebook.script.clone().into_bytes()),
    };
    vec![(operator.script(), content)]
}

/// How the name of a build context that is left on disk ends.
pub(crate) const CONTEXT: &str = ".context";

/// How the name of an image's archive ends, where no other is given.
pub(crate) const ARCHIVE: &str = ".image.tar";

/// The time that files in an image bear unless `SOURCE_DATE_EPOCH` says another: the second of January 1980, the first
/// that zip archives can tell in every time zone. In seconds since 1970.
const EPOCH: u64 = 315_619_200;

/// Whether the operator's image is going to be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Files only: what is missing on this machine is a warning.
    Files,
    /// The image too: it is an error.
    Image,
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
        let source = Source::load(path)?;
        let mut diagnostics = Vec::new();
        let plan = Self::of(&source, patterns, options, purpose, &mut diagnostics);
        messages.add(&diagnostics, &source, options.log_level);
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
        let reading = frontend::read(source);
        diagnostics.extend(reading.diagnostics);
        let Some(mut component) = reading.component else { return Ok(None) };
        let layers = Layers::find(&options.files, source, reading.config)?;
        let own_job = options.own_job(&layers);
        let options = &options.settled(&layers);
        let stamp = Stamp::of(&component);
        options.job.mark_secrets(&mut component);
        let root = current_dir()?;
        let patterns = if patterns.is_empty() { layers.merged().additional_files } else { patterns.to_vec() };
        let beside = || source.path().parent().map(Path::to_path_buf).unwrap_or_default();
        let folder = options.output_dir.clone().unwrap_or_else(beside);
        let files = without_own(files::collect(&patterns, &root)?, source, &folder, options);
        let requirements = requirement_files::resolve(&component, source.path(), &root);
        diagnostics.extend(requirements.missing.iter().map(|name| missing(name, purpose)));
        let settings = settings(source, &component, options, &files, &requirements, &root)?;
        let settings = Settings { stamp, ..settings };
        let operator = Operator { component: &component, settings: &settings };
        check_entry(&operator)?;
        let python = default_python(options, &component);
        diagnostics.extend(backend::review(&operator, &options.targets(), python));
        if frontend::has_error(diagnostics) {
            return Ok(None);
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
        }))
    }

    /// What lies around the source and matters to its checks.
    pub(crate) fn surroundings(&self) -> Result<Surroundings, Failure> {
        let python = default_python(&self.emission, &self.component);
        Ok(Surroundings::look(self.source.path(), &current_dir()?, &self.requirements, python))
    }

    /// The plan of a grid wrapper around this operator: a program that calls a function of the script for each batch.
    pub(crate) fn wrapped(
        self,
        process: &str,
        store: &Store,
        options: &Emission,
        messages: &mut Messages,
    ) -> Result<Self, Failure> {
        self.check_process(process)?;
        let program = grid::emit(&self.operator(), process, store);
        let text = String::from_utf8_lossy(&program.content).into_owned();
        let source = Source::new(self.source.path().with_file_name(&program.name), Language::Python, text);
        let reading = frontend::read(&source);
        let Some(component) = reading.component else {
            messages.add(&reading.diagnostics, &source, options.log_level);
            return Err(Failure::diagnosed());
        };
        let mut component = Component { ipython: self.component.ipython, ..component };
        let stamp = Stamp::of(&component);
        self.settings.job.mark_secrets(&mut component);
        let dockerfile = checked_dockerfile_name(&source, options)?;
        let process = Some(Process::new(&self.operator(), process));
        let settings = Settings { stamp, stem: source.stem(), dockerfile, process, ..self.settings };
        check_entry(&Operator { component: &component, settings: &settings })?;
        let wrapper = (program.name, Content::Bytes(program.content));
        let scripts = std::iter::once(wrapper).chain(self.scripts).collect();
        Ok(Self { source, component, settings, scripts, ..self })
    }

    /// Refuses a process function that the script doesn't define.
    fn check_process(&self, process: &str) -> Result<(), Failure> {
        let name = self.source.display();
        if self.component.language != Language::Python {
            return Err(Failure::new(
                INPUT,
                format!("`{name}` is no Python, and only Python can be wrapped"),
            )
            .hint("use `c3 create-operator`, once for each batch"));
        }
        if frontend::python::defines(self.source.text(), process) {
            return Ok(());
        }
        Err(Failure::new(INPUT, format!("`{name}` has no function `{process}`")).hint(
            "write `def grid_process(batch_id, **parameters):`, or name another function with `--process`",
        ))
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

    /// The version of the manifests that are there.
    pub(crate) fn present_version(&self) -> Option<String> {
        self.present_tag().map(|(version, _)| version)
    }

    /// The version of the manifests that are there, and the digest behind it if the image is pinned.
    fn present_tag(&self) -> Option<(String, String)> {
        let own = format!("claimed-{}", self.component.name);
        let files =
            TARGETS.iter().flat_map(|target| target.suffixes.iter().map(move |suffix| (target, suffix)));
        files.into_iter().find_map(|(target, suffix)| {
            let image =
                target.variant.map_or_else(|| own.clone(), |variant| variant::repository_of(&own, variant));
            let path = self.folder.join(format!("{}{suffix}", self.settings.stem));
            tag_in(&std::fs::read_to_string(path).ok()?, &format!("{image}:"))
        })
    }

    pub(crate) fn operator(&self) -> Operator<'_> {
        self.operator_in(&self.settings)
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
        messages.add(&unknown, &self.source, options.log_level);
        self.emitted(options).map_err(|diagnostics| {
            messages.add(&diagnostics, &self.source, options.log_level);
            Failure::diagnosed()
        })
    }

    /// The files that are there and differ in more than the version from those to be written.
    pub(crate) fn conflicts(&self, artifacts: &[Artifact], options: &Emission) -> Vec<PathBuf> {
        let conflicts = self.differing(artifacts);
        let Some((before, digest)) = self.present_tag().filter(|_| !conflicts.is_empty()) else {
            return conflicts;
        };
        let repository = self.settings.image.strip_suffix(&format!(":{}", self.settings.version));
        let (image, version) = (format!("{}:{before}{digest}", repository.unwrap_or_default()), before);
        let settings = Settings { image, version, ..self.settings.clone() };
        let operator = Operator { component: &self.component, settings: &settings };
        let before = backend::emit(&operator, &options.targets()).unwrap_or_default();
        let differs = self.differing(&before);
        conflicts.into_iter().filter(|path| differs.contains(path)).collect()
    }

    /// The files that are there and differ in more than their stamps.
    fn differing(&self, artifacts: &[Artifact]) -> Vec<PathBuf> {
        let now = self.settings.stamp.to_string();
        let is_same = |artifact: &Artifact| {
            let text = std::fs::read_to_string(self.folder.join(&artifact.name)).ok()?;
            let before = Stamp::read(&text, &self.component.source)?.to_string();
            Some(text.replacen(&before, &now, 1).as_bytes() == artifact.content)
        };
        let changed: Vec<_> =
            artifacts.iter().filter(|artifact| is_same(artifact) != Some(true)).cloned().collect();
        artifact::conflicts(&changed, &self.folder)
    }

    /// Takes additional files for given, although it isn't known here which: the Dockerfile only says that there are some.
    pub(crate) fn copy_files(&mut self, copied: bool) {
        if copied && self.settings.files.is_empty() {
            self.settings.files.push(dockerfile::FILES.to_owned());
        }
    }

    /// The texts of all requirement files, by the names they have in the image.
    pub(crate) fn requirement_texts(&self) -> Vec<(String, String)> {
        let text =
            |path: &Path| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
        let files = self.requirements.files.iter().filter(|file| !is_wheel(&file.disk));
        files.map(|file| (file.path.clone(), text(&file.disk))).collect()
    }

    /// The build context of an image: requirement files, additional files, the source and its entry point, the Dockerfile.
    pub(crate) fn context(&self, artifacts: &[Artifact], settings: &Settings) -> Result<Context, Failure> {
        let dockerfile = artifacts.iter().filter(|artifact| artifact.name == settings.dockerfile);
        let dockerfile = dockerfile.map(|artifact| made(artifact.name.clone(), artifact.content.clone()));
        Ok(Context::new(self.entries(settings).chain(dockerfile), source_date_epoch()?.unwrap_or(EPOCH))?)
    }

    /// The files as they are in the image's working directory, where later ones take the place of earlier ones.
    pub(crate) fn working_dir(&self) -> Result<Context, Failure> {
        let below = |entry: Entry| {
            let (_, path) = entry.path.split_once('/')?;
            Some((path.to_owned(), Entry { path: path.to_owned(), ..entry }))
        };
        let entries: BTreeMap<String, Entry> = self.entries(&self.settings).filter_map(below).collect();
        Ok(Context::new(entries.into_values(), source_date_epoch()?.unwrap_or(EPOCH))?)
    }

    /// What goes into the image, each below the folder of its kind.
    fn entries(&self, settings: &Settings) -> impl Iterator<Item = Entry> {
        let disk = |path: String, disk: &Path, executable| Entry {
            path,
            content: Content::Disk(disk.into()),
            executable,
        };
        let requirements = self.requirements.files.iter();
        let requirements = requirements
            .map(move |file| disk(format!("{}/{}", dockerfile::REQUIREMENTS, file.path), &file.disk, false));
        let files = self.files.iter();
        let files = files.map(move |file| {
            disk(format!("{}/{}", dockerfile::FILES, file.path), &file.disk, file.executable)
        });
        let place = format!("{}/{}", dockerfile::OPERATOR, self.settings.folder);
        let scripts = self.scripts.iter().map(move |(name, content)| Entry {
            path: format!("{place}{name}"),
            content: content.clone(),
            executable: false,
        });
        let generated = dockerfile::build_files(&self.operator_in(settings));
        let generated = generated.into_iter().map(|file| made(file.path, file.content));
        requirements.chain(files).chain(scripts).chain(generated)
    }
}

fn made(path: String, bytes: Vec<u8>) -> Entry {
    Entry { path, content: Content::Bytes(bytes), executable: false }
}

/// The version of an image that a text names, and the digest behind it if the image is pinned.
fn tag_in(text: &str, image: &str) -> Option<(String, String)> {
    let (_, version) = text.lines().find_map(|line| line.split_once(image))?;
    let end =
        version.find(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c)).unwrap_or(version.len());
    let (version, rest) = version.split_at(end);
    reference::valid_tag(version).ok()?;
    Some((version.to_owned(), pinned(rest).to_owned()))
}

/// The digest at the beginning of what follows a version.
fn pinned(text: &str) -> &str {
    const LENGTH: usize = "@sha256:".len() + 64;
    let digest = text.get(..LENGTH).filter(|digest| digest.starts_with("@sha256:"));
    digest.unwrap_or_default()
}

/// Whether a file that `pip install` reads is itself a package.
fn is_wheel(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "whl")
}

/// A name on the command line that isn't one.
fn usage(error: NameError) -> Failure {
    Failure { code: USAGE, ..Failure::from(error) }
}

/// The name of the Dockerfile.
fn dockerfile_name(source: &Source, options: &Emission) -> String {
    options.dockerfile.clone().unwrap_or_else(|| format!("{}.Dockerfile", source.stem()))
}

/// The name of the Dockerfile, if it is a file name and no other file's.
fn checked_dockerfile_name(source: &Source, options: &Emission) -> Result<String, Failure> {
    let name = dockerfile_name(source, options);
    let is_name = !name.is_empty() && !name.contains(['/', '\0']) && name != "." && name != "..";
    let taken = backend::suffixes().any(|suffix| name == format!("{}{suffix}", source.stem()));
    if is_name && !taken && name != source.file_name() {
        return Ok(name);
    }
    let message = format!("`{name}` can't be the name of the Dockerfile");
    Err(Failure::new(USAGE, message)
        .hint("give a file name without folders that no other file has; the folder is `--output-dir`"))
}

/// The additional files without the source and what is made of it, which a glob such as `*` finds too.
fn without_own(
    files: Vec<AdditionalFile>,
    source: &Source,
    folder: &Path,
    options: &Emission,
) -> Vec<AdditionalFile> {
    let contexts = TARGETS
        .iter()
        .filter_map(|target| target.variant)
        .map(|variant| format!(".{}{CONTEXT}", variant.name));
    let suffixes = backend::suffixes().chain([CONTEXT, ARCHIVE]).map(ToOwned::to_owned).chain(contexts);
    let made = suffixes.map(|suffix| format!("{}{suffix}", source.stem()));
    let made = made.chain([dockerfile_name(source, options)]).map(|name| folder.join(name));
    let own: Vec<PathBuf> =
        made.chain([source.path().into()]).filter_map(|path| path.canonicalize().ok()).collect();
    files.into_iter().filter(|file| !own.iter().any(|own| file.disk.starts_with(own))).collect()
}

/// Refuses an additional file that has the place of the script or of its entry point in the image.
fn check_entry(operator: &Operator) -> Result<(), Failure> {
    let taken = [prelude::file_name(operator), operator.script()];
    let mut taken = taken.into_iter().map(|name| format!("{}{name}", operator.settings.folder));
    match taken.find(|path| operator.settings.files.contains(path)) {
        None => Ok(()),
        Some(path) => {
            let message = format!("the additional file `{path}` would be replaced by the operator's own");
            Err(Failure::new(INPUT, message).hint("rename it or leave it out"))
        }
    }
}

fn missing(name: &str, purpose: Purpose) -> Diagnostic {
    let message =
        format!("the requirement file `{name}` is neither beside the source nor in the current directory");
    match purpose {
        Purpose::Files => Diagnostic::warning("requirement-file", message),
        Purpose::Image => Diagnostic::error("requirement-file", message),
    }
    .hint("put it there, or write its packages into `# pip install` lines")
}

fn settings(
    source: &Source,
    component: &Component,
    options: &Emission,
    files: &[AdditionalFile],
    requirements: &Resolved,
    root: &Path,
) -> Result<Settings, Failure> {
    let folder = folder_in_image(source.path(), root);
    Ok(Settings {
        stamp: Stamp::of(component),
        image: String::new(),
        version: String::new(),
        base_image: base_image(options, component)?,
        base_image_given: options.base_image.is_some() || options.base_image_tar.is_some(),
        image_version: image_version(options, component).to_owned(),
        variant: None,
        choices: options.choices(),
        stem: source.stem(),
        dockerfile: checked_dockerfile_name(source, options)?,
        dockerfile_template: options.dockerfile_template.as_deref().map(read_template).transpose()?,
        files: files.iter().map(|file| file.path.clone()).collect(),
        folder,
        requirement_files: requirements.named.clone(),
        logging: !options.skip_logging,
        job: options.job.clone(),
        process: None,
    })
}

/// The folder of the source below the working directory; outside of it the source stands alone.
fn folder_in_image(path: &Path, root: &Path) -> String {
    let folder = path.canonicalize().ok().and_then(|path| path.parent().map(Path::to_path_buf));
    let root = root.canonicalize().unwrap_or_else(|_| root.into());
    let below = folder.as_deref().and_then(|folder| folder.strip_prefix(&root).ok()).and_then(Path::to_str);
    match below {
        None | Some("") => String::new(),
        Some(folder) => format!("{folder}/"),
    }
}

fn base_image(options: &Emission, component: &Component) -> Result<String, Failure> {
    if let Some(archive) = &options.base_image_tar {
        return Ok(image_archive::name(archive)?);
    }
    if let Some(image) = options.base_image.as_ref().filter(|image| on_disk(image).is_some()) {
        return Ok(image.clone());
    }
    if let Some(image) = &options.base_image {
        return match reference::Reference::parse(image) {
            Ok(_) => Ok(image.clone()),
            Err(error) => {
                let failure = Failure::from(error);
                Err(Failure { code: USAGE, ..failure }
                    .hint("name an image such as `python:3.12-slim` with `--base-image`"))
            }
        };
    }
    let runtime = runtime::of(component.language);
    let version = image_version(options, component);
    (runtime.base_image)(version).ok_or_else(|| {
        let message = format!("`{version}` is no version of the base image for `{}`", component.source);
        Failure::new(USAGE, message).hint(format!(
            "write it as `--image-version {}`, or name an image with `--base-image`",
            runtime.image_version
        ))
    })
}

/// What `--image-version` says, or its default.
fn image_version<'a>(options: &'a Emission, component: &Component) -> &'a str {
    options.image_version.as_deref().unwrap_or(runtime::of(component.language).image_version)
}

/// The version of Python in the default base image, where that is the one that is taken.
fn default_python<'a>(options: &'a Emission, component: &Component) -> Option<&'a str> {
    let version = image_version(options, component);
    let is_given = options.base_image.is_some() || options.base_image_tar.is_some();
    let is_default = !is_given && options.dockerfile_template.is_none();
    is_default.then(|| runtime::python_version(version)).flatten()
}

fn read_template(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        let message = format!("cannot read the Dockerfile template `{}`: {error}", path.display());
        Failure::new(INPUT, message).hint("check the path given with `--dockerfile-template`")
    })
}
