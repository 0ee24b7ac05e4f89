"""Images of the platforms: built on stand-ins for their bases, and run as the platforms run them."""

import json
import os
import sys
import tarfile
import zipfile

import pytest
from images import docker, image_config
from operators import run_image
from platforms import CONDA, ONEDATA, SUBMARINE, TAKEN, TECHILA, WGET, build
from support import BASE, R_BASE, ROOT, c3, environment, inspect, refused, run, snapshot, succeeded, venv, wait_until, write

STUDIES = '''\
"""Counts the studies of a dataset."""
# pip install six

import json
import logging
import os
import tempfile

import six

# Folder of the dataset.
dataset_path = os.environ['dataset_path']
label = os.getenv('label', 'none')

with open(os.path.join(dataset_path, 'index.json'), encoding='utf-8') as file:
    studies = json.load(file)
with tempfile.NamedTemporaryFile(dir='/tmp'):
    pass
try:
    open(os.path.join(dataset_path, 'x'), 'w')
except OSError:
    print('READ ONLY')
print('FOUND', json.dumps([len(studies), label, os.getuid(), os.getgid(), os.path.expanduser('~')]))
# How many there are.
os.environ['studies'] = str(len(studies))
'''
R_STUDIES = '''\
# Counts.
# Folder of the dataset.
dataset_path <- Sys.getenv("dataset_path")
cat("FOUND", length(list.files(dataset_path)), system("id -un", intern = TRUE), "\\n")
'''
# The guide's own Miniconda has a Python that is too old for some samples.
NEWER = 'onedata.miniconda=py312_24.1.2-0'
HOME = '/home/chaimeleon'
DATASET = f'{HOME}/datasets/abc'


@pytest.fixture(scope='session')
def sources(session_folder):
    """Give a folder with the sources and a dataset that anybody may read."""
    folder = session_folder / 'platforms'
    for name, text in {'studies.py': STUDIES, 'studies_r.R': R_STUDIES}.items():
        write(folder / name, text)
    write(folder / 'datasets/abc/index.json', json.dumps([{'path': 's1', 'series': []}, {'path': 's2', 'series': []}]))
    session_folder.chmod(0o755)
    return folder


def create(sources, source, target, *options, command='create-operator'):
    """Build the image of a target and give its name."""
    options = [*options, '--target', target, '-v', '0.1', '--overwrite', '--format', 'json']
    return json.loads(succeeded(c3(command, source, *options, cwd=sources, timeout=900)).stdout)['image']


@pytest.fixture(scope='session')
def removed():
    """Give a list of images that are removed in the end."""
    images = []
    yield images
    run('docker', 'rmi', '--force', *[name for image in images for name in (image, image.split(':')[0] + ':latest')])


def found(done):
    """Give what the script has told of itself."""
    [line] = [line for line in succeeded(done).stdout.splitlines() if line.startswith('FOUND ')]
    return json.loads(line.removeprefix('FOUND '))


# CHAIMELEON


@pytest.fixture(scope='session')
def batch(sources, removed):
    """Build a batch application on a base that has a user of the number 1000."""
    base = build('c3-test/taken:1', TAKEN)
    image = create(sources, 'studies.py', 'chaimeleon', '--base-image', base)
    removed += [image, base]
    return image


def run_batch(sources, image, *arguments, options=(), **more):
    """Run a job as the platform does: no network, its own user, the dataset read-only."""
    mount = ['--volume', f'{sources}/datasets:{HOME}/datasets:ro']
    return run_image(image, *arguments, options=['--network', 'none', '--user', '1000:1000', *mount, *options], **more)


@pytest.mark.parametrize(
    ('arguments', 'env', 'label'),
    [
        (['--dataset_path', DATASET, '--label', 'a b'], {}, 'a b'),
        (['--', f'dataset_path={DATASET}', 'label=c'], {}, 'c'),
        ([], {'dataset_path': DATASET, 'label': 'd'}, 'd'),
    ],
)
def test_a_batch_application_takes_arguments_and_variables(sources, batch, arguments, env, label):
    done = run_batch(sources, batch, *arguments, env=env)
    assert found(done) == [2, label, 1000, 1000, HOME]
    assert 'READ ONLY' in done.stdout


