//! The contents of a family's image.

use std::collections::BTreeMap;
use std::path::Path;

use super::requirements::Requirements;
use super::{Member, PLATFORM};
use crate::backend::variant::Choices;
use crate::backend::{Settings, dockerfile, target};
use crate::context::{Content, Context, Entry};
use crate::diagnostic::Diagnostic;
use crate::failure::{Failure, INPUT};
use crate::files::{self, AdditionalFile};
use crate::load::load;
use crate::operator::{self, Planned};
use crate::operator::{Plan, Purpose, Request, fingerprint, made, packed};
use crate::reader;
use crate::reference::{ImageName, Mirrors};
use crate::settings::{Config, TargetName};

/// Name of the Dockerfile of a build context.
const DOCKERFILE: &str = "Dockerfile";

/// A placeholder version.
const ANY: &str = "0";

/// The base of an image.
#[derive(Debug, Clone, Default)]
pub struct Base {
    /// Its reference.
    pub reference: String,
    /// The mirrors it is pulled from, if it isn't one of the family.
    pub mirrors: Mirrors,
    /// The reference of the family's root image.
    pub root: String,
    /// Its version, if it is in the family.
    pub version: String,
    /// The suffix of versions with CUDA, or empty.
    pub suffix: String,
}

impl Base {
    /// The name to pull it by.
    #[must_use]
    pub fn pulled(&self) -> String {
        self.mirrors.of(&self.reference)
    }

    fn without_mirrors(&self) -> Self {
        Self { mirrors: Mirrors::default(), ..self.clone() }
    }
}

/// The source of an image's contents.
pub enum Source {
    /// Lists of packages in the family's file, and its requirement files.
    Packages,
    /// A folder with a Dockerfile.
    Folder,
    /// An operator.
    Application(Box<Plan>),
}

/// The contents of an image.
pub struct Contents {
    /// The build context.
    pub context: Context,
    /// The name of the Dockerfile in it.
    pub dockerfile: String,
    /// The build arguments.
    pub args: BTreeMap<String, String>,
}

impl Source {
    /// Reads the source of an application, and shows its diagnostics.
    pub fn of(member: &Member, file: &Path, show: Show) -> Result<Self, Failure> {
        let folder = folder(file);
        let Some(source) = &member.source else {
            return Ok(if member.context.is_some() { Self::Folder } else { Self::Packages });
        };
        let authorization = [("authorization".to_owned(), member.authorization.to_string())];
        let set = authorization.into_iter().chain(member.set.clone());
        let settings = Config {
            targets: Some(target(PLATFORM).into_iter().map(TargetName).collect()),
            base_image: Some(format!("{}:{ANY}", member.name)),
            set: Choices::from([(PLATFORM.to_owned(), set.collect())]),
            additional_files: member.additional_files.clone(),
            ..Config::default()
        };
        let root = Some(Path::new(".").join(folder));
        let request = Request { settings, root, ..Request::default() };
        let path = folder.join(source);
        let mut plan = planned(&path, &request, show).map_err(|failure| unread(failure, member, &path))?;
        plan.component.name.clone_from(&member.name);
        plan.leave_out(file);
        Ok(Self::Application(Box::new(plan)))
    }

    /// The contents of an image in a version.
    pub fn contents(
        &mut self,
        member: &Member,
        base: &Base,
        version: &str,
        file: &Path,
    ) -> Result<Contents, Failure> {
        match self {
            Self::Packages => {
                let version = format!("{version}{}", base.suffix);
                let requirements = Requirements::of(member, file)?;
                let dockerfile = super::dockerfile::dockerfile(member, base, &version, &requirements.paths);
                let files = super::dockerfile::files(member, &base.root).into_iter();
                let files = files.map(|file| made(file.path, file.content)).chain(requirements.entries);
                let context = packed(files.chain([made(DOCKERFILE.to_owned(), dockerfile.into_bytes())]))?;
                Ok(Contents { context, dockerfile: DOCKERFILE.to_owned(), args: BTreeMap::new() })
            }
            Self::Folder => {
                let context = member.context.as_deref().unwrap_or(Path::new(""));
                let context = packed(entries(&folder(file).join(context), file)?)?;
                let args = arguments(member, base, version);
                Ok(Contents { context, dockerfile: DOCKERFILE.to_owned(), args })
            }
            Self::Application(plan) => application(plan, base, version),
        }
    }

