"""What `c3` reads from R scripts, compared with a reading by R's own parser and evaluator.

`C3` names the program, `C3_SEEDS` how many random scripts are tried, `C3_R_CORPUS` folders (parted by `:`) whose scripts
are compared too.
"""

import json
import math
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / 'oracle')]

import scripts  # noqa: E402
from oracle import SYSTEM, SYSTEM_PREFIXES, has_userinfo, is_secret  # noqa: E402

C3 = Path(os.environ.get('C3', ROOT / 'target/debug/c3')).resolve()
SEEDS = int(os.environ.get('C3_SEEDS', 600))
CORPUS = [Path(folder) for folder in os.environ.get('C3_R_CORPUS', '').split(':') if folder]

# What can be installed: a name or an address.
VALID = re.compile(r'(?:[A-Za-z][A-Za-z0-9.]*|(?:https?|ftp|file)://[\w.+~:/@#=>*?&%-]+)$')

# Reasons for which `c3` may refuse a script that R accepts.
REFUSALS = {'name-collision', 'requirement', 'operator-name'}


def inspect(path):
    """Give the component of a script, or the errors that keep it from being one."""
    done = subprocess.run([C3, 'inspect', path, '--format', 'json'], capture_output=True, encoding='utf-8', timeout=120, env={**os.environ, 'NO_COLOR': '1'})
    if done.returncode == 0:
        return json.loads(done.stdout), set()
    errors = {line[len('error[') : line.index(']')] for line in done.stderr.splitlines() if line.startswith('error[')}
    assert done.returncode == 1 and errors, f'{path}: {done.returncode} {done.stderr[:2000]}'
    return None, errors


def read_by_r(paths, folder):
    """Give what R reads from scripts."""
    parts = [paths[at::2] for at in range(2)]

    def run(part):
        listing = folder / f'list{id(part)}'
        listing.write_text(''.join(f'{path}\n' for path in part), encoding='utf-8')
        done = subprocess.run(['Rscript', '--vanilla', HERE / 'oracle.R', listing], capture_output=True, encoding='utf-8', env={**os.environ, 'LC_ALL': 'C.UTF-8'})
        lines = done.stdout.splitlines()
        assert len(lines) == len(part), done.stderr[-2000:]
        return dict(zip(part, map(json.loads, lines)))

    with ThreadPoolExecutor(2) as pool:
        return {path: reading for result in pool.map(run, parts) for path, reading in result.items()}


def differences(paths, folder):
    """Yield scripts with sentences about what differs."""
    readings = read_by_r(paths, folder)
    with ThreadPoolExecutor(4) as pool:
        for path, (component, errors) in zip(paths, pool.map(inspect, paths)):
            for sentence in compare(component, errors, readings[path], path.read_text(encoding='utf-8')):
                yield path, sentence


def compare(component, errors, reading, text):
    """Yield sentences about what differs."""
    if 'error' in reading:
        if 'syntax-error' not in errors and not errors & REFUSALS:
            yield f'R refuses it: {reading["error"]}'
        return
    if 'failed' in reading:
        assert 'unused argument' in reading['failed'] or 'formal argument' in reading['failed'], reading
        return
    if component is None:
        if errors - REFUSALS:
            yield f'refused: {", ".join(sorted(errors))}'
        return
    wanted_inputs, wanted_outputs = assemble(reading['accesses'])
    inputs = {port['name']: port for port in component['inputs']}
    outputs = {port['name'] for port in component['outputs']}
    if set(inputs) != set(wanted_inputs):
        yield f'inputs {sorted(inputs)}, not {sorted(wanted_inputs)}'
    if outputs != wanted_outputs:
        yield f'outputs {sorted(outputs)}, not {sorted(wanted_outputs)}'
    for name in inputs.keys() & wanted_inputs.keys():
        yield from compare_ports(inputs[name], wanted_inputs[name])
    computed = [finding for finding in component['diagnostics'] if finding['code'] == 'computed-name']
    # The oracle doesn't look at functions that are handed on to others.
    handed_on = re.search(r'do\.call|apply|map|walk|Map', text)
    if bool(computed) != bool(reading['computed']) and not (computed and handed_on):
        yield f'{len(computed)} computed names, not {reading["computed"]}'
    packages = [requirement['text'] for requirement in component['requirements'] if requirement.get('installer') == 'install.packages']
    known = [name for name in dict.fromkeys(reading['packages']) if VALID.match(name)]
    # Nor at other functions that install.
    if packages != known and not reading['unclear'] and 'install_' not in text:
        yield f'packages {packages}, not {known}'