def test_results_outlive_the_batch_application(sources, batch, tmp_path):
    tmp_path.chmod(0o777)
    volume = ['--volume', f'{tmp_path}:{HOME}/persistent-home']
    arguments = ['--dataset_path', DATASET, '--studies', f'{HOME}/persistent-home/results/']
    found(run_batch(sources, batch, *arguments, options=volume))
    assert (tmp_path / 'results/studies').read_text() == '2'


def test_batch_application_follows_the_guide(batch):
    config = image_config(batch)['Config']
    assert (config['User'], config['WorkingDir']) == ('chaimeleon:chaimeleon', HOME)
    assert config['Entrypoint'] == ['python', f'{HOME}/claimed_studies.py']
    assert (config['Labels']['name'], config['Labels']['version']) == ('studies', '0.1')
    assert 'authorization' not in config['Labels']
    told = 'id -Gn; stat -c "%U %n" datasets persistent-home persistent-shared-folder; ls -A /var/cache/apt/*.bin ~/.cache'
    done = run_image(batch, '-c', told, options=['--entrypoint', 'sh'])
    folders = [f'chaimeleon {name}' for name in ('datasets', 'persistent-home', 'persistent-shared-folder')]
    assert done.stdout.splitlines() == ['chaimeleon', *folders]
    assert inspect(batch)['name'] == 'studies'


def test_r_runs_as_a_batch_application(sources, removed):
    image = create(sources, 'studies_r.R', 'chaimeleon', '--base-image', R_BASE)
    removed.append(image)
    done = succeeded(run_batch(sources, image, '--', f'dataset_path={DATASET}'))
    assert 'FOUND 1 chaimeleon' in done.stdout


def test_jobman_commands_are_shown(sources, tmp_path):
    done = succeeded(c3('create-operator', 'studies.py', '--no-build', '--target', 'chaimeleon', '-o', tmp_path, cwd=sources))
    values = 'dataset_path=~/datasets/DATASET_ID/ studies=~/persistent-home/results/'
    assert f'jobman submit -i studies:0.1 -- -- {values}\n' in done.stderr
    arguments = '--dataset_path ~/datasets/DATASET_ID/ --studies ~/persistent-home/results/'
    assert f'jobman submit -i studies:0.1 -- {arguments}\n' in done.stderr
    assert sorted(snapshot(tmp_path)) == ['studies.chaimeleon.Dockerfile']


def submitted(line):
    """Give the options and the container's arguments of a command as jobman takes them from a shell: `--` divides them."""
    script = 'jobman() { printf "%s\\0" "$@"; }; ' + line
    done = succeeded(run('bash', '-c', script, env=environment({'HOME': HOME})))
    words = done.stdout.split('\0')[:-1]
    assert words.pop(0) == 'submit'
    at = words.index('--')
    return dict(zip(words[:at:2], words[1:at:2], strict=True)), words[at + 1 :]


def test_shown_jobman_commands_start_the_application(sources, batch, tmp_path):
    tmp_path.chmod(0o777)
    volume = ['--volume', f'{tmp_path}:{HOME}/persistent-home']
    dockerfile = (sources / 'studies.chaimeleon.Dockerfile').read_text()
    lines = [line.lstrip('# ') for line in dockerfile.splitlines() if line.startswith('#   jobman submit')]
    for line in lines:
        options, arguments = submitted(line.replace('DATASET_ID', 'abc'))
        assert options == {'-i': 'studies:0.1'}
        found(run_batch(sources, batch, *arguments, options=volume))
        (tmp_path / 'results/studies').rename(tmp_path / f'done-{len(arguments)}')
    assert len(lines) == 2 and len(list(tmp_path.glob('done-*'))) == 2


# ONE DATA

WHEEL = 'example_pkg-0.0.1-py3-none-any.whl'


