//! The library alone, no process and no disk: `frontend::read` and `backend::emit`, in bytes of source per second.

#![expect(clippy::unwrap_used, reason = "a benchmark that can't go on ends")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use c3::backend::{self, Operator, Settings, TARGETS, Target};
use c3::component::Component;
use c3::frontend;
use c3::language::Language;
use c3::load;
use c3::reference::ImageName;
use c3::source::Source;
use c3::stamp::Stamp;
use criterion::{Criterion, Throughput};

const GENERATED_LINES: usize = 10_000;

fn main() {
    let mut criterion = Criterion::default().measurement_time(Duration::from_secs(3)).configure_from_args();
    let sources = [
        ("example", sample("example_script.py")),
        ("largest-sample", largest_sample()),
        ("generated", generated(GENERATED_LINES)),
    ];
    read(&mut criterion, &sources);
    emit(&mut criterion, &sources);
    criterion.final_summary();
}

fn read(criterion: &mut Criterion, sources: &[(&str, Source)]) {
    let mut group = criterion.benchmark_group("read");
    for (name, source) in sources {
        group.throughput(Throughput::Bytes(source.text().len() as u64));
        group.bench_function(*name, |bencher| bencher.iter(|| frontend::read(source)));
    }
    group.finish();
}

fn emit(criterion: &mut Criterion, sources: &[(&str, Source)]) {
    let targets: Vec<&Target> = TARGETS.iter().collect();
    let mut group = criterion.benchmark_group("emit");
    for (name, source) in sources {
        let component = frontend::read(source).component.unwrap();
        let settings = settings(source, &component);
        let operator = Operator { component: &component, settings: &settings };
        group.throughput(Throughput::Elements(component.inputs.len() as u64));
        group.bench_function(*name, |bencher| bencher.iter(|| backend::emit(&operator, &targets).unwrap()));
    }
    group.finish();
}

fn settings(source: &Source, component: &Component) -> Settings {
    Settings {
        stamp: Stamp::of(component),
        image: ImageName::new(format!("registry.example/ns/claimed-{}", component.name), "0.1").unwrap(),
        base_image: "registry.access.redhat.com/ubi8/python-312".to_owned(),
        stem: source.stem(),
        dockerfile: format!("{}.Dockerfile", source.stem()),
        logging: true,
        ..Settings::default()
    }
}

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

fn sample(name: &str) -> Source {
    load::load(&samples().join(name)).unwrap()
}

fn largest_sample() -> Source {
    let entries = samples().read_dir().unwrap().map(|entry| entry.unwrap().path());
    let sources = entries.filter(|path| path.is_file() && frontend::kind(path).is_some());
    let loaded = sources.map(|path| load::load(&path).unwrap());
    loaded.max_by_key(|source| source.text().len()).unwrap()
}

/// A long script: one parameter for every hundred lines of ordinary code.
fn generated(lines: usize) -> Source {
    let head = "\"\"\"A long script.\"\"\"\n# pip install numpy\nimport os\nimport numpy as np\n".to_owned();
    let text = (0..lines / 100).map(block).fold(head, |text, block| text + &block);
    Source::new("generated.py", Language::Python, text)
}

fn block(number: usize) -> String {
    let read =
        format!("# Threshold {number}.\nx{number} = float(os.getenv('x{number}', {number} * 0.5))\n\n");
    let step = |step: usize| {
        format!(
            "def step_{number}_{step}(rows, limit=x{number}):\n    \
             \"\"\"Keep what is below the limit, os.getenv('no_read') included.\"\"\"\n    \
             kept = [row for row in rows if row['value'] < limit and not row.get('skip')]\n    \
             if len(kept) > {step}:\n        \
             print(f'{{len(kept)}} of {{len(rows)}}, mean {{np.mean([row[\"value\"] for row in kept]):.2f}}')\n    \
             total = sum(row['value'] ** 2 for row in kept) / max(len(kept), 1)  # never by zero\n    \
             return {{'kept': kept, 'total': total, 'step': {step}}}\n\n"
        )
    };
    read + &(0..12).map(step).collect::<String>() + "\n"
}
