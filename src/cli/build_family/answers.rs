//! Build options from the command line, and from answers on a terminal.

use c3::family::{BuildOptions, Family, Member, WithCuda};
use c3::reference::image_repository;

use super::{Options, unknown};
use crate::cli::console;
use c3::failure::{Failure, INTERRUPTED, USAGE};

/// Takes the options of the command line, and asks for the rest on a terminal.
pub(super) fn build_options<'a>(options: &Options, family: &'a Family) -> Result<BuildOptions<'a>, Failure> {
    check(options, family)?;
    let asks = !options.yes && console::answers();
    let names = if options.images.is_empty() && asks { images(family)? } else { options.images.clone() };
    let is_meant = |member: &&Member| names.is_empty() || names.contains(&member.name);
    let members: Vec<_> = family.in_order().into_iter().filter(is_meant).collect();
    if let Some(name) = options.raise.iter().find(|name| !members.iter().any(|member| member.name == **name))
    {
        let message = format!("`{name}` is to be raised and isn't among the images to build");
        return Err(Failure::new(USAGE, message).hint(format!("name it, too: `c3 build-family {name} …`")));
    }
    let has_cuda = members.iter().any(|member| family.has_cuda(member));
    let cuda = match options.cuda {
        Some(WithCuda::Yes) if !has_cuda => {
            return Err(Failure::new(USAGE, "none of these images is there with CUDA")
                .hint("name what the image at the bottom is built from with `cuda.base`"));
        }
        Some(cuda) => cuda,
        None if asks && has_cuda => with_cuda()?,
        None => WithCuda::Both,
    };
    let has_tests = members.iter().any(|member| member.test.is_some() || member.with_cuda().test.is_some());
    let can_push = !options.local_mode
        && members.iter().any(|member| family.is_named(member, options.repository.as_deref()));
    let asks = asks && !options.dry_run && !options.no_build;
    let agreed = |question| if asks { yes(question) } else { Ok(true) };
    let test = !options.no_test && (!has_tests || agreed("Run their tests?")?);
    let push = can_push && agreed("Upload them?")?;
    let latest = !options.no_latest && agreed("Name them `latest`, too?")?;
    Ok(BuildOptions {
        family,
        members,
        cuda,
        repository: options.repository.clone(),
        raise: options.raise.clone(),
        test,
        push,
        latest,
        no_build: options.no_build,
        no_cache: options.no_cache,
    })
}

/// Rejects unknown names on the command line.
fn check(options: &Options, family: &Family) -> Result<(), Failure> {
    for name in options.images.iter().chain(&options.raise) {
        family.member(name).ok_or_else(|| unknown(name, family))?;
    }
    match options.repository.as_deref().map(|repository| image_repository(Some(repository), "image")) {
        Some(Err(error)) => Err(Failure { code: USAGE, ..error.into() }),
        _ => Ok(()),
    }
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
    prompt(&question, |answer| {
        let words = answer.split([' ', ',']).filter(|word| !word.is_empty() && *word != "all");
        words.map(named).collect()
    })
}

fn with_cuda() -> Result<WithCuda, Failure> {
    prompt("With CUDA? [y]es, [n]o, [b]oth [both] ", |answer| match answer {
        "y" | "yes" => Some(WithCuda::Yes),
        "n" | "no" => Some(WithCuda::No),
        "" | "b" | "both" => Some(WithCuda::Both),
        _ => None,
    })
}

/// Whether the answer is yes; an empty answer is.
fn yes(question: &str) -> Result<bool, Failure> {
    prompt(&format!("{question} [Y/n] "), |answer| match answer {
        "" | "y" | "yes" => Some(true),
        "n" | "no" => Some(false),
        _ => None,
    })
}

/// Asks until the answer is valid; fails at the end of the input.
fn prompt<T>(question: &str, sense: impl Fn(&str) -> Option<T>) -> Result<T, Failure> {
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
