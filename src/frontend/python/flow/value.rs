//! Values: what is known of an expression without running it.

use std::rc::Rc;

use ruff_python_ast::{Expr, ExprLambda, Parameters, StmtFunctionDef};

use crate::frontend::facts::Test;
use crate::frontend::python::entity::Entity;
use crate::frontend::python::last_name;
use crate::frontend::python::semantic::fold;
use crate::value::Constant;

/// What is known of a value.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    Unknown,
    /// A literal, folded on demand.
    Literal(&'a Expr),
    /// A constant; whether it depends on an argument of a call.
    Known(Rc<Constant>, bool),
    /// A file path, as text.
    Path(Rc<str>),
    List(Rc<Vec<Value<'a>>>),
    Dict(Rc<Vec<(Value<'a>, Value<'a>)>>),
    /// The value of reads, by number.
    Read(Rc<[usize]>, Form),
    /// The parts of the value of reads.
    Parts(Rc<[usize]>, Parted<'a>),
    /// The URL that is the value of reads, taken apart.
    Url(Rc<[usize]>),
    /// The length of the value of reads.
    Length(Rc<[usize]>),
    /// The environment, a copy of it, or a function that reads it.
    Access(Entity, Rc<View>),
    Function(Function<'a>),
    /// A builtin that names a type.
    Builtin(&'static str),
    /// A sentinel for "not given": `object()`, by position, or `...`.
    Sentinel(usize),
    /// A function with some arguments bound.
    Partial(Rc<(Value<'a>, Given<'a>)>),
    /// `itemgetter("a", "b")`.
    Getter(Rc<Vec<Value<'a>>>),
    /// `string.Template("$a")`.
    Template(Rc<str>),
    Class(usize),
    Instance(usize),
    /// One of several values, chosen by the value of a read.
    Among(Rc<Choice<'a>>),
    /// A parser of the command line: `argparse.ArgumentParser()`; whether it gives a pair, as optparse's.
    Parser(bool),
    /// The parsed command line.
    Options,
    /// A truth value, or a possibly empty list, that says something about variables.
    Told(Rc<Test>),
}

/// What has become of the value of a read.
#[derive(Debug, Clone)]
pub(super) enum Form {
    /// Nothing: the expression is the read.
    Direct,
    /// It has a name, or something was done to it.
    Changed,
    /// It has a name, or something was done to it that makes this of the default.
    Default(Rc<Constant>),
}

impl Form {
    /// A changed value, with what the default has become if that is known.
    pub(super) fn changed(default: Option<Constant>) -> Self {
        default.map_or(Self::Changed, |default| Self::Default(Rc::new(default)))
    }

    pub(super) const fn is_direct(&self) -> bool {
        matches!(self, Self::Direct)
    }
}

/// The parts of a text.
#[derive(Debug, Clone)]
pub(super) struct Parted<'a> {
    /// Whether an empty text has one.
    pub(super) has_one: bool,
    /// Those of the default, if known.
    pub(super) default: Option<Rc<Vec<Value<'a>>>>,
}

/// Values by the value of a read that chooses one of them.
#[derive(Debug)]
pub(super) struct Choice<'a> {
    pub(super) read: Value<'a>,
    pub(super) pairs: Vec<(Value<'a>, Value<'a>)>,
}

/// The environment under an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    /// Whether writes to it stay in the copy.
    pub(super) is_copy: bool,
    /// Its number among the tracked aliases.
    pub(super) site: Option<usize>,
    /// Keys that the copy has if the environment doesn't.
    pub(super) under: Vec<(String, Option<String>)>,
    /// Keys that the copy always has.
    pub(super) over: Vec<String>,
    /// Whether unknown keys may be there beyond the environment's.
    pub(super) is_open: bool,
}

/// The arguments of a call.
#[derive(Debug, Clone, Default)]
pub(super) struct Given<'a> {
    pub(super) positional: Vec<Value<'a>>,
    pub(super) named: Vec<(&'a str, Value<'a>)>,
    /// Whether there are further, unknown ones.
    pub(super) is_open: bool,
}

impl<'a> Given<'a> {
    /// The argument of a parameter.
    pub(super) fn get(&self, position: usize, name: &str) -> Option<&Value<'a>> {
        let named = self.named.iter().find(|(given, _)| *given == name).map(|(_, value)| value);
        named.or_else(|| self.positional.get(position))
    }
}

/// A function of the script.
#[derive(Debug, Clone, Copy)]
pub(super) struct Function<'a> {
    pub(super) code: Code<'a>,
    /// The class that it is a method of.
    pub(super) class: Option<usize>,
    /// The number of the call that defined it.
    pub(super) home: usize,
    /// Whether it is a static method.
    pub(super) is_static: bool,
}

impl Function<'_> {
    /// Whether who calls it gives it values.
    pub(super) fn takes_values(&self) -> bool {
        let own = usize::from(self.class.is_some() && !self.is_static);
        self.code.parameters().is_some_and(|parameters| parameters.len() > own)
    }
}

