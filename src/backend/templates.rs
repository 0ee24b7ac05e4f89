//! The files in `templates/`, compiled into the program.

use super::bundle::python::Package;

/// The templates by name; the part before the first dot selects the quoting.
pub(super) const TEMPLATES: &[(&str, &str)] = &[
    ("Dockerfile", include_str!("../../templates/Dockerfile.j2")),
    ("kubeflow.yaml", include_str!("../../templates/kubeflow.yaml.j2")),
    ("job.yaml", include_str!("../../templates/job.yaml.j2")),
    ("manifest.yaml", include_str!("../../templates/manifest.yaml.j2")),
    ("job.sbatch", include_str!("../../templates/job.sbatch.j2")),
    ("rule.smk", include_str!("../../templates/rule.smk.j2")),
    ("workflow.smk", include_str!("../../templates/workflow.smk.j2")),
    ("cwl/step.cwl", include_str!("../../templates/cwl/step.cwl.j2")),
    ("cwl/tool", include_str!("../../templates/cwl/tool.j2")),
    ("cwl/package.cwl", include_str!("../../templates/cwl/package.cwl.j2")),
    ("cwl/workflow.cwl", include_str!("../../templates/cwl/workflow.cwl.j2")),
    ("dag.py", include_str!("../../templates/dag.py.j2")),
    ("workflow.py", include_str!("../../templates/workflow.py.j2")),
    ("pipeline.py", include_str!("../../templates/pipeline.py.j2")),
    ("snippet/kfp1.py", include_str!("../../templates/snippet/kfp1.py.j2")),
    ("snippet/kfp2.py", include_str!("../../templates/snippet/kfp2.py.j2")),
    ("snippet/notes", include_str!("../../templates/snippet/notes.j2")),
    ("containerless.py", include_str!("../../templates/containerless.py.j2")),
    ("platforms/chaimeleon.Dockerfile", include_str!("../../templates/platforms/chaimeleon.Dockerfile.j2")),
    (
        "platforms/chaimeleon-base.Dockerfile",
        include_str!("../../templates/platforms/chaimeleon-base.Dockerfile.j2"),
    ),
    (
        "platforms/chaimeleon-head.Dockerfile",
        include_str!("../../templates/platforms/chaimeleon-head.Dockerfile.j2"),
    ),
    (
        "platforms/chaimeleon-user.Dockerfile",
        include_str!("../../templates/platforms/chaimeleon-user.Dockerfile.j2"),
    ),
    (
        "platforms/chaimeleon-desktop.Dockerfile",
        include_str!("../../templates/platforms/chaimeleon-desktop.Dockerfile.j2"),
    ),
    (
        "platforms/chaimeleon-login.Dockerfile",
        include_str!("../../templates/platforms/chaimeleon-login.Dockerfile.j2"),
    ),
    (
        "platforms/chaimeleon-home.Dockerfile",
        include_str!("../../templates/platforms/chaimeleon-home.Dockerfile.j2"),
    ),
    (
        "platforms/chaimeleon/init/application.sh",
        include_str!("../../templates/platforms/chaimeleon/init/application.sh.j2"),
    ),
    (
        "platforms/chaimeleon/home/terminal.sh",
        include_str!("../../templates/platforms/chaimeleon/home/terminal.sh.j2"),
    ),
    (
        "platforms/chaimeleon/init/open-page.sh",
        include_str!("../../templates/platforms/chaimeleon/init/open-page.sh.j2"),
    ),
    (
        "platforms/chaimeleon/home/entry.desktop",
        include_str!("../../templates/platforms/chaimeleon/home/entry.desktop.j2"),
    ),
    (
        "platforms/chaimeleon/init/supervisord.conf",
        include_str!("../../templates/platforms/chaimeleon/init/supervisord.conf.j2"),
    ),
    (
        "platforms/chaimeleon/chart/Chart.yaml",
        include_str!("../../templates/platforms/chaimeleon/chart/Chart.yaml.j2"),
    ),
    (
        "platforms/chaimeleon/chart/README.md",
        include_str!("../../templates/platforms/chaimeleon/chart/README.md.j2"),
    ),
    (
        "platforms/chaimeleon/chart/values.yaml",
        include_str!("../../templates/platforms/chaimeleon/chart/values.yaml.j2"),
    ),
    ("platforms/onedata.Dockerfile", include_str!("../../templates/platforms/onedata.Dockerfile.j2")),
    ("platforms/submarine.Dockerfile", include_str!("../../templates/platforms/submarine.Dockerfile.j2")),
    ("platforms/submarine-bootstrap.sh", include_str!("../../templates/platforms/submarine-bootstrap.sh.j2")),
    ("platforms/submarine.yaml", include_str!("../../templates/platforms/submarine.yaml.j2")),
    (
        "platforms/submarine.experiment.yaml",
        include_str!("../../templates/platforms/submarine.experiment.yaml.j2"),
    ),
    ("platforms/techila.Dockerfile", include_str!("../../templates/platforms/techila.Dockerfile.j2")),
    ("platforms/techila.dev.Dockerfile", include_str!("../../templates/platforms/techila.dev.Dockerfile.j2")),
    ("platforms/onedata.py", include_str!("../../templates/platforms/onedata.py.j2")),
    ("platforms/techila.py", include_str!("../../templates/platforms/techila.py.j2")),
    ("catalogue/page.html", include_str!("../../templates/catalogue/page.html.j2")),
    ("catalogue/index.html", include_str!("../../templates/catalogue/index.html.j2")),
    ("catalogue/operator.html", include_str!("../../templates/catalogue/operator.html.j2")),
    ("catalogue/workflow.html", include_str!("../../templates/catalogue/workflow.html.j2")),
    ("catalogue/style.css", include_str!("../../templates/catalogue/style.css")),
    ("catalogue/page.js", include_str!("../../templates/catalogue/page.js")),
];

