"""What `c3` reads from scripts, compared with an independent reading by CPython's own parser.

`C3` names the program, `C3_SEEDS` how many random scripts are tried, `C3_CORPUS` folders (parted by `:`) whose scripts
are compared too.
"""

import math
import re
import json
import os
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import oracle
import pytest
import scripts

ROOT = Path(__file__).resolve().parents[2]
C3 = Path(os.environ.get('C3', ROOT / 'target/debug/c3')).resolve()
SEEDS = int(os.environ.get('C3_SEEDS', 600))
CORPUS = [Path(folder) for folder in os.environ.get('C3_CORPUS', '').split(':') if folder]

# Reasons for which `c3` may refuse a script that Python accepts.
REFUSALS = {'name-collision', 'requirement', 'script-block', 'operator-name', 'kubeflow-name'}


def c3(*arguments):
    """Run the program."""
    return subprocess.run([C3, *arguments], capture_output=True, encoding='utf-8', timeout=120, env={**os.environ, 'NO_COLOR': '1'})


def inspect(path):
    """Give the component of a script, or the codes of the errors that keep it from being one."""
    done = c3('inspect', path, '--format', 'json')
    if done.returncode == 0:
        return json.loads(done.stdout), set()
    errors = {line[len('error[') : line.index(']')] for line in done.stderr.splitlines() if line.startswith('error[')}
    assert done.returncode == 1 and errors, f'{path}: {done.returncode} {done.stderr[:2000]}'
    return None, errors


