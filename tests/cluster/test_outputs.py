"""Outputs of jobs, which `c3 submit --output-dir` fetches from a volume of a real cluster."""

import json
import os
import signal
import subprocess

import pytest
import yaml
from cluster import HOME, PATIENCE, kubeconfig_of, reach
from languages import notebook_of
from support import C3, HOSTILE, environment, refused, succeeded, told, wait_until

SCRIPT = '''\
"""Delivers every kind of output."""
import os
import pathlib
import sys
import time

part = os.environ.get('JOB_COMPLETION_INDEX', '')  # c3: ignore
pause = float(os.getenv('pause', '0'))
code = int(os.getenv('code', '0'))
bad = os.getenv('bad', '')
marks = os.getenv('marks', '')  # c3: input=Directory

os.environ['text'] = TEXT + part
os.environ['table'] = 'a table.bin'  # c3: output=File
pathlib.Path('a table.bin').write_bytes(bytes(range(256)) * 4096)
folder = pathlib.Path('made')
(folder / 'below' / ('long ' * 40)).mkdir(parents=True)
(folder / 'below' / ('long ' * 40) / 'file').write_text('deep')
(folder / 'empty').mkdir()
(folder / 'link').symlink_to('/etc/passwd')
os.environ['folder'] = 'made'  # c3: output=Directory
if code == 3:
    os.environ['never'] = 'x'
time.sleep(pause)
if marks and not (pathlib.Path(marks) / 'tried').exists():
    (pathlib.Path(marks) / 'tried').touch()
    os.environ['text'] = 'of the first attempt'
    sys.exit(1)
sys.exit(code if part == bad or not bad else 0)
'''.replace('TEXT', repr(HOSTILE))


@pytest.fixture(scope='module')
def maker(operator_of):
    """Give the operator."""
    return operator_of('maker', SCRIPT)


@pytest.fixture
def job(maker, tmp_path):
    """Give a function that writes the operator's job and gives its folder."""

    def write(*options):
        return maker.job(tmp_path / 'job', '--overwrite', *options).parent

    return write


def assert_delivered(folder, text=HOSTILE):
    """Insist on all outputs in a folder, and nothing beside them."""
    assert sorted(path.name for path in folder.iterdir()) == ['a table.bin', 'made', 'text']
    assert (folder / 'text').read_bytes().decode() == text
    assert (folder / 'a table.bin').read_bytes() == bytes(range(256)) * 4096
    assert (folder / 'made' / 'below' / ('long ' * 40) / 'file').read_text(encoding='utf-8') == 'deep'
    # A link is delivered as what it led to in the container.
    assert sorted(path.name for path in (folder / 'made').iterdir()) == ['below', 'empty', 'link']
    assert not (folder / 'made' / 'link').is_symlink()


def test_outputs_are_delivered(job, call, namespace, tmp_path):
    folder = job('--volume', 'shared:/some $(where)')
    out = tmp_path / 'out'
    done = succeeded(call('submit', 'maker.py', '-o', out, folder=folder))
    assert_delivered(out)
    assert 'output `never` was never set' in done.stderr
    assert done.stdout == ''
    # Neither the volume nor the cluster keeps what was fetched.
    assert list((namespace.folder / 'c3-outputs').iterdir()) == []
    [made] = namespace.found('jobs')['items']
    wait_until(lambda: len(namespace.found('pods')['items']) == 1, PATIENCE)
    # The job runs as often as its name says, and a second folder gets nothing that isn't there any more.
    name = made['metadata']['name']
    done = succeeded(call('wait', name, '-o', tmp_path / 'again'))
    assert 'output `text` was never set' in done.stderr


def test_each_index_has_its_own_folder(job, call, tmp_path):
    folder = job('--volume', 'shared:/data', '--indexed', '3')
    succeeded(call('submit', 'maker.py', '--follow', '--output-dir', tmp_path / 'out', folder=folder))
    for index in '012':
        assert_delivered(tmp_path / 'out' / index, HOSTILE + index)


def test_failed_index_does_not_withhold_other_outputs(job, call, tmp_path):
    folder = job('--volume', 'shared:/data', '--indexed', '2', '--backoff-limit', '0')
    done = call('submit', 'maker.py', '-o', tmp_path / 'out', '--bad', '1', '--code', '7', folder=folder)
    assert done.returncode == 7, told(done)
    assert_delivered(tmp_path / 'out' / '0', HOSTILE + '0')
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == ['0']
    assert f"nothing is put into `{tmp_path / 'out' / '1'}`" in done.stderr.replace('\n', '')


