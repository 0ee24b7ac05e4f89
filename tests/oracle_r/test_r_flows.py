"""Required is what a script fails without: random scripts are run by R with their variable and without it.

`C3` names the program, `C3_R_FLOWS` how many random scripts are tried.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]

import flows  # noqa: E402

C3 = Path(os.environ.get('C3', HERE.parents[1] / 'target/debug/c3')).resolve()
SEEDS = int(os.environ.get('C3_R_FLOWS', 60))


def fails(path, **given):
    """Tell whether R ends with an error."""
    env = {**{name: value for name, value in os.environ.items() if name != 'V0'}, **given}
    return subprocess.run(['Rscript', '--vanilla', path], env=env, capture_output=True, timeout=120, check=False).returncode != 0


def judged(path):
    """Give whether `c3` says that the variable is required, and whether R fails with it and without."""
    done = subprocess.run([C3, 'inspect', path, '--format', 'json'], capture_output=True, text=True, timeout=120, check=True)
    read = {found['name']: found['required'] for found in json.loads(done.stdout)['inputs']}
    return read.get('V0'), fails(path, V0='7'), fails(path)


def test_required_inputs_are_those_a_script_fails_without(tmp_path):
    scripts = {}
    for seed in range(SEEDS):
        text = flows.script(seed)
        if text not in scripts.values():
            path = tmp_path / f's{seed}.R'
            path.write_text(text, encoding='utf-8')
            scripts[path] = text
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = dict(zip(scripts, pool.map(judged, scripts), strict=True))
    body = {path: text[len(flows.HEAD) :] for path, text in scripts.items()}
    assert [body[path] for path, (_, fails_with, _) in results.items() if fails_with] == []
    wrong = [f'required is {read}, fails without it: {without}\n{body[path]}' for path, (read, _, without) in results.items() if read != without]
    assert not wrong, f'{len(wrong)} of {len(scripts)}\n' + '\n'.join(wrong)
    # Both happen.
    failing = sum(without for *_, without in results.values())
    assert len(scripts) / 10 < failing < len(scripts) / 2
