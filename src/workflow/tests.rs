//! Small operators, joined in every way.

use std::path::PathBuf;

use clap::ValueEnum;

use super::*;
use crate::frontend;
use crate::language::Language;
use crate::source::Source;

/// The operator of a script.
fn operator(stem: &str, script: &str) -> Operator {
    let text = format!("\"\"\"An operator.\"\"\"\nimport os\n{script}\n");
    let source = Source::new(PathBuf::from(format!("{stem}.py")), Language::Python, text);
    Operator::new(&frontend::read(&source).component.unwrap(), stem, true)
}

/// All parameters of all steps with their origins, without `log_level`: `step.parameter < origin`.
fn links(operators: &[Operator], engine: Engine) -> Vec<String> {
    let (workflow, _) = join(operators, engine);
    let mut links = Vec::new();
    for step in &workflow.steps {
        for (parameter, origin) in &step.sources {
            let origin = match origin {
                Origin::Unset => "nothing".to_owned(),
                Origin::Input(id) => id.clone(),
                Origin::Output { step, outcome, route } => format!("{step}/{} as {route:?}", outcome.id),
            };
            links.push(format!("{}.{} < {origin}", step.id, parameter.id));
        }
    }
    links.retain(|link| !link.contains(".log_level < log_level"));
    links
}

fn remarks(operators: &[Operator], engine: Engine) -> String {
    let remarks = join(operators, engine).1;
    remarks.into_iter().map(|remark| remark.diagnostic.message + "\n").collect()
}

#[test]
fn outputs_are_joined_by_name_and_type() {
    let make =
        operator("make", "os.environ['title'] = 't'\nos.environ['table'] = 't.csv'  # c3: output=Dataset");
    let take = operator(
        "take",
        "t = os.environ['title']\nd = os.environ['table']  # c3: input=File\nn = os.environ['n']",
    );
    let expected = ["take.title < make/title as Text", "take.table < make/table as File", "take.n < n"];
    for &engine in Engine::value_variants() {
        assert_eq!(links(&[make.clone(), take.clone()], engine), expected);
        assert_eq!(remarks(&[make.clone(), take.clone()], engine), "");
    }
}

#[test]
fn inputs_take_the_latest_output_of_an_earlier_step() {
    let filter = operator("filter", "x = os.getenv('x', '')\nos.environ['y'] = x");
    let swap = operator("swap", "y = os.getenv('y', '')\nos.environ['x'] = y");
    assert_eq!(
        links(&[filter.clone(), swap.clone(), filter.clone(), swap], Engine::Cwl),
        [
            "filter.x < x",
            "swap.y < filter/y as Text",
            "filter_2.x < swap/x as Text",
            "swap_2.y < filter_2/y as Text"
        ]
    );
}

#[test]
fn values_an_engine_cannot_pass_are_reported() {
    let make = operator("make", "os.environ['n'] = '5'\nos.environ['table'] = 't.csv'");
    let take = operator("take", "n = int(os.getenv('n', 1))\nt = os.environ['table']  # c3: input=File");
    let both = [make, take];
    assert_eq!(links(&both, Engine::Cwl), ["take.n < n", "take.table < make/table as File"]);
    assert_eq!(links(&both, Engine::Kubeflow), ["take.n < n", "take.table < table"]);
    assert!(
        remarks(&both, Engine::Kubeflow).contains("output `table` of `make` is String, which Kubeflow can't")
    );
    assert_eq!(
        remarks(&both, Engine::Cwl),
        "output `n` of `make` is String, which CWL can't take for Integer of `take`: they are not joined\n"
    );
}

#[test]
fn unjoined_inputs_are_reported_with_a_hint() {
    let make = operator("make", "os.environ['table'] = 't.csv'");
    let take = operator("take", "t = os.environ['table']  # c3: input=File");
    let (_, remarks) = join(&[make, take], Engine::Kubeflow);
    let [Remark { operator: 0, diagnostic }] = &remarks[..] else { panic!("{remarks:?}") };
    assert_eq!(
        diagnostic.hint.as_deref(),
        Some("write `# c3: output=File` at the end of the line that sets it")
    );
    assert!(diagnostic.span.as_ref().is_some_and(|span| span.start > 20), "{diagnostic:?}");
}

