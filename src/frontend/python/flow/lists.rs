//! Lists and dicts, comprehensions, and copies of the environment.

use std::rc::Rc;

use ruff_python_ast::Comprehension;
use ruff_python_ast::DictItem;
use ruff_python_ast::Expr;
use ruff_python_ast::ExprDict;

use super::value::Value;
use super::value::View;
use super::walk::MAX_ELEMENTS;
use super::walk::Walker;
use crate::frontend::facts::Test;
use crate::frontend::python::entity::Entity;
use crate::frontend::python::span;

/// Most parts of a value that are examined.
pub(super) const MAX_PARTS: usize = 256;

impl<'a> Walker<'_, 'a> {
    pub(super) fn list(&mut self, elements: &'a [Expr]) -> Value<'a> {
        if elements.len() > MAX_PARTS {
            for element in elements {
                self.eat(element);
            }
            return Value::Unknown;
        }
        let mut values = Vec::with_capacity(elements.len());
        let mut is_known = true;
        for element in elements {
            match element {
                Expr::Starred(starred) => match self.eval(&starred.value) {
                    Value::List(inner) => values.extend(inner.iter().cloned()),
                    value => {
                        self.consume(&value, span(element));
                        is_known = false;
                    }
                },
                element => values.push(self.eval(element)),
            }
        }
        if is_known {
            return Value::List(Rc::new(values));
        }
        for value in &values {
            self.consume(value, self.statement.clone());
        }
        Value::Unknown
    }

    pub(super) fn dict(&mut self, dict: &'a ExprDict) -> Value<'a> {
        if dict.items.len() > MAX_PARTS {
            for DictItem { key, value } in &dict.items {
                if let Some(key) = key {
                    self.eat(key);
                }
                self.eat(value);
            }
            return Value::Unknown;
        }
        let (mut under, mut over, mut view, mut is_known) = (Vec::new(), Vec::new(), None, true);
        for DictItem { key, value } in &dict.items {
            match key {
                Some(key) => {
                    let key = self.eval(key);
                    let value = self.eval(value);
                    let pairs = if view.is_some() { &mut over } else { &mut under };
                    pairs.push((key, value));
                }
                None => match self.eval(value) {
                    Value::Access(Entity::Environ, found) => {
                        self.touch(&found);
                        view = Some(found);
                    }
                    Value::Dict(inner) => {
                        let pairs = if view.is_some() { &mut over } else { &mut under };
                        pairs.extend(inner.iter().cloned());
                    }
                    found => {
                        self.consume(&found, span(value));
                        is_known = false;
                    }
                },
            }
        }
        match view {
            Some(view) => {
                let whole = self.overlaid(&view, &under, &over);
                under.iter().chain(&over).for_each(|(_, value)| self.consume(value, span(dict)));
                self.watched(whole, span(dict))
            }
            None if is_known => Value::Dict(Rc::new(under)),
            None => {
                for (_, value) in &under {
                    self.consume(value, span(dict));
                }
                Value::Unknown
            }
        }
    }

    /// A copy of the environment whose use is tracked.
    pub(super) fn watched(&mut self, value: Value<'a>, at: std::ops::Range<usize>) -> Value<'a> {
        match value {
            Value::Access(entity, view) if view.site.is_none() => {
                self.sites.push((at, false));
                let site = Some(self.sites.len() - 1);
                Value::Access(entity, Rc::new(View { site, ..view.as_ref().clone() }))
            }
            value => value,
        }
    }

    /// A comprehension as a list and as a dict.
    pub(super) fn comprehension(
        &mut self,
        generators: &'a [Comprehension],
        elements: [&'a Expr; 2],
    ) -> (Value<'a>, Value<'a>) {
        let mut rows = Rows::default();
        let targets: Vec<&'a str> = generators.iter().flat_map(|part| names(&part.target)).collect();
        let outer: Vec<_> = targets.iter().map(|name| self.state.lookup(name).cloned()).collect();
        self.generate(generators, elements, &mut rows);
        for (name, value) in targets.into_iter().zip(outer) {
            self.state.assign(name, value);
        }
        if !rows.is_known {
            return (Value::Unknown, Value::Unknown);
        }
        if !rows.tests.is_empty() {
            self.kept = rows.pairs.into_iter().map(|(_, value)| value).collect();
            let told = Value::Told(Rc::new(Test::any(rows.tests)));
            return (told.clone(), told);
        }
        let list = rows.pairs.iter().map(|(key, _)| key.clone()).collect();
        (Value::List(Rc::new(list)), Value::Dict(Rc::new(rows.pairs)))
    }

    fn generate(&mut self, generators: &'a [Comprehension], elements: [&'a Expr; 2], rows: &mut Rows<'a>) {
        let Some((first, rest)) = generators.split_first() else {
            let [key, value] = elements;
            let key_found = self.eval(key);
            let found = if std::ptr::eq(key, value) { key_found.clone() } else { self.eval(value) };
            rows.pairs.push((key_found, found));
            rows.is_known &= rows.pairs.len() <= MAX_ELEMENTS;
            return;
        };
        let found = self.eval(&first.iter);
        let Some(found_rows) = self.rows(&found) else {
            self.need(&found, "TypeError");
            self.consume(&found, span(&first.iter));
            rows.is_known = false;
            self.bind(&first.target, &super::blocks::part_of(&found));
            let mut facts = Vec::new();
            for test in &first.ifs {
                facts.extend(self.test(test).yes);
            }
            self.branch(&facts, |walker| {
                walker.generate(rest, elements, rows);
                for (key, value) in std::mem::take(&mut rows.pairs) {
                    walker.consume(&key, span(elements[0]));
                    walker.consume(&value, span(elements[1]));
                }
                super::state::End::Open
            });
            return;
        };
        self.again += 1;
        self.left = self.left.saturating_sub(found_rows.len());
        for row in found_rows {
            self.bind(&first.target, &row);
            let mut facts = Vec::new();
            let mut tests = Vec::new();
            for test in &first.ifs {
                let test = self.test(test);
                facts.extend(test.yes.iter().cloned());
                tests.push(test);
            }
            rows.tests.extend(tests.into_iter().filter(|test| !test.is_empty()));
            self.branch(&facts, |walker| {
                walker.generate(rest, elements, rows);
                super::state::End::Open
            });
        }
        self.again -= 1;
    }

    /// A copy of the environment with layers below and above.
    pub(super) fn overlaid(
        &mut self,
        view: &View,
        under: &[(Value<'a>, Value<'a>)],
        over: &[(Value<'a>, Value<'a>)],
    ) -> Value<'a> {
        self.touch(view);
        let name = |pair: &(Value<'a>, Value<'a>)| pair.0.as_text();
        let below = under.iter().filter_map(|pair| Some((name(pair)?, pair.1.as_text())));
        let view = View {
            is_copy: true,
            site: view.site,
            under: view.under.iter().cloned().chain(below).collect(),
            over: view.over.iter().cloned().chain(over.iter().filter_map(name)).collect(),
            is_open: view.is_open,
        };
        Value::Access(Entity::Environ, Rc::new(view))
    }
}

/// The rows of a comprehension.
struct Rows<'a> {
    pairs: Vec<(Value<'a>, Value<'a>)>,
    /// Tests that decide whether rows are kept.
    tests: Vec<Test>,
    is_known: bool,
}

impl Default for Rows<'_> {
    fn default() -> Self {
        Self { pairs: Vec::new(), tests: Vec::new(), is_known: true }
    }
}

fn names(target: &Expr) -> Vec<&str> {
    match target {
        Expr::Name(name) => vec![name.id.as_str()],
        Expr::Tuple(tuple) => tuple.elts.iter().flat_map(names).collect(),
        Expr::List(list) => list.elts.iter().flat_map(names).collect(),
        Expr::Starred(starred) => names(&starred.value),
        _ => Vec::new(),
    }
}
