"""Coming from the original: build scripts that call its programs and read its manifests, and the manifests themselves."""

import pytest
from images import tags
from operators import ORIGINAL_TEMPLATE
from support import C3, environment, run, succeeded, write

SCRIPT = '''\
"""Doubles."""
import os

number = int(os.getenv('number', 1))
name = os.getenv('name', 'nobody')
print(f'{name}: {2 * number}')
'''

# As the build script of the original's library does it: the words of the call in one variable, and the image from the
# line of the job that begins with `image:`.
BUILD = '''
command="c3_create_operator $1 -r $2"
shift 2
command+=" $* -l INFO"
$command >&2 || { echo "Command failed with exit status $?" >&2; exit 1; }
while read line; do
  line=${line// /}
  if [[ $line = image:* ]]; then declare "${line/:/=}"; fi
done < steps/double.job.yaml
git add steps/double.yaml steps/double.job.yaml
tag=${image#*/}
git tag -f ${tag/:/=} -m $image >&2
echo $image
'''

# How the original's job and component start an operator.
JOB = ['/opt/app-root/bin/python', '/opt/app-root/src/steps/claimed_double.py']
COMPONENT = ['sh', '-ec', 'python ./steps/claimed_double.py number="${0}" name="${1}" log_level="${2}"']


@pytest.fixture(scope='module')
def project(tmp_path_factory):
    """Give a repository of operators."""
    folder = tmp_path_factory.mktemp('project')
    write(folder / 'steps/double.py', SCRIPT)
    write(folder / 'more.txt', 'more')
    write(folder / 'template', ORIGINAL_TEMPLATE)
    succeeded(run('git', 'init', '-q', cwd=folder))
    succeeded(run('git', 'config', 'user.name', 'n', cwd=folder))
    succeeded(run('git', 'config', 'user.email', 'n@example.org', cwd=folder))
    succeeded(run('git', 'add', '.', cwd=folder))
    succeeded(run('git', 'commit', '-qm', 'Begin', cwd=folder))
    return folder


def build(project, repository, *settings):
    """Run the build script, with the programs of the original's names on the path."""
    env = environment({'PATH': f'{C3.parent}:{environment()["PATH"]}'})
    return run('bash', '-c', BUILD, 'build', 'steps/double.py', repository, *settings, cwd=project, env=env)


@pytest.fixture(scope='module')
def image(project, repository):
    """Give the image that the build script has made and read from the job."""
    return succeeded(build(project, f'{repository}/switch', 'more.txt')).stdout.strip()


def test_image_name_is_read_from_the_job(project, image, repository):
    name = f'{repository}/switch/claimed-double'
    assert image == f'{name}:0.1'
    assert tags(name) == ['0.1', 'latest']
    assert run('git', 'tag', cwd=project).stdout.strip() == image.partition('/')[2].replace(':', '=')


def test_original_jobs_and_components_run_the_new_image(image):
    values = {'number': '4', 'name': 'Zoë', 'log_level': 'INFO'}
    variables = [word for name, value in values.items() for word in ('--env', f'{name}={value}')]
    done = succeeded(run('docker', 'run', '--rm', *variables, '--entrypoint', JOB[0], image, *JOB[1:]))
    assert done.stdout == 'Zoë: 8\n'
    words = [*COMPONENT[1:], *values.values()]
    done = succeeded(run('docker', 'run', '--rm', '--entrypoint', COMPONENT[0], image, *words))
    assert done.stdout == 'Zoë: 8\n'


def test_next_build_creates_the_next_version(project, image, repository):
    write(project / 'steps/double.py', SCRIPT.replace('2 *', '3 *'))
    done = succeeded(build(project, f'{repository}/switch', 'more.txt'))
    new = image.replace(':0.1', ':0.2')
    assert done.stdout.strip() == new
    assert f'`claimed --component {new} --number 1 --name nobody' in done.stderr, 'as the original says in the end'


def test_all_build_options_are_accepted(project, image, repository):
    settings = ['-v', '1.0', 'more.txt', 'template', '--dockerfile_template_path', 'template', '--overwrite']
    done = succeeded(build(project, f'{repository}/switch', *settings))
    assert done.stdout.strip() == image.replace(':0.1', ':1.0')


def test_manually_edited_job_is_kept(project, image, repository):
    job = project / 'steps/double.job.yaml'
    edited = job.read_text().replace('backoffLimit: 5', 'backoffLimit: 1')
    write(job, edited)
    done = build(project, f'{repository}/switch')
    assert done.returncode == 1
    assert 'double.job.yaml' in done.stderr and '--overwrite' in done.stderr
    assert job.read_text() == edited
