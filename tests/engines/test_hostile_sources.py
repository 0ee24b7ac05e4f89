"""Sources made to break something: texts, names and numbers that generators stumble over, and programs of any size."""

import json
import random
import re
import time

import kubernetes_validate
import pytest
import yaml
from manifests import ALTERED, compile_pipelines, folded, load, validate_steps, variable_says
from operators import SCRIPT
from support import EMITTED, c3, inspect, names_in, refused, run, succeeded, told, venv, write

# Generated scripts

# fmt: off
NASTY = [
    '"', "'", '\\', '`', '$', '${HOME}', '$(id)', '$$', '{{', '}}', '{% if %}', '{#', '#', ' # ', ': ', '- ', '? ', '---', '...',
    'yes', 'No', 'on', 'null', '~', 'true', '1e3', '0x1f', '0o7', '012', '1_000', '.inf', '.NaN', '2026-11-21', '12:30:45',
    '\n', '\r', '\r\n', '\t', ' ', '  \n', '\x07', '\x1b[0m', '\x7f', '\x85', '\xa0', '\u2028', '\u2029', '\ufeff', '\ufffe', '\uffff',
    'ä', 'e\u0301', '漢', '🎉', '\u202e', '\u200b', '%s', '&a', '*a', '!!str', '|', '>', '>-', '@', '<<', '[', ']', '{', '}', ',',
    '"""', "'''", '\\n', '\\u0041', 'EOF', '&&', ';', '| sh', '\\\n', '%YAML', '<script>', '--x', '=', 'x' * 300,
]
# fmt: on
COUNT = 150


@pytest.fixture(scope='session')
def generated(session_folder):
    """Write scripts whose texts are made of nasty pieces, and compile them all at once."""
    folder = session_folder / 'generated'
    chance = random.Random('c3')
    expected = {f'made_{number}': generate(folder / f'made_{number}.py', chance) for number in range(COUNT)}
    succeeded(c3('compile', folder, '-l', 'ERROR'))
    return folder, expected


def generate(path, chance):
    """Write a script and give what its interface is to say."""
    description, comment = nasty_text(chance), re.sub(r'[\r\n\x0c]', ' ', nasty_text(chance))
    defaults = {f'value_{number}': nasty_text(chance) for number in range(3)}
    reads = [f'{name} = os.getenv({name!r}, {default!r})' for name, default in defaults.items()]
    write(path, '\n'.join([repr('D ' + description), 'import os', f'# C {comment}', *reads, '']))
    return {'description': 'D ' + description, 'comment': f'C {comment}', 'defaults': defaults}


def nasty_text(chance):
    """Put a text together."""
    return ''.join(chance.choices(NASTY, k=chance.randint(0, 6)))


def test_generated_scripts_are_parsed_as_by_python(generated):
    folder, expected = generated
    for name in list(expected)[::10]:
        component = inspect(folder / f'{name}.py')
        assert {entry['name']: entry['default'] for entry in component['inputs']} == expected[name]['defaults']


def test_manifests_of_generated_scripts_match_pyyaml(generated):
    folder, expected = generated
    for name, texts in expected.items():
        kubeflow, job, step = (load(folder, name, suffix) for suffix in ('yaml', 'job.yaml', 'cwl'))
        assert folded(kubeflow['description']) == folded(step['doc']) == folded(texts['description'])
        assert folded(kubeflow['inputs'][0]['description']) == folded(texts['comment'])
        defaults = {port['name']: port.get('default') for port in kubeflow['inputs'] if port['name'] != 'log_level'}
        held = {port: None if ALTERED.search(text) else text for port, text in texts['defaults'].items()}
        assert defaults == held
        assert {port: step['inputs'][port]['default'] for port in texts['defaults']} == texts['defaults']
        env = {variable['name']: variable for variable in job['spec']['template']['spec']['containers'][0]['env']}
        assert {variable: variable_says(env[variable]) for variable in texts['defaults']} == texts['defaults']


def test_engines_accept_the_manifests_of_generated_scripts(generated, tmp_path):
    folder, expected = generated
    results = compile_pipelines('kfp2', [folder / f'{name}.yaml' for name in list(expected)[::5]], tmp_path)
    assert [result['error'] for result in results.values() if result['error']] == []
    succeeded(
        run(venv('tools', 'kubernetes-validate'), '--strict', *(folder / f'{name}.job.yaml' for name in expected))
    )
    validate_steps([folder / f'{name}.cwl' for name in list(expected)[::10]])
    findings = run(
        venv('tools', 'hadolint'), '-f', 'json', *(folder / f'{name}.Dockerfile' for name in expected)
    ).stdout
    assert [finding for finding in json.loads(findings) if finding['level'] in ('error', 'warning')] == []


# What engines have rules of their own for: refused with the name, or accepted by all of them.

