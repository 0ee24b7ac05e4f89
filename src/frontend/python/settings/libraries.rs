//! Libraries that read variables through calls, and what their methods return.

use ruff_python_ast::Expr;

use crate::component::Type;
use crate::frontend::python::known::made;
use crate::frontend::python::semantic::Model;

/// A library that reads variables by their names.
pub(super) struct Library {
    /// The module.
    pub(super) module: &'static str,
    /// Paths of functions, or of objects with the methods.
    readers: &'static [&'static str],
    /// Whether there are methods for types: `env.int("x")`.
    has_methods: bool,
    /// Position of the default among the arguments.
    pub(super) default: usize,
    /// Position of the type among the arguments, if it may be positional.
    pub(super) cast: Option<usize>,
    /// Whether an empty text isn't a boolean.
    pub(super) needs_word: bool,
}

/// All libraries.
pub(super) const ALL: &[Library] = &[
    Library {
        module: "decouple",
        readers: &["decouple.config", "decouple.AutoConfig()", "decouple.Config()"],
        has_methods: false,
        default: 1,
        cast: Some(2),
        needs_word: false,
    },
    Library {
        module: "environs",
        readers: &["environs.Env()", "environs.env", "environs.FileAwareEnv()"],
        has_methods: true,
        default: 1,
        cast: None,
        needs_word: true,
    },
    Library {
        module: "environ",
        readers: &["environ.Env()", "environ.FileAwareEnv()"],
        has_methods: true,
        default: 1,
        cast: Some(1),
        needs_word: false,
    },
    Library {
        module: "envparse",
        readers: &["envparse.env", "envparse.Env()"],
        has_methods: true,
        default: 1,
        cast: None,
        needs_word: false,
    },
    Library {
        module: "starlette.config",
        readers: &["starlette.config.Config()", "starlette.config.Config().get"],
        has_methods: false,
        default: 2,
        cast: Some(1),
        needs_word: true,
    },
];

/// A function or method of a library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// The reader itself.
    Plain,
    Int,
    Float,
    Bool,
    /// Any other, which derives something from a text.
    Other,
}

/// Methods that read a variable.
const METHODS: &[(&str, Method)] = &[
    ("int", Method::Int),
    ("float", Method::Float),
    ("bool", Method::Bool),
    ("str", Method::Other),
    ("unicode", Method::Other),
    ("bytes", Method::Other),
    ("list", Method::Other),
    ("tuple", Method::Other),
    ("dict", Method::Other),
    ("json", Method::Other),
    ("path", Method::Other),
    ("url", Method::Other),
    ("uuid", Method::Other),
    ("date", Method::Other),
    ("datetime", Method::Other),
    ("time", Method::Other),
    ("timedelta", Method::Other),
    ("decimal", Method::Other),
    ("enum", Method::Other),
    ("log_level", Method::Other),
    ("db", Method::Other),
    ("db_url", Method::Other),
    ("cache", Method::Other),
    ("cache_url", Method::Other),
    ("email", Method::Other),
    ("email_url", Method::Other),
    ("get_value", Method::Other),
    ("dj_db_url", Method::Other),
    ("dj_cache_url", Method::Other),
    ("dj_email_url", Method::Other),
];

impl Library {
    /// The method that a call uses, if it reads a variable.
    pub(super) fn method(&self, paths: &[String]) -> Option<Method> {
        paths.iter().find_map(|path| {
            if self.readers.contains(&path.as_str()) {
                return Some(Method::Plain);
            }
            let (reader, name) = path.rsplit_once('.').filter(|_| self.has_methods)?;
            let known = METHODS.iter().find(|(method, _)| *method == name)?;
            self.readers.contains(&reader).then_some(known.1)
        })
    }

    /// Whether a call uses the method with this name.
    pub(super) fn is_method(&self, paths: &[String], name: &str) -> bool {
        let parts = paths.iter().filter_map(|path| path.rsplit_once('.'));
        parts.into_iter().any(|(reader, method)| method == name && self.readers.contains(&reader))
    }

    /// Whether a call makes a reader.
    pub(super) fn makes(&self, paths: &[String]) -> bool {
        let made = |path: &String| self.readers.contains(&format!("{path}()").as_str());
        self.module == "environ" && paths.iter().any(made)
    }
}

impl Method {
    /// The type of the value.
    pub(super) fn kind(self) -> Option<Type> {
        match self {
            Self::Int => Some(Type::Integer),
            Self::Float => Some(Type::Float),
            Self::Bool => Some(Type::Boolean),
            _ => None,
        }
    }

    /// Whether the default may be positional.
    pub(super) fn takes_default(self, library: &Library) -> bool {
        self != Self::Plain || library.cast != Some(library.default)
    }
}

/// The type that a cast produces.
pub(super) fn cast(maker: &Expr, model: &Model) -> Option<Type> {
    made(model.qualified(maker).first()?)
}
