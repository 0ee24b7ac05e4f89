//! Rejections: functions that fail for some texts, so that such a default is none.

use super::calls::Bytes;
use super::catches::{Failure, missing};
use super::methods::of_text;
use super::records::Record;
use super::value::{Form, Given, Parted, Value};
use super::walk::Walker;
use crate::frontend::interface::Fallback;
use crate::value::{self, Constant};

/// Whether something certainly fails for a text.
type Fails = fn(&str) -> bool;

/// Functions that reject some texts as their first argument, and the error.
const REJECTING: &[(&str, &str, Fails)] = &[
    ("ast.literal_eval", "SyntaxError", is_blank),
    ("builtins.complex", "ValueError", is_blank),
    ("builtins.eval", "SyntaxError", is_blank),
    ("builtins.float", "ValueError", is_no_float),
    ("builtins.int", "ValueError", is_no_integer),
    ("builtins.open", "FileNotFoundError", str::is_empty),
    ("codecs.open", "FileNotFoundError", str::is_empty),
    ("datetime.date.fromisoformat", "ValueError", has_no_year),
    ("datetime.datetime.fromisoformat", "ValueError", has_no_year),
    ("datetime.time.fromisoformat", "ValueError", has_no_digit),
    ("decimal.Decimal", "InvalidOperation", is_blank),
    ("fractions.Fraction", "ValueError", is_blank),
    ("gzip.open", "FileNotFoundError", str::is_empty),
    ("importlib.import_module", "ValueError", str::is_empty),
    ("io.open", "FileNotFoundError", str::is_empty),
    ("ipaddress.ip_address", "ValueError", is_blank),
    ("ipaddress.ip_interface", "ValueError", is_blank),
    ("ipaddress.ip_network", "ValueError", is_blank),
    ("joblib.load", "FileNotFoundError", str::is_empty),
    ("json.loads", "JSONDecodeError", is_no_json),
    ("numpy.load", "FileNotFoundError", str::is_empty),
    ("os.chdir", "FileNotFoundError", str::is_empty),
    ("os.listdir", "FileNotFoundError", str::is_empty),
    ("os.makedirs", "FileNotFoundError", str::is_empty),
    ("os.mkdir", "FileNotFoundError", str::is_empty),
    ("os.path.getmtime", "FileNotFoundError", str::is_empty),
    ("os.path.getsize", "FileNotFoundError", str::is_empty),
    ("os.remove", "FileNotFoundError", str::is_empty),
    ("os.rmdir", "FileNotFoundError", str::is_empty),
    ("os.scandir", "FileNotFoundError", str::is_empty),
    ("os.stat", "FileNotFoundError", str::is_empty),
    ("os.unlink", "FileNotFoundError", str::is_empty),
    ("pandas.read_csv", "FileNotFoundError", str::is_empty),
    ("pandas.read_excel", "FileNotFoundError", str::is_empty),
    ("pandas.read_parquet", "FileNotFoundError", str::is_empty),
    ("pandas.read_pickle", "FileNotFoundError", str::is_empty),
    ("pandas.read_table", "FileNotFoundError", str::is_empty),
    ("shutil.copy", "FileNotFoundError", str::is_empty),
    ("shutil.copyfile", "FileNotFoundError", str::is_empty),
    ("shutil.copytree", "FileNotFoundError", str::is_empty),
    ("shutil.move", "FileNotFoundError", str::is_empty),
    ("tarfile.open", "FileNotFoundError", str::is_empty),
    ("urllib.request.urlopen", "ValueError", is_blank),
    ("uuid.UUID", "ValueError", is_blank),
    ("zipfile.ZipFile", "FileNotFoundError", str::is_empty),
];

/// Methods of a path that fail for a folder, as `Path("")` is.
const OF_FILES: &[&str] = &["open", "read_bytes", "read_text", "write_bytes", "write_text"];

