"""Import DAGs of Airflow and build their pods: a folder of DAGs and values in, what becomes of each out, as a line of JSON.

The values are those of runs, by the names of DAGs. Airflow builds the pods as it does for a task, but sends them nowhere.
"""

import contextlib
import json
import sys
import types

with contextlib.redirect_stdout(sys.stderr):
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization
    from kubernetes.client import ApiClient

RUN = 'manual__2026-11-30T04:00:00+00:00'


def pods(dag, values, results):
    """Give the pods of a DAG's operators by their tasks, a list where there is one for each worker."""
    params = {**{name: dag.params[name] for name in dag.params if name not in values and is_set(dag, name)}, **values}
    dag.params.update(values)
    dag.params.validate()
    found = {}
    for name, task in dag.task_dict.items():
        if not task.operator_name.startswith('KubernetesPod'):
            continue
        mapped = mappings(task, params)
        built = [pod(dag, task, params, results, index, given) for index, given in enumerate(mapped or [None])]
        found[name] = built if mapped else built[0]
    return found


def is_set(dag, name):
    """Check whether a run needn't give a value."""
    return dag.params.get_param(name).has_value


def mappings(task, params):
    """Give what each of a mapped task's pods gets of its own."""
    given = getattr(task, 'expand_input', None)
    if given is None:
        return None
    [[name, values]] = given.value.items()
    if not isinstance(values, list):
        values = values.operator.python_callable(params=params)
    return [{name: value} for value in values]


def pod(dag, task, params, results, index, given):
    """Build one pod."""
    task_instance = types.SimpleNamespace(
        task_id=task.task_id,
        map_index=-1 if given is None else index,
        xcom_pull=lambda task_ids, **_: results.get(task_ids),
    )
    context = {'dag': dag, 'run_id': RUN, 'params': params, 'ti': task_instance, 'task_instance': task_instance}
    if given is not None:
        task = task.unmap({**task.partial_kwargs, **given})
    else:
        task = task.prepare_for_execution()
    task._do_render_template_fields(task, task.template_fields, context, dag.get_template_env(), set())
    return ApiClient().sanitize_for_serialization(task.build_pod_request_obj(dry_run=True))


def main(folder, values, results):
    """Judge a folder of DAGs."""
    with contextlib.redirect_stdout(sys.stderr):
        bag = DagBag(dag_folder=folder)
        found = {}
        for name, dag in bag.dags.items():
            DagSerialization.to_dict(dag)
            downstream = {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks}
            asked = {key: dag.params.get_param(key).schema for key in dag.params}
            built = pods(dag, values[name], results) if name in values else None
            found[name] = {'pods': built, 'downstream': downstream, 'params': asked}
    print(json.dumps({'errors': bag.import_errors, 'dags': found}))


main(sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3]))
