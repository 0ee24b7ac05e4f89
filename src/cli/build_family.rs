//! `c3 build-family`: images of which some are built from others, each in the version that its changes ask for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use c3::artifact::{self, Artifact, Existing};
use c3::engine::docker::Engine;
use c3::engine::progress::Progress;
use c3::engine::registry::{self, RegistryError};
use c3::family::{Family, Member, Published, Verdict, raised, verdict};
use c3::reference::successor;
use clap::{Args, ValueEnum};

use self::contents::{Base, Source};
use self::made::Made;
use self::wishes::Wishes;
use super::console;
use super::failure::{Failure, INPUT, USAGE};
use super::image;
use super::kept::Kept;
use super::options::{FILES, Format, IMAGE, Telling};

mod contents;
mod made;
mod wishes;

/// Label that holds the digest of what an image was made of.
const DIGEST_LABEL: &str = "io.claimed.c3.family.digest";

#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct Options {
    /// Images to build [default: all of the family]
    #[arg(value_name = "IMAGE")]
    images: Vec<String>,

    /// File that describes the family; versions that have to be raised are raised in it
    #[arg(short, long, value_name = "FILE", default_value = "family.toml")]
    file: PathBuf,

    /// Registry and namespace to push the images to, in place of those in the file
    #[arg(short, long, value_name = "REGISTRY/NAMESPACE", help_heading = IMAGE)]
    repository: Option<String>,

    /// Whether images that are there with CUDA are built so, without it, or both [default: both]
    #[arg(long, value_name = "WHICH", help_heading = IMAGE)]
    cuda: Option<Cuda>,

    /// Raise the version of an image of which nothing has changed, to have its packages anew; may be repeated
    #[arg(long, value_name = "IMAGE", help_heading = IMAGE)]
    raise: Vec<String>,

    /// Leave the tests of the images out
    #[arg(long, help_heading = IMAGE)]
    no_test: bool,

    /// Leave the names `latest` and `latest-cuda` to other images
    #[arg(long, help_heading = IMAGE)]
    no_latest: bool,

    /// Build the images but push nothing
    #[arg(long, alias = "local_mode", help_heading = IMAGE)]
    local_mode: bool,

    /// Write the build contexts only; no engine and no registry is asked
    #[arg(long, alias = "no_build", requires = "output_dir", help_heading = IMAGE)]
    no_build: bool,

    /// Run every step of the builds anew
    #[arg(long, alias = "no_cache", help_heading = IMAGE)]
    no_cache: bool,

    /// Tell what would be built in which version, and do nothing
    #[arg(long, conflicts_with_all = ["no_build", "output_dir"])]
    dry_run: bool,

    /// Ask nothing: what the command line leaves open is decided as its defaults say
    #[arg(short, long)]
    yes: bool,

    /// Leave the Dockerfile of each image with its build context in DIR/<image>
    #[arg(short, long, value_name = "DIR", help_heading = FILES)]
    output_dir: Option<PathBuf>,

    /// Replace build contexts that are there and differ
    #[arg(long, help_heading = FILES)]
    overwrite: bool,

    #[command(flatten)]
    telling: Telling,
}

/// With or without CUDA.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum Cuda {
    /// Without only.
    No,
    /// With only, where it is there.
    Yes,
    /// Both.
    Both,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let (family, text) = Family::load(&options.file)?;
    let wishes = Wishes::new(options, &family)?;
    let engine = if wishes.needs_engine(options) { Some(image::connect()?) } else { None };
    let work = Work { options, family: &family, wishes: &wishes, engine: engine.as_ref() };
    let mut orders = work.orders()?;
    tell(&orders, &options.telling);
    let kept = work.kept(&mut orders)?;
    let made = match &engine {
        Some(engine) if !options.dry_run => work.make(engine, &mut orders, text)?,
        _ => orders.iter().flat_map(Order::as_decided).collect(),
    };
    kept.into_iter().try_for_each(|kept| kept.place(options.telling.log_level))?;
    report(options, &family, &orders, &made)
}

/// What is to be done about one image of the family.
struct Order<'a> {
    member: &'a Member,
    source: Source,
    version: String,
    verdict: Verdict,
    forms: Vec<Form>,
}

/// The image without CUDA, or with it.
struct Form {
    cuda: bool,
    /// What it is made of, without or with CUDA.
    member: Member,
    base: Base,
    /// The digest of what it is made of, apart from its version.
    digest: String,
    /// The reference with the version.
    reference: String,
    published: Published,
}

impl Order<'_> {
    fn is_raised(&self) -> bool {
        self.version != self.member.version
    }

    /// What would be made, where nothing is.
    fn as_decided(&self) -> Vec<Made> {
        self.forms.iter().map(|form| Made::decided(self, form)).collect()
    }
}