    /// The next steps for an application, for the user.
    #[must_use]
    pub fn next(&self, reference: &str) -> Vec<String> {
        let Self::Application(plan) = self else { return Vec::new() };
        let Some((repository, version)) = reference.rsplit_once(':') else { return Vec::new() };
        let Ok(image) = ImageName::new(repository, version) else { return Vec::new() };
        let settings = Settings { image, ..in_image(plan) };
        settings.variant.map(|variant| (variant.next)(&plan.operator_in(&settings), None)).unwrap_or_default()
    }

    /// The digest of everything in an image, except its version and that of `c3`.
    pub fn digest(&mut self, member: &Member, base: &Base, file: &Path) -> Result<String, Failure> {
        let stamp = match self {
            Self::Application(plan) => Some(std::mem::take(&mut plan.settings.stamp)),
            _ => None,
        };
        // The same base from elsewhere makes the same image.
        let contents = self.contents(member, &base.without_mirrors(), ANY, file)?;
        if let (Self::Application(plan), Some(stamp)) = (self, stamp) {
            plan.settings.stamp = stamp;
        }
        let args = contents.args.iter().map(|(name, value)| format!("{name}={value}"));
        fingerprint(contents.context, args.chain([base.reference.clone()]))
    }
}

/// Shows the diagnostics of a source.
pub type Show<'a> = &'a dyn Fn(&[Diagnostic], &crate::source::Source);

fn planned(path: &Path, request: &Request, show: Show) -> Result<Plan, Failure> {
    let source = load(path)?;
    let Planned { plan, diagnostics } = operator::plan(&source, request, Purpose::Image);
    show(&diagnostics, &source);
    plan
}

/// The error for a missing source.
fn unread(failure: Failure, member: &Member, path: &Path) -> Failure {
    if path.exists() {
        return failure;
    }
    failure.hint(format!("`source` of `{}` is relative to the folder of the family's file", member.name))
}

/// The settings of an application in its image, with the only Dockerfile of its context.
fn in_image(plan: &Plan) -> Settings {
    let image = plan.images().pop();
    let settings = image.map_or_else(|| plan.settings.clone(), |image| image.settings);
    Settings { dockerfile: DOCKERFILE.to_owned(), image: plan.settings.image.clone(), ..settings }
}

fn application(plan: &mut Plan, base: &Base, version: &str) -> Result<Contents, Failure> {
    plan.settings.base_image.clone_from(&base.reference);
    plan.settings.mirrors.clone_from(&base.mirrors);
    let name = plan.component.name.clone();
    plan.set_image(&name, &format!("{version}{}", base.suffix))?;
    let settings = in_image(plan);
    let written = dockerfile::emit(&plan.operator_in(&settings));
    let context = plan.context(&[written.map_err(|_| Failure::diagnosed())?], &settings)?;
    Ok(Contents { context, dockerfile: settings.dockerfile, args: BTreeMap::new() })
}

/// The folder that a family's paths are relative to.
pub(super) fn folder(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new(""))
}

/// All files of a folder except the family's own, whose versions change. The Dockerfile is read to find the
/// logins that its build needs.
fn entries(folder: &Path, family: &Path) -> Result<Vec<Entry>, Failure> {
    let path = folder.join(DOCKERFILE);
    let dockerfile = reader::read(&path).map_err(|error| {
        Failure::new(INPUT, format!("cannot read `{}`: {error}", path.display()))
            .hint("`context` names a folder with a `Dockerfile` in it")
    })?;
    let family = family.canonicalize().ok();
    let is_other = |file: &AdditionalFile| file.path != DOCKERFILE && Some(&file.disk) != family.as_ref();
    let others = files::below(folder)?.into_iter().filter(is_other);
    let others = others.map(|file| Entry {
        path: file.path,
        content: Content::Disk(file.disk),
        executable: file.executable,
    });
    Ok(others.chain([made(DOCKERFILE.to_owned(), dockerfile)]).collect())
}

/// The build arguments of a custom Dockerfile: the versions, and those in the file.
fn arguments(member: &Member, base: &Base, version: &str) -> BTreeMap<String, String> {
    let pulled = base.pulled();
    let own = [
        ("IMAGE_NAME", pulled.as_str()),
        ("BASE_VERSION", &base.version),
        ("CUDA_VERSION", &base.suffix),
        ("TARGET_VERSION", version),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    own.into_iter().chain(member.args.clone()).collect()
}
