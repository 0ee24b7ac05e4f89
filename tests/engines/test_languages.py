"""Notebooks and R scripts are built, pushed, pulled and run as Python scripts are."""


import pytest
from images import image_config, remove_image
from languages import DEFAULTS, GIVEN, SOURCES, TABLE, seen
from operators import READ_ONLY, RESTRICTED, create, run_image, run_job
from runners import collected, run_components, run_step
from support import c3, host_address, inspect, succeeded, write

NAMES = list(SOURCES)


@pytest.fixture(scope='session')
def operators(session_folder, repository):
    """Build and push every operator, then remove its image: whatever runs it has to pull."""
    folder = session_folder / 'languages'
    for name, text in SOURCES.items():
        write(folder / name, text)
    images = {name: create(folder, name, '-r', repository, '-v', '0.1') for name in SOURCES}
    for image in images.values():
        remove_image(image)
    return folder, images


@pytest.fixture(scope='session')
def images(operators):
    """Give the image of each operator."""
    return operators[1]


def stem(name):
    """Give the name of a source without its ending."""
    return name.partition('.')[0]


@pytest.mark.parametrize('name', NAMES)
def test_docker_runs_it(images, name):
    arguments = [f'{key}={value}' for key, value in GIVEN.items()]
    done = succeeded(run_image(images[name], *arguments))
    assert seen(done.stdout) == GIVEN


@pytest.mark.parametrize('name', NAMES)
def test_docker_runs_it_under_any_user_with_a_read_only_root(images, name):
    options = [*READ_ONLY, *RESTRICTED, '--user', '1000650000:0']
    done = succeeded(run_image(images[name], options=options, env={'count': '7'}))
    assert seen(done.stdout) == {**DEFAULTS, 'count': 7}


@pytest.mark.parametrize('name', NAMES)
def test_image_does_not_run_as_root(images, name):
    assert image_config(images[name])['Config']['User'] == '1001:0'


@pytest.mark.parametrize('name', NAMES)
def test_image_can_run_a_shell(images, name):
    assert run_image(images[name], 'sh', '-c', 'echo "$1"', 'sh', 'a  b').stdout == 'a  b\n'


@pytest.mark.parametrize('name', NAMES)
def test_the_job_runs_it(operators, name):
    done = succeeded(run_job(operators[0] / f'{stem(name)}.job.yaml', {'steps': '5'}))
    assert seen(done.stdout) == {**DEFAULTS, 'steps': 5}


@pytest.fixture(scope='session')
def kubeflow(operators, session_folder):
    """Run every component in kfp's local runner, with nothing and with everything given."""
    runs = {
        (name, given): [{'component': str(operators[0] / f'{stem(name)}.yaml'), 'arguments': GIVEN if given else {}}]
        for name in NAMES
        for given in (False, True)
    }
    return run_components(runs, session_folder / 'kubeflow-languages')


@pytest.mark.matrix('kubeflow', 'equal')
@pytest.mark.parametrize('given', [False, True], ids=['defaults', 'everything'])
@pytest.mark.parametrize('name', NAMES)
def test_kubeflow_runs_it(kubeflow, name, given):
    result, expected = kubeflow[name, given], GIVEN if given else DEFAULTS
    assert 'error' not in result, result
    assert seen(result['log']) == expected
    assert result['outputs'] == {'echo': expected['text'], 'table': TABLE}


@pytest.mark.matrix('cwl', 'equal')
@pytest.mark.parametrize('given', [False, True], ids=['defaults', 'everything'])
@pytest.mark.parametrize('name', NAMES)
def test_cwltool_runs_it(operators, session_folder, name, given):
    expected = GIVEN if given else DEFAULTS
    done = succeeded(run_step(operators[0] / f'{stem(name)}.cwl', GIVEN if given else {}, session_folder))
    assert seen(done.stderr) == expected
    assert collected(done) == {'echo': expected['text'], 'table': TABLE}


@pytest.mark.parametrize('name', NAMES)
def test_image_carries_its_component(operators, name):
    folder, images = operators
    component, label = inspect(name, cwd=folder), inspect(images[name])
    assert component['source'] == name
    assert {**component, 'diagnostics': []} == label


def test_ipython_is_installed_only_if_needed(images):
    ask = ['python', '-c', 'import IPython']
    assert run_image(images['magics.ipynb'], *ask).returncode == 0
    assert 'No module named' in run_image(images['plain.ipynb'], *ask).stderr


def test_notebook_becomes_a_plain_python_script(operators, images):
    done = succeeded(run_image(images['plain.ipynb'], 'sh', '-c', 'cat plain.py; ls'))
    assert '# %% cell 2\n\nimport json\n' in done.stdout
    assert done.stdout.split()[-2:] == ['claimed_plain.py', 'plain.py']


# R packages, from a repository like CRAN


@pytest.fixture(scope='session')
def cran():
    """Give the address of the repository as containers see it."""
    return f'http://{host_address()}:5002'


def packages(folder, cran, names, rest):
    """Write a script that installs packages."""
    listed = ', '.join(f'"{name}"' for name in names)
    write(folder / 'packages.R', f'# Uses packages.\ninstall.packages(c({listed}), repos = "{cran}")\n{rest}')


def test_r_packages_are_installed_with_their_dependencies(tmp_path, cran):
    packages(tmp_path, cran, ['c3beta'], 'library(c3alpha)\nlibrary(c3beta)\ncat("VALUE", alpha_value(), "\\n")\n')
    image = create(tmp_path, 'packages.R', '--local-mode')
    done = succeeded(run_image(image, options=['--network', 'none']))
    assert 'VALUE 42' in done.stdout


@pytest.mark.parametrize('name', ['nosuchpackage', 'c3broken'])
def test_failing_r_package_fails_the_build_and_is_named(tmp_path, cran, name):
    packages(tmp_path, cran, ['c3alpha', name], '')
    done = c3('create-operator', 'packages.R', '--local-mode', cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert f'cannot install {name}' in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ['packages.R'], 'nothing is written'


def test_variables_overwritten_by_r_reach_the_script(tmp_path):
    text = '# Says.\n\na <- Sys.getenv("a", "x")\nargs <- Sys.getenv("args", "y")\ncat("SAID", a, args, "\\n")\n'
    write(tmp_path / 'said.R', text)
    image = create(tmp_path, 'said.R', '--local-mode')
    done = succeeded(run_job(tmp_path / 'said.job.yaml', {'a': 'one'}))
    assert 'SAID one y' in done.stdout
    done = succeeded(run_image(image, options=['--env', 'a=two', '--env', 'args=three']))
    assert 'SAID two three' in done.stdout
