//! What is wanted: as the command line says, or as somebody answers.

use c3::family::{Family, Member};
use c3::reference::image_repository;

use super::{Cuda, Options, unknown};
use crate::cli::console;
use c3::failure::{Failure, INTERRUPTED, USAGE};

/// What is wanted.
pub(super) struct Wishes<'a> {
    options: &'a Options,
    family: &'a Family,
    /// The images, each behind what it is built from.
    pub(super) members: Vec<&'a Member>,
    cuda: Cuda,
    /// Whether images are tried before they are pushed.
    pub(super) test: bool,
    push: bool,
    /// Whether they get the name `latest`, too.
    pub(super) latest: bool,
}

impl<'a> Wishes<'a> {
    /// Takes what the command line says, and asks for the rest where somebody can answer.
    pub(super) fn new(options: &'a Options, family: &'a Family) -> Result<Self, Failure> {
        check(options, family)?;
        let asks = !options.yes && console::answers();
        let names = if options.images.is_empty() && asks { images(family)? } else { options.images.clone() };
        let is_meant = |member: &&Member| names.is_empty() || names.contains(&member.name);
        let members: Vec<_> = family.in_order().into_iter().filter(is_meant).collect();
        if let Some(name) =
            options.raise.iter().find(|name| !members.iter().any(|member| member.name == **name))
        {
            let message = format!("`{name}` is to be raised and isn't among the images to build");
            return Err(
                Failure::new(USAGE, message).hint(format!("name it, too: `c3 build-family {name} …`"))
            );
        }
        let has_cuda = members.iter().any(|member| family.has_cuda(member));
        let cuda = match options.cuda {
            Some(Cuda::Yes) if !has_cuda => {
                return Err(Failure::new(USAGE, "none of these images is there with CUDA")
                    .hint("name what the image at the bottom is built from with `cuda.base`"));
            }
            Some(cuda) => cuda,
            None if asks && has_cuda => with_cuda()?,
            None => Cuda::Both,
        };
        let has_tests =
            members.iter().any(|member| member.test.is_some() || member.with_cuda().test.is_some());
        let can_push = !options.local_mode && members.iter().any(|member| is_named(options, family, member));
        let asks = asks && !options.dry_run && !options.no_build;
        let agreed = |question| if asks { yes(question) } else { Ok(true) };
        let test = !options.no_test && (!has_tests || agreed("Run their tests?")?);
        let push = can_push && agreed("Upload them?")?;
        let latest = !options.no_latest && agreed("Name them `latest`, too?")?;
        Ok(Self { options, family, members, cuda, test, push, latest })
    }

    /// Whether an engine has to be asked what is there.
    pub(super) fn asks_engine(&self) -> bool {
        !self.options.no_build && self.members.iter().any(|member| !self.pushes(member))
    }

    /// Without CUDA, with it, or both, as an image is wanted.
    pub(super) fn forms(&self, member: &Member) -> Vec<bool> {
        match self.cuda {
            Cuda::Yes if self.family.has_cuda(member) => vec![true],
            Cuda::Both if self.family.has_cuda(member) => vec![false, true],
            Cuda::Yes => Vec::new(),
            Cuda::No | Cuda::Both => vec![false],
        }
    }

    /// Whether an image goes to a registry.
    pub(super) fn pushes(&self, member: &Member) -> bool {
        self.push && is_named(self.options, self.family, member)
    }
}

/// Refuses names on the command line that are none.
fn check(options: &Options, family: &Family) -> Result<(), Failure> {
    for name in options.images.iter().chain(&options.raise) {
        family.member(name).ok_or_else(|| unknown(name, family))?;
    }
    match options.repository.as_deref().map(|repository| image_repository(Some(repository), "image")) {
        Some(Err(error)) => Err(Failure { code: USAGE, ..error.into() }),
        _ => Ok(()),
    }
}

/// Whether it is known where an image is pushed to.
fn is_named(options: &Options, family: &Family, member: &Member) -> bool {
    options.repository.is_some() || member.repository.is_some() || family.repository.is_some()
}

/// Asks for images by their numbers or names; none stands for all.
fn images(family: &Family) -> Result<Vec<String>, Failure> {
    let lines = family.members.iter().enumerate();
    let lines =
        lines.map(|(number, member)| format!("{} - {} {}\n", number + 1, member.name, member.version));
    let question = format!("{}Which images? [all] ", lines.collect::<String>());
    let named = |word: &str| {
        let numbered =
            word.parse::<usize>().ok().and_then(|number| family.members.get(number.checked_sub(1)?));
        let member =
            numbered.or_else(|| family.members.iter().find(|member| member.name.to_lowercase() == word));
        member.map(|member| member.name.clone())
    };
    asked(&question, |answer| {
        let words = answer.split([' ', ',']).filter(|word| !word.is_empty() && *word != "all");
        words.map(named).collect()
    })
}

fn with_cuda() -> Result<Cuda, Failure> {
    asked("With CUDA? [y]es, [n]o, [b]oth [both] ", |answer| match answer {
        "y" | "yes" => Some(Cuda::Yes),
        "n" | "no" => Some(Cuda::No),
        "" | "b" | "both" => Some(Cuda::Both),
        _ => None,
    })
}

/// Whether the answer is yes, as no answer but a line end is.
fn yes(question: &str) -> Result<bool, Failure> {
    asked(&format!("{question} [Y/n] "), |answer| match answer {
        "" | "y" | "yes" => Some(true),
        "n" | "no" => Some(false),
        _ => None,
    })
}

/// Asks until the answer makes sense; without any answer nothing is done.
fn asked<T>(question: &str, sense: impl Fn(&str) -> Option<T>) -> Result<T, Failure> {
    loop {
        let Some(answer) = console::ask(question) else {
            return Err(Failure::new(INTERRUPTED, "there was no answer; nothing was done")
                .hint("say it on the command line, or take what it leaves open with `--yes`"));
        };
        if let Some(answer) = sense(&answer) {
            return Ok(answer);
        }
    }
}