def write_wheel(path):
    """Write a wheel of a package that no index has."""
    about = 'example_pkg-0.0.1.dist-info'
    with zipfile.ZipFile(path, 'w') as wheel:
        wheel.writestr('example_pkg/__init__.py', '')
        wheel.writestr(f'{about}/METADATA', 'Metadata-Version: 2.1\nName: example-pkg\nVersion: 0.0.1\n')
        wheel.writestr(f'{about}/WHEEL', 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n')
        wheel.writestr(f'{about}/RECORD', '')


@pytest.fixture(scope='session')
def environment_tar(sources, removed, session_folder):
    """Build an environment on a base from an archive, which the engine doesn't have yet, and save it."""
    base = build('c3-test/onedata:1.2.8', ONEDATA, WGET)
    docker('save', '--output', session_folder / 'base.tar', base)
    docker('rmi', '--force', base)
    write(sources / 'numbers.txt', '1 2 3')
    write_wheel(sources / WHEEL)
    archive = session_folder / 'environment.tar'
    options = ['--target', 'onedata', '-v', '0.1', '--base-image-tar', session_folder / 'base.tar', '--archive', archive]
    sources_and_files = ['studies.py', 'numbers.txt', WHEEL]
    done = succeeded(c3('create-operator', *sources_and_files, *options, cwd=sources, timeout=900))
    removed += [base, 'claimed-studies-onedata:0.1']
    return archive, done


def test_an_environment_is_saved_as_one_tar_with_one_name(environment_tar):
    with tarfile.open(environment_tar[0]) as archive:
        [manifest] = json.load(archive.extractfile('manifest.json'))
    assert manifest['RepoTags'] == ['claimed-studies-onedata:0.1']


def test_the_packages_of_an_environment_are_listed(environment_tar):
    listed = environment_tar[1].stderr.splitlines()
    assert {'flask==1.1.2', 'waitress==1.4.4', 'requests==2.22.0', 'example-pkg==0.0.1'} <= set(listed)


def test_functions_find_files_and_packages(environment_tar):
    handle = 'import flask, waitress, requests, example_pkg; print(open("/home/app/numbers.txt").read(), example_pkg.__file__)'
    done = run_image('claimed-studies-onedata:0.1', 'python', '-c', handle, options=['--user', 'app', '--network', 'none'])
    assert succeeded(done).stdout .startswith('1 2 3 /opt/conda/lib/python3')


# What the platform does: a Function behind Flask and waitress, which gets the text of each request.
SERVE = """\
import importlib.util, json, sys, threading, urllib.error, urllib.request
from flask import Flask, request
from waitress import create_server
spec = importlib.util.spec_from_file_location('handler', '/function/studies.onedata.py')
spec.loader.exec_module(handler := importlib.util.module_from_spec(spec))
app = Flask(__name__)
app.route('/', methods=['POST'])(lambda: handler.handle(request.get_data(as_text=True)))
server = create_server(app, host='127.0.0.1', port=5000)
threading.Thread(target=server.run, daemon=True).start()
for body in sys.argv[1:]:
    try:
        answer = urllib.request.urlopen('http://127.0.0.1:5000/', body.encode())
    except urllib.error.HTTPError as error:
        answer = error
    print(json.dumps([answer.status, json.loads(answer.read())]))
"""


def test_a_function_runs_the_operator(environment_tar, sources):
    mounts = [f'--volume={sources}/datasets:/datasets:ro', f'--volume={sources}/studies.onedata.py:/function/studies.onedata.py']
    bodies = [{'dataset_path': '/datasets/abc', 'label': 'ä b', 'log_level': None}, {}, {'no_such': 1}, [1], {'dataset_path': '/no'}]
    texts = [*map(json.dumps, bodies), 'x']
    options = ['--user', 'app', '--network', 'none', *mounts]
    done = succeeded(run_image('claimed-studies-onedata:0.1', 'python', '-c', SERVE, *texts, options=options))
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('[')]
    assert answers[0] == [200, {'studies': '2'}] and r'FOUND [2, "\u00e4 b"' in done.stdout
    assert [status for status, _ in answers] == [200, 400, 400, 400, 500, 400]
    assert all('error' in answer for _, answer in answers[1:])


