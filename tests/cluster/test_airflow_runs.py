"""DAGs of Airflow, run by Airflow itself, whose pods start on the cluster."""

import json
import sqlite3

import pytest
from cluster import HOME
from operators import SECRET, create
from support import HOSTILE, c3, environment, run, succeeded, told, venv, write
from test_argo_runs import MAKER
from test_grid import SCRIPT, noted, prepare
from test_workflows import OPERATORS, SAMPLE, letter

# What a namespace of the profile *restricted* asks of Airflow's own container.
RESTRICTED = {
    'allowPrivilegeEscalation': False,
    'capabilities': {'drop': ['ALL']},
    'runAsNonRoot': True,
    'seccompProfile': {'type': 'RuntimeDefault'},
}

CLAIM = '[job]\nvolumes = ["shared:/shared"]\n'


class Airflow:
    """A home of Airflow, and the namespace that its pods start in."""

    def __init__(self, home, namespace, sidecar):
        """Name both; `sidecar` is the image of the container that Airflow reads results from."""
        extra = {
            'kube_config_path': str(HOME / 'admin.conf'),
            'namespace': namespace.name,
            'xcom_sidecar_container_image': sidecar,
            'xcom_sidecar_container_security_context': json.dumps(RESTRICTED),
        }
        self.home, self.dags = home, home / namespace.name
        self.dags.mkdir()
        self.env = environment(
            {
                'AIRFLOW_HOME': home,
                'AIRFLOW__CORE__DAGS_FOLDER': self.dags,
                'AIRFLOW__CORE__LOAD_EXAMPLES': 'False',
                'AIRFLOW_CONN_KUBERNETES_DEFAULT': json.dumps({'conn_type': 'kubernetes', 'extra': extra}),
            }
        )

    def put(self, folder):
        """Put the DAGs of a folder where Airflow looks for them."""
        for path in folder.glob('*.airflow.py'):
            write(self.dags / path.name, path.read_text(encoding='utf-8'))

    def run(self, dag, **values):
        """Run a DAG, and give the states and results of its tasks, by name and index, and what was said."""
        words = ['dags', 'test', dag, '--conf', json.dumps(values)]
        done = run(venv('airflow', 'airflow'), *words, cwd=self.dags, env=self.env)
        with sqlite3.connect(self.home / 'airflow.db') as database:
            last = 'run_id = (SELECT run_id FROM dag_run WHERE dag_id = :dag ORDER BY id DESC LIMIT 1) AND dag_id = :dag'
            states = database.execute(f'SELECT task_id, map_index, state FROM task_instance WHERE {last}', {'dag': dag})
            states = {(task, index): state for task, index, state in states}
            query = f"SELECT task_id, map_index, value FROM xcom WHERE {last} AND key = 'return_value'"
            results = {(task, index): json.loads(value) for task, index, value in database.execute(query, {'dag': dag})}
        return states, results, told(done)


@pytest.fixture(scope='module')
def home(tmp_path_factory):
    """Give a home of Airflow with a database."""
    home = tmp_path_factory.mktemp('airflow')
    succeeded(run(venv('airflow', 'airflow'), 'db', 'migrate', cwd=home, env=environment({'AIRFLOW_HOME': home})))
    return home


@pytest.fixture(scope='module')
def maker(tmp_path_factory, repository):
    """Build an operator with every kind of input and output, and give its folder and its image."""
    folder = tmp_path_factory.mktemp('maker')
    write(folder / 'maker.py', MAKER)
    write(folder / 'c3.toml', CLAIM)
    return folder, create(folder, 'maker.py', '-r', f'{repository}/airflow', '-v', '0.1', '--target', 'airflow')


@pytest.fixture
def airflow(namespace, home, maker):
    """Give an Airflow whose pods start in the namespace of the test."""
    return Airflow(home, namespace, maker[1])


@pytest.mark.matrix('airflow', 'equal', 'probe')
def test_values_and_outputs_round_trip(airflow, maker, namespace):
    airflow.put(maker[0])
    namespace.secret('maker', password=SECRET)
    (namespace.folder / 'data').write_bytes(b'given\n')
    values = {'data': '/shared/data', 'text': HOSTILE, 'count': 7, 'ratio': 1e-3, 'flag': True}
    states, results, said = airflow.run('maker', **values)
    assert states == {('maker', -1): 'success'}, said
    assert results[('maker', -1)]['seen'] == repr((HOSTILE, '\x1b[1m', 7, 0.001, True, None, len(SECRET)))
    assert results[('maker', -1)]['lines'] == 'a\n\n' and 'never' not in results[('maker', -1)]
    [copy] = namespace.folder.glob('maker/*/maker/copy')
    assert copy.read_bytes() == b'given\n' + bytes(range(256))
    [deep] = namespace.folder.glob('maker/*/maker/folder/**/file')
    assert deep.read_text() == 'deep'
    assert SECRET not in said


def test_failing_script_fails_its_task(airflow, maker, namespace):
    airflow.put(maker[0])
    (namespace.folder / 'data').write_bytes(b'')
    states, _, said = airflow.run('maker', data='/shared/data', code=7)
    assert states == {('maker', -1): 'failed'}, said


@pytest.mark.matrix('airflow', 'equal', 'three operators')
def test_a_workflow_of_three_operators(airflow, namespace, tmp_path, repository):
    write(tmp_path / 'c3.toml', CLAIM)
    for operator in OPERATORS:
        write(tmp_path / operator, (SAMPLE / operator).read_text(encoding='utf-8'))
        create(tmp_path, operator, '-r', f'{repository}/airflow', '-v', '0.1', '--target', 'airflow')
    succeeded(c3('create-workflow', *OPERATORS, '--name', 'squares', '--target', 'airflow', cwd=tmp_path))
    airflow.put(tmp_path)
    namespace.secret('write-letter', signing_token=SECRET)
    states, results, said = airflow.run('squares', rows=4, reader='Ada L.')
    assert states == {(name, -1): 'success' for name in ('make_table', 'sum_table', 'write_letter')}, said
    assert results[('write_letter', -1)]['letter'] == letter(4, 'Ada L.', SECRET)


def test_grid_processes_each_batch_once(airflow, namespace, tmp_path, repository):
    names = prepare(namespace, 30)
    write(tmp_path / 'slow.py', SCRIPT)
    write(tmp_path / 'c3.toml', CLAIM + 'parallelism = 3\n')
    options = ['-b', 'local', '-r', f'{repository}/airflow', '-v', '0.1', '--target', 'airflow']
    succeeded(c3('create-gridwrapper', 'slow.py', *options, cwd=tmp_path))
    airflow.put(tmp_path)
    places = {'gw_batch_file': '/shared/batches.txt', 'gw_coordinator_path': '/shared/marks'}
    states, _, said = airflow.run('gw-slow', **places)
    workers = {key: state for key, state in states.items() if key[1] >= 0}
    assert len(workers) == 3 and set(states.values()) == {'success'}, said
    assert noted(namespace, 'twice') == []
    assert sorted(noted(namespace, 'end')) == names