/// All that deciding needs.
struct Work<'a> {
    options: &'a Options,
    family: &'a Family,
    wishes: &'a Wishes<'a>,
    engine: Option<&'a Engine>,
}

impl<'a> Work<'a> {
    /// What is to be done, in the order in which it can be done.
    fn orders(&self) -> Result<Vec<Order<'a>>, Failure> {
        let members = &self.family.members;
        let mut versions: BTreeMap<&str, String> =
            members.iter().map(|member| (member.name.as_str(), member.version.clone())).collect();
        let mut orders = Vec::new();
        for member in self.family.in_order() {
            if !self.wishes.members.contains(&member) {
                self.doubt(member, &versions)?;
                continue;
            }
            let order = self.order(member, &versions)?;
            versions.insert(&member.name, order.version.clone());
            orders.extend(Some(order).filter(|order| !order.forms.is_empty()));
        }
        Ok(orders)
    }

    /// Tells of an image that isn't as it should be and that others are going to be built from.
    fn doubt(&self, member: &'a Member, versions: &BTreeMap<&str, String>) -> Result<(), Failure> {
        let stands = |other: &&&Member| self.family.stands_on(other, &member.name);
        let Some(other) = self.wishes.members.iter().find(stands) else { return Ok(()) };
        let order = self.order(member, versions)?;
        let what = if order.is_raised() { "has changed" } else { "isn't there" };
        if order.verdict == Verdict::Build && !self.options.no_build {
            let (name, version, other) = (&member.name, &member.version, &other.name);
            let message =
                format!("`{name}` {what} and isn't chosen: `{other}` stands on its version {version}");
            console::warning(&message, self.options.telling.log_level);
        }
        Ok(())
    }

    /// What is to be done about one image, on bases of these versions.
    fn order(&self, member: &'a Member, versions: &BTreeMap<&str, String>) -> Result<Order<'a>, Failure> {
        let mut source = Source::of(member, self.folder(), &self.options.telling)?;
        let forms = self.wishes.forms(self.family, member).into_iter();
        let forms = forms.map(|cuda| self.form(member, cuda, versions, &mut source));
        let mut forms = forms.collect::<Result<Vec<_>, _>>()?;
        let mut version = member.version.clone();
        loop {
            for form in &mut forms {
                let repository = self.repository(member);
                form.reference = format!("{repository}:{}", self.family.tag(&version, form.cuda));
                form.published = self.published(member, form)?;
            }
            let published: Vec<_> = forms.iter().map(|form| form.published).collect();
            match verdict(&published) {
                Verdict::Raise => version = successor(&version),
                verdict => return Ok(Order { member, source, version, verdict, forms }),
            }
        }
    }

    fn form(
        &self,
        member: &Member,
        cuda: bool,
        versions: &BTreeMap<&str, String>,
        source: &mut Source,
    ) -> Result<Form, Failure> {
        let member = if cuda { member.with_cuda() } else { member.clone() };
        let base = self.base(&member, cuda, versions);
        let digest = source.digest(&member, &base, self.folder())?;
        let (reference, published) = (String::new(), Published::Nothing);
        Ok(Form { cuda, member, base, digest, reference, published })
    }

    /// What an image is built from.
    fn base(&self, member: &Member, cuda: bool, versions: &BTreeMap<&str, String>) -> Base {
        let suffix = if cuda { self.family.cuda.clone() } else { String::new() };
        let from = member.from.as_deref().and_then(|name| self.family.member(name));
        let Some(from) = from else {
            let reference = member.base.clone().unwrap_or_default();
            return Base { reference, version: String::new(), suffix };
        };
        let version = versions.get(from.name.as_str()).unwrap_or(&from.version).clone();
        let tag = self.family.tag(&version, cuda);
        Base { reference: format!("{}:{tag}", self.repository(from)), version, suffix }
    }

    /// What the registry knows by the reference of an image, or the engine where nothing is pushed.
    fn published(&self, member: &Member, form: &Form) -> Result<Published, Failure> {
        let labels = if self.options.no_build {
            None
        } else if self.wishes.pushes(self.options, self.family, member) {
            match registry::labels(&form.reference) {
                Err(RegistryError::NotFound { .. }) => None,
                labels => Some(labels?),
            }
        } else {
            let engine = self.engine.map(|engine| engine.inspect(&form.reference)).transpose()?;
            engine.flatten().map(|image| image.labels)
        };
        let wants_another = self.options.raise.contains(&member.name);
        Ok(match labels {
            None => Published::Nothing,
            Some(labels) if labels.get(DIGEST_LABEL) == Some(&form.digest) && !wants_another => {
                Published::Same
            }
            Some(_) => Published::Other,
        })
    }

    /// The build contexts that are left on disk.
    fn kept(&self, orders: &mut [Order]) -> Result<Vec<Kept>, Failure> {
        let Some(folder) = &self.options.output_dir else { return Ok(Vec::new()) };
        let existing = if self.options.overwrite { Existing::Overwrite } else { Existing::Keep };
        let mut kept = Vec::new();
        for Order { member, source, version, forms, .. } in orders {
            for form in forms {
                let contents = source.contents(&form.member, &form.base, version, self.folder())?;
                let name = format!("{}{}", member.name, if form.cuda { "-cuda" } else { "" });
                kept.push(Kept::stage(folder.join(name), &contents.context, &existing)?);
            }
        }
        Ok(kept)
    }

    /// Builds, tries and pushes what isn't there.
    fn make(&self, engine: &Engine, orders: &mut [Order], text: String) -> Result<Vec<Made>, Failure> {
        let progress = Progress::new(self.options.telling.log_level.into());
        let made = self.make_all(engine, orders, text, &progress);
        progress.finish();
        made
    }

    fn make_all(
        &self,
        engine: &Engine,
        orders: &mut [Order],
        mut text: String,
        progress: &Progress,
    ) -> Result<Vec<Made>, Failure> {
        let mut all = Vec::new();
        for order in orders {
            let mut made = made::build(self, engine, order, progress)?;
            if order.is_raised() {
                text = self.write_version(&text, order)?;
            }
            made::push(self, engine, order, &mut made, progress)?;
            all.extend(made);
        }
        Ok(all)
    }

    /// Writes the version that was raised into the file, and gives its text.
    fn write_version(&self, text: &str, order: &Order) -> Result<String, Failure> {
        let path = &self.options.file;
        let changed = || {
            Failure::new(INPUT, format!("`{}` was changed while the images were built", path.display()))
                .hint(format!("write the version {} of `{}` into it", order.version, order.member.name))
        };
        if std::fs::read_to_string(path).ok().as_deref() != Some(text) {
            return Err(changed());
        }
        let text = raised(text, &order.member.name, &order.version).ok_or_else(changed)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        artifact::write(&[Artifact::new(name, text.as_str())], self.folder(), &Existing::Overwrite)?;
        Ok(text)
    }

    /// The repository of an image.
    fn repository(&self, member: &Member) -> String {
        self.family.repository(member, self.options.repository.as_deref())
    }

    /// The folder that the paths in the file are relative to.
    fn folder(&self) -> &Path {
        self.options.file.parent().unwrap_or(Path::new(""))
    }
}

