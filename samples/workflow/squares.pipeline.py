# Kubeflow pipeline of make_table, sum_table and write_letter, made by c3 0.1.0 (content 1af2beb790cc)
# Run as a program it compiles the pipeline to squares.pipeline.yaml, with kfp 1.8 or kfp 2

from pathlib import Path

import kfp
from kfp import compiler, components, dsl

FOLDER = Path(__file__).resolve().parent
IS_KFP_1 = kfp.__version__.startswith("1.")

# What operators take for a text that isn't given: kfp's local runner wants a value for everything.
not_given_text = "null"


def load(name):
    """Load the component of an operator."""
    return components.load_component_from_file(str(FOLDER / name))


make_table_op = load("make_table.yaml")
sum_table_op = load("sum_table.yaml")
write_letter_op = load("write_letter.yaml")


def uncached(task):
    """Have a task run each time: Kubeflow's cache knows no secrets, and skips a step that has no outputs."""
    if IS_KFP_1:
        task.execution_options.caching_strategy.max_cache_staleness = "P0D"
    else:
        task.set_caching_options(False)


def secret(task, name, variable, required):
    """Set a variable from a secret of the cluster, which so is in no parameter and no log."""
    if IS_KFP_1:
        from kubernetes.client import V1EnvVar, V1EnvVarSource, V1SecretKeySelector

        selector = V1SecretKeySelector(name=name, key=variable, optional=not required)
        task.container.add_env_variable(V1EnvVar(name=variable, value_from=V1EnvVarSource(secret_key_ref=selector)))
    else:
        from kfp import kubernetes

        kubernetes.use_secret_as_env(task, name, {variable: variable}, optional=not required)


@dsl.pipeline(name="squares", description="Pipeline of make_table, sum_table and write_letter")
def pipeline(
    # How many rows the table has.
    rows: int = 3,
    # What stands between two columns.
    separator: str = ";",
    # Whom the letter is for; nobody in particular unless given.
    reader: str = not_given_text,
    # Level of the log messages: DEBUG, INFO, WARNING, ERROR or CRITICAL
    log_level: str = "INFO",
):
    make_table = make_table_op(
        rows=rows,
        separator=separator,
        log_level=log_level,
    )
    sum_table = sum_table_op(
        table=make_table.outputs["table"],
        title=make_table.outputs["title"],
        separator=separator,
        log_level=log_level,
    )
    write_letter = write_letter_op(
        report=sum_table.outputs["report"],
        total=sum_table.outputs["total"],
        reader=reader,
        log_level=log_level,
    )
    uncached(write_letter)
    secret(write_letter, "write-letter", "signing_token", required=False)


if __name__ == "__main__":
    compiler.Compiler().compile(pipeline, str(FOLDER / "squares.pipeline.yaml"))