#[test]
fn every_engine_has_a_target() {
    for engine in Engine::value_variants() {
        assert!(engine.target().is_some(), "{engine:?}");
    }
}

#[test]
fn every_suggested_fix_joins_the_steps() {
    let kinds =
        ["String", "Integer", "Float", "Boolean", "File", "Directory", "Dataset", "Model", "Artifact"];
    let kinds: Vec<Type> = kinds.into_iter().map(|name| Type::from(name.to_owned())).collect();
    for &engine in Engine::value_variants() {
        for (from, to) in kinds.iter().flat_map(|from| kinds.iter().map(move |to| (from, to))) {
            let joined = match remark::remedy(engine, from, to) {
                remark::Remedy::Output(kind) => engine.route(&kind, to),
                remark::Remedy::Input(kind) => engine.route(from, &kind),
            };
            assert!(engine.route(from, to).or(joined).is_some(), "{engine:?} {from:?} {to:?}");
        }
    }
}

#[test]
fn files_folders_and_artifacts_are_not_joined_with_each_other() {
    for (from, to, fits) in [
        ("File", "File", true),
        ("File", "Directory", false),
        ("Directory", "Dataset", true),
        ("Dataset", "Model", false),
        ("Model", "Artifact", true),
    ] {
        assert_eq!(is_assignable(from, to), fits, "{from} {to}");
    }
}

#[test]
fn equivalent_inputs_are_shared() {
    let one = operator("one", "a = int(os.getenv('a', 1))\nb = os.environ['b']\nc = os.getenv('c', 'x')");
    let other =
        operator("other", "a = int(os.getenv('a', 1))\nb = os.getenv('b', 'y')\nc = os.getenv('c', 'z')");
    let both = [one, other];
    assert_eq!(
        links(&both, Engine::Cwl),
        ["one.a < a", "one.b < b", "one.c < c", "other.a < a", "other.b < b", "other.c < other_c"]
    );
    let (workflow, _) = join(&both, Engine::Cwl);
    let told: Vec<_> = workflow.inputs.iter().map(|port| (port.id.as_str(), port.default())).collect();
    let expected = [
        ("a", Some("1")),
        ("b", None),
        ("c", Some("x")),
        ("other_c", Some("z")),
        ("log_level", Some("INFO")),
    ];
    assert_eq!(told, expected);
    assert!(remarks(&both, Engine::Kubeflow).contains("input `c` of `other` has another type or default"));
}

#[test]
fn secrets_and_optional_files_are_not_pipeline_parameters() {
    let only = operator("only", "k = os.environ['api_key']\nf = os.getenv('f', None)  # c3: input=File");
    let only = [only];
    assert_eq!(links(&only, Engine::Kubeflow), ["only.api_key < nothing", "only.f < nothing"]);
    assert_eq!(links(&only, Engine::Cwl), ["only.api_key < api_key", "only.f < f"]);
    assert!(remarks(&only, Engine::Kubeflow).contains("input `f` of `only` is left out"));
}

#[test]
fn names_invalid_in_python_are_left_out_of_pipelines() {
    let component = "inputs: [{name: class, type: String}, {name: 1st, type: String}, {name: Ab c, type: String}]\n\
                     implementation: {}\n";
    let only = [component_file::parse(component, "only").unwrap()];
    assert_eq!(
        links(&only, Engine::Kubeflow),
        ["only.class < nothing", "only.1st < nothing", "only.Ab c < Ab_c"]
    );
    assert!(remarks(&only, Engine::Kubeflow).contains("input `class` of `only` is left out of the workflow"));
}

