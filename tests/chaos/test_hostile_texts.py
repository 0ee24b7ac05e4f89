"""Images with hostile labels, and builds with passwords in URLs: nothing acts on the terminal, nothing leaks."""

import json
import re
import secrets
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'engines'))

from images import docker
from support import C3, OPEN_REGISTRY, c3, on_a_terminal, run, succeeded, told, write

# Controls, an operating system command, C1, marks of direction, line ends and blanks that nobody sees.
HOSTILE = 'D \x1b]0;title\x07 \x1b[2J \x9b31m \x7f \u202ex\u2066\u200f\u061c \u2028\u200b\ufeff\u2060\x08\r'
HIDDEN = re.compile('[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]')

LOCATION = {'line': 1, 'column': 1}
NO_ENGINE = {'DOCKER_HOST': 'unix:///nonexistent/docker.sock'}


def parameter(name, **more):
    """Give a parameter as a label holds it."""
    shape = {'name': name, 'type': 'String', 'description': HOSTILE + '\n' + HOSTILE, 'location': LOCATION}
    return {**shape, **more}


COMPONENT = {
    'schema_version': 1,
    'name': 'x' + HOSTILE + '\nforged',
    'description': HOSTILE + '\n' + HOSTILE,
    'language': 'python',
    'source': HOSTILE,
    'inputs': [
        parameter('a' + HOSTILE, default=HOSTILE + '\n  forged', required=False, secret=False),
        parameter('b', default='postgres://u:pgpw777@db.example/x', required=False, secret=False),
    ],
    'outputs': [parameter('c' + HOSTILE + '\n  forged', type=HOSTILE)],
    'requirements': [
        {'kind': 'pip', 'text': HOSTILE},
        {'kind': 'pip', 'text': '--index-url https://bob:hunter2pw@packages.example/simple six'},
    ],
    'diagnostics': [],
}


@pytest.fixture(scope='module')
def image(tmp_path_factory):
    """Give an image of a stranger's, in the engine and in a registry."""
    name = f'{OPEN_REGISTRY}/c3-hostile-{secrets.token_hex(4)}/x:1'
    label = json.dumps(json.dumps(COMPONENT)).replace('$', '\\$')
    folder = tmp_path_factory.mktemp('image')
    write(folder / 'Dockerfile', f'FROM scratch\nLABEL io.claimed.c3.component={label}\nCOPY Dockerfile /\nCMD ["/x"]\n')
    docker('build', '--tag', name, folder)
    docker('push', '--quiet', name)
    yield name
    docker('rmi', '--force', name)


def assert_harmless(text):
    """Insist on a text that does nothing to a terminal, shows all that is in it and none of its passwords."""
    assert not HIDDEN.search(text), ascii(text)
    assert not re.search(r'^\s*forged', text, re.MULTILINE), text
    assert 'pgpw777' not in text and 'hunter2pw' not in text, text


@pytest.mark.parametrize('env', [{}, NO_ENGINE], ids=['engine', 'registry'])
def test_labels_are_shown_escaped(image, env):
    table = succeeded(c3('inspect', image, env={**env, 'CLICOLOR_FORCE': '1'})).stdout
    assert_harmless(table)
    assert r'D \u{1b}]0;title\u{7} \u{1b}[2J \u{9b}31m \u{7f} \u{202e}x\u{2066}\u{200f}\u{61c}' in table
    text = succeeded(c3('inspect', image, '--format', 'json', env=env)).stdout
    assert_harmless(text)
    component = json.loads(text)
    assert component['description'] == COMPONENT['description']
    shown = [(entry['secret'], entry['default']) for entry in component['inputs']]
    assert shown == [(False, HOSTILE + '\n  forged'), (True, None)]
    assert component['requirements'][1]['text'] == '--index-url https://packages.example/simple six'


@pytest.mark.parametrize('words', [['inspect'], ['run']])
def test_labels_cannot_control_the_terminal(image, words, tmp_path):
    code, said = on_a_terminal([C3, *words, image, *(['--help'] if words == ['run'] else [])], [], tmp_path)
    assert code == 0, said
    assert_harmless(re.sub('\x1b\\[[0-9;]*m', '', said).replace('\r\n', '\n'))


def test_help_of_untrusted_images_is_escaped(image):
    done = succeeded(c3('run', image, '--help', env={'CLICOLOR_FORCE': '1'}))
    assert_harmless(done.stdout + done.stderr)
    assert r'\u{1b}]0;title' in done.stdout and '[secret]' in done.stdout


def test_build_output_cannot_control_the_terminal(tmp_path):
    write(tmp_path / 'loud.py', '"""D."""\n# pip install six\n')
    template = (
        'FROM ${base_image}\nRUN printf "\\033]0;title\\007\\033[2Jred \\302\\233 \\342\\200\\256 said\\n"; false\n'
        '${additional_files_docker}\nADD ${target_code} ${working_dir}\nCMD true\n'
    )
    write(tmp_path / 'template', template)
    for level in 'INFO', 'DEBUG':
        options = ['--dockerfile-template', 'template', '--local-mode', '-l', level]
        done = c3('create-operator', 'loud.py', *options, cwd=tmp_path, env={'CLICOLOR_FORCE': '1'})
        assert done.returncode == 1, told(done)
        said = re.sub('\x1b\\[[0-9;]*m', '', done.stdout + done.stderr)
        assert_harmless(said)
        assert 'said' in said


def test_index_passwords_are_kept_out_of_images_and_logs(tmp_path):
    source = '"""D."""\n# pip install --extra-index-url https://bob:hunter2pw@127.0.0.1:9/simple pip\n'
    source += 'import os\nurl = os.getenv("url", "postgres://u:pgpw777@db.example/x")\n'
    name = f'leak_{secrets.token_hex(4)}'
    write(tmp_path / f'{name}.py', source)
    options = ['--local-mode', '-l', 'DEBUG', '--format', 'json', '--keep-generated-files']
    done = succeeded(c3('create-operator', f'{name}.py', *options, cwd=tmp_path))
    image = json.loads(done.stdout)['image']
    try:
        history = docker('history', '--no-trunc', image)
        told_of = [history, docker('image', 'inspect', image), done.stdout, done.stderr]
        made = [path for path in tmp_path.rglob('*') if path.is_file() and path.name != f'{name}.py']
        for text in told_of + [path.read_text() for path in made]:
            assert_no_password(text)
        assert '--extra-index-url https://127.0.0.1:9/simple pip' in history
        ran = succeeded(run('docker', 'run', '--rm', image))  # the script's own default holds
        assert_no_password(ran.stdout + ran.stderr)
    finally:
        docker('rmi', '--force', image)


def test_failing_index_is_reported_without_its_password(tmp_path):
    write(tmp_path / 'fails.py', '"""D."""\n# pip install --index-url https://bob:hunter2pw@127.0.0.1:9/simple no-such-x\n')
    for builder in ['--builder', 'oci', '--archive', 'x.tar'], ['--local-mode']:
        done = c3('create-operator', 'fails.py', *builder, '-l', 'DEBUG', cwd=tmp_path)
        assert done.returncode in (1, 3), told(done)
        assert_no_password(done.stdout + done.stderr)


def assert_no_password(text):
    """Insist on a text without any of the passwords."""
    assert 'pgpw777' not in text and 'hunter2pw' not in text, text
