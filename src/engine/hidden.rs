//! Masking of texts such as passwords in the output of programs.

/// Shortest text that is masked, in bytes.
const SHORTEST: usize = 4;

/// A line with these texts masked.
pub(super) fn masked(line: String, hidden: &[String]) -> String {
    let hidden = hidden.iter().filter(|text| text.len() >= SHORTEST);
    hidden.fold(line, |line, text| if line.contains(text) { line.replace(text, "****") } else { line })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_replaced() {
        let hidden = ["hunter2".to_owned(), "a".to_owned(), String::new()];
        assert_eq!(masked("at hunter2@a hunter2".to_owned(), &hidden), "at ****@a ****");
    }
}
