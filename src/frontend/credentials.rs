//! Credentials in URLs: wherever a source has one, it is a secret that stays out of everything generated.

use std::ops::Range;

use super::interface::Interface;
use crate::component::{Component, Requirement};
use crate::diagnostic::Diagnostic;
use crate::userinfo::{has_userinfo, mask, removed};

/// The diagnostic for credentials in a default.
pub(super) fn in_default(name: &str, span: Range<usize>) -> Diagnostic {
    let message = format!(
        "the default of `{}` holds credentials in a URL; it is in no manifest, but in the source and so in the image",
        name.escape_debug()
    );
    Diagnostic::warning("credentials-in-default", message).at(span).hint(
        "leave them out and give the value when the operator runs, or write `# c3: not-secret` at the end of the line if it isn't one",
    )
}

/// Removes and reports the credentials in requirements of one line of a source.
pub(super) fn taken_out(requirements: &mut [Requirement], span: Range<usize>) -> Option<Diagnostic> {
    let mut found = false;
    for requirement in requirements {
        found |= take_out(requirement);
    }
    found.then(|| in_requirement("").at(span))
}

/// The diagnostic for credentials in a requirement of a source or a file.
#[must_use]
pub(crate) fn in_requirement(place: &str) -> Diagnostic {
    let where_else =
        if place.is_empty() { ", but their line is in the source and so in the image" } else { "" };
    let message = format!(
        "{place}the URL of a package index or package holds credentials; they are left out of the image's build{where_else}"
    );
    Diagnostic::warning("credentials-in-requirement", message)
        .hint("take them out of the line and give them to the build as a secret, with `--build-secret`")
}

/// The text of a requirement file without credentials, and the numbers of the lines that had some, from 1.
#[must_use]
pub(crate) fn out_of_file(text: &str) -> (String, Vec<usize>) {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let found = lines.iter().zip(1..).filter(|(line, _)| has_userinfo(line)).map(|(_, number)| number);
    (lines.iter().map(|line| removed(line)).collect(), found.collect())
}

/// Removes the credentials from a requirement; returns whether there were any.
fn take_out(requirement: &mut Requirement) -> bool {
    match requirement {
        Requirement::Pip { text, words, .. }
        | Requirement::Conda { text, words, .. }
        | Requirement::System { text, words, .. } => {
            let mut found = false;
            for word in words.iter_mut().filter(|word| has_userinfo(word)) {
                let without = removed(word).into_owned();
                *text = text.replace(&**word, &without);
                *word = without;
                found = true;
            }
            // In the component of an image there is nothing but the text.
            found | take_out_of([text].into_iter())
        }
        Requirement::R { text, repos, .. } => take_out_of(repos.iter_mut().chain([text])),
    }
}

/// Removes the credentials from texts; returns whether there were any.
pub(crate) fn take_out_of<'a>(texts: impl Iterator<Item = &'a mut String>) -> bool {
    let mut found = false;
    for text in texts.filter(|text| has_userinfo(text)) {
        *text = removed(text).into_owned();
        found = true;
    }
    found
}

/// Masks the credentials in descriptions, and reports each once.
pub(super) fn mask_descriptions(
    description: &mut Option<String>,
    interface: &mut Interface,
) -> Vec<Diagnostic> {
    let of_operator = description.as_mut().map(|text| (text, None));
    let inputs = interface.inputs.iter_mut().map(|input| (&mut input.description, &input.span));
    let outputs = interface.outputs.iter_mut().map(|output| (&mut output.description, &output.span));
    let of_parameters =
        inputs.chain(outputs).filter_map(|(text, span)| Some((text.as_mut()?, Some(span.clone()))));
    let found = of_operator.into_iter().chain(of_parameters).filter(|(text, _)| has_userinfo(text));
    let masked = found.map(|(text, span)| {
        *text = mask(text).into_owned();
        Diagnostic { span, ..in_description() }
    });
    masked.collect()
}

fn in_description() -> Diagnostic {
    let message = "a description holds credentials in a URL; they are masked in all that is made of it";
    Diagnostic::note("credentials-in-description", message)
        .hint("leave them out: the source, with its comments, is in the image")
}

/// Removes the credentials from a component that no front end of this version made.
pub fn hide(component: &mut Component) {
    for requirement in &mut component.requirements {
        take_out(requirement);
    }
    for input in &mut component.inputs {
        input.secret |= input.default.as_deref().is_some_and(has_userinfo);
        input.default = input.default.take().filter(|text| !has_userinfo(text));
    }
    let inputs = component.inputs.iter_mut().filter_map(|input| input.description.as_mut());
    let outputs = component.outputs.iter_mut().filter_map(|output| output.description.as_mut());
    for text in inputs.chain(outputs).chain([&mut component.description]) {
        *text = mask(text).into_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_removed_from_requirement_lines() {
        let text = "six\n--extra-index-url https://bob:pw@h.example/simple\r\nx @ git+https://tok3n@h.example/x # y\n";
        let (left, lines) = out_of_file(text);
        assert_eq!(
            left,
            "six\n--extra-index-url https://h.example/simple\r\nx @ git+https://h.example/x # y\n"
        );
        assert_eq!(lines, [2, 3]);
        assert_eq!(out_of_file(&left), (left.clone(), vec![]));
    }
}