TROUBLESOME = {
    'keyword_input': 'os.getenv("lambda", "x")',
    'self_input': 'os.getenv("self", "x")',
    'digit_input': 'os.getenv("1", "x")',
    'underscores': 'os.getenv("_x_", "x")',
    'keyword_output': 'os.environ["class"] = "x"',
    'underscore_output': 'os.environ["_x"] = "x"',
    'words_of_cwl': '\n'.join(
        f'os.getenv("{name}", "x")' for name in ('id', 'type', 'inputs', 'doc', 'items', 'null', 'yes')
    ),
    'words_of_kubeflow': '\n'.join(
        f'os.environ["{name}"]' for name in ('name', 'args', 'image', 'pipeline_root', 'output')
    ),
    'camel_case': 'os.getenv("inputFile", "x")\nos.environ["HTTPOutput"] = "x"',
    'infinite': 'float(os.getenv("a", "inf"))',
    'no_number': 'float(os.getenv("a", "nan"))',
    'too_great_a_float': 'float(os.getenv("a", "1e400"))',
    'great_float': 'float(os.getenv("a", 1e308))',
    'small_float': 'float(os.getenv("a", 5e-324))',
    'great_integer': 'int(os.getenv("a", 2**63))',
    'negative_integer': 'int(os.getenv("a", -2**63))',
    'spelled_integers': 'int(os.getenv("a", " 7 "))\nint(os.getenv("b", "0x10"))\nint(os.getenv("c", "1_000"))\nint(os.getenv("d", ""))',
    'spelled_booleans': 'bool(os.getenv("a", "No"))\nbool(os.getenv("b", ""))\nbool(os.getenv("c", "maybe"))',
}


@pytest.fixture(scope='session')
def troublesome(session_folder):
    """Compile the sources that may be; gives the names of those which were."""
    folder = session_folder / 'troublesome'
    compiled = []
    for name, reads in TROUBLESOME.items():
        source = write(folder / f'{name}.py', f'import os\n{reads}\n')
        done = c3('compile', source)
        assert done.returncode in (0, 1) and (done.returncode == 0 or 'error[' in done.stderr), done.stderr
        compiled += [name] if done.returncode == 0 else []
    return folder, compiled


@pytest.mark.parametrize('version', ['kfp1', 'kfp2'])
def test_kubeflow_accepts_everything_that_compiles(troublesome, tmp_path, version):
    folder, compiled = troublesome
    results = compile_pipelines(version, [folder / f'{name}.yaml' for name in compiled], tmp_path)
    assert {call: result['error'].splitlines()[-1] for call, result in results.items() if result['error']} == {}


def test_other_engines_accept_everything_that_compiles(troublesome):
    folder, compiled = troublesome
    validate_steps([folder / f'{name}.cwl' for name in compiled])
    succeeded(
        run(venv('tools', 'kubernetes-validate'), '--strict', *(folder / f'{name}.job.yaml' for name in compiled))
    )


def test_kubeflow_preserves_large_integers(tmp_path):
    """Numbers of kfp 2 are floats, which know no greater integers one by one."""
    source = write(tmp_path / 'great.py', 'import os\nint(os.getenv("a", 2**53 + 1))\n')
    succeeded(c3('compile', source))
    [result, _] = compile_pipelines('kfp2', [tmp_path / 'great.yaml'], tmp_path).values()
    with open(result['pipeline'], encoding='utf-8') as file:
        parameters = next(yaml.safe_load_all(file))['components']['comp-great']['inputDefinitions']['parameters']
    assert parameters['a'].get('defaultValue') in (None, 2**53 + 1)


# Sources that are hard to read

