//! Tests of cells with parameters.

use super::*;

/// The parameters as `name: Type = default`, and the names that aren't parameters.
fn said(cell: &str) -> (Vec<String>, Vec<String>) {
    let Cell { assignments, left_out, .. } = assignments(cell);
    let shown = |found: Assignment| {
        let value = match found.value {
            Fallback::Constant(value) => value::default_text(&value, &found.kind).unwrap(),
            _ => "?".to_owned(),
        };
        let open = if found.is_open { "?" } else { "" };
        format!("{}: {}{open} = {value}", found.name, found.kind.name())
    };
    let left_out = left_out.into_iter().map(|(name, ..)| name);
    (assignments.into_iter().map(shown).collect(), left_out.collect())
}

#[test]
fn assignments_are_parameters() {
    let cases = [
        ("ratio: float = 1", &["ratio: Float = 1"][..], &[][..]),
        ("limit: Optional[float] = None", &["limit: Float = None"], &[]),
        ("limit: 'int | None' = None", &["limit: Integer = None"], &[]),
        ("limit: typing.Union[None, str] = None", &["limit: String = None"], &[]),
        ("limit: int | str = None", &["limit: String? = None"], &[]),
        ("mode: Literal['a', 'b'] = None", &["mode: String = None"], &[]),
        ("limit = None", &["limit: String? = None"], &[]),
        ("x = None  # type: int", &["x: Integer = None"], &[]),
        ("flag: bool = 0", &["flag: Boolean = False"], &[]),
        ("a = b = 5", &["a: Integer = 5", "b: Integer = 5"], &[]),
        ("lo, (hi, name) = 0, (1.5, 'x')", &["lo: Integer = 0", "hi: Float = 1.5", "name: String = x"], &[]),
        ("c = ['a', \"é'\\\"\"]", &["c: List = [\"a\", \"é'\\\"\"]"], &[]),
        ("t = (1, 2.0, None, True)", &["t: List = [1, 2.0, null, true]"], &[]),
        ("o = {'k': {1: [-1]}}", &["o: Dict = {\"k\": {\"1\": [-1]}}"], &[]),
        ("s = {1, 2}\nb = b'x'\nd = f()\nl = [f()]\nn = {None: 1}", &[], &["s", "b", "d", "l", "n"]),
        ("x, *rest = 1, 2, 3\na, b = f()", &[], &["x", "rest", "a", "b"]),
        ("x: int\nif a:\n y = 1\nfor i in j:\n with k:\n  z: int = 1", &[], &["x", "y", "z"]),
        ("n = 5\nn = 6", &["n: Integer = 6"], &[]),
        ("n = f()\nn = 6", &["n: Integer = 6"], &[]),
        ("n = 5\nn = f(n)", &["n: String? = ?"], &[]),
        (
            "n = 5\nn += 1\nc = []\nc.append(1)\nd = {}\nd['k'] = 1",
            &["n: Integer = ?", "c: List = ?", "d: Dict = ?"],
            &[],
        ),
        ("n = 5\nif a:\n n = 6", &["n: String? = ?"], &[]),
        ("def f():\n x = 1\nclass C:\n y = 1\nfrom a import b\nc.d = 1", &[], &[]),
    ];
    for (cell, parameters, left_out) in cases {
        let (found, others) = said(cell);
        assert_eq!(
            (found, others),
            (
                parameters.iter().map(ToString::to_string).collect(),
                left_out.iter().map(ToString::to_string).collect()
            ),
            "{cell}"
        );
    }
}

#[test]
fn warns_about_annotations_that_contradict_the_value() {
    let cell = assignments("x: int = 'five'\ny: int = 2.5");
    let messages: Vec<_> = cell.doubts.iter().map(|doubt| doubt.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`x` is annotated as Integer and its value is of type String, which holds",
            "`y` is annotated as Integer and its value is of type Float, which holds",
        ]
    );
}

#[test]
fn comments_describe() {
    let text = "# above\na = 1\nb = 2  # behind\nc = None  # type: float  # the rate\nd = 3  # type: int";
    let found: Vec<_> = assignments(text).assignments.into_iter().map(|found| found.description).collect();
    assert_eq!(
        found,
        [Some("above"), Some("behind"), Some("the rate"), None].map(|text| text.map(str::to_owned))
    );
}
