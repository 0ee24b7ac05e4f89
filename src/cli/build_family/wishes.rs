//! What is wanted: as the command line says, or as somebody answers.

use c3::family::{Family, Member};

use super::{Cuda, Options, unknown};
use crate::cli::console;
use crate::cli::failure::Failure;

/// What is wanted.
pub(super) struct Wishes<'a> {
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
    pub(super) fn new(options: &Options, family: &'a Family) -> Result<Self, Failure> {
        for name in options.images.iter().chain(&options.raise) {
            family.member(name).ok_or_else(|| unknown(name, family))?;
        }
        let asks = !options.yes && console::answers();
        let names = if options.images.is_empty() && asks { images(family)? } else { options.images.clone() };
        let is_meant = |member: &&Member| names.is_empty() || names.contains(&member.name);
        let members: Vec<_> = family.in_order().into_iter().filter(is_meant).collect();
        let has_cuda = members.iter().any(|member| family.has_cuda(member));
        let cuda = match options.cuda {
            Some(cuda) => cuda,
            None if asks && has_cuda => with_cuda(),
            None => Cuda::Both,
        };
        let has_tests =
            members.iter().any(|member| member.test.is_some() || member.with_cuda().test.is_some());
        let can_push = !options.local_mode && members.iter().any(|member| is_named(options, family, member));
        let builds = !options.dry_run && !options.no_build;
        let agreed = |question| !(asks && builds) || yes(question);
        let test = !options.no_test && (!has_tests || agreed("Run their tests?"));
        let push = can_push && agreed("Upload them?");
        let latest = !options.no_latest && agreed("Name them `latest`, too?");
        Ok(Self { members, cuda, test, push, latest })
    }

    /// Whether an engine has to be asked at all.
    pub(super) fn needs_engine(&self, options: &Options) -> bool {
        !(options.no_build || options.dry_run && self.push)
    }

    /// Without CUDA, with it, or both, as an image is wanted.
    pub(super) fn forms(&self, family: &Family, member: &Member) -> Vec<bool> {
        match self.cuda {
            Cuda::Yes if family.has_cuda(member) => vec![true],
            Cuda::Both if family.has_cuda(member) => vec![false, true],
            Cuda::Yes => Vec::new(),
            Cuda::No | Cuda::Both => vec![false],
        }
    }

    /// Whether an image goes to a registry.
    pub(super) fn pushes(&self, options: &Options, family: &Family, member: &Member) -> bool {
        self.push && is_named(options, family, member)
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
    let answer = console::ask(&format!("{}Which images? [all] ", lines.collect::<String>()));
    let words = answer.split([' ', ',']).filter(|word| !word.is_empty() && *word != "all");
    let named = |word: &str| {
        let numbered =
            word.parse::<usize>().ok().and_then(|number| family.members.get(number.checked_sub(1)?));
        let member = numbered.or_else(|| family.member(word));
        member.map(|member| member.name.clone()).ok_or_else(|| unknown(word, family))
    };
    words.map(named).collect()
}

fn with_cuda() -> Cuda {
    match console::ask("With CUDA? [y]es, [n]o, [b]oth [both] ").as_str() {
        "y" | "yes" => Cuda::Yes,
        "n" | "no" => Cuda::No,
        _ => Cuda::Both,
    }
}

/// Whether the answer is yes, which it is unless it says otherwise.
fn yes(question: &str) -> bool {
    !matches!(console::ask(&format!("{question} [Y/n] ")).as_str(), "n" | "no")
}
