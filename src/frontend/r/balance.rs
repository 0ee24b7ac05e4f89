//! Balance: whether quotes and brackets are closed and nothing is nested too deep, checked before parsing.
//! Such errors cost an error-recovering parser much time, and can be said in simpler words.

/// Deepest nesting of brackets that is parsed; R itself stops at 50.
const MAX_NESTING: usize = 100;

/// Most operators and keywords in one expression; R can't evaluate more than 5000 nested ones.
const MAX_LINKS: usize = 10_000;

/// Most work for long expressions, in squares of their lengths.
const MAX_WORK: usize = 100_000_000;

/// Words after which an expression continues.
const KEYWORDS: &[&str] = &["if", "else", "for", "while", "repeat", "function", "in"];

/// Most names, values and operators that are parsed: a tree takes some 300 bytes for each.
const MAX_THINGS: usize = 2_000_000;

/// What is wrong, and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    /// An unclosed bracket.
    Open(usize),
    /// A closing bracket without an opening one.
    Close(usize),
    /// An unclosed string or quoted name.
    Quote(usize),
    /// A raw string without a bracket.
    Raw(usize),
    /// Brackets or operators are nested too deeply.
    Deep(usize),
    /// The text is too long.
    Long(usize),
}

impl Problem {
    /// The position of the problem.
    pub(super) fn offset(self) -> usize {
        match self {
            Self::Open(at)
            | Self::Close(at)
            | Self::Quote(at)
            | Self::Raw(at)
            | Self::Deep(at)
            | Self::Long(at) => at,
        }
    }
}

/// Finds the first problem.
pub(super) fn problem(text: &str) -> Option<Problem> {
    let mut scanner = Scanner::new(text);
    loop {
        match scanner.step() {
            Ok(true) if scanner.things > MAX_THINGS => return Some(Problem::Long(scanner.at)),
            Ok(true) => {}
            Ok(false) => return None,
            Err(problem) => return Some(problem),
        }
    }
}

/// The code between two brackets, or outside all.
#[derive(Debug, Clone, Copy, Default)]
struct Level {
    bracket: u8,
    start: usize,
    /// The number of links in the expression so far.
    length: usize,
    /// Whether the bracket belongs to an `if`, `for`, `while` or function: the expression continues after it.
    heads: bool,
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    levels: Vec<Level>,
    /// Whether the expression continues on the next line.
    continues: bool,
    /// Whether the last token was a keyword.
    keyword: bool,
    work: usize,
    things: usize,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        let levels = vec![Level::default()];
        Self { text, at: 0, levels, continues: false, keyword: false, work: 0, things: 0 }
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Reads one token; false at the end.
    fn step(&mut self) -> Result<bool, Problem> {
        let Some(&byte) = self.text.as_bytes().get(self.at) else { return self.end() };
        match byte {
            b'#' => self.at = self.find(self.at, |byte| byte == b'\n').unwrap_or(self.text.len()),
            b'"' | b'\'' | b'`' => self.quoted(byte)?,
            b'(' | b'[' | b'{' => self.open(byte)?,
            b')' | b']' | b'}' => self.close(byte)?,
            b'\n' => self.newline(),
            b',' | b';' => self.separate(),
            b'%' => self.special()?,
            byte if is_name(byte) => self.word()?,
            byte if byte.is_ascii_whitespace() => {
                self.at += 1;
                return Ok(true);
            }
            _ => self.link(1)?,
        }
        self.things += 1;
        Ok(true)
    }

    fn end(&self) -> Result<bool, Problem> {
        match self.levels.last() {
            Some(level) if level.bracket != 0 => Err(Problem::Open(level.start)),
            _ => Ok(false),
        }
    }

    fn find(&self, from: usize, is: impl Fn(u8) -> bool) -> Option<usize> {
        let rest = self.text.as_bytes().get(from..)?;
        rest.iter().position(|&byte| is(byte)).map(|at| from + at)
    }

    fn quoted(&mut self, quote: u8) -> Result<(), Problem> {
        let start = self.at;
        let mut at = start + 1;
        loop {
            at = self.find(at, |byte| byte == quote || byte == b'\\').ok_or(Problem::Quote(start))?;
            if self.text.as_bytes().get(at) == Some(&quote) {
                break;
            }
            at += 2;
            self.things += 1;
        }
        self.value(at + 1);
        Ok(())
    }

    /// `r"---(text)---"`, whose `r` is at the current position.
    fn raw(&mut self) -> Result<(), Problem> {
        let (start, quote) = (self.at, char::from(self.byte(1)));
        let rest = &self.text[start + 2..];
        let dashes = rest.bytes().take_while(|&byte| byte == b'-').count();
        let close = match rest.as_bytes().get(dashes) {
            Some(b'(') => ')',
            Some(b'[') => ']',
            Some(b'{') => '}',
            _ => return Err(Problem::Raw(start)),
        };
        let end = format!("{close}{}{quote}", "-".repeat(dashes));
        let content = start + 2 + dashes + 1;
        let length = self.text[content..].find(&end).ok_or(Problem::Quote(start))?;
        self.value(content + length + end.len());
        Ok(())
    }