#[test]
fn conflicting_parameter_names_are_prefixed() {
    let first = operator("first", "second = os.getenv('second', '')\nos.environ['x'] = second");
    let second = operator("second", "workers = int(os.getenv('workers', 1))\nos.environ['x'] = ''");
    let both = [first, second];
    assert_eq!(
        links(&both, Engine::Kubeflow),
        ["first.second < first_second", "second.workers < second_workers"]
    );
    let (workflow, said) = join(&both, Engine::Cwl);
    let outputs: Vec<_> = workflow.outputs.iter().map(|output| output.id.as_str()).collect();
    assert_eq!(outputs, ["x", "second_x"]);
    assert!(
        said.iter()
            .any(|remark| remark.diagnostic.message.contains("`second` takes nothing of an earlier step"))
    );
}

#[test]
fn pipelines_run_grid_workers_in_parallel() {
    let component = "name: gw-count\ninputs: [{name: gw_batch_file, type: String}]\nimplementation: {}\n";
    let grid = component_file::parse(component, "gw_count").unwrap().within("grid/");
    let (before, after) = (operator("before", ""), operator("after", ""));
    let settings = Settings { stem: "w".to_owned(), name: "w".to_owned(), workers: 3 };
    let (artifact, _) = emit(&[before, grid, after], Engine::Kubeflow, &settings);
    let text = String::from_utf8(artifact.content).unwrap();
    for line in [
        "workers = 3\n",
        "gw_count_op = load(\"grid/gw_count.yaml\")\n",
        "    for worker in range(workers):\n        gw_count = gw_count_op(\n",
        "        gw_count.after(before)\n",
        "    after.after(*gw_count_all)\n",
    ] {
        assert!(text.contains(line), "{line} is in\n{text}");
    }
}

#[test]
fn user_text_cannot_end_its_line() {
    let script = "# Not\\n\\\"\\\"\\\" the end.\nx = os.getenv('x', 'a\"\\n\\\\$(self)\\u2028{{ y }}')";
    let hostile = operator("a b'\"#%", script);
    let settings = Settings { stem: "w'\"\n".to_owned(), name: "w".to_owned(), workers: 1 };
    let (artifact, _) = emit(std::slice::from_ref(&hostile), Engine::Kubeflow, &settings);
    let text = String::from_utf8(artifact.content).unwrap();
    let parsed = ruff_python_parser::parse_module(&text);
    assert!(parsed.is_ok(), "{text}");
    let (artifact, _) = emit(std::slice::from_ref(&hostile), Engine::Argo, &settings);
    let document: yaml_serde::Value = yaml_serde::from_slice(&artifact.content).unwrap();
    // Argo would fill in what stands in the default: the script's own holds.
    assert_eq!(document["spec"]["arguments"]["parameters"][0]["value"].as_str(), Some("null"));
    assert_eq!(document["spec"]["templates"][0]["dag"]["tasks"][0]["name"].as_str(), Some("a-b"));
    let (artifact, _) = emit(&[hostile], Engine::Cwl, &settings);
    let document: yaml_serde::Value = yaml_serde::from_slice(&artifact.content).unwrap();
    assert_eq!(document["steps"]["a_b____"]["run"].as_str(), Some("a%20b%27%22%23%25.cwl"));
    assert_eq!(document["inputs"]["x"]["default"].as_str(), Some("a\"\n\\$(self)\u{2028}{{ y }}"));
}

#[test]
fn near_misses_of_output_names_are_reported() {
    let make = operator("make", "os.environ['tabel'] = 't'");
    let said = |script: &str| remarks(&[make.clone(), operator("take", script)], Engine::Kubeflow);
    let expected = "input `table` of `take` is not joined with output `tabel` of `make`\n";
    assert_eq!(said("t = os.environ['table']"), expected);
    assert_eq!(said("t = os.environ['Tabel']"), expected.replace("`table`", "`Tabel`"));
    assert_eq!(said("t = os.getenv('table', 'x')"), "");
    assert_eq!(said("t = os.environ['rows']"), "");
}
