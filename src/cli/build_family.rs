//! `c3 build-family`: builds images that depend on each other, each with the version that its changes
//! require.

use std::path::PathBuf;

use c3::artifact::Existing;
use c3::family::build::Made;
use c3::family::plan::{PlannedImage, Work};
use c3::family::{Family, Member, Verdict, WithCuda, listed};
use c3::operator::image;
use c3::progress::Progress;
use c3::settings::ConfigError;
use c3::settings::{FILES, IMAGE, mirrors_for};
use clap::Args;

use super::console;
use super::options::{Format, OutputOptions};
use c3::failure::{Failure, USAGE};

mod answers;

#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct Options {
    /// Images to build [default: all of the family]
    #[arg(value_name = "IMAGE")]
    images: Vec<String>,

    /// File that describes the family; raised versions are written into it
    #[arg(short, long, value_name = "FILE", default_value = "family.toml")]
    file: PathBuf,

    /// Registry and namespace to push the images to, in place of those in the file
    #[arg(short, long, value_name = "REGISTRY/NAMESPACE", help_heading = IMAGE)]
    repository: Option<String>,

    /// Build images with CUDA, without it, or both, where both exist [default: both]
    #[arg(long, value_name = "WHICH", help_heading = IMAGE)]
    cuda: Option<WithCuda>,

    /// Raise the version of an unchanged image, to update its packages; may be repeated
    #[arg(long, value_name = "IMAGE", help_heading = IMAGE)]
    raise: Vec<String>,

    /// Don't run the tests of the images
    #[arg(long, help_heading = IMAGE)]
    no_test: bool,

    /// Don't tag the images `latest` and `latest-cuda`
    #[arg(long, help_heading = IMAGE)]
    no_latest: bool,

    /// Build the images, but don't push them
    #[arg(long, alias = "local_mode", help_heading = IMAGE)]
    local_mode: bool,

    /// Write only the build contexts, without engine and registry
    #[arg(long, alias = "no_build", requires = "output_dir", help_heading = IMAGE)]
    no_build: bool,

    /// Run every step of the builds again
    #[arg(long, alias = "no_cache", help_heading = IMAGE)]
    no_cache: bool,

    /// Show what would be built in which version, and do nothing
    #[arg(long, conflicts_with_all = ["no_build", "output_dir"])]
    dry_run: bool,

    /// Don't ask; use the defaults
    #[arg(short, long)]
    yes: bool,

    /// Write the Dockerfile and build context of each image to DIR/<image>
    #[arg(short, long, value_name = "DIR", help_heading = FILES)]
    output_dir: Option<PathBuf>,

    /// Replace existing build contexts that differ
    #[arg(long, help_heading = FILES)]
    overwrite: bool,

    #[command(flatten)]
    output: OutputOptions,
}

/// Alternative without an engine.
const OTHERWISE: Option<&str> = Some("write the build contexts only with `--no-build --output-dir DIR`");

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let (family, text) = load(options)?;
    let build = answers::build_options(options, &family)?;
    // An engine that isn't asked yet leaves Ctrl-C to the system while a registry is.
    let engine = build.asks_engine().then(|| image::connect(OTHERWISE)).transpose()?;
    let level = options.output.level();
    let mirrors = mirrors_for(&options.file)?;
    let work = Work {
        family: &family,
        mirrors: &mirrors,
        file: &options.file,
        options: &build,
        engine: engine.as_ref(),
        progress: &Progress::new(level.into()),
        show: &|diagnostics, source| console::diagnostics(diagnostics, source, level),
    };
    let mut planned = work.plan()?;
    show_plan(&planned, options);
    let existing = if options.overwrite { Existing::Overwrite } else { Existing::Keep };
    let kept = match &options.output_dir {
        Some(folder) => work.kept(&mut planned, folder, &existing)?,
        None => Vec::new(),
    };
    let is_done = options.no_build || options.dry_run || planned.iter().all(PlannedImage::is_done);
    let made = if is_done {
        planned.iter().flat_map(PlannedImage::as_decided).collect()
    } else {
        let connected;
        let engine = if let Some(engine) = &engine {
            engine
        } else {
            connected = image::connect(OTHERWISE)?;
            &connected
        };
        work.make(engine, &mut planned, text)?
    };
    for kept in kept {
        console::info(&format!("build context: {}", kept.place()?.display()), level);
    }
    report(options, &family, &planned, &made)
}

/// Reads the family's file.
fn load(options: &Options) -> Result<(Family, String), Failure> {
    let (mut family, text) = read(options)?;
    for name in family.take_out_credentials() {
        let message = format!(
            "`{name}` names a URL that holds credentials; they are left out of the image's build: give them to it as a secret"
        );
        console::warning(&message, options.output.level());
    }
    Ok((family, text))
}

fn read(options: &Options) -> Result<(Family, String), Failure> {
    Family::load(&options.file).map_err(|error| match error {
        ConfigError::Io { .. } => {
            Failure::from(error).hint("name the file that describes the family with `--file`")
        }
        ConfigError::Invalid { .. } => error.into(),
    })
}

/// Shows the plan.
fn show_plan(planned: &[PlannedImage], options: &Options) {
    for image in planned {
        let PlannedImage { member, version, .. } = image;
        let raised = image.is_raised().then(|| format!("{} → {version}", member.version));
        let versions = raised.unwrap_or_else(|| version.clone());
        let what = match image.verdict {
            _ if options.no_build => "",
            Verdict::Present => ": is there as it should be",
            _ if options.raise.contains(&member.name) => ": is raised, as you wish",
            _ if image.is_raised() => ": has changed, or an image that it depends on",
            _ => ": will be built",
        };
        console::info(&format!("{} {versions}{what}", member.name), options.output.level());
    }
}

fn report(
    options: &Options,
    family: &Family,
    planned: &[PlannedImage],
    made: &[Made],
) -> Result<(), Failure> {
    let is_left = |member: &&Member| {
        let is_planned = planned.iter().any(|image| image.member.name == member.name);
        let raised = planned.iter().filter(|image| image.is_raised());
        !is_planned && raised.into_iter().any(|image| family.stands_on(member, &image.member.name))
    };
    let left = listed(family.in_order().into_iter().filter(is_left));
    if !left.is_empty() {
        let note = format!("note: these depend on a raised image and have to be built, too: {left}");
        console::info(&note, options.output.level());
    }
    match options.output.format {
        Format::Json => console::print_json(&serde_json::json!({"schema_version": 1, "images": made}))?,
        Format::Text => console::print(&made.iter().map(Made::line).collect::<String>())?,
    }
    for image in planned.iter().filter(|image| image.verdict == Verdict::Build) {
        let Some(form) = image.forms.first() else { continue };
        console::next(&image.member.name, &image.source.next(&form.reference), options.output.level());
    }
    Ok(())
}

/// The error for a name on the command line that the family doesn't have.
fn unknown(name: &str, family: &Family) -> Failure {
    Failure::new(USAGE, format!("the family has no image `{name}`"))
        .hint(format!("there are {}", family.names()))
}