/// The modules of the entry point of Python operators.
pub(super) const PYTHON_ENTRY_POINT: Package = &[
    ("arguments", include_str!("../../templates/runtime/python/arguments.py")),
    ("collected", include_str!("../../templates/runtime/python/collected.py")),
    ("copying", include_str!("../../templates/runtime/python/copying.py")),
    ("delivery", include_str!("../../templates/runtime/python/delivery.py")),
    ("failure", include_str!("../../templates/runtime/python/failure.py")),
    ("files", include_str!("../../templates/runtime/python/files.py")),
    ("help", include_str!("../../templates/runtime/python/help.py")),
    ("init", include_str!("../../templates/runtime/python/init.py")),
    ("interface", include_str!("../../templates/runtime/python/interface.py")),
    ("kubeflow", include_str!("../../templates/runtime/python/kubeflow.py")),
    ("loading", include_str!("../../templates/runtime/python/loading.py")),
    ("logs", include_str!("../../templates/runtime/python/logs.py")),
    ("main", include_str!("../../templates/runtime/python/main.py")),
    ("messages", include_str!("../../templates/runtime/python/messages.py")),
    ("notebook", include_str!("../../templates/runtime/python/notebook.py")),
    ("parameters", include_str!("../../templates/runtime/python/parameters.py")),
    ("page", include_str!("../../templates/runtime/python/page.py")),
    ("program", include_str!("../../templates/runtime/python/program.py")),
    ("recording", include_str!("../../templates/runtime/python/recording.py")),
    ("redaction", include_str!("../../templates/runtime/python/redaction.py")),
    ("refusals", include_str!("../../templates/runtime/python/refusals.py")),
    ("report", include_str!("../../templates/runtime/python/report.py")),
    ("script", include_str!("../../templates/runtime/python/script.py")),
    ("start", include_str!("../../templates/runtime/python/start.py")),
    ("turns", include_str!("../../templates/runtime/grid/turns.py")),
    ("state", include_str!("../../templates/runtime/python/state.py")),
    ("targets", include_str!("../../templates/runtime/python/targets.py")),
    ("user", include_str!("../../templates/runtime/python/user.py")),
];

/// The part of R's entry point that `sh` runs.
pub(super) const R_START: &str = include_str!("../../templates/runtime/r/start.sh");

/// The files of R's entry point that every run needs, except the last.
pub(super) const R_TEXTS: &[&str] = &[
    include_str!("../../templates/runtime/r/late.R"),
    include_str!("../../templates/runtime/r/interface.R"),
    include_str!("../../templates/runtime/r/environment.R"),
    include_str!("../../templates/runtime/r/parameters.R"),
    include_str!("../../templates/runtime/r/paths.R"),
    include_str!("../../templates/runtime/r/packages.R"),
    include_str!("../../templates/runtime/r/end.R"),
];