/// The body of a function.
#[derive(Debug, Clone, Copy)]
pub(super) enum Code<'a> {
    Definition(&'a StmtFunctionDef),
    Lambda(&'a ExprLambda),
}

impl<'a> Code<'a> {
    pub(super) fn parameters(self) -> Option<&'a Parameters> {
        match self {
            Self::Definition(function) => Some(&function.parameters),
            Self::Lambda(lambda) => lambda.parameters.as_deref(),
        }
    }

    /// Whether it has a decorator of this name.
    pub(super) fn is_decorated(self, name: &str) -> bool {
        let Self::Definition(function) = self else { return false };
        let named =
            function.decorator_list.iter().filter_map(|decorator| decorator.expression.as_name_expr());
        named.into_iter().any(|decorator| decorator.id.as_str() == name)
    }

    /// Whether it is called where it is read as an attribute.
    pub(super) fn is_property(self) -> bool {
        let Self::Definition(function) = self else { return false };
        let mut decorators = function.decorator_list.iter();
        decorators
            .any(|decorator| matches!(last_name(&decorator.expression), Some("property" | "cached_property")))
    }

    /// A key that identifies the function.
    pub(super) fn id(self) -> usize {
        match self {
            Self::Definition(function) => std::ptr::from_ref(function) as usize,
            Self::Lambda(lambda) => std::ptr::from_ref(lambda) as usize,
        }
    }
}

impl<'a> Value<'a> {
    pub(super) fn known(constant: Constant) -> Self {
        Self::Known(Rc::new(constant), false)
    }

    pub(super) fn text(text: String) -> Self {
        Self::known(Constant::Text(text))
    }

    /// A constant derived from others.
    pub(super) fn made_of(constant: Constant, parts: &[&Value<'a>]) -> Self {
        Self::Known(Rc::new(constant), parts.iter().any(|part| part.is_given()))
    }

    /// The constant that the value is.
    pub(super) fn constant(&self) -> Option<Constant> {
        match self {
            Self::Literal(literal) => fold::literal(literal),
            Self::Known(constant, _) => Some((**constant).clone()),
            Self::Path(text) => Some(Constant::Text(text.to_string())),
            _ => None,
        }
    }

    /// The text that the value is.
    pub(super) fn as_text(&self) -> Option<String> {
        match self.constant()? {
            Constant::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it depends on an argument of a call.
    pub(super) fn is_given(&self) -> bool {
        match self {
            Self::Known(_, is_given) => *is_given,
            Self::List(values) => values.iter().any(Value::is_given),
            _ => false,
        }
    }

    /// The value as an argument of a call.
    pub(super) fn given(self) -> Self {
        match self {
            Self::Literal(literal) => {
                fold::literal(literal).map_or(Self::Unknown, |constant| Self::Known(Rc::new(constant), true))
            }
            Self::Known(constant, _) => Self::Known(constant, true),
            Self::List(values) => Self::List(Rc::new(values.iter().cloned().map(Value::given).collect())),
            value => value,
        }
    }

    /// The elements of a list, or the keys of a dict.
    pub(super) fn elements(&self) -> Option<Vec<Value<'a>>> {
        match self {
            Self::List(values) => Some(values.to_vec()),
            Self::Dict(pairs) => Some(pairs.iter().map(|(key, _)| key.clone()).collect()),
            _ => None,
        }
    }

    /// Whether it is `None`, if known.
    pub(super) fn is_none(&self) -> Option<bool> {
        match self {
            Self::Unknown
            | Self::Read(..)
            | Self::Length(_)
            | Self::Parts(..)
            | Self::Url(_)
            | Self::Among(_)
            | Self::Told(_) => None,
            value => Some(value.constant() == Some(Constant::None)),
        }
    }

    /// Whether two values are certainly the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Read(one, _), Self::Read(other, _)) => one == other,
            (Self::Access(one, at), Self::Access(other, there)) => one == other && at == there,
            (Self::Class(one), Self::Class(other)) | (Self::Instance(one), Self::Instance(other)) => {
                one == other
            }
            (Self::Function(one), Self::Function(other)) => one.code.id() == other.code.id(),
            (Self::Builtin(one), Self::Builtin(other)) => one == other,
            (Self::Sentinel(one), Self::Sentinel(other)) => one == other,
            (Self::Parser(_), Self::Parser(_)) | (Self::Options, Self::Options) => true,
            (Self::List(one), Self::List(other)) => {
                one.len() == other.len() && one.iter().zip(&**other).all(|(one, other)| one.is_same(other))
            }
            (Self::Dict(one), Self::Dict(other)) => Rc::ptr_eq(one, other),
            (one, other) => one.constant().is_some_and(|constant| Some(constant) == other.constant()),
        }
    }
}