/// Tells what is going to be done.
fn tell(orders: &[Order], telling: &Telling) {
    for order in orders {
        let Order { member, version, .. } = order;
        let raised = order.is_raised().then(|| format!("{} → {version}", member.version));
        let versions = raised.unwrap_or_else(|| version.clone());
        let what = match order.verdict {
            Verdict::Present => "is there as it should be",
            _ if order.is_raised() => "has changed, or what it stands on",
            _ => "is new",
        };
        console::info(&format!("{} {versions}: {what}", member.name), telling.log_level);
    }
}

fn report(options: &Options, family: &Family, orders: &[Order], made: &[Made]) -> Result<(), Failure> {
    let is_left = |member: &&Member| {
        let is_ordered = orders.iter().any(|order| order.member.name == member.name);
        let raised = orders.iter().filter(|order| order.is_raised());
        !is_ordered && raised.into_iter().any(|order| family.stands_on(member, &order.member.name))
    };
    let left = family.in_order().into_iter().filter(is_left).map(|member| format!("`{}`", member.name));
    let left = left.collect::<Vec<_>>().join(", ");
    if !left.is_empty() {
        let note = format!("note: what was raised carries others, which are to be built, too: {left}");
        console::info(&note, options.telling.log_level);
    }
    match options.telling.format {
        Format::Json => console::print_json(&serde_json::json!({"schema_version": 1, "images": made}))?,
        Format::Text => console::print(&made.iter().map(Made::line).collect::<String>())?,
    }
    for order in orders.iter().filter(|order| order.verdict == Verdict::Build) {
        let next: String = order.source.next().iter().map(|line| format!("\n  {line}")).collect();
        if !next.is_empty() {
            console::info(&format!("next, for {}:{next}", order.member.name), options.telling.log_level);
        }
    }
    Ok(())
}

/// A name on the command line that is none of the family's.
fn unknown(name: &str, family: &Family) -> Failure {
    let names: Vec<_> = family.members.iter().map(|member| format!("`{}`", member.name)).collect();
    Failure::new(USAGE, format!("the family has no image `{name}`"))
        .hint(format!("there are {}", names.join(", ")))
}