def compare_ports(found, wanted):
    """Yield what differs about an input."""
    name = found['name']
    if found['type'] not in ('String', 'Integer', 'Float', 'Boolean'):
        return  # as a directive says, which the oracle doesn't read
    if found['type'] != wanted['type']:
        yield f'{name} is {found["type"]}, not {wanted["type"]}'
    elif found['required'] != wanted['required']:
        yield f'{name}: required is {found["required"]}'
    elif found['secret'] != wanted['secret']:
        yield f'{name}: secret is {found["secret"]}'
    elif not wanted['secret'] and not is_value(found['default'], wanted['value'], found['type']):
        yield f'{name}: the default is {found["default"]!r}, not {wanted["value"]!r}'


def is_value(found, wanted, kind):
    """Tell whether a default is the value that R has."""
    if wanted is None or wanted == 'NA' and kind != 'String':
        # `c3` takes `yes` and `1` for true too, which R does not.
        return found is None or kind == 'Boolean'
    if found is None:
        return False
    if kind == 'Integer':
        return int(found) == int(wanted)
    if kind == 'Float':
        value, meant = float(found), float(wanted)
        return value == meant or math.isnan(value) and math.isnan(meant)
    return found.upper() == wanted if kind == 'Boolean' else found == wanted


def assemble(accesses):
    """Decide what the variables are."""
    variables = {}
    for access in accesses:
        variables.setdefault(access['name'], []).append(access)
    inputs, outputs = {}, set()
    for name, uses in variables.items():
        if not name or '=' in name or name in SYSTEM or name.startswith(SYSTEM_PREFIXES):
            continue
        used = [use for use in uses if use['action'] in ('read', 'write')]
        reads = [use for use in uses if use['action'] == 'read']
        flags = [use for use in uses if use['action'] == 'flag']
        tests = [use for use in uses if use['action'] in ('flag', 'test', 'asked')]
        open_reads = [use for use in reads if not sure_above(use, uses)]
        is_input = bool(open_reads) or not reads and any(not sure_above(use, uses) for use in tests)
        goes_on = bool(tests) or bool(reads) and any(use['action'] == 'write' for use in uses[: uses.index(reads[-1])])
        kind = next((use['cast'] for use in reads if use['cast']), 'String') if is_input else 'String'
        secret = is_secret(name, kind, {}) or any(has_userinfo(use['default']) for use in reads if use['has_default'])
        if is_input:
            decisive = next((use for use in reads if use['has_default']), None)
            # The cast of the variable needn't be the one around this read.
            value = decisive['value'] if decisive and (decisive['cast'] or 'String') == kind else convert(decisive and decisive['default'], kind)
            inputs[name] = {'type': kind, 'required': decisive is None and not goes_on, 'value': value, 'secret': secret}
        if any(use['action'] == 'write' for use in uses) and not secret:
            outputs.add(name)
    return inputs, outputs


def sure_above(use, uses):
    """Tell whether a write stands before a use on every way."""
    return any(other['action'] == 'write' and other['sure'] for other in uses[: next(at for at, other in enumerate(uses) if other is use)])


def convert(text, kind):
    """Give the value that a cast of R makes of a text."""
    try:
        match kind:
            case 'Integer':
                return str(int(float(text)))
            case 'Float':
                return repr(float(text))
            case 'Boolean':
                return None
    except (TypeError, ValueError, OverflowError):
        return None
    return text


def report(found, count):
    """Fail with the first differences."""
    assert not found, f'{len(found)} differences in {count} scripts\n' + '\n'.join(f'{path}: {sentence}' for path, sentence in found[:20])


def written(folder, make, count):
    """Write scripts."""
    paths = [folder / f'script_{seed}.R' for seed in range(count)]
    for seed, path in enumerate(paths):
        path.write_text(make(seed), encoding='utf-8')
    return paths


def test_random_scripts(tmp_path):
    """Scripts made from a grammar are read as R reads them."""
    paths = written(tmp_path, scripts.script, SEEDS)
    report(list(differences(paths, tmp_path)), len(paths))


def test_broken_scripts(tmp_path):
    """What R doesn't parse is refused, and nothing else."""
    paths = written(tmp_path, scripts.broken, SEEDS)
    report(list(differences(paths, tmp_path)), len(paths))


def test_samples(tmp_path):
    """The samples are read as R reads them."""
    paths = sorted((ROOT / 'samples').rglob('*.R'))
    report(list(differences(paths, tmp_path)), len(paths))


@pytest.mark.skipif(not CORPUS, reason='C3_R_CORPUS names no folder')
def test_corpus(tmp_path):
    """Scripts that people wrote are read as R reads them."""
    paths = sorted(path for folder in CORPUS for path in folder.rglob('*') if path.suffix in ('.R', '.r') and path.is_file() and is_text(path))
    report(list(differences(paths, tmp_path)), len(paths))


def is_text(path):
    """Tell whether a file is UTF-8."""
    try:
        return '\0' not in path.read_text(encoding='utf-8')
    except UnicodeDecodeError:
        return False
