//! The contents of an image.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::artifact::Artifact;
use crate::backend::{self, Operator, Settings, TARGETS, dockerfile, prelude};
use crate::context::{Content, Context, Entry, source_date_epoch};
use crate::engine::oci::Compression;
use crate::engine::oci::platform::Platform;
use crate::files::AdditionalFile;
use crate::frontend::{self, Habits};
use crate::load;
use crate::reader;
use crate::recipe;
use crate::reference::{ImageName, Mirrors};
use crate::requirement_files::ImageFile;
use crate::source::Source;
use crate::stamp;

use super::decisions::dockerfile_name;
use super::{ARCHIVE, CONTEXT, Plan};
use crate::failure::{Failure, INPUT};
use crate::operator::Request;

/// Default time of files in an image, without `SOURCE_DATE_EPOCH`: the second of January 1980, the first that
/// zip archives can hold in every time zone. In seconds since 1970.
const EPOCH: u64 = 315_619_200;

/// A placeholder version.
const ANY: &str = "0";

/// Path of the part of a fingerprint that isn't in the context.
const MORE: &str = ".args";

impl Plan {
    /// The texts of all requirement files, by the names they have in the image.
    #[must_use]
    pub fn requirement_texts(&self) -> Vec<(String, String)> {
        let files = self.requirements.files.iter();
        files.filter_map(|file| Some((file.path.clone(), file.text()?))).collect()
    }

    /// The build context of an image: requirement files, additional files, the source and its entry point, the Dockerfile.
    pub fn context(&self, artifacts: &[Artifact], settings: &Settings) -> Result<Context, Failure> {
        let dockerfile = artifacts.iter().filter(|artifact| artifact.name == settings.dockerfile);
        let dockerfile = dockerfile.map(|artifact| made(artifact.name.clone(), artifact.content.clone()));
        let sends = settings.variant.is_some_and(|variant| variant.sends.is_some());
        let entries = self.entries(settings).filter(|entry| !sends || is_requirement(&entry.path));
        packed(entries.chain(dockerfile))
    }

    /// The files in the image's working directory; later ones replace earlier ones.
    pub fn working_dir(&self) -> Result<Context, Failure> {
        self.working_dir_of(&self.settings)
    }

    /// The same of one of the images.
    pub(super) fn working_dir_of(&self, settings: &Settings) -> Result<Context, Failure> {
        let below = |entry: Entry| {
            let (_, path) = entry.path.split_once('/')?;
            Some((path.to_owned(), Entry { path: path.to_owned(), ..entry }))
        };
        let entries: BTreeMap<String, Entry> = self.entries(settings).filter_map(below).collect();
        packed(entries.into_values())
    }

    /// The folder for a build context left on disk.
    #[must_use]
    pub fn context_folder(&self, settings: &Settings) -> PathBuf {
        let target = settings.variant.map(|variant| format!(".{}", variant.name)).unwrap_or_default();
        self.folder.join(format!("{}{target}{CONTEXT}", settings.stem))
    }

    /// What goes into the image, each below the folder of its kind.
    fn entries(&self, settings: &Settings) -> impl Iterator<Item = Entry> {
        let requirements = self.requirements.files.iter().map(ImageFile::entry);
        let files = self.files.iter().map(|file| Entry {
            path: format!("{}/{}", recipe::FILES, file.path),
            content: Content::Disk(file.disk.clone()),
            executable: file.executable,
        });
        let place = format!("{}/{}", recipe::OPERATOR, self.settings.folder);
        let scripts = self.scripts.iter().cloned().chain(self.notebook(settings));
        let scripts = scripts.map(move |(name, content)| Entry {
            path: format!("{place}{name}"),
            content,
            executable: false,
        });
        let generated = dockerfile::build_files(&self.operator_in(settings));
        let generated = generated.into_iter().map(|file| made(file.path, file.content));
        requirements.chain(files).chain(scripts).chain(generated)
    }

    /// The notebook itself, where people see it in the image.
    fn notebook(&self, settings: &Settings) -> Option<(String, Content)> {
        let is_shown = settings.variant.is_some_and(|variant| (variant.shows_source)(settings));
        let notebook = self.source.notebook().filter(|_| is_shown);
        notebook.map(|_| (self.component.source.clone(), Content::Disk(self.source.path().into())))
    }
}

impl Plan {
    /// The key of everything that the images are made of, except their version: the same key means the same
    /// images.
    pub fn key(
        &self,
        base: &str,
        platforms: &[Platform],
        compression: Compression,
    ) -> Result<String, Failure> {
        let contexts = self.images().into_iter().map(|image| self.context_of_any_version(image.settings));
        let contexts = contexts.map(|context| Ok(context?.digest()?)).collect::<Result<Vec<_>, Failure>>()?;
        let platforms = platforms.iter().map(ToString::to_string);
        let compression = (compression != Compression::default()).then(|| format!("{compression:?}"));
        let more = [env!("CARGO_PKG_VERSION").to_owned(), base.to_owned()].into_iter().chain(compression);
        fingerprint(Context::default(), more.chain(platforms).chain(contexts))
    }