/// The files that few runs need.
pub(super) const R_LATE: &[&str] = &[
    include_str!("../../templates/runtime/r/arguments.R"),
    include_str!("../../templates/runtime/r/messages.R"),
    include_str!("../../templates/runtime/r/refusals.R"),
    include_str!("../../templates/runtime/r/help.R"),
    include_str!("../../templates/runtime/r/logs.R"),
    include_str!("../../templates/runtime/r/json.R"),
    include_str!("../../templates/runtime/r/kubeflow.R"),
    include_str!("../../templates/runtime/r/system.R"),
    include_str!("../../templates/runtime/r/files.R"),
    include_str!("../../templates/runtime/r/targets.R"),
    include_str!("../../templates/runtime/r/outputs.R"),
    include_str!("../../templates/runtime/r/copying.R"),
    include_str!("../../templates/runtime/r/report.R"),
    include_str!("../../templates/runtime/r/collected.R"),
];

/// The file that starts the operator.
pub(super) const R_MAIN: &str = include_str!("../../templates/runtime/r/main.R");

/// The modules of the grid wrapper.
pub(super) const GRID: Package = &[
    ("anywhere", include_str!("../../templates/runtime/grid/anywhere.py")),
    ("batch_function", include_str!("../../templates/runtime/grid/batch_function.py")),
    ("batch_parameters", include_str!("../../templates/runtime/grid/batch_parameters.py")),
    ("batches", include_str!("../../templates/runtime/grid/batches.py")),
    ("call_parameters", include_str!("../../templates/runtime/grid/call_parameters.py")),
    ("bundles", include_str!("../../templates/runtime/grid/bundles.py")),
    ("calls", include_str!("../../templates/runtime/grid/calls.py")),
    ("child", include_str!("../../templates/runtime/grid/child.py")),
    ("connection", include_str!("../../templates/runtime/grid/connection.py")),
    ("core", include_str!("../../templates/runtime/grid/core.py")),
    ("cos", include_str!("../../templates/runtime/grid/cos.py")),
    ("cos_parameters", include_str!("../../templates/runtime/grid/cos_parameters.py")),
    ("ending", include_str!("../../templates/runtime/grid/ending.py")),
    ("entry", include_str!("../../templates/runtime/grid/entry.py")),
    ("files", include_str!("../../templates/runtime/grid/files.py")),
    ("folder", include_str!("../../templates/runtime/grid/folder.py")),
    ("folder_parameters", include_str!("../../templates/runtime/grid/folder_parameters.py")),
    ("folders", include_str!("../../templates/runtime/grid/folders.py")),
    ("hand", include_str!("../../templates/runtime/grid/hand.py")),
    ("imports", include_str!("../../templates/runtime/grid/imports.py")),
    ("index", include_str!("../../templates/runtime/grid/index.py")),
    ("index_parameters", include_str!("../../templates/runtime/grid/index_parameters.py")),
    ("interface", include_str!("../../templates/runtime/grid/interface.py")),
    ("journal", include_str!("../../templates/runtime/grid/journal.py")),
    ("legacy_cos", include_str!("../../templates/runtime/grid/legacy_cos.py")),
    ("legacy_parameters", include_str!("../../templates/runtime/grid/legacy_parameters.py")),
    ("loading", include_str!("../../templates/runtime/python/loading.py")),
    ("local", include_str!("../../templates/runtime/grid/local.py")),
    ("local_parameters", include_str!("../../templates/runtime/grid/local_parameters.py")),
    ("main", include_str!("../../templates/runtime/grid/main.py")),
    ("nursery", include_str!("../../templates/runtime/grid/nursery.py")),
    ("pipes", include_str!("../../templates/runtime/grid/pipes.py")),
    ("plan", include_str!("../../templates/runtime/grid/plan.py")),
    ("probe", include_str!("../../templates/runtime/grid/probe.py")),
    ("program", include_str!("../../templates/runtime/grid/program.py")),
    ("remote", include_str!("../../templates/runtime/grid/remote.py")),
    ("result_parameters", include_str!("../../templates/runtime/grid/result_parameters.py")),
    ("runner", include_str!("../../templates/runtime/grid/runner.py")),
    ("s3", include_str!("../../templates/runtime/grid/s3.py")),
    ("s3_files", include_str!("../../templates/runtime/grid/s3_files.py")),
    ("script", include_str!("../../templates/runtime/grid/script.py")),
    ("short_way", include_str!("../../templates/runtime/grid/short_way.py")),
    ("simple", include_str!("../../templates/runtime/grid/simple.py")),
    ("simple_parameters", include_str!("../../templates/runtime/grid/simple_parameters.py")),
    ("start", include_str!("../../templates/runtime/grid/start.py")),
    ("state", include_str!("../../templates/runtime/grid/state.py")),
    ("turns", include_str!("../../templates/runtime/grid/turns.py")),
    ("worker", include_str!("../../templates/runtime/grid/worker.py")),
    ("worker_parameters", include_str!("../../templates/runtime/grid/worker_parameters.py")),
];
