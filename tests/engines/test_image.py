"""The image speaks: help, refusals, signals and any user, as Docker starts it, for Python and R alike."""

import os
import subprocess
import time

import pytest
from images import docker, remove_image
from operators import READ_ONLY, create, run_image
from runners import collected, run_step
from support import c3, run, strangers_folder, succeeded, write

PYTHON = '''"""Op."""
import os
in_path = os.environ["in_path"]
# How many.
num_values = int(os.getenv("num_values", 5))
mode = os.getenv("mode", "run")
if mode == "user":
    import getpass
    print(getpass.getuser())
if mode == "sleep":
    import time
    print("ready", flush=True)
    time.sleep(60)
print("RUNS", in_path, num_values)
'''
R = '''# Op.
in_path <- Sys.getenv("in_path")
# How many.
num_values <- as.integer(Sys.getenv("num_values", "5"))
mode <- Sys.getenv("mode", "run")
words <- Sys.getenv("args", "none")
if (mode == "user") cat(Sys.getenv("USER"), "\\n")
if (mode == "words") cat(words, Sys.getenv("a", "no a"), "\\n")
if (mode == "sleep") {
  cat("ready\\n")
  flush(stdout())
  Sys.sleep(60)
}
cat("RUNS", in_path, num_values, "\\n")
'''
SOURCES = {'op.py': PYTHON, 'op_r.R': R}


@pytest.fixture(scope='module')
def images(session_folder, repository):
    """Build an operator of each language."""
    folder = session_folder / 'image'
    for name, text in SOURCES.items():
        write(folder / name, text)
    return {name: create(folder, name, '-r', repository, '-v', 'image', '--local-mode') for name in SOURCES}


@pytest.fixture(params=SOURCES)
def image(images, request):
    """Give one image after the other."""
    return images[request.param]


def test_help_lists_the_parameters(image):
    done = succeeded(run_image(image, '--help'))
    assert done.stderr == '' and 'RUNS' not in done.stdout
    assert '--in_path' in done.stdout and 'How many.' in done.stdout and 'Integer' in done.stdout


@pytest.mark.parametrize(
    'arguments, message, hint',
    [
        (['in_path=x', '--num_value', '3'], 'there is no parameter `num_value`', 'did you mean `--num_values`?'),
        (['in_path=x', '--num_values', 'many'], 'parameter `num_values` is an Integer, not `many`', ''),
        ([], 'a parameter is required: `in_path`', 'write `--NAME VALUE`'),
        (['--in_path'], 'parameter `in_path` has no value', 'write `--in_path VALUE`'),
    ],
)
def test_invalid_values_are_rejected_before_the_script_starts(image, arguments, message, hint):
    done = run_image(image, *arguments)
    assert (done.returncode, done.stdout) == (2, '')
    assert f'error: {message}' in done.stderr and hint in done.stderr


def test_empty_text_is_accepted(image):
    assert succeeded(run_image(image, env={'in_path': ''})).stdout.split() == ['RUNS', '5']


def test_variables_used_by_r_itself_are_passed_on(images):
    env = {'in_path': 'x', 'mode': 'words', 'args': 'mine', 'a': 'also'}
    assert succeeded(run_image(images['op_r.R'], env=env)).stdout.startswith('mine ')


@pytest.mark.parametrize('root', [[], READ_ONLY], ids=['', 'read-only root'])
def test_nameless_user_gets_a_name(image, root):
    options = ['--user', '1000660000:0', *root]
    done = succeeded(run_image(image, options=options, env={'in_path': 'x', 'mode': 'user'}))
    assert done.stdout.split()[0] == 'user'


@pytest.mark.parametrize('number, status', [('TERM', 143), ('INT', 130), ('KILL', 137)])
def test_signals_end_the_container_immediately(image, number, status):
    name = f'c3-signals-{os.getpid()}-{number}'.lower()
    command = ['docker', 'run', '--rm', '--name', name, '-e', 'in_path=x', '-e', 'mode=sleep', image]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == 'ready\n'
    begun = time.monotonic()
    docker('kill', '--signal', number, name)
    process.communicate(timeout=60)
    assert process.returncode in {status, 1 if number == 'INT' else status}
    assert time.monotonic() - begun < 30  # half of what it would sleep


def test_container_exits_with_the_exit_code_of_the_program(image):
    assert run_image(image, 'sh', '-c', 'exit 7').returncode == 7
    assert run('docker', 'run', '--rm', '--init', image, '--help').returncode == 0


FOLDERS = {
    'made.py': '"""Makes a folder."""\nimport os\nos.makedirs("d", exist_ok=True)\nos.environ["text"] = "d"\n',
    'made_r.R': '# Makes a folder.\ndir.create("d", showWarnings = FALSE)\nSys.setenv(text = "d")\n',
}


@pytest.mark.parametrize('name', FOLDERS)
def test_folder_in_a_text_output_does_not_fail_the_step(session_folder, repository, name):
    folder = session_folder / 'text-outputs'
    write(folder / name, FOLDERS[name])
    image = create(folder, name, '-r', repository, '-v', 'text', '--local-mode')
    done = succeeded(run_step(folder / f'{name.partition(".")[0]}.cwl', {}, session_folder))
    assert '# c3: output=Directory' in done.stderr and collected(done) == {'text': 'd'}
    out = strangers_folder(session_folder / f'out-{name}')
    done = succeeded(c3('run', '-o', out, name, cwd=folder))
    assert 'output=Directory' not in done.stderr
    remove_image(image)
