//! The instructions of a Dockerfile.

/// The instructions of a Dockerfile with everything between them.
pub(super) fn instructions(text: &str) -> Vec<&str> {
    let mut instructions = Vec::new();
    let (mut start, mut end, mut goes_on) = (0, 0, false);
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        end += line.len();
        let is_comment = trimmed.starts_with('#') || (goes_on && trimmed.is_empty());
        goes_on = trimmed.ends_with('\\') && !trimmed.starts_with('#') || goes_on && is_comment;
        if !goes_on {
            instructions.push(&text[start..end]);
            start = end;
        }
    }
    instructions.extend(Some(&text[start..]).filter(|rest| !rest.is_empty()));
    instructions
}

/// Whether an instruction is one of this name.
pub(super) fn is(instruction: &str, name: &str) -> bool {
    instruction.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case(name))
}