def test_environment_with_failing_imports_is_rejected(environment_tar, sources, session_folder):
    write(sources / 'broken.py', '"""Imports what is missing."""\nimport no_such_module\n')
    options = ['--target', 'onedata', '--base-image-tar', session_folder / 'base.tar']
    done = refused(c3('create-operator', 'broken.py', *options, cwd=sources, timeout=600), 1, 'no_such_module')
    assert 'the check of the image' in done.stderr
    assert not (sources / 'broken.onedata.Dockerfile').exists()
    assert docker('images', '--quiet', 'claimed-broken-onedata') == '', 'it has no name'


# Submarine


@pytest.fixture(scope='session')
def kernel(sources, removed):
    """Build the image of an environment with Jupyter."""
    base = build('c3-test/submarine:1', SUBMARINE, CONDA)
    image = create(sources, 'studies.py', 'submarine', '--base-image', base, '--set', 'submarine.kernel=team')
    removed += [image, base]
    return image


def in_kernel(sources, image, *arguments, **more):
    """Run an image as Submarine's server does."""
    mount = ['--volume', f'{sources}/datasets:/datasets:ro', '--network', 'none']
    return run_image(image, *arguments, options=mount, **more)


def test_the_kernel_is_active_before_anything_else(sources, kernel):
    tell = 'import os, sys; print(os.environ["CONDA_DEFAULT_ENV"], sys.prefix, sys.argv[1:])'
    done = succeeded(in_kernel(sources, kernel, '--kernel', 'team', '--', 'python', '-c', tell, '--batch_size', '5'))
    assert done.stdout == "team /opt/conda/envs/team ['--batch_size', '5']\n"
    created = succeeded(run_image(kernel, 'cat', '/opt/conda/envs/team/created', options=['--entrypoint', ''])).stdout
    assert created.split() == ['create', '-y', '-n', 'team', '-c', 'defaults', 'python=3.12']


def test_an_experiment_runs_the_operator(sources, kernel, tmp_path):
    text = (sources / 'studies.submarine.experiment.yaml').read_text()
    [command] = [line.split('"')[1] for line in text.splitlines() if line.strip().startswith('cmd:')]
    assert f'image: "{kernel}"' in text
    words = command.split(' ')  # as the server splits it
    env = {'dataset_path': '/datasets/abc', 'label': 'a b'}
    tmp_path.chmod(0o777)
    # The server mounts a volume of its own at `/logs`, in every experiment.
    mounts = ['--volume', f'{sources}/datasets:/datasets:ro', '--volume', f'{tmp_path}:/logs', '--entrypoint', words[0]]
    assert found(run_image(kernel, *words[1:], options=mounts, env=env))[:2] == [2, 'a b']
    assert (tmp_path / 'results/studies').read_text() == '2'


RESOURCES = {
    '': 'cpu=1,memory=1024M',
    'requests = { cpu = 2, memory = "4Gi" }': 'cpu=2,memory=4096M',
    'limits = { cpu = 4, memory = "8Gi", "nvidia.com/gpu" = 1 }\nrequests = { cpu = 2 }': 'cpu=4,memory=8192M,nvidia.com/gpu=1',
    'gpu = 2\nlimits = { memory = "1500M", ephemeral-storage = "1Gi" }': 'cpu=1,memory=1431M,nvidia.com/gpu=2',
    'limits = { cpu = "500m" }': 'cpu=500m,memory=1024M',
}


@pytest.mark.parametrize('settings', RESOURCES)
def test_experiment_resources_match_the_job(tmp_path, settings):
    write(tmp_path / 'c3.toml', f'[job]\n{settings}\n')
    write(tmp_path / 'fit.py', '"""Fits."""\n# pip install xgboost\nimport os\nsecret = os.environ["db_password"]\n')
    succeeded(c3('create-operator', '--no-build', '--target', 'submarine', 'fit.py', cwd=tmp_path))
    read = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))'
    done = succeeded(run(venv('tools', 'python'), '-c', read, tmp_path / 'fit.submarine.experiment.yaml'))
    experiment = json.loads(done.stdout)
    assert experiment['spec'] == {'Master': {'replicas': 1, 'resources': RESOURCES[settings]}}
    assert experiment['meta']['framework'] == 'XGBoost'
    assert 'db_password' not in experiment['meta']['envVars']


