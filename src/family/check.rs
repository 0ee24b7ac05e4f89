//! Validation of families: names, and dependencies between images.

use crate::failure::Fault as _;
use toml_edit::{Document, Item};

use super::dockerfile;
use super::{Family, Member, PLATFORM};
use crate::backend::variant::check_choice;
use crate::reference::{self, NameError, Reference};
use crate::settings::Problem;

/// A fault in the file.
pub(super) struct Fault {
    /// The image, by its index in the file, and the key; none for the whole file.
    place: Option<(usize, &'static str)>,
    message: String,
    hint: String,
}

impl Fault {
    fn new(key: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { place: Some((0, key)), message: message.into(), hint: hint.into() }
    }

    fn named(key: &'static str, error: &NameError) -> Self {
        Self::new(key, error.to_string(), error.hint().unwrap_or_default())
    }

    /// The same for an image of the file.
    fn of(self, index: usize) -> Self {
        Self { place: self.place.map(|(_, key)| (index, key)), ..self }
    }

    /// The fault as a problem with its place in the text.
    pub(super) fn problem(self, text: &str) -> Problem {
        let document = Document::parse(text).ok();
        let span = document.zip(self.place).and_then(|(document, (index, key))| {
            let image = document.get("image")?.get(index)?;
            image.get(key).and_then(Item::span).or_else(|| image.span())
        });
        Problem { message: self.message, hint: Some(self.hint), span }
    }
}

impl Family {
    /// The first fault.
    pub(super) fn fault(&self) -> Option<Fault> {
        if self.members.is_empty() {
            let message = "the family has no image".to_owned();
            return Some(Fault { place: None, message, hint: "write a table `[[image]]`".to_owned() });
        }
        if self.cuda.is_empty() {
            let message = "`cuda` is empty, so that versions with and without it were the same".to_owned();
            return Some(Fault {
                place: None,
                message,
                hint: "write what stands behind versions, such as `cuda11`".to_owned(),
            });
        }
        self.members.iter().enumerate().find_map(|(index, member)| {
            let faults = [named, versioned, contents, standing, with_cuda];
            faults.into_iter().find_map(|fault| fault(self, member)).map(|fault| fault.of(index))
        })
    }
}

/// A name that registries reject, or a duplicate.
fn named(family: &Family, member: &Member) -> Option<Fault> {
    let name = &member.name;
    if name.is_empty() || name.contains(['/', ':', '@']) {
        let message = if name.is_empty() {
            "an image has no name".to_owned()
        } else {
            format!("`{name}` is not an image name")
        };
        return Some(Fault::new("name", message, "write it as `name = \"ubuntu-python\"`"));
    }
    if family.members.iter().filter(|other| other.name == *name).count() > 1 {
        return Some(Fault::new("name", format!("two images are called `{name}`"), "rename one of them"));
    }
    if name.rsplit_once('.').is_some_and(|(_, end)| end == "cuda") {
        return Some(Fault::new("name", format!("`{name}` is called like an image with CUDA"), "rename it"));
    }
    let refused = Reference::parse(&family.repository(member, None)).err();
    refused.map(|error| Fault::named("name", &error))
}

/// A version that can't be a tag.
fn versioned(family: &Family, member: &Member) -> Option<Fault> {
    if member.version.is_empty() {
        let message = format!("`{}` has no version", member.name);
        return Some(Fault::new("version", message, "write `version = \"0.1\"`"));
    }
    if member.version.starts_with("latest") {
        let message = format!("the version of `{}` is the name of the newest", member.name);
        return Some(Fault::new("version", message, "write a number such as `0.1`"));
    }
    let tags = [false, true].map(|cuda| family.tag(&member.version, cuda));
    let refused = tags.iter().find_map(|tag| reference::valid_tag(tag).err());
    refused.map(|error| Fault::named("version", &error))
}

/// An image defined in two ways.
fn contents(_: &Family, member: &Member) -> Option<Fault> {
    let Member { name, context, source, .. } = member;
    let of_packages = !member.system.is_empty() || !member.pip.is_empty() || !member.requirements.is_empty();
    if context.is_some() && (of_packages || source.is_some()) {
        let message = format!("`{name}` has a Dockerfile of its own and says what else is in it");
        return Some(Fault::new("context", message, "write it into the Dockerfile, or leave `context` out"));
    }
    if source.is_some() && of_packages {
        let message = format!("`{name}` is an application, whose source says what it needs");
        let hint = "write `# pip install …` lines there, or an image for it to stand on";
        return Some(Fault::new("source", message, hint));
    }
    if let Some(word) = arguments(member).find(|word| is_no_word(word)) {
        let hint = "write each word as an element of its own; files are named by `requirements`";
        return Some(Fault::new("pip", format!("`pip` of `{name}` can't have {word:?}"), hint));
    }
    if let Some(package) = packages(member).find(|package| !is_package(package)) {
        let message = format!("`system` of `{name}` can't have {package:?}");
        return Some(Fault::new("system", message, "write each package as an element of its own"));
    }
    stray(member)
}

/// A key for other kinds of images.
fn stray(member: &Member) -> Option<Fault> {
    let Member { name, context, source, .. } = member;
    let cuda = member.difference();
    let (of_folder, of_source) = (context.is_some(), source.is_some());
    let packages =
        cuda.is_some_and(|cuda| cuda.system.is_some() || cuda.pip.is_some() || cuda.requirements.is_some());
    let interface = member.interface.as_deref();
    let of_application = of_folder || of_source;
    let strays = [
        (
            "interface",
            interface.is_some() && of_application,
            "is for images of packages; an application has `set.interface`",
        ),
        (
            "interface",
            interface.is_some_and(|name| !dockerfile::is_interface(name)),
            "is neither `desktop` nor `browser` nor `jupyter`",
        ),
        (
            "url",
            member.url.is_some() && interface != Some("browser"),
            "is for images with `interface = \"browser\"`",
        ),
        (
            "url",
            member.url.as_ref().is_some_and(|url| check_choice(PLATFORM, "url", url).is_err()),
            "is not a plain address",
        ),
        ("args", !member.args.is_empty() && !of_folder, "is for images with `context`"),
        ("set", !member.set.is_empty() && !of_source, "is for images with `source`"),
        ("set", member.set.contains_key("gpu"), "can't choose another base image"),
        (
            "additional-files",
            !member.additional_files.is_empty() && !of_source,
            "is for images with `source`",
        ),
        ("description", !member.description.is_empty() && of_folder, "belongs into its Dockerfile"),
        ("authorization", member.authorization && of_folder, "belongs into its Dockerfile"),
        ("cuda", packages && (of_folder || of_source), "can't have packages of its own"),
        (
            "cuda",
            cuda.is_some_and(|cuda| !cuda.args.is_empty()) && !of_folder,
            "can't have `args` without `context`",
        ),
    ];
    strays.into_iter().find_map(|(key, is_there, why)| {
        is_there.then(|| Fault::new(key, format!("`{key}` of `{name}` {why}"), "leave it out"))
    })
}

/// The arguments of pip, without and with CUDA.
fn arguments(member: &Member) -> impl Iterator<Item = &String> {
    let cuda = member.difference().and_then(|difference| difference.pip.as_ref());
    member.pip.iter().chain(cuda.into_iter().flatten())
}

/// System packages, without and with CUDA.
fn packages(member: &Member) -> impl Iterator<Item = &String> {
    let cuda = member.difference().and_then(|difference| difference.system.as_ref());
    member.system.iter().chain(cuda.into_iter().flatten())
}

/// Whether a text is one package, perhaps with a version or release.
fn is_package(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._:=~/".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_alphanumeric()) && text.bytes().all(is_plain)
}

/// Whether an argument of pip is several words, or names a file.
fn is_no_word(word: &str) -> bool {
    let files = ["-r", "-c", "-e", "--requirement", "--constraint", "--editable"];
    let names_file = files.iter().any(|option| word == *option || word.starts_with(&format!("{option}=")));
    let is_requirement = word.contains(['<', '>', '=', '!', '~', '@', ';']) && !word.starts_with('-');
    word.is_empty()
        || names_file
        || word.contains(char::is_control)
        || (word.contains(' ') && !is_requirement)
}

/// An image without a base, with two, or based on itself.
fn standing(family: &Family, member: &Member) -> Option<Fault> {
    let name = &member.name;
    match (&member.from, member.base.as_deref()) {
        (None, None | Some("")) => {
            let hint = "name an image of the family with `from`, or another with `base`";
            Some(Fault::new("name", format!("`{name}` is built from nothing"), hint))
        }
        (None, Some(base)) => Reference::parse(base).err().map(|error| Fault::named("base", &error)),
        (Some(_), Some(_)) => Some(Fault::new(
            "base",
            format!("`{name}` is built from two images"),
            "leave out `from` or `base`",
        )),
        (Some(from), None) if family.member(from).is_none() => {
            let message = format!("`{name}` is built from `{from}`, which isn't in the family");
            let hint = format!("there are {}; another image is named with `base`", family.names());
            Some(Fault::new("from", message, hint))
        }
        (Some(_), None) => family.stands_on(member, name).then(|| {
            Fault::new("from", format!("`{name}` is built from itself"), "let one of them begin with `base`")
        }),
    }
}

/// The error for CUDA settings in an image without CUDA.
fn with_cuda(family: &Family, member: &Member) -> Option<Fault> {
    let difference = member.difference()?;
    let name = &member.name;
    match (&difference.base, &member.from) {
        (Some(base), None) => Reference::parse(base).err().map(|error| Fault::named("cuda", &error)),
        (None, None) => {
            let message = format!("it isn't said what `{name}` is built from with CUDA");
            Some(Fault::new("cuda", message, "write `cuda.base = \"nvidia/cuda:…\"`"))
        }
        (Some(_), Some(from)) => {
            let message = format!("`{name}` is built from `{from}`, with CUDA, too");
            Some(Fault::new("cuda", message, "leave `cuda.base` out"))
        }
        (None, Some(from)) => {
            let message = || format!("`{name}` is built from `{from}`, which isn't there with CUDA");
            (!family.has_cuda(member)).then(|| Fault::new("cuda", message(), "leave `cuda` out"))
        }
    }
}
