"""DAGs of Airflow: imported by Airflow, their pods built by its operator, and run in Docker as Kubernetes starts them."""

import json
import shutil

import pytest
import yaml
from operators import SECRET, expand, run_image, seen
from support import HOSTILE, ROOT, SAMPLES, c3, environment, run, succeeded, venv, write
from test_argo import EVERYTHING, SETTINGS
from test_workflows import OPERATORS, SAMPLE, letter

RUN = 'manual__2026-11-30T04:00:00+00:00'
BATCHES = {'gw_batch_file': 'b.txt', 'gw_coordinator_path': 'c'}
VALUES = {
    'everything': {'rows': 9, 'data': '/data/x.csv'},
    'quoting': {},
    'gw-index': {**BATCHES, 'c3_workers': 4},
    'gw-local': {**BATCHES, 'c3_workers': 4},
    'probe': {'text': HOSTILE, 'ratio': 1e-05, 'switch': False},
    'squares': {'rows': 4, 'reader': 'Ada "L." {{ x }} $(rows)'},
    'three': BATCHES,
}
# What the steps of the workflow are to put out, which the test holds against what they do.
RESULTS = {
    'make_table': {'title': 'Squares of 1 to 4, “as they are”: $(rows) ";"'},
    'sum_table': {'total': '30'},
}


def judged(folder):
    """Give what Airflow makes of the DAGs in a folder: errors, and pods of the DAGs with values."""
    env = environment(
        {
            'AIRFLOW_HOME': folder / 'home',
            'AIRFLOW__CORE__LOAD_EXAMPLES': 'False',
            # Else Airflow asks its database, of which there is none.
            'AIRFLOW_CONN_KUBERNETES_DEFAULT': 'kubernetes://',
        }
    )
    given = [json.dumps(VALUES), json.dumps(RESULTS)]
    judge = ROOT / 'tests/engines/airflow_judge.py'
    done = succeeded(run(venv('airflow', 'python'), judge, folder, *given, cwd=folder, env=env))
    return json.loads(done.stdout)


def container(pod):
    """Give the operator's container of a pod."""
    return pod['spec']['containers'][0]


@pytest.fixture(scope='module')
def found(tmp_path_factory, workspace, repository, summaries):
    """Give a folder of DAGs, one of them broken, and what Airflow makes of them: it takes seconds to start."""
    folder = tmp_path_factory.mktemp('airflow')
    options = ['-r', 'registry.example/ns', '--target', 'airflow']
    succeeded(c3('compile', *SAMPLES, *options, '-o', folder, cwd=ROOT))
    write(folder / 'all/everything.py', EVERYTHING)
    write(folder / 'all/c3.toml', SETTINGS)
    options[-1] = 'airflow,kubernetes'
    done = succeeded(c3('compile', 'everything.py', *options, cwd=folder / 'all'))
    assert '`airflow` has no place for the time that a finished job is kept' in done.stderr
    for backend in ('index', 'local'):
        write(folder / backend / f'{backend}.py', 'import os\ndef grid_process(batch_id, **_):\n    print(batch_id)\n')
        write(folder / backend / 'c3.toml', '[job]\nparallelism = 3\n')
        succeeded(c3('create-gridwrapper', f'{backend}.py', '--no-build', '-b', backend, *options, cwd=folder / backend))
    write(folder / 'bad.py', 'from airflow.sdk import DAG\nDAG("bad", no_such_option=1)\n')
    write_probe(folder / 'probe', workspace, repository)
    write_workflow(folder / 'squares', f'{repository}/airflow')
    write_three(folder / 'three', options)
    return {'folder': folder, **judged(folder)}


def write_probe(folder, workspace, repository):
    """Write the DAG of the probe, whose files go to a claim."""
    options = ['--no-build', '-r', repository, '-v', '0.1', '--target', 'airflow', '--volume', 'results:/results']
    succeeded(c3('create-operator', 'probe.py', *options, '-o', folder, cwd=workspace))