# What a source may say that a server takes for something else.
HARD = """\
\"\"\"Is hard.\"\"\"
# pip install "numpy>=2" "six; sys_platform == 'linux'" torch --extra-index-url https://example.org/a?b=c&d
# conda install -c https://example.org/channel "gdal>=3,<4"
import os
text = os.getenv("text", "a $(HOME) $$ 'b' \\"c\\"")
blank = os.environ["a b"]
os.environ["result"] = text
"""


def test_server_accepts_every_specification(tmp_path):
    write(tmp_path / 'hard.py', HARD)
    write(tmp_path / 'c3.toml', '[job]\nlimits = { cpu = "1500m", memory = "3Gi" }\ngpu = 1\nenvironment = { A = "$(B)" }\n')
    samples = sorted(ROOT.glob('samples/*.py'))
    options = ['--target', 'submarine', '-v', '0.1', '-r', 'registry.example/ns', '-o', tmp_path]
    succeeded(c3('compile', *samples, 'hard.py', *options, cwd=tmp_path))
    done = succeeded(run(venv('tools', 'python'), ROOT / 'tests/engines/submarine_rules.py', tmp_path))
    broken = dict(map(json.loads, done.stdout.splitlines()))
    assert len(broken) == 2 * (len(samples) + 1)
    assert {file: rules for file, rules in broken.items() if rules} == {}


SESSIONS = {
    'as the server starts it': ([], '/notebook/ns/nb', '/home/jovyan/workspace'),
    'as the guide does': (['--kernel', 'team', '--', 'jupyter'], '', '/opt/app-root/src'),
}


@pytest.mark.parametrize('session', SESSIONS)
def test_a_notebook_session_starts_jupyter(kernel, session):
    arguments, prefix, folder = SESSIONS[session]
    name = 'c3-test-jupyter'
    variables = ['-e', f'NB_PREFIX={prefix}', '-e', 'INSTALL_ENVIRONMENT_COMMAND=echo "$0" > /tmp/installed']
    docker('run', '--rm', '--detach', '--name', name, '--network', 'none', *variables, kernel, *arguments)
    ask = 'import sys, urllib.request as r; print(r.urlopen("http://127.0.0.1:8888" + sys.argv[1]).read().decode())'

    def asked(path):
        return run('docker', 'exec', name, 'python', '-c', ask, prefix + path)

    try:
        wait_until(lambda: asked('/api').returncode == 0)
        assert (asked('/api/contents').returncode == 0) == bool(prefix), 'a login only where no server has asked for one'
        docker('exec', name, 'ls', '/tmp/installed')
        assert docker('exec', name, 'readlink', '/proc/1/cwd').strip() == folder
    finally:
        run('docker', 'rm', '--force', name)


def test_image_without_jupyter_refuses_sessions(kernel):
    options = ['-e', 'PATH=/usr/bin:/bin', '-e', 'NB_PREFIX=/nb', '--entrypoint', '/submarine-bootstrap.sh']
    done = run_image(kernel, options=options)
    assert done.returncode == 2 and '--set submarine.jupyter=true' in done.stderr


def test_both_forms_of_the_environment_are_equivalent(sources, kernel):
    read = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))'
    done = succeeded(run(venv('tools', 'python'), '-c', read, sources / 'studies.submarine.yaml'))
    specification = json.loads((sources / 'studies.submarine.json').read_text())
    assert json.loads(done.stdout) == specification
    assert specification == {
        'name': 'studies',
        'dockerImage': kernel,
        'kernelSpec': {
            'name': 'team',
            'channels': ['defaults'],
            'condaDependencies': ['python=3.12'],
            'pipDependencies': ['six'],
        },
        'description': 'Counts the studies of a dataset.',
    }


# Techila