    /// The contents of an image without its version, and without what the record says of other files.
    fn context_of_any_version(&self, mut settings: Settings) -> Result<Context, Failure> {
        settings.image = ImageName { version: ANY.to_owned(), digest: None, ..settings.image };
        // The same base from elsewhere makes the same image.
        settings.mirrors = Mirrors::default();
        let dockerfile = dockerfile::emit(&self.operator_in(&settings)).map_err(|_| Failure::diagnosed())?;
        let text = String::from_utf8_lossy(&dockerfile.content).into_owned();
        let (text, _) = stamp::without_record(&text);
        self.context(&[Artifact::new(dockerfile.name, text)], &settings)
    }
}

/// Whether a path of a build context is that of a file that an installer reads.
fn is_requirement(path: &str) -> bool {
    path.split_once('/').is_some_and(|(folder, _)| folder == recipe::REQUIREMENTS)
}

/// The digest of a build context, and of what else an image depends on.
pub fn fingerprint(context: Context, more: impl IntoIterator<Item = String>) -> Result<String, Failure> {
    let more = more.into_iter().collect::<Vec<_>>().join("\n");
    Ok(context.with(made(MORE.to_owned(), more.into_bytes()))?.digest()?)
}

/// A build context of these files.
pub fn packed(entries: impl IntoIterator<Item = Entry>) -> Result<Context, Failure> {
    Ok(Context::new(entries, source_date_epoch()?.unwrap_or(EPOCH))?)
}

/// An entry with generated content.
#[must_use]
pub fn made(path: String, bytes: Vec<u8>) -> Entry {
    Entry { path, content: Content::Bytes(bytes), executable: false }
}

/// The scripts of a source that isn't a grid wrapper: itself, or the script of a notebook and the recorder of
/// its run.
pub(super) fn scripts(source: &Source, operator: &Operator) -> Result<Vec<(String, Content)>, Failure> {
    let content = match source.notebook() {
        None => Content::Disk(source.path().into()),
        Some(notebook) => Content::Bytes(notebook.script.clone().into_bytes()),
    };
    let mut scripts = vec![(operator.script(), content)];
    if let Some(name) = prelude::template_name(operator) {
        scripts.push((name, Content::Bytes(load::recording(source.path())?.into_bytes())));
    }
    Ok(scripts)
}

/// The additional files without the source and files generated from it, which a glob such as `*` matches too.
pub(super) fn without_own(
    files: Vec<AdditionalFile>,
    source: &Source,
    folder: &Path,
    request: &Request,
) -> Vec<AdditionalFile> {
    if files.is_empty() {
        return files;
    }
    let contexts = TARGETS
        .iter()
        .filter_map(|target| target.variant)
        .map(|variant| format!(".{}{CONTEXT}", variant.name));
    let suffixes = backend::suffixes().chain([CONTEXT, ARCHIVE]).map(ToOwned::to_owned).chain(contexts);
    let made = suffixes.map(|suffix| format!("{}{suffix}", source.stem()));
    let made = made.chain([dockerfile_name(source, request)]).map(|name| folder.join(name));
    let own: Vec<PathBuf> =
        made.chain([source.path().into()]).filter_map(|path| path.canonicalize().ok()).collect();
    files.into_iter().filter(|file| !own.iter().any(|own| file.disk.starts_with(own))).collect()
}

/// What the additional files that a script may import do beside their work.
pub(super) fn habits(files: &[AdditionalFile]) -> Vec<Habits> {
    let sources = files.iter().filter(|file| frontend::kind(Path::new(&file.path)).is_some());
    sources
        .filter_map(|file| {
            let text = reader::read_to_string(&file.disk).ok()?;
            Some(frontend::habits(Path::new(&file.path), &text))
        })
        .collect()
}

/// Rejects an additional file at the path of the script or its entry point.
pub(super) fn check_entry(operator: &Operator) -> Result<(), Failure> {
    let taken = [prelude::file_name(operator), operator.script()].into_iter();
    let mut taken = taken
        .chain(prelude::template_name(operator))
        .map(|name| format!("{}{name}", operator.settings.folder));
    match taken.find(|path| operator.settings.files.contains(path)) {
        None => Ok(()),
        Some(path) => {
            let message = format!("the additional file `{path}` would be replaced by the operator's own");
            Err(Failure::new(INPUT, message).hint("rename it or leave it out"))
        }
    }
}
