"""Required is what a program fails without: random programs are run with CPython, with each variable missing in turn.

`C3` names the program, `C3_FLOWS` how many random programs are tried.
"""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import flows

ROOT = Path(__file__).resolve().parents[2]
C3 = Path(os.environ.get('C3', ROOT / 'target/debug/c3')).resolve()
SEEDS = int(os.environ.get('C3_FLOWS', 300))
NAMES = ('V0', 'V1')
GIVEN = dict.fromkeys(NAMES, '7')


def required(path):
    """Tell of each input whether `c3` says that it is required."""
    done = subprocess.run([C3, 'inspect', path, '--format', 'json'], capture_output=True, text=True, timeout=120, check=True)
    return {found['name']: found['required'] for found in json.loads(done.stdout)['inputs']}


def test_required_inputs_are_those_a_program_fails_without(tmp_path):
    programs = {}
    for seed in range(SEEDS):
        path = tmp_path / f'p{seed}.py'
        path.write_text(flows.Writer(seed).program(NAMES), encoding='utf-8')
        program = compile(path.read_text(encoding='utf-8'), path.name, 'exec')
        assert flows.run(program, GIVEN) is None, path.read_text(encoding='utf-8')
        programs[path] = program
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        read = dict(zip(programs, pool.map(required, programs), strict=True))
    wrong, failing = [], 0
    for path, program in programs.items():
        for name in NAMES:
            why = flows.run(program, {other: GIVEN[other] for other in NAMES if other != name})
            failing += why is not None
            if read[path].get(name) != (why is not None):
                wrong.append(f'{path.name} {name}: required is {read[path].get(name)}, without it: {why}\n{path.read_text(encoding="utf-8")[len(flows.HEAD):]}')
    assert not wrong, f'{len(wrong)} of {2 * SEEDS}\n' + '\n'.join(wrong[:3])
    # Both happen.
    assert SEEDS / 2 < failing < 3 / 2 * SEEDS