def launch(sources, folder, source, *arguments, files=(), **options):
    """Build the image, export a container of it, and start jobs by the launcher."""
    python = [*files, '--set', 'techila.python=/opt/app-root/bin/python3', '--base-image', BASE]
    image = create(sources, source, 'techila', '-o', folder, '--archive', folder / 'container.tar', *python, **options)
    write(folder / 'techila.py', TECHILA)
    stem = image.removeprefix('claimed-').removesuffix('-techila:0.1').replace('-', '_')
    env = environment({'BUNDLES': folder / 'bundles'})
    command = [sys.executable, f'{stem}.techila.py', *arguments]
    return image, lambda: succeeded(run(*command, cwd=folder, env=env, timeout=300))


def test_an_operator_runs_in_the_exported_container(sources, removed, tmp_path):
    write(sources / 'shout.py', SHOUT)
    write(tmp_path / 'in/table.csv', 'a\nb\n')
    write(tmp_path / 'more/table.csv', 'c\n')
    arguments = ['text=a b', 'table=in/table.csv', 'folder=more', '--output-dir', 'out']
    image, start = launch(sources, tmp_path, 'shout.py', *arguments)
    removed.append(image)
    assert start().stdout == 'out/shout\n'
    assert (tmp_path / 'out/shout').read_text() == 'A B table.csv 2 more/table.csv'
    assert start().stderr.count('the bundle exists') == 1, 'the same container is not sent again'
    exported = (tmp_path / 'container.tar').read_bytes()
    launch(sources, tmp_path, 'shout.py', *arguments)
    assert (tmp_path / 'container.tar').read_bytes() == exported, 'nor one that was made again of the same'
    write(sources / 'shout.py', SHOUT.replace('{lines}', '{lines}!'))
    _, start = launch(sources, tmp_path, 'shout.py', *arguments)
    assert start().stderr.count('the bundle exists') == 1, 'nor is one for an edit, which goes beside it'
    assert (tmp_path / 'out/shout').read_text() == 'A B table.csv 2! more/table.csv'
    assert (tmp_path / 'shout.techila.zip').stat().st_size < 100_000


SHOUT = """\
\"\"\"Shouts.\"\"\"
import os
text = os.getenv("text", "x")
table = os.getenv("table")  # c3: input=File
lines = len(open(table).readlines()) if table else 0
folder = os.getenv("folder", ".")  # c3: input=Directory
inside = [os.path.join(os.path.basename(folder), name) for name in os.listdir(folder)]
os.environ["shout"] = f"{text.upper()} {os.path.basename(table)} {lines} {' '.join(inside)}"
"""


SAID = {
    '--help': 'NAME=VALUE',
    'text=1': 'error: no Techila SDK here',
    'text=1 table=missing.csv': 'no file `missing.csv`',
    'table=x/shout.techila.zip': 'error: two files to be sent are called `shout.techila.zip`',
}


@pytest.mark.parametrize('arguments', SAID)
def test_a_launcher_needs_the_sdk_for_jobs_only(tmp_path, arguments):
    for file in ('container.tar', 'x/shout.techila.zip'):
        write(tmp_path / file, '')
    write(tmp_path / 'shout.py', SHOUT)
    succeeded(c3('create-operator', '--no-build', '--target', 'techila', 'shout.py', cwd=tmp_path))
    done = run(sys.executable, 'shout.techila.py', *arguments.split(), cwd=tmp_path)
    assert SAID[arguments] in done.stdout + done.stderr and 'Traceback' not in done.stderr


# Leaves a file in a folder of the image, one where a value says, and one that each batch calls the same.
LEAVING = """\
\"\"\"Leaves files.\"\"\"
import os
import gadget
offset = int(os.getenv("offset", "0"))
names = os.getenv("names")  # c3: input=File
target_path = os.getenv("target_path", "out")
def grid_process(batch, offset, names, target_path):
    for folder in ("near", target_path):
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, batch + ".txt"), "w") as file:
            file.write(open(names).read() + str(int(batch) + offset))
    with open("same.txt", "w") as file:
        file.write(batch)
    return int(batch) + offset + gadget.NOTHING
"""