def test_failed_notebook_delivers_the_executed_cells(operator_of, call, tmp_path):
    cells = ['# c3: notebook-output\nalpha = 1.0', 'print("half way")', 'assert alpha < 2, "too large"']
    report = operator_of('report', notebook_of(*cells), suffix='.ipynb')
    folder = report.job(tmp_path / 'job', '--overwrite', '--volume', 'shared:/data', '--backoff-limit', '0').parent
    done = call('submit', 'report.ipynb', '-o', tmp_path / 'out', '--alpha', '2.0', folder=folder)
    assert done.returncode == 1 and 'only the executed notebook is put into' in done.stderr, told(done)
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == ['report.executed.html', 'report.executed.ipynb']
    executed = (tmp_path / 'out' / 'report.executed.ipynb').read_text(encoding='utf-8')
    assert 'half way' in executed and 'too large' in executed


def test_only_the_successful_attempt_is_delivered(job, call, namespace, tmp_path):
    folder = job('--volume', 'shared:/data')
    succeeded(call('submit', 'maker.py', '-o', tmp_path / 'out', '--marks', '/data', folder=folder))
    assert_delivered(tmp_path / 'out')
    assert list((namespace.folder / 'c3-outputs').iterdir()) == []


def test_failed_job_delivers_nothing(job, call, tmp_path):
    folder = job('--volume', 'shared:/data', '--backoff-limit', '0')
    done = call('submit', 'maker.py', '-o', tmp_path / 'out', '--code', '7', folder=folder)
    assert done.returncode == 7, told(done)
    assert 'nothing is put into' in done.stderr
    assert not (tmp_path / 'out').exists()


def test_interrupted_wait_can_be_resumed(job, call, namespace, tmp_path):
    folder = job('--volume', 'shared:/data')
    command = [C3, 'submit', '--namespace', namespace.name, 'maker.py', '-o', tmp_path / 'out', '--pause', '8']
    process = subprocess.Popen(command, cwd=folder, env=environment(reach()), stderr=subprocess.PIPE)
    wait_until(lambda: namespace.found('pods')['items'], PATIENCE)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    [made] = namespace.found('jobs')['items']
    succeeded(call('wait', '-o', tmp_path / 'out', made['metadata']['name']))
    assert_delivered(tmp_path / 'out')


def test_outputs_without_a_volume_are_rejected(job, call, namespace, tmp_path):
    folder = job()
    done = call('submit', 'maker.py', '-o', tmp_path / 'out', folder=folder)
    refused(done, 1, 'the job has no volume', '--volume CLAIM:PATH')
    folder = job('--volume', 'shared:/data:ro')
    refused(call('submit', 'maker.py', '-o', tmp_path / 'out', folder=folder), 1, 'the job has no volume')
    assert namespace.found('jobs')['items'] == []
    started = succeeded(call('submit', 'maker.py', folder=folder))
    done = call('wait', '-o', tmp_path / 'out', started.stdout.strip())
    refused(done, 1, 'was started without `--output-dir`')
    assert not (tmp_path / 'out').exists()


def test_user_without_read_access_gets_the_location(job, call, namespace, tmp_path):
    jobs = {'apiGroups': ['batch'], 'resources': ['jobs'], 'verbs': ['create', 'get', 'delete', 'list']}
    pods = {'apiGroups': [''], 'resources': ['pods', 'pods/log', 'events'], 'verbs': ['create', 'get', 'delete', 'list']}
    kubeconfig = kubeconfig_of('starter', tmp_path, namespace, [jobs, pods])
    folder = job('--volume', 'shared:/data')
    done = call('submit', 'maker.py', '-o', tmp_path / 'out', folder=folder, kubeconfig=kubeconfig)
    refused(done, 3, 'the cluster denies it', 'pods/exec')
    [made] = namespace.found('jobs')['items']
    # What could not be read is still there.
    succeeded(call('wait', '-o', tmp_path / 'out', made['metadata']['name']))
    assert_delivered(tmp_path / 'out')


def test_a_file_names_its_namespace(job, call, namespace, tmp_path):
    folder = job('--volume', 'shared:/data')
    path = folder / 'maker.job.yaml'
    document = yaml.safe_load(path.read_text(encoding='utf-8'))
    document['metadata']['namespace'] = namespace.name
    path.write_text(json.dumps(document), encoding='utf-8')
    done = subprocess.run(
        [C3, 'submit', 'maker.job.yaml', '-o', tmp_path / 'out'],
        cwd=folder, env=environment(reach(HOME / 'admin.conf')), capture_output=True, text=True, check=False,
    )
    succeeded(done)
    assert_delivered(tmp_path / 'out')