def differences(path, text):
    """Tell what `c3` reads otherwise than the oracle, as a list of sentences."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            reading = oracle.read(text)
    except (SyntaxError, RecursionError, MemoryError, ValueError):
        return None  # Python itself doesn't read it
    component, errors = inspect(path)
    if component is None:
        return [f'refused: {", ".join(sorted(errors))}'] if errors - REFUSALS else []
    return list(compare(component, reading))


def compare(component, reading):
    """Yield sentences about what differs."""
    for side, wanted in (('inputs', reading.inputs), ('outputs', reading.outputs)):
        found = {port['name']: port for port in component[side]}
        wanted = {port['name']: port for port in wanted}
        for name in (found.keys() ^ wanted.keys()) - reading.doubtful:
            yield f'{side}: {name!r} is {"found" if name in found else "not found"}'
        for name in found.keys() & wanted.keys():
            if name not in reading.unspecified:
                yield from compare_ports(f'{side}: {name!r}', found[name], wanted[name])
    wanted = ' '.join(reading.description.split()) or component['name']
    if ' '.join(component['description'].split()) != wanted:
        yield f'description {component["description"]!r}, not {wanted!r}'
    computed = [finding['location']['line'] for finding in component['diagnostics'] if finding['code'] == 'computed-name']
    computed = [line for line in computed if line not in reading.doubtful]
    if set(computed) != set(reading.computed) - set(reading.doubtful):
        yield f'computed names in lines {computed}, not {reading.computed}'
    pip = [requirement['text'] for requirement in component['requirements'] if requirement['kind'] == 'pip']
    if pip != reading.pip:
        yield f'pip {pip}, not {reading.pip}'


def compare_ports(where, found, wanted):
    """Yield sentences about what differs in an input or output."""
    for key in wanted.keys() - {'line', 'place', 'description', 'default'}:
        if wanted[key] is not None and found[key] != wanted[key]:
            yield f'{where} has {key} {found[key]!r}, not {wanted[key]!r}'
    # What isn't folded is no default; the samples and the property tests say what has to be folded.
    if found.get('default') is not None and not same_default(found['default'], wanted['default'], wanted['type']):
        yield f'{where} has default {found["default"]!r}, not {wanted["default"]!r}'
    if found['location']['line'] > wanted['line']:
        yield f'{where} is in line {found["location"]["line"]}, not {wanted["line"]}'
    description = ' '.join((found['description'] or '').split())
    if description != wanted['description'] and not is_decoration(wanted['description']):
        yield f'{where} has description {description!r}, not {wanted["description"]!r}'


def same_default(found, wanted, kind):
    """Compare two defaults; a number may be spelled in different ways."""
    if kind == 'Float' and found is not None and wanted is not None:
        return repr(float(found)) == repr(float(wanted))
    return found == wanted


def is_decoration(text):
    """Tell a comment that describes nothing, or holds what tools say to each other: what `c3` leaves out is its own choice."""
    pragmas = ('noqa', 'type:', 'pylint', 'pragma', 'c3:', '!', '-*-', 'fmt', 'isort', 'mypy', 'ruff', 'pyright', 'coding', 'region', 'endregion', '%%', '///')
    return not any(character.isalnum() for character in text) or text.startswith(':') or any(f' {pragma}' in f' {text}' for pragma in pragmas)


@pytest.mark.parametrize('path', sorted((ROOT / 'samples').glob('*.py')), ids=lambda path: path.name)
def test_samples(path):
    """Every sample is read as the oracle reads it."""
    assert differences(path, path.read_text(encoding='utf-8')) in ([], None)


@pytest.fixture(scope='module')
def random_scripts(tmp_path_factory):
    """Write random scripts."""
    folder = tmp_path_factory.mktemp('scripts')
    for seed in range(SEEDS):
        (folder / f'script_{seed}.py').write_text(scripts.script(seed), encoding='utf-8', newline='')
    return sorted(folder.iterdir())


def test_random_scripts(random_scripts):
    """Random scripts are read as the oracle reads them."""
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda path: differences(path, path.read_text(encoding='utf-8')), random_scripts))
    assert sum(item is not None for item in found) > SEEDS * 0.9, 'most scripts are Python'
    assert report(random_scripts, found) == ''


@pytest.mark.skipif(not CORPUS, reason='C3_CORPUS names no folder')
def test_corpus():
    """Scripts that people have written are read as the oracle reads them."""
    paths = sorted({path for folder in CORPUS for path in folder.rglob('*.py') if path.is_file()})
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(corpus_differences, paths))
    print(f'{len(paths)} files, {sum(item is not None for item in found)} compared')
    assert report(paths, found) == ''


def corpus_differences(path):
    """Compare a file that may not be Python, or not in UTF-8."""
    try:
        text = path.read_bytes().decode('utf-8-sig').replace('\r\n', '\n')
    except UnicodeDecodeError:
        return None
    return None if '\r' in text else differences(path, text)


def report(paths, found):
    """Give all differences as one text."""
    lines = [f'{path}: {line}' for path, lines in zip(paths, found) for line in lines or []]
    return '\n'.join(lines)


def test_manifests(random_scripts, tmp_path):
    """PyYAML reads the same values from the manifests as `c3 inspect` shows."""
    yaml = pytest.importorskip('yaml')
    c3('compile', random_scripts[0].parent, '-o', tmp_path, '-r', 'registry.example/ns')
    compared = 0
    for path in random_scripts:
        if not (tmp_path / f'{path.stem}.yaml').exists():
            component, errors = inspect(path)
            is_bare = not errors and not component['inputs'] + component['outputs']  # in folders, no operator
            assert errors or is_bare or c3('compile', path, '-o', tmp_path).returncode == 1
            continue
        component, _ = inspect(path)
        documents = [yaml.safe_load((tmp_path / f'{path.stem}{end}').read_text(encoding='utf-8')) for end in ('.yaml', '.job.yaml', '.cwl')]
        compare_manifests(component, *documents)
        compared += 1
    assert compared > SEEDS / 2


def compare_manifests(component, kubeflow, job, cwl):
    """Compare names, types, defaults and descriptions."""
    ports = [port for port in kubeflow.get('inputs', []) if port['name'] != 'log_level']
    inputs = [port for port in component['inputs'] if port['name'] != 'log_level']
    assert len(ports) == len(inputs) and kubeflow['name'] == component['name']
    variables = {variable['name']: variable for variable in job['spec']['template']['spec']['containers'][0].get('env', [])}
    for port, source in zip(ports, inputs):
        is_path = source['type'] not in ('String', 'Integer', 'Float', 'Boolean')
        default = None if source['secret'] or is_path else source['default']
        assert port.get('default') == (default if kubeflow_holds(default, source['type']) else None)
        assert port.get('description') == flat(source['description'])
        step = cwl['inputs'][port['name']]
        assert step.get('doc') == flat(source['description'])
        if source['secret']:
            # The empty text stands for a secret that isn't given.
            assert step.get('default') == (None if source['required'] else '')
        else:
            assert is_value(step.get('default'), default, source['type'])
        value = variables.get(source['name'], {}).get('value')
        if value:
            assert value.replace('$$', '$') == source['default']
    assert len(kubeflow.get('outputs', [])) == len(component['outputs']) == len(cwl['outputs'])
    assert kubeflow['description'] == cwl['doc'] == flat(component['description'])


# Line ends, dollars and variables of Kubernetes, placeholders of Kubeflow and Argo.
ALTERED = re.compile(
    r'[\n\r\x85\u2028\u2029]|\$\$|\$\([^)]+\)|\{\{\s*(?:(?:pod|workflow|inputs|outputs|tasks|steps)\.|item|\$|=)'
)


def kubeflow_holds(default, kind):
    """Tell whether Kubeflow, whose numbers are floating point and which alters some texts, can hold a default."""
    if default is None or kind not in ('Integer', 'Float', 'String'):
        return True
    if kind == 'String':
        return not ALTERED.search(default)
    return abs(int(default)) <= 2**53 if kind == 'Integer' else math.isfinite(float(default))


def is_value(found, default, kind):
    """Tell whether a value of a CWL file is what a default says."""
    if default is None or found is None:
        return found is None and (default is None or kind in ('Integer', 'Float'))
    return found == {'Integer': int, 'Float': float, 'Boolean': 'True'.__eq__}.get(kind, str)(default)


def flat(text):
    """Fold white space and control characters to single blanks."""
    if text is None:
        return None
    return ' '.join(''.join(' ' if not character.isprintable() and is_control(character) else character for character in text).split())


def is_control(character):
    """Tell a control character."""
    return ord(character) < 32 or 127 <= ord(character) < 160