def test_each_grid_batch_is_a_job_that_returns_its_files(sources, removed, tmp_path):
    write(sources / 'leaving.py', LEAVING)
    write(tmp_path / 'batches.txt', '1, 2\n')
    write(tmp_path / 'names.txt', 'n')
    with zipfile.ZipFile(sources / 'gadget-1-py3-none-any.whl', 'w') as wheel:
        wheel.writestr('gadget.py', 'NOTHING = 0')
    values = ['offset=1', 'names=names.txt', 'target_path=/data/results']
    arguments = ['--batch-file', 'batches.txt', '--output-dir', 'back', *values]
    options = {'command': 'create-gridwrapper', 'files': ['gadget-1-py3-none-any.whl']}
    image, start = launch(sources, tmp_path, 'leaving.py', *arguments, **options)
    removed.append(image)
    said = start().stdout.splitlines()
    assert [line for line in said if not line.startswith('back/')] == ['1 2', '2 3']
    back = {str(path.relative_to(tmp_path / 'back')): path.read_text() for path in (tmp_path / 'back').rglob('*.txt')}
    near, told = {'near/1.txt': 'n2', 'near/2.txt': 'n3'}, {'data/results/1.txt': 'n2', 'data/results/2.txt': 'n3'}
    assert back == {**near, **told, 'same.txt': '1', '2/same.txt': '2'}


# All of them


def test_target_specific_image_does_not_affect_other_targets(sources, tmp_path):
    both = tmp_path / 'both'
    options = ['--no-build', '-v', '0.1', '-o']
    succeeded(c3('create-operator', 'studies.py', *options, tmp_path / 'alone', cwd=sources))
    targets = 'kubeflow,kubernetes,cwl,chaimeleon,onedata,submarine,techila'
    succeeded(c3('create-operator', 'studies.py', *options, both, '--target', targets, cwd=sources))
    alone = snapshot(tmp_path / 'alone')
    assert {name: text for name, text in snapshot(both).items() if name in alone} == alone
    succeeded(c3('create-operator', 'studies.py', *options, tmp_path / 'one', '--target', 'onedata', cwd=sources))
    assert sorted(snapshot(tmp_path / 'one')) == ['studies.onedata.Dockerfile', 'studies.onedata.py']


@pytest.mark.parametrize('target', ['chaimeleon', 'onedata', 'submarine', 'techila'])
def test_hadolint_accepts_the_dockerfile(sources, tmp_path, target):
    samples = sorted(ROOT.glob('samples/*.py'))
    options = ['--target', target, '-v', '0.1', '-o', tmp_path, '-r', 'registry.example/ns', '--set', NEWER]
    succeeded(c3('compile', *samples, *options, cwd=ROOT))
    done = run(venv('tools', 'hadolint'), '-f', 'json', *sorted(tmp_path.glob('*Dockerfile')))
    unpinned = {'DL3008', 'DL3013', 'DL3041'}
    # The text of ONE DATA's guide, which isn't to be changed: no `--no-cache-dir`, `ENV a b`, `cd`-less wget.
    guides = {'DL3042', 'DL3047', 'SC1091'} if target == 'onedata' else set()
    findings = [finding for finding in json.loads(done.stdout) if finding['level'] in ('error', 'warning')]
    assert [finding for finding in findings if finding['code'] not in unpinned | guides] == []


def test_target_choices_are_validated(sources):
    for choice in ('chaimeleon.gpu=big', 'chaimeleon.none=1', 'onedata.miniconda=a b', 'x'):
        refused(c3('create-operator', 'studies.py', '--no-build', '--set', choice, cwd=sources), 2, '--set')
    refused(c3('create-operator', 'studies_r.R', '--no-build', '--target', 'techila', cwd=sources), 1, 'techila')


def test_an_archive_holds_one_image(sources, tmp_path):
    options = ['--target', 'cwl,chaimeleon', '--archive', tmp_path / 'x.tar']
    refused(c3('create-operator', 'studies.py', *options, cwd=sources), 2, 'one image')
    assert not os.path.exists(tmp_path / 'x.tar')
