//! The layout of a cell: IPython first removes indentation and the prompts of a pasted session.

/// The cell without the indentation of its first line and without prompts, line by line.
pub(super) fn cleaned(cell: &str) -> String {
    let cell = dedented(cell);
    let mut lines = cell.lines().skip_while(|line| line.trim().is_empty());
    let (first, second) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    if has_classic_prompt(&cell) {
        dedented(&without(&cell, after_classic_prompt))
    } else if after_prompt(first).is_some() || after_prompt(second).is_some() {
        without(&cell, after_prompt)
    } else {
        cell
    }
}

fn dedented(cell: &str) -> String {
    let first = cell.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let indent = &first[..first.len() - first.trim_start_matches([' ', '\t']).len()];
    let lines = cell.split_inclusive('\n').map(|line| line.strip_prefix(indent).unwrap_or(line));
    lines.collect()
}

fn without(cell: &str, after: fn(&str) -> Option<&str>) -> String {
    cell.split_inclusive('\n').map(|line| after(line).unwrap_or(line)).collect()
}

/// Whether a line begins with `>>>`, unless it may be in a string.
fn has_classic_prompt(cell: &str) -> bool {
    let is_string = |line: &&str| line.contains("\"\"\"") || line.contains("'''");
    let is_prompt = |line: &&str| line.trim_start().starts_with(">>>");
    cell.lines().find(|line| is_prompt(line) || is_string(line)).is_some_and(|line| is_prompt(&line))
}

/// What follows `>>> ` or `... `.
fn after_classic_prompt(line: &str) -> Option<&str> {
    let line = line.trim_start_matches([' ', '\t']);
    let rest = line.strip_prefix(">>>").or_else(|| line.strip_prefix("..."))?;
    Some(rest.strip_prefix([' ', '\t']).unwrap_or(rest))
}

/// What follows `In [1]: ` or `   ...: `.
fn after_prompt(line: &str) -> Option<&str> {
    if let Some(rest) = line.trim_start().strip_prefix("In [") {
        return rest.trim_start_matches(|digit: char| digit.is_ascii_digit()).strip_prefix("]: ");
    }
    let dots = line.trim_start().strip_prefix("...")?.trim_start_matches('.');
    let rest = dots.strip_prefix(':')?;
    Some(rest.strip_prefix(' ').unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::cleaned;

    #[test]
    fn indentation_and_prompts_are_removed() {
        let cases = [
            ("\n  x = 1\n  if x:\n    y\n", "\nx = 1\nif x:\n  y\n"),
            (">>> x = 1\n>>> if x:\n...     y\n", "x = 1\nif x:\n    y\n"),
            ("    >>> x\n    1\n", "x\n1\n"),
            ("In [1]: x = 1\n   ...: y = 2\n\nIn [12]: x", "x = 1\ny = 2\n\nx"),
            ("def f():\n    '''\n    >>> f()\n    '''\n", "def f():\n    '''\n    >>> f()\n    '''\n"),
            ("...\nx[...]\n", "...\nx[...]\n"),
            ("", ""),
        ];
        for (cell, text) in cases {
            assert_eq!(cleaned(cell), text, "{cell}");
        }
    }
}