def write_workflow(folder, repository):
    """Build the operators of the sample's workflow, and write their DAGs and its own."""
    write(folder / 'c3.toml', '[job]\nvolumes = ["other:/etc/x:ro", "shared/part:/shared"]\n')
    for operator in OPERATORS:
        shutil.copy(SAMPLE / operator, folder)
        done = c3('create-operator', operator, '--target', 'airflow', '-r', repository, '-v', '0.1', cwd=folder)
        assert 'no-crossing' not in succeeded(done).stderr
    done = succeeded(c3('create-workflow', *OPERATORS, '--name', 'squares', '--target', 'airflow', cwd=folder))
    assert done.stderr == ''


def write_three(folder, options):
    """Write a workflow with a grid in the middle, whose steps take nothing of each other."""
    write(folder / 'first.py', 'import os\nn_rows = int(os.getenv("n_rows", 1))\n')
    write(folder / 'middle.py', 'import os\ndef grid_process(batch_id, **_):\n    print(batch_id)\n')
    write(folder / 'last.py', 'import os\nos.environ["said"] = os.getenv("word", "x")\n')
    options = [*options[:-1], 'kubeflow,airflow']
    succeeded(c3('compile', 'first.py', 'last.py', *options, cwd=folder))
    succeeded(c3('create-gridwrapper', 'middle.py', '-b', 'index', '--no-build', *options, cwd=folder))
    words = ['--name', 'three', '--target', 'airflow', '--parallel', '2']
    succeeded(c3('create-workflow', 'first.py', 'gw_middle.yaml', 'last.py', *words, cwd=folder))


@pytest.mark.matrix('airflow', 'accepted')
def test_every_sample_is_a_dag(found):
    [bad] = found['errors']
    names = {path.name for path in SAMPLES}
    own = ['everything', 'gw-index', 'gw-local', 'probe', 'squares', 'three']
    own += ['make-table', 'sum-table', 'write-letter', 'first', 'gw-middle', 'last']
    assert bad.endswith('/bad.py') and len(found['dags']) == len(names) + len(own)
    assert set(own) <= set(found['dags'])


def test_cluster_settings_match_the_job(found):
    folder = found['folder']
    pod = found['dags']['everything']['pods']['everything']
    job = yaml.safe_load((folder / 'all/everything.job.yaml').read_text(encoding='utf-8'))
    wanted = job['spec']['template']['spec']
    [theirs] = wanted['containers']
    ours = container(pod)
    for key in ('image', 'command', 'workingDir', 'resources'):
        assert ours[key] == theirs[key], key
    xcom = {'name': 'xcom', 'mountPath': '/airflow/xcom'}
    assert [mount for mount in ours['volumeMounts'] if mount != xcom] == theirs['volumeMounts']
    assert [volume for volume in pod['spec']['volumes'] if volume['name'] != 'xcom'] == wanted['volumes']
    for key in ('nodeSelector', 'tolerations', 'serviceAccountName', 'priorityClassName', 'imagePullSecrets'):
        assert pod['spec'][key] == wanted[key], key
    # The user of Airflow's sidecar is its own affair.
    security = wanted['securityContext']
    assert security.pop('runAsNonRoot') and pod['spec']['securityContext'] == security
    assert ours['securityContext'] == {**theirs['securityContext'], 'runAsNonRoot': True}
    secrets = [variable for variable in theirs['env'] if 'valueFrom' in variable]
    assert [variable for variable in ours['env'] if 'valueFrom' in variable] == secrets and len(secrets) == 2
    assert {'name': 'HTTPS_PROXY', 'value': 'http://p:$$$$1'} in ours['env']
    assert (pod['spec']['activeDeadlineSeconds'], pod['metadata']['namespace']) == (600, 'work')
    assert not {'api_token', 'login_password'} & set(found['dags']['everything']['params'])
    # The first claim is mounted for reading in one place.
    assert f'--model=/more/everything/{RUN}/everything/model' in ours['args']


def test_values_are_not_rendered_as_templates(found):
    given = container(found['dags']['everything']['pods']['everything'])['args']
    assert {'--rows=9', '--data=/data/x.csv', '--braces={{pod.name}} is told'} <= set(given)
    assert not any(word.startswith(('--title', '--table')) for word in given), 'the script has defaults of its own'
    given = container(found['dags']['quoting']['pods']['quoting'])['args']
    assert '--braces={{ inputs }} {% if %} {# no #}' in given
    assert found['dags']['everything']['params']['rows'] == {'type': 'integer'}


