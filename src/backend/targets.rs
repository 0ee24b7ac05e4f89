//! The platforms: one row for each.

use super::crossing::{Crossing, Crossing::Cannot, Crossing::Proven, Crossings};
use super::{
    Operator, Target, airflow, argo, cwl, kfp_ir, kubeflow, kubernetes, platforms, slurm, snakemake, variant,
};
use crate::diagnostic::Diagnostic;

const CWL_SECRETS: Crossing = Cannot(
    "CWL has no secrets: cwltool hides their values in its log, other runners show them",
    "run the Kubernetes job where it has to stay secret",
);

const CWL_VOLUMES: Crossing =
    Cannot("a step sees its inputs only", "make an input of it with `# c3: input=Directory`");

/// For targets that report nothing else.
fn nothing(_: &Operator) -> Vec<Diagnostic> {
    Vec::new()
}

/// Every target, in the order in which its files are listed.
pub static TARGETS: &[Target] = &[
    Target {
        name: "kubeflow",
        help: "Kubeflow component, <stem>.yaml",
        suffixes: &[".yaml"],
        variant: None,
        holds_values: false,
        crossings: &Crossings {
            inputs: Proven("test_runners.py::test_kubeflow_passes_values_unchanged"),
            outputs: Proven("test_runners.py::test_kubeflow_collects_the_outputs"),
            secrets: Cannot(
                "a component takes nothing from a secret of the cluster, and its arguments are shown",
                "`c3 snippet` prints the code that gives it to the task of a pipeline",
            ),
            resources: Cannot(
                "a component says nothing of nodes",
                "`c3 snippet` prints the code that gives it to the task of a pipeline",
            ),
            volumes: Cannot(
                "a component mounts nothing",
                "`c3 snippet` prints the code that gives it to the task of a pipeline",
            ),
            files: Proven("test_runners.py::test_kubeflow_passes_outputs_on"),
            exit_code: Proven("test_operator.py::test_exit_code_is_that_of_the_script"),
        },
        review: kubeflow::review,
        emit: kubeflow::emit,
    },
    Target {
        name: "kubernetes",
        help: "Kubernetes job, <stem>.job.yaml",
        suffixes: &[".job.yaml"],
        variant: None,
        holds_values: true,
        crossings: &Crossings {
            inputs: Proven("test_manifests.py::test_job_matches_the_source"),
            outputs: Cannot(
                "outputs are gone with the pod",
                "deliver outputs to a volume: `--volume CLAIM:PATH`",
            ),
            secrets: Proven("test_job.py::test_inputs_mapped_to_secrets_become_secrets"),
            resources: Proven("test_job.py::test_resources_gpus_and_nodes"),
            volumes: Proven("test_job.py::test_one_claim_can_be_mounted_twice"),
            files: Proven("test_job.py::test_one_claim_can_be_mounted_twice"),
            exit_code: Proven("test_operator.py::test_exit_code_is_that_of_the_script"),
        },
        review: nothing,
        emit: kubernetes::emit,
    },
    Target {
        name: "cwl",
        help: "CWL step, <stem>.cwl",
        suffixes: &[".cwl"],
        variant: None,
        holds_values: false,
        crossings: &Crossings {
            inputs: Proven("test_runners.py::test_cwl_passes_values_unchanged"),
            outputs: Proven("test_runners.py::test_cwl_collects_the_outputs"),
            secrets: CWL_SECRETS,
            resources: Cannot(
                "a step says nothing of nodes",
                "give the runner its limits, or run the Kubernetes job",
            ),
            volumes: CWL_VOLUMES,
            files: Proven("test_manifests.py::test_cwl_step_matches_the_source"),
            exit_code: Proven("test_operator.py::test_exit_code_is_that_of_the_script"),
        },
        review: cwl::review,
        emit: cwl::emit,
    },
    Target {
        name: "eoap",
        help: "OGC application package, <stem>.eoap.cwl",
        suffixes: &[".eoap.cwl"],
        variant: None,
        holds_values: false,
        crossings: &Crossings {
            inputs: Proven("test_application_packages.py::test_a_package_runs_as_the_step_does"),
            outputs: Proven("test_application_packages.py::test_a_package_runs_as_the_step_does"),
            secrets: CWL_SECRETS,
            resources: Proven("test_application_packages.py::test_resources_match_the_job"),
            volumes: CWL_VOLUMES,
            files: Proven("test_application_packages.py::test_stac_catalogue_round_trips"),
            exit_code: Proven("test_operator.py::test_exit_code_is_that_of_the_script"),
        },
        review: cwl::eoap::review,
        emit: cwl::eoap::emit,
    },
    Target {
        name: "kfp-ir",
        help: "compiled Kubeflow pipeline, <stem>.ir.yaml",
        suffixes: &[".ir.yaml"],
        variant: None,
        holds_values: false,
        crossings: &Crossings {
            inputs: Proven("test_compiled_pipelines.py::test_the_local_runner_runs_it"),
            outputs: Proven("test_compiled_pipelines.py::test_kfp_compiles_the_same"),
            secrets: Proven("test_compiled_pipelines.py::test_secrets_are_not_parameters"),
            resources: Proven("test_compiled_pipelines.py::test_cluster_settings_match_the_snippet"),
            volumes: Proven("test_compiled_pipelines.py::test_cluster_settings_match_the_snippet"),
            files: Proven("test_compiled_pipelines.py::test_kfp_compiles_the_same"),
            exit_code: Cannot("Kubeflow makes 1 of any other", "look into the pod's log, which names it"),
        },
        review: kubeflow::review,
        emit: kfp_ir::emit,
    },
    Target {
        name: "argo",
        help: "workflow template of Argo, <stem>.argo.yaml",
        suffixes: &[".argo.yaml"],
        variant: None,
        holds_values: true,
        crossings: &Crossings {
            inputs: Proven("test_argo.py::test_container_started_by_argo_runs"),
            outputs: Proven("test_argo.py::test_container_started_by_argo_runs"),
            secrets: Proven("test_argo.py::test_cluster_settings_match_the_job"),
            resources: Proven("test_argo.py::test_cluster_settings_match_the_job"),
            volumes: Proven("test_argo.py::test_cluster_settings_match_the_job"),
            files: Proven("test_argo.py::test_every_sample_is_a_template"),
            exit_code: Proven("test_argo.py::test_container_started_by_argo_runs"),
        },
        review: argo::review,
        emit: argo::emit,
    },
    Target {
        name: "airflow",
        help: "DAG of Airflow, <stem>.airflow.py",
        suffixes: &[".airflow.py"],
        variant: None,
        holds_values: true,
        crossings: &Crossings {
            inputs: Proven("test_airflow.py::test_pod_built_by_airflow_runs"),
            outputs: Proven("test_airflow.py::test_pod_built_by_airflow_runs"),
            secrets: Proven("test_airflow.py::test_cluster_settings_match_the_job"),
            resources: Proven("test_airflow.py::test_cluster_settings_match_the_job"),
            volumes: Proven("test_airflow.py::test_cluster_settings_match_the_job"),
            files: Proven("test_airflow.py::test_pod_built_by_airflow_runs"),
            exit_code: Cannot("Airflow tells failed tasks only", "look into the task's log, which names it"),
        },
        review: airflow::review,
        emit: airflow::emit,
    },
    Target {
        name: "slurm",
        help: "Slurm job, <stem>.sbatch",
        suffixes: &[".sbatch"],
        variant: None,
        holds_values: true,
        crossings: &Crossings {
            inputs: Proven("test_slurm.py::test_values_are_passed_as_options_and_variables"),
            outputs: Proven("test_slurm.py::test_outputs_are_in_a_folder"),
            secrets: Proven("test_slurm.py::test_secrets_come_from_files"),
            resources: Proven("test_slurm.py::test_slurm_accepts_every_directive"),
            volumes: Cannot(
                "Slurm has shared file systems, and no claims",
                "name their folders with `mounts` in `[slurm]`",
            ),
            files: Proven("test_slurm.py::test_files_are_visible_in_the_container"),
            exit_code: Proven("test_slurm.py::test_exit_code_is_that_of_the_script"),
        },
        review: slurm::review,
        emit: slurm::emit,
    },
    Target {
        name: "snakemake",
        help: "rule of Snakemake, <stem>.smk",
        suffixes: &[".smk"],
        variant: None,
        holds_values: true,
        crossings: &Crossings {
            inputs: Proven("test_snakemake.py::test_values_and_files_are_passed"),
            outputs: Proven("test_snakemake.py::test_values_and_files_are_passed"),
            secrets: Proven("test_snakemake.py::test_secrets_are_variables_of_the_environment"),
            resources: Proven("test_snakemake.py::test_resources_match_the_job"),
            volumes: Cannot(
                "a rule sees the folders of its node, and no claims",
                "bind their folders: `snakemake --apptainer-args '--bind FOLDER'`",
            ),
            files: Proven("test_snakemake.py::test_values_and_files_are_passed"),
            exit_code: Cannot("Snakemake makes 1 of any other", "look into the rule's log"),
        },
        review: snakemake::review,
        emit: snakemake::emit,
    },
    Target {
        name: "chaimeleon",
        help: "batch or interactive application of CHAIMELEON, <stem>.chaimeleon.Dockerfile",
        suffixes: &[".chaimeleon.Dockerfile"],
        variant: Some(&platforms::chaimeleon::VARIANT),
        holds_values: false,
        crossings: &Crossings {
            inputs: Proven("test_platforms.py::test_a_batch_application_takes_arguments_and_variables"),
            outputs: Proven("test_platforms.py::test_results_outlive_the_batch_application"),
            secrets: Cannot(
                "what is submitted is shown to the platform's administrators",
                "read it from a file in `persistent-home`",
            ),
            resources: Cannot(
                "the platform gives them by flavour",
                "choose one when you submit the job, `-r`; `--set chaimeleon.gpu=cuda12` makes an image for GPUs",
            ),
            volumes: Cannot("the platform mounts its own", "use `datasets` and `persistent-home`"),
            files: Proven("test_platforms.py::test_results_outlive_the_batch_application"),
            exit_code: Cannot("the platform shows whether a job has failed only", "look into the job's log"),
        },
        review: nothing,
        emit: variant::no_files,
    },
    Target {
        name: "onedata",
        help: "environment and Function of ONE DATA, <stem>.onedata.*",
        suffixes: &[".onedata.Dockerfile", ".onedata.py"],
        variant: Some(&platforms::onedata::VARIANT),
        holds_values: false,
        crossings: &Crossings {
            inputs: Proven("test_platforms.py::test_a_function_runs_the_operator"),
            outputs: Proven("test_platforms.py::test_a_function_runs_the_operator"),
            secrets: Cannot("an environment holds no values", "keep it in the platform"),
            resources: Cannot("the platform gives them", "choose them in the platform"),
            volumes: Cannot("the platform mounts nothing", "load the data in the Function"),
            files: Cannot(
                "a Function sees no files of yours",
                "name them as additional files, which are in the image",
            ),
            exit_code: Proven("test_platforms.py::test_a_function_runs_the_operator"),
        },
        review: nothing,
        emit: platforms::onedata::function,
    },
    Target {
        name: "submarine",
        help: "environment and experiment of Submarine, <stem>.submarine.*",
        suffixes: &[
            ".submarine.Dockerfile",
            ".submarine.yaml",
            ".submarine.json",
            ".submarine.experiment.yaml",
        ],
        variant: Some(&platforms::submarine::VARIANT),
        holds_values: true,
        crossings: &Crossings {
            inputs: Proven("test_platforms.py::test_an_experiment_runs_the_operator"),
            outputs: Proven("test_platforms.py::test_an_experiment_runs_the_operator"),
            secrets: Cannot(
                "the specification of an experiment is shown to all who may see it",
                "leave it out there, and keep it in the image's environment or a file that the pod mounts",
            ),
            resources: Proven("test_platforms.py::test_experiment_resources_match_the_job"),
            volumes: Cannot(
                "the experiment mounts nothing",
                "edit the experiment, or load the data in the source",
            ),
            files: Cannot(
                "the experiment mounts nothing",
                "edit the experiment, or load the data in the source",
            ),
            exit_code: Proven("test_platforms.py::test_an_experiment_runs_the_operator"),
        },
        review: platforms::submarine::review,
        emit: platforms::submarine::emit,
    },
    Target {
        name: "techila",
        help: "launcher of jobs with Techila, <stem>.techila.*",
        suffixes: &[".techila.Dockerfile", ".techila.py", ".techila.dev.Dockerfile", ".techila.zip"],
        variant: Some(&platforms::techila::VARIANT),
        holds_values: false,
        crossings: &Crossings {
            inputs: Proven("test_platforms.py::test_an_operator_runs_in_the_exported_container"),
            outputs: Proven("test_platforms.py::test_each_grid_batch_is_a_job_that_returns_its_files"),
            secrets: Cannot("values travel with the job's description", "read it from a file on the workers"),
            resources: Cannot("workers are chosen in Techila", "choose them in `<stem>.techila.py`"),
            volumes: Cannot("workers mount nothing", "send files with the bundle"),
            files: Proven("test_platforms.py::test_an_operator_runs_in_the_exported_container"),
            exit_code: Proven("test_platforms.py::test_an_operator_runs_in_the_exported_container"),
        },
        review: nothing,
        emit: platforms::techila::emit,
    },
];
