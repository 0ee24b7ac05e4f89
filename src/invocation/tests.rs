//! Tests of command lines.

use super::*;
use crate::frontend;
use crate::source::Source;

const SCRIPT: &str = r#""""Does things."""
import os
text = os.getenv('text', 'a')
number = int(os.getenv('number'))
ratio = float(os.getenv('ratio', 0.5))
flag = bool(os.getenv('flag', False))
api_token = os.environ['api_token']
my_var = os.getenv('my-var', '')
os.environ['table'] = 'x'
"#;

fn interface() -> Interface {
    let source = Source::new("x.py", Language::Python, SCRIPT.to_owned());
    Interface::of(&frontend::read(&source).component.unwrap(), true)
}

fn read(words: &[&str]) -> Result<Request, InvocationError> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    interface().read(&words, &|input| (input.name == "api_token").then(|| "hidden".to_owned()))
}

fn invocation(words: &[&str]) -> Invocation {
    match read(words) {
        Ok(Request::Run(invocation)) => invocation,
        other => panic!("{other:?}"),
    }
}

fn message(words: &[&str]) -> String {
    read(words).unwrap_err().to_string()
}

#[test]
fn values_have_three_spellings() {
    let words = ["--text", "--x", "number=5", "--ratio=1=", "--ratio=2"];
    let values = invocation(&words).values;
    let values: Vec<_> = values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(values, [("api_token", "hidden"), ("number", "5"), ("ratio", "2"), ("text", "--x")]);
}

#[test]
fn values_are_passed_unchanged() {
    for value in ["", " a  b ", "\"$HOME\" 'x'", "a\nb", "--", "-x", "k=v", "--help", "漢"] {
        assert_eq!(invocation(&["number=1", "--text", value]).values["text"], value);
        assert_eq!(invocation(&["number=1", &format!("--text={value}")]).values["text"], value);
    }
}

#[test]
fn a_flag_needs_no_value() {
    let flag = |words: &[&str]| invocation(&[words, &["--number", "1"]].concat()).values["flag"].clone();
    assert_eq!(flag(&["--flag"]), "true");
    assert_eq!(flag(&["--flag", "no"]), "no");
    assert_eq!(flag(&["flag=False"]), "False");
}

#[test]
fn names_may_be_spelled_as_identifiers() {
    assert_eq!(invocation(&["--number", "1", "--my_var", "a"]).values["my-var"], "a");
    assert_eq!(invocation(&["--number", "1", "--my-var", "b"]).values["my-var"], "b");
}

#[test]
fn words_after_two_dashes_go_to_the_script() {
    let invocation = invocation(&["--number", "1", "--", "--text", "--", "a"]);
    assert_eq!(invocation.own, ["--text", "--", "a"]);
    assert!(!invocation.values.contains_key("text"));
}

#[test]
fn help_takes_precedence() {
    assert_eq!(read(&["--help"]), Ok(Request::Help));
    assert_eq!(read(&["--number", "x", "-h"]), Ok(Request::Help));
}

#[test]
fn wrong_arguments_are_reported() {
    assert_eq!(message(&["--numbr", "1"]), "there is no parameter `numbr`");
    assert_eq!(read(&["--numbr", "1"]).unwrap_err().hint().unwrap(), "did you mean `--number`?");
    assert_eq!(message(&["unheard_of=1"]), "there is no parameter `unheard_of`");
    assert_eq!(message(&["--table", "out"]), "`table` is an output");
    assert_eq!(message(&["1"]), "`1` belongs to no parameter");
    assert_eq!(read(&["-number", "1"]).unwrap_err().hint().unwrap(), "did you mean `--number`?");
    assert_eq!(message(&["--number"]), "parameter `number` has no value");
    assert_eq!(message(&["--number", "1.5"]), "parameter `number` is an Integer, not `1.5`");
    assert_eq!(message(&["number=1", "--ratio", "a"]), "parameter `ratio` is a Float, not `a`");
    assert_eq!(message(&["number=1", "flag=maybe"]), "parameter `flag` is a Boolean, not `maybe`");
}

#[test]
fn numbers_are_validated_as_in_python() {
    for value in ["5", " -5 ", "+5", "1_000", "5.0"] {
        assert_eq!(invocation(&["--number", value]).values["number"], value);
    }
    for value in ["1e3", ".5", "nan", "-inf", ""] {
        assert_eq!(invocation(&["--number", "1", "--ratio", value]).values["ratio"], value);
    }
}

#[test]
fn all_missing_parameters_are_reported_at_once() {
    let error = interface().read(&["--number=null".to_owned()], &|_| None).unwrap_err();
    assert_eq!(error.to_string(), "parameters are required: `number`, `api_token`");
    assert!(error.hint().unwrap().contains("`api_token` in the environment"));
}

#[test]
fn secrets_on_the_command_line_are_reported_but_not_shown() {
    assert_eq!(invocation(&["--number", "1", "--api_token", "x"]).shown, ["api_token"]);
    let mut interface = interface();
    interface.inputs.iter_mut().for_each(|(_, input)| input.kind = Type::Integer);
    let error = interface.read(&[], &|input| input.secret.then(|| "abc".to_owned())).unwrap_err();
    assert_eq!(error.to_string(), "parameter `api_token` is an Integer, not what is given");
}

#[test]
fn an_unknown_interface_accepts_everything() {
    let words = ["--a", "--b", "c=d=e", "--f=", "--", "x"].map(str::to_owned);
    let invocation = parse_untyped(&words).unwrap();
    let values: Vec<_> = invocation.values.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(values, ["a=--b", "c=d=e", "f="]);
    assert_eq!(invocation.own, ["x"]);
    assert!(parse_untyped(&["a".to_owned()]).is_err());
    assert!(parse_untyped(&["--a".to_owned()]).is_err());
}
