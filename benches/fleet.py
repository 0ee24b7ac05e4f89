#!/usr/bin/env python3
"""What many operators cost: `c3 build` without an engine beside a loop of `docker build` and `docker push`.

`benches/fleet.py [--operators N]` needs a release build, Docker, and a registry with the base image's stand-in
(`tests/engines.sh up docker registry base`). Every operator needs numpy and pandas, but for two that need numpy alone and
have a cache of their own. Prints seconds and uploaded bytes.
"""

import argparse
import json
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from compare import BASE, C3, REGISTRY, ROOT, clean_up, run, timed

ENGINES = Path(os.environ.get('C3_ENGINES', ROOT / 'target/engines')).resolve()
SCRIPT = '''\
"""Operator {name}."""
# pip install {packages}
import os

import numpy as np

rows = int(os.getenv('rows', 3))
print(np.zeros((rows, {number})).shape)
'''


def row(what, elapsed, uploaded):
    """Print a row."""
    print(f'{what:<44} {elapsed:7.2f} s  {uploaded}', flush=True)


class Fleet:
    """A folder of operators, built without an engine."""

    def __init__(self, folder, count, packages):
        """Write the operators, and push their base."""
        folder.mkdir()
        self.name = f'c3-bench-{secrets.token_hex(4)}'
        self.base = f'{REGISTRY}/{self.name}/base:1'
        self.folder = folder / 'operators'
        self.folder.mkdir()
        self.names = [f'op_{number:02}' for number in range(count)]
        for number, name in enumerate(self.names):
            (self.folder / f'{name}.py').write_text(SCRIPT.format(name=name, number=number + 1, packages=packages), encoding='utf-8')
        run('docker', 'tag', BASE, self.base)
        run('docker', 'push', '--quiet', self.base)
        self.env = {**os.environ, 'XDG_CACHE_HOME': str(folder / 'cache'), 'PATH': f'{ENGINES}/uv/bin:{os.environ["PATH"]}'}

    def build(self, what, *sources):
        """Build some operators, or all, and print what it took."""
        options = ['--builder', 'oci', '--base-image', self.base, '-r', f'{REGISTRY}/{self.name}/c3', '--format', 'json']
        elapsed, written = timed(C3, 'build', *sources, *options, cwd=self.folder, env=self.env, stderr=subprocess.DEVNULL)
        operators = json.loads(written)['operators']
        uploaded = sum(operator['bytes'] or 0 for operator in operators)
        states = sorted({operator['state'] for operator in operators})
        row(f'c3 build: {what}', elapsed, f'{uploaded / 1e6:.1f} MB uploaded, {", ".join(states)}')

    def loop(self):
        """Build and push all from the contexts that c3 writes, one after the other; what Docker keeps counts."""
        for name in self.names:
            options = ['--no-build', '--keep-generated-files', '-r', f'{REGISTRY}/{self.name}/docker', '-y']
            run(C3, 'create-operator', f'{name}.py', *options, cwd=self.folder, env=self.env)
        begun = time.perf_counter()
        for name in self.names:
            image = f'{REGISTRY}/{self.name}/docker/{name}:1'
            context = self.folder / f'{name}.context'
            run('docker', 'build', '--quiet', '--file', context / f'{name}.Dockerfile', '--tag', image, context)
            run('docker', 'push', '--quiet', image)
        row(f'docker build, docker push: {len(self.names)} operators', time.perf_counter() - begun, '')


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--operators', type=int, default=40, help='how many (default: 40)')
    count = parser.parse_args().operators
    folder = Path(tempfile.mkdtemp(prefix='c3-fleet-'))
    few, fleet = Fleet(folder / 'few', 2, 'numpy'), Fleet(folder / 'many', count, 'numpy pandas')
    print(f'load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores', flush=True)
    try:
        few.build('the first with numpy', 'op_00.py')
        few.build('the next one with numpy', 'op_01.py')
        fleet.build('the first with numpy and pandas', 'op_00.py')
        fleet.build('the next one', 'op_01.py')
        fleet.build(f'all {count}')
        fleet.build('nothing changed')
        with (fleet.folder / 'op_02.py').open('a', encoding='utf-8') as script:
            script.write("print('edited')\n")
        fleet.build('after one edit')
        fleet.loop()
    finally:
        for name in (few.name, fleet.name):
            clean_up(name, [])
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == '__main__':
    main()