def test_each_worker_of_a_grid_is_a_mapped_task(found):
    for backend in ('index', 'local'):
        dag = found['dags'][f'gw-{backend}']
        pods = dag['pods'][f'gw-{backend}']
        index = [[it['value'] for it in container(pod)['env'] if it['name'] == 'JOB_COMPLETION_INDEX'] for pod in pods]
        assert index == [['0'], ['1'], ['2'], ['3']]
        parts = [word for pod in pods for word in container(pod)['args'] if word.startswith('--gw_part')]
        assert parts == (['--gw_parts=4'] * 4 if backend == 'index' else [])
        assert dag['params']['c3_workers'] == {'type': 'integer', 'minimum': 1}
        assert dag['downstream']['workers'] == [f'gw-{backend}']


def run_pod(pod, folder, changes=None):
    """Run the operator's container of a pod with Docker, with folders for its volumes."""
    ours = container(pod)
    env = {variable['name']: variable['value'].replace('$$', '$') for variable in ours['env'] if 'value' in variable}
    words = [expand(word, env) for word in [*ours['command'], *ours['args']]]
    options = ['--workdir', ours['workingDir'], '--user', '1000650000:0', '--entrypoint', words[0]]
    for mount in ours['volumeMounts']:
        place = folder / mount['name']
        place.mkdir(exist_ok=True)
        place.chmod(0o777)
        options += ['--volume', f'{place}:{mount["mountPath"]}']
    return run_image(ours['image'], *words[1:], options=options, env={**env, **(changes or {})})


def xcom(folder):
    """Read what a pod has put out."""
    return json.loads((folder / 'xcom/return.json').read_text(encoding='utf-8'))


def test_pod_built_by_airflow_runs(found, tmp_path):
    pod = found['dags']['probe']['pods']['probe']
    done = succeeded(run_pod(pod, tmp_path, {'password': 'hunter2'}))
    given = seen(done.stdout)
    assert (given['text'], given['values'], given['password']) == (HOSTILE, [3, 1e-05, False, False, None], 7)
    assert xcom(tmp_path) == {'echo': HOSTILE, 'table': 'a,b\n1,ü\n'}, 'an output that was never set is left out'
    report = tmp_path / 'volume-1/probe' / RUN / 'probe/report'
    assert (report / 'index.html').read_text(encoding='utf-8') == '<p>ü</p>'


# Workflows


@pytest.mark.matrix('airflow', 'accepted', 'three operators')
def test_workflow_pods_run_in_sequence(found, tmp_path):
    """The letter is that of CWL and Kubeflow."""
    dag = found['dags']['squares']
    assert dag['downstream'] == {'make_table': ['sum_table'], 'sum_table': ['write_letter'], 'write_letter': []}
    assert set(dag['params']) == {'rows', 'separator', 'reader', 'log_level'}
    for step, said in RESULTS.items():
        succeeded(run_pod(dag['pods'][step], tmp_path))
        assert xcom(tmp_path) == said
    succeeded(run_pod(dag['pods']['write_letter'], tmp_path, {'signing_token': SECRET}))
    assert xcom(tmp_path) == {'letter': letter(4, VALUES['squares']['reader'], SECRET)}


def test_steps_without_inputs_wait_for_the_previous_step(found):
    """A grid in the middle: what comes behind waits for all of its workers."""
    dag = found['dags']['three']
    assert dag['downstream'] == {'first': ['gw_middle'], 'gw_middle': ['last'], 'last': []}
    workers = dag['pods']['gw_middle']
    assert ['--gw_parts=2' in container(pod)['args'] for pod in workers] == [True, True]
    assert not {'gw_part', 'gw_parts'} & set(dag['params'])


def test_file_outputs_without_a_volume_are_reported(tmp_path):
    for operator in OPERATORS:
        shutil.copy(SAMPLE / operator, tmp_path)
    done = c3('compile', *OPERATORS, '--target', 'airflow', '-r', 'registry.example/ns', cwd=tmp_path)
    assert "the output `table` doesn't cross to `airflow`" in succeeded(done).stderr
    done = succeeded(c3('create-workflow', *OPERATORS, '--name', 'squares', '--target', 'airflow', cwd=tmp_path))
    assert 'output `table` of `make_table` is a file, and no claim holds it for `sum_table`' in done.stderr