    /// Passes a token that can end an expression.
    fn value(&mut self, end: usize) {
        self.at = end;
        self.continues = false;
        self.keyword = false;
    }

    fn word(&mut self) -> Result<(), Problem> {
        if matches!(self.byte(0), b'r' | b'R') && matches!(self.byte(1), b'"' | b'\'') {
            return self.raw();
        }
        let end = self.find(self.at, |byte| !is_name(byte)).unwrap_or(self.text.len());
        let is_keyword = KEYWORDS.contains(&&self.text[self.at..end]);
        if is_keyword {
            return self.link(end - self.at).map(|()| self.keyword = true);
        }
        self.value(end);
        Ok(())
    }

    /// `%in%`; a single `%` is left to the parser.
    fn special(&mut self) -> Result<(), Problem> {
        let end = self.find(self.at + 1, |byte| byte == b'%' || byte == b'\n');
        let length = end.filter(|&end| self.text.as_bytes()[end] == b'%').map_or(1, |end| end + 1 - self.at);
        self.link(length)
    }

    /// Passes a token that nests the expression one level deeper.
    fn link(&mut self, length: usize) -> Result<(), Problem> {
        let at = self.at;
        // The `\` of a short function has its parameters behind it as `function` has.
        self.keyword = self.byte(0) == b'\\';
        self.at += length;
        self.continues = true;
        self.lengthen(at)
    }

    fn lengthen(&mut self, at: usize) -> Result<(), Problem> {
        let Some(level) = self.levels.last_mut() else { return Ok(()) };
        level.length += 1;
        self.work += level.length;
        if level.length > MAX_LINKS || self.work > MAX_WORK { Err(Problem::Deep(at)) } else { Ok(()) }
    }

    fn open(&mut self, bracket: u8) -> Result<(), Problem> {
        self.lengthen(self.at)?;
        self.levels.push(Level { bracket, start: self.at, length: 0, heads: self.keyword });
        if self.levels.len() > MAX_NESTING + 1 {
            return Err(Problem::Deep(self.at));
        }
        self.value(self.at + 1);
        Ok(())
    }

    fn close(&mut self, bracket: u8) -> Result<(), Problem> {
        let level = self.levels.pop().unwrap_or_default();
        if !matches!((level.bracket, bracket), (b'(', b')') | (b'[', b']') | (b'{', b'}')) {
            return Err(Problem::Close(self.at));
        }
        self.value(self.at + 1);
        self.continues = level.heads;
        Ok(())
    }

    fn newline(&mut self) {
        let ends =
            !self.continues && self.levels.last().is_some_and(|level| matches!(level.bracket, 0 | b'{'));
        if ends {
            self.reset();
        }
        self.at += 1;
    }

    fn separate(&mut self) {
        self.reset();
        self.value(self.at + 1);
    }

    fn reset(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.length = 0;
        }
    }
}

/// Whether a byte can be part of a name or a number.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balanced_code_has_no_problems() {
        for text in [
            "x <- f(a[[1]], {1}) # (",
            "'(' ; \"[\\\"\" ; `a(`",
            "r\"(a\"b)\" ; R'--[ ]-' )']--'",
            "x %(% y",
            "5 %% 2; 5 %/% 2",
            "xr <- \\(x) x",
            "",
        ] {
            assert_eq!(problem(text), None, "{text}");
        }
    }

    #[test]
    fn unbalanced_or_deep_code_is_reported() {
        let cases = [
            ("f(1", Problem::Open(1)),
            ("f(1]", Problem::Close(3)),
            ("}", Problem::Close(0)),
            ("x <- 'a", Problem::Quote(5)),
            ("'a\\'", Problem::Quote(0)),
            ("r\"(a)\u{e9}", Problem::Quote(0)),
            ("r\"a\"", Problem::Raw(0)),
        ];
        for (text, expected) in cases {
            assert_eq!(problem(text), Some(expected), "{text}");
        }
        assert_eq!(problem(&"(".repeat(1_000_000)), Some(Problem::Deep(100)));
        for link in ["1+", "!", "if (a)\n", "function(x) ", "\\(x)\n", "f()()", "a$", "-\n", "a ->\n"] {
            assert!(matches!(problem(&link.repeat(20_000)), Some(Problem::Deep(_))), "{link}");
        }
    }

    #[test]
    fn data_literals_count_as_flat() {
        assert_eq!(problem(&format!("x <- c({}1)\n", "-1.0,\n".repeat(400_000))), None);
        assert_eq!(problem(&"x <- -1\n".repeat(200_000)), None);
        assert_eq!(problem(&format!("x <- '{}'", "a b ".repeat(1_000_000))), None);
        assert!(matches!(problem(&"x\n".repeat(1_100_000)), Some(Problem::Long(_))));
    }
}
