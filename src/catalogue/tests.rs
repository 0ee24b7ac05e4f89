//! Catalogues of small libraries.

use std::path::PathBuf;

use super::*;
use crate::frontend;
use crate::language::Language;
use crate::source::Source;
use crate::workflow::graph;

const SCRIPT: &str = "\"\"\"Counts <b>words</b> & lines.\"\"\"\n# pip install --index-url https://me:pa55@pypi.example/simple numpy\n\
    import os\n# How many.\nrows = int(os.environ['rows'])\nkind = os.getenv('kind', '\"><script>alert(1)</script>')\n\
    token = os.getenv('api_token', 'hunter2')\npassword = \"swordfish\"\nkey = 'ghp_0123456789abcdefghijABCDEFGHIJ'\n\
    os.environ['table'] = 't.csv'  # c3: output=File\n";

fn operator(path: &str, script: &str) -> Operator {
    let source = Source::new(PathBuf::from(path), Language::Python, script.to_owned());
    let reading = frontend::read(&source);
    Operator {
        path: path.to_owned(),
        component: reading.component.unwrap(),
        image: ImageName::new("quay.io/me/claimed-count", "0.2").unwrap(),
        targets: vec![
            "kubeflow",
            "kubernetes",
            "cwl",
            "eoap",
            "kfp-ir",
            "argo",
            "slurm",
            "snakemake",
            "airflow",
        ],
        findings: reading.diagnostics.iter().map(|found| source.resolve(found)).collect(),
        source: Some(script.to_owned()),
    }
}

fn library() -> Library {
    let drawn = "class: Workflow\nsteps:\n  count: {run: count.cwl, in: {x: x}}\n  'a<b': {run: b.cwl, in: {z: count/z}}\n";
    Library {
        name: "Ours & <yours>".into(),
        operators: vec![operator("count.py", SCRIPT), operator("more parts/count.py", SCRIPT)],
        workflows: vec![Workflow {
            path: "both.workflow.cwl".into(),
            graph: graph::parse("both.workflow.cwl", drawn).unwrap().unwrap(),
        }],
        failures: vec![("bad<.py".into(), "`(` was never closed".into())],
    }
}

fn page(name: &str) -> String {
    let pages = pages(&library());
    let page = pages.into_iter().find(|page| page.name == name).unwrap();
    String::from_utf8(page.content).unwrap()
}

#[test]
fn every_page_exists_once() {
    let names: Vec<_> = pages(&library()).into_iter().map(|page| page.name).collect();
    let expected = ["index.html", "operators/count.html", "operators/count-2.html", "workflows/both.html"];
    assert_eq!(names, expected);
}

#[test]
fn links_point_to_existing_pages() {
    let pages = pages(&library());
    let link = regex::Regex::new("href=\"([^\"]*)\"").unwrap();
    for page in &pages {
        let text = String::from_utf8(page.content.clone()).unwrap();
        let folder = Path::new(&page.name).parent().unwrap();
        for found in link.captures_iter(&text).filter(|found| !found[1].starts_with('#')) {
            let to = folder.join(found[1].replace("&#x2f;", "/"));
            let to = to.to_string_lossy().replace("operators/../", "").replace("workflows/../", "");
            assert!(pages.iter().any(|page| page.name == to), "{to} of {}", page.name);
        }
        assert!(
            !text.contains("src=")
                && !text.replace("url(#", "").contains("url(")
                && !text.contains("@import"),
            "{}",
            page.name
        );
    }
}

#[test]
fn user_text_is_escaped_and_secrets_are_masked() {
    for name in ["index.html", "operators/count.html", "workflows/both.html"] {
        let text = page(name);
        assert_eq!(text.matches("<script").count(), 1, "{name}");
        assert!(!text.contains("<b>") && !text.contains("a<b") && !text.contains("<yours>"), "{name}");
        for secret in ["hunter2", "swordfish", "pa55", "ghp_0123"] {
            assert!(!text.contains(secret), "{secret} in {name}");
        }
    }
}

#[test]
fn operator_pages_show_every_way_to_run_it() {
    let text = page("operators/count-2.html");
    for part in [
        "Counts &lt;b&gt;words&lt;&#x2f;b&gt; &amp; lines",
        "quay.io&#x2f;me&#x2f;claimed-count:0.2",
        "<td>Integer</td><td>required</td><td>How many.</td>",
        "c3 run &#x27;more parts&#x2f;count.py&#x27; --rows ROWS",
        "docker run --rm quay.io&#x2f;me&#x2f;claimed-count:0.2 --rows ROWS",
        "c3 compile --value rows=ROWS &#x27;more parts&#x2f;count.py&#x27;\nkubectl apply -f &#x27;more parts&#x2f;count.job.yaml&#x27;",
        "sbatch &#x27;more parts&#x2f;count.sbatch&#x27; --rows ROWS",
        "snakemake --snakefile &#x27;more parts&#x2f;count.smk&#x27; --cores 1 --software-deployment-method apptainer --config rows=ROWS",
        "airflow dags trigger count --conf &#x27;{&quot;rows&quot;: ROWS}&#x27;",
        "cwltool &#x27;more parts&#x2f;count.eoap.cwl#count&#x27; --rows ROWS",
        "kfp pipeline create -p count &#x27;more parts&#x2f;count.ir.yaml&#x27;",
        "kubectl apply -f &#x27;more parts&#x2f;count.argo.yaml&#x27;\nargo submit --from workflowtemplate&#x2f;count -p rows=ROWS",
        "cwltool &#x27;more parts&#x2f;count.cwl&#x27; --rows ROWS",
        "load_component_from_file(&quot;more parts&#x2f;count.yaml&quot;)",
        "<code>secret-default</code>",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn text_in_back_ticks_is_rendered_as_code() {
    assert_eq!(masked::markup("`a<b` is, `c` too"), "<code>a&lt;b</code> is, <code>c</code> too");
    assert_eq!(masked::markup("one ` alone"), "one ` alone");
}

#[test]
fn pages_are_accessible_and_fit_a_phone() {
    let id = regex::Regex::new(" id=\"([^\"]*)\"").unwrap();
    for one in pages(&library()) {
        let text = String::from_utf8(one.content).unwrap();
        for part in
            ["<html lang=\"en\">", "width=device-width", "<main id=\"main\">", "href=\"#main\"", "aria-live"]
        {
            assert!(text.contains(part), "{part} in {}", one.name);
        }
        assert_eq!(text.matches("<h1>").count(), 1, "{}", one.name);
        assert_eq!(text.matches("<table>").count(), text.matches("<thead>").count());
        let ids: Vec<_> = id.captures_iter(&text).map(|found| found[1].to_owned()).collect();
        let unique: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(ids.len(), unique.len(), "{ids:?}");
    }
}