HARD = {
    'nested brackets': ('x = ' + '(' * 20_000 + '1' + ')' * 20_000, [1]),
    'nested lists': ('x = ' + '[' * 20_000 + ']' * 20_000, [1]),
    'nested blocks': (''.join(' ' * n + 'if x:\n' for n in range(2_000)) + ' ' * 2_000 + 'pass\n', [0, 1]),
    'many elifs': ('if x:\n pass\n' + 'elif x:\n pass\n' * 30_000, [0]),
    'many signs': ('x = ' + '-' * 50_000 + '1', [0, 1]),
    'many sums': ('import os\nx = os.getenv("a", ' + '+'.join(['"a"'] * 20_000) + ')', [0]),
    'many attributes': ('x = x' + '.a' * 50_000, [0, 1]),
    'many calls': ('x = x' + '()' * 50_000, [0, 1]),
    'many lambdas': ('x = ' + 'lambda: ' * 20_000 + '1', [0, 1]),
    'many inputs': ('import os\n' + ''.join(f'os.getenv("v{n}", "{n}")\n' for n in range(1_000)), [0]),
    'a great power': ('import os\nx = os.getenv("a", 10**10**10)', [0]),
    'a great shift': ('import os\nx = os.getenv("a", 1 << 10**12)', [0]),
    'a great text': ('import os\nx = os.getenv("a", "x" * 10**12)', [0]),
    'a great width': ('import os\nx = os.getenv("a", f"{1:>1000000000}")', [0]),
    'doubled texts': (
        'import os\na0 = "x"\n' + ''.join(f'a{n + 1} = a{n} + a{n}\n' for n in range(60)) + 'os.getenv("a", a60)',
        [0],
    ),
    'divisions by zero': ('import os\nos.getenv("a", 1 // 0)\nos.getenv("b", 1 % 0)\nos.getenv("c", 0.0 ** -1)', [0]),
    'names from each other': ('import os\na = b\nb = a\nos.getenv("x", a + b)', [0]),
    'lone surrogate': ('import os\nos.getenv("a", "\\ud800")', [0]),
    'NUL in a default': ('import os\nos.getenv("a", "a\\0b")', [0]),
    'NUL in a name': ('import os\nos.getenv("a\\0b", "c")', [0, 1]),
    'NUL in the source': ('x = 1\n\0', [1]),
    'odd names': (
        'import os\n'
        + ''.join(f'os.getenv({name!r}, "x")\n' for name in ('a b', 'ü', '🎉', 'c\nd', '"q', '$(y)', '1')),
        [0],
    ),
    'no names': ('import os\nos.getenv("", "x")\nos.getenv("=", "x")', [0, 1]),
    'long name': (f'import os\nos.getenv("{"n" * 5_000}", "x")', [0, 1]),
    'empty': ('', [0]),
    'byte order mark': ('\ufeffimport os\nos.getenv("a", "b")', [0]),
    'carriage returns': ('import os\ros.getenv("a", "b")\r', [0]),
    'long requirement': ('# pip install ' + 'a' * 1_000_000, [0, 1]),
    'shell in a requirement': ('# pip install six; rm -rf /', [1]),
    'endless continuation': ('# pip install a \\\n' * 20_000, [0, 1]),
    'nested metadata': ('# /// script\n# dependencies = ' + '[' * 10_000 + '\n# ///\n', [1]),
    'metadata of another type': ('# /// script\n# dependencies = 3\n# ///\n', [1]),
    'text full of brackets': ('x = """' + 'word (' * 20_000 + '"""', [0]),
    '10 MB of text': ('"""' + 'word ' * 2_000_000 + '"""\nimport os\nos.getenv("a", "b")\n', [0]),
    '10 MB of code': ('import os\nos.getenv("a", "b")\n' + 'y = 1\n' * 1_700_000, [0]),
}


@pytest.mark.parametrize('case', HARD)
def test_pathological_sources_never_crash(tmp_path, case):
    text, codes = HARD[case]
    write(tmp_path / 'hard.py', text.encode('utf-8', 'surrogatepass'))
    begun = time.monotonic()
    done = c3('compile', 'hard.py', cwd=tmp_path)
    assert done.returncode in codes, told(done)
    assert time.monotonic() - begun < 90  # what grows with the square would take minutes
    assert len(done.stderr) < 20_000
    written = [f'hard.{suffix}' for suffix in EMITTED] if done.returncode == 0 else []
    assert names_in(tmp_path) == sorted(['hard.py', *written])
    if written and len(text) < 1_000_000:
        validate(tmp_path, 'hard')


def validate(folder, stem):
    """Insist on manifests that PyYAML reads and whose names are valid."""
    kubeflow, job, step = (
        yaml.safe_load((folder / f'{stem}.{suffix}').read_text(encoding='utf-8')) for suffix in EMITTED[1:]
    )
    assert kubeflow['implementation']['container']['image'] == step['requirements']['DockerRequirement']['dockerPull']
    kubernetes_validate.validate(job, kubernetes_validate.latest_version(), strict=True)


# File names, and whether they can name an operator.
FILE_NAMES = {
    'a b.py': 'a-b',
    'My_Step.v2.py': 'my-step-v2',
    '-dashed.py': 'dashed',
    '1.py': '1',
    'quote"\'$(id).py': 'quote-id',
    'line\nbreak.py': 'line-break',
    'umläut.py': None,
    '---.py': None,
    '世界.py': None,
    f'{"x" * 63}.py': 'x' * 63,
    f'{"x" * 64}.py': None,
    f'{"x" * 200}.py': None,
}


@pytest.mark.parametrize('name', FILE_NAMES)
def test_any_file_name_gives_valid_names_or_an_error(tmp_path, name):
    write(tmp_path / name, SCRIPT)
    done = c3('compile', '--', name, cwd=tmp_path)
    stem = name.removesuffix('.py')
    if done.returncode == 0:
        validate(tmp_path, stem)
        expected = FILE_NAMES[name] or 'uml-ut'
        assert f'claimed-{expected}:0.1' in (tmp_path / f'{stem}.yaml').read_text()
    else:
        refused(done, 1, 'name', 'rename')
        assert FILE_NAMES[name] is None
        assert names_in(tmp_path) == [name]