impl<'a> Walker<'_, 'a> {
    /// A call that may reject the default of a read.
    pub(super) fn reject_arguments(&mut self, paths: &[String], given: &Given<'a>) {
        let Some(value @ Value::Read(..)) = given.positional.first() else { return };
        let known = REJECTING.iter().find(|(path, ..)| paths.iter().any(|called| called == path));
        if let Some((_, error, fails)) = known {
            self.reject(value, error, *fails);
        }
    }

    /// A method of a path that fails where its text is empty.
    pub(super) fn reject_folder(&mut self, value: &Value<'a>, method: &str) {
        if OF_FILES.contains(&method) {
            self.reject(value, "IsADirectoryError", str::is_empty);
        }
    }

    /// A program fails if a variable isn't set and its default is rejected. Of a text that was changed only one without
    /// characters is known.
    pub(super) fn reject(&mut self, value: &Value<'a>, error: &'static str, fails: impl Fn(&str) -> bool) {
        let Value::Read(reads, form) = value else { return };
        let is_rejected = |record: &Record| match &record.fallback {
            // Python knows more digits than those of ASCII.
            Some(Fallback::Constant(Constant::Text(text))) if text.is_ascii() => match form {
                Form::Direct => fails(text),
                Form::Default(made) => matches!(&**made, Constant::Text(made) if fails(made)),
                Form::Changed => fails(text) && is_blank(text),
            },
            _ => false,
        };
        let records = reads.iter().map(|&read| &self.records.reads[read]);
        let failing =
            records.filter(|record| is_rejected(record) && !self.state.facts.is_present(&record.name));
        let facts = missing(failing.map(|record| record.name.clone()).collect());
        if !facts.is_empty() {
            self.failure = Failure::Error(error);
            self.demand(&facts, self.state.facts.len());
        }
    }

    /// `{"a": 1}[x]`: an empty text is no key. Of others nothing is sure, as keys may be added unseen.
    pub(super) fn reject_key(&mut self, key: &Value<'a>, pairs: &[(Value<'a>, Value<'a>)]) {
        let keys: Option<Vec<Constant>> = pairs.iter().map(|(known, _)| known.constant()).collect();
        if let Some(keys) = keys {
            let has_empty = keys.contains(&Constant::Text(String::new()));
            self.reject(key, "KeyError", |text| text.is_empty() && !has_empty);
        }
    }

    /// `x.split(",")`: the parts of an empty text are one empty text, or none without a separator.
    pub(super) fn parts(&mut self, read: &Value<'a>, given: &Given<'a>, at: Bytes) -> Value<'a> {
        let Value::Read(reads, _) = read else { return Value::Unknown };
        self.unknown(given, at);
        let separator = given.get(0, "sep").map(Value::is_none);
        let split = self.sole_default(read).and_then(|text| of_text(&text, "split", given, &Value::Unknown));
        let default = split.as_ref().and_then(Value::elements).map(std::rc::Rc::new);
        Value::Parts(reads.clone(), Parted { has_one: separator == Some(Some(false)), default })
    }

    /// Takes the parts of a text apart: an empty text has fewer.
    pub(super) fn unpack_parts(&mut self, value: &Value<'a>, targets: &[ruff_python_ast::Expr]) {
        let Value::Parts(reads, Parted { has_one, .. }) = value else { return };
        let wanted = targets.iter().filter(|target| !target.is_starred_expr()).count();
        if wanted > usize::from(*has_one) {
            self.reject(&Value::Read(reads.clone(), Form::Changed), "ValueError", is_blank_part(*has_one));
        }
    }

    /// `x.split(",")[1]`, `x[0]`: an empty text has no such element.
    pub(super) fn index_parts(&mut self, value: &Value<'a>, index: &Constant) {
        let Constant::Int(index) = index else { return };
        match value {
            Value::Parts(_, Parted { has_one: true, .. }) if [0, -1].contains(index) => {}
            Value::Parts(reads, Parted { has_one, .. }) => {
                self.reject(
                    &Value::Read(reads.clone(), Form::Changed),
                    "IndexError",
                    is_blank_part(*has_one),
                );
            }
            Value::Read(..) => self.reject(value, "IndexError", str::is_empty),
            _ => {}
        }
    }
}

/// Texts without several parts: an empty one, and without a separator any of blanks.
fn is_blank_part(has_one: bool) -> Fails {
    if has_one { str::is_empty } else { is_blank }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// Whether no date of ISO 8601 begins like that.
fn has_no_year(text: &str) -> bool {
    text.len() < 4 || !text.bytes().take(4).all(|byte| byte.is_ascii_digit())
}

fn has_no_digit(text: &str) -> bool {
    !text.contains(|character: char| character.is_ascii_digit())
}

fn is_no_integer(text: &str) -> bool {
    value::integer_text(text).is_none()
}

fn is_no_float(text: &str) -> bool {
    value::float_from_text(text).is_none()
}

/// Whether no JSON begins like that; Python's has `NaN` and `Infinity`.
fn is_no_json(text: &str) -> bool {
    !text.trim_start().starts_with(|first: char| first.is_ascii_digit() || "[{\"-tfnNI".contains(first))
}
