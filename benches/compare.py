"""What `benches/compare.sh` measures and prints."""

import argparse
import contextlib
import functools
import itertools
import json
import os
import secrets
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
C3 = Path(os.environ.get('C3', ROOT / 'target/release/c3')).resolve()
ORIGINAL = Path(os.environ.get('C3_ENGINES', ROOT / 'target/engines')).resolve() / 'original/bin'
BASE = 'registry.access.redhat.com/ubi8/python-312'
REGISTRY = '127.0.0.1:5000'
SCRIPTS = 200
SOURCES = ['*.py', '*.ipynb', '*.R']
MEGABYTE = 1e6

# The original has no `--no-build`: its own program, whose calls of docker do nothing. Whatever it imports, reads and
# writes is as always.
WITHOUT_DOCKER = """
import subprocess, types
from c3.create_operator import main
subprocess.run = lambda *args, **options: types.SimpleNamespace(returncode=0, stdout=b'')
main()
"""

MANIFESTS = ', '.join(
    ['application/vnd.docker.distribution.manifest.v2+json', 'application/vnd.oci.image.manifest.v1+json']
)


def run(*command, **options):
    """Run a program to its end and give what it wrote; end with its last words if it fails."""
    both = {'stdout': subprocess.PIPE, 'stderr': subprocess.STDOUT, 'stdin': subprocess.DEVNULL, 'text': True}
    done = subprocess.run([str(word) for word in command], **{**both, **options})
    if done.returncode != 0:
        sys.exit(f'{shlex.join(map(str, command))} failed:\n{(done.stdout or "")[-3000:]}')
    return done.stdout


def timed(*command, **options):
    """Give the seconds that a program takes, and what it wrote."""
    start = time.perf_counter()
    written = run(*command, **options)
    return time.perf_counter() - start, written


def say(text):
    """Tell what is going on."""
    print(f'==> {text}', file=sys.stderr, flush=True)


def load():
    """Give the machine's load in the last minute."""
    return f'{os.getloadavg()[0]:.2f}'


def seconds(value):
    """Write a time."""
    return f'{value * 1000:.2f} ms' if value < 1 else f'{value:.2f} s'


def megabytes(value):
    """Write a size."""
    return f'{value / 1000:.1f} kB' if value < MEGABYTE else f'{value / MEGABYTE:.1f} MB'


class Table:
    """The figures, row by row."""

    def __init__(self):
        """Begin with the head."""
        self.rows = [('', 'original', 'c3', 'ratio', 'goal', '')]

    def times_better(self, what, original, c3, write, goal=None):
        """Add a row whose ratio is how many times c3 does better."""
        verdict = '' if goal is None else ('met' if original / c3 >= goal else 'MISSED')
        self.rows.append((what, write(original), write(c3), f'{original / c3:.1f}x', goal and f'>= {goal}x', verdict))

    def share(self, what, original, c3, write, goal=None):
        """Add a row whose ratio is c3's share of what the original takes."""
        verdict = '' if goal is None else ('met' if c3 / original <= goal else 'MISSED')
        ratio = f'{c3 / original:.3g}x'
        self.rows.append((what, write(original), write(c3), ratio, goal and f'<= {goal}x', verdict))

    def __str__(self):
        """Align the columns."""
        rows = [[cell or '' for cell in row] for row in self.rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        aligned = ([row[0].ljust(widths[0]), *map(str.rjust, row[1:5], widths[1:5]), row[5]] for row in rows)
        return '\n'.join('  '.join(cells).rstrip() for cells in aligned)


# Without a build


def compile_with_original(*arguments):
    """Give the command that compiles one script with the original, without docker."""
    options = ['--overwrite', '-r', 'registry.example/ns', '-v', '0.1']
    return [ORIGINAL / 'python', '-c', WITHOUT_DOCKER, *options, *arguments]


def compile_with_c3(*arguments):
    """Give the command that compiles scripts with c3."""
    return [C3, 'compile', '--overwrite', '-r', 'registry.example/ns', '-v', '0.1', *arguments]


def samples():
    """Give the scripts among the samples which both programs compile."""
    for sample in sorted((ROOT / 'samples').glob('*.py')):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(sample, folder)
            for command in compile_with_original(sample.name), compile_with_c3(sample.name):
                done = subprocess.run(command, cwd=folder, capture_output=True, stdin=subprocess.DEVNULL)
                if done.returncode != 0:
                    say(f'{sample.name} is left out: {command[0]} refuses it')
                    break
            else:
                yield sample


def hyperfine(command, folder, runs, environment=None, options=()):
    """Give the times of a command which finds none of the files that it writes."""
    with tempfile.NamedTemporaryFile() as report:
        sources = (word for pattern in SOURCES for word in ('-not', '-name', pattern))
        clean = ['find', folder, '-type', 'f', *sources, '-delete']
        options = [*options, '-N', '--style=none', '--warmup=3', f'--runs={runs}', f'--prepare={shlex.join(map(str, clean))}']
        command = shlex.join(map(str, command))
        environment = {**os.environ, **(environment or {})}
        run('hyperfine', *options, f'--export-json={report.name}', command, cwd=folder, env=environment)
        return json.load(report)['results'][0]['times']


def memory(command, folder):
    """Run a command; give its seconds and the peak memory of the largest of its processes."""
    with tempfile.NamedTemporaryFile('r') as report:
        run('/usr/bin/time', '-f', '%e %M', '-o', report.name, *command, cwd=folder)
        elapsed, kilobytes = map(float, report.read().split())
        return elapsed, kilobytes * 1024


def compare_compilation(table, folder):
    """Compare what happens without a build: start-up, reading, writing."""
    one, many = folder / 'one', folder / 'many'
    one.mkdir()
    many.mkdir()
    usable = list(samples())
    script = Path(shutil.copy(ROOT / 'samples/example_script.py', one)).name
    for number, sample in zip(range(SCRIPTS), itertools.cycle(usable)):
        shutil.copy(sample, many / f'{sample.stem}_{number:03}.py')

    say('one script')
    original, c3 = [], []
    for _ in range(5):
        original += hyperfine(compile_with_original(script), one, 5)
        c3 += hyperfine(compile_with_c3(script), one, 50)
    table.times_better('one script', statistics.median(original), statistics.median(c3), seconds, 100)
    peaks = [memory(command(script), one)[1] for command in (compile_with_original, compile_with_c3)]
    table.times_better('  peak memory', *peaks, megabytes)

    say(f'{SCRIPTS} scripts, which takes the original a while')
    loop = 'for script in *.py; do "$@" "$script" >/dev/null 2>&1 || exit 1; done'
    original, original_peak = memory(['sh', '-c', loop, 'sh', *compile_with_original()], many)
    c3 = hyperfine(compile_with_c3('.'), many, 20)
    table.times_better(f'{SCRIPTS} scripts', original, statistics.median(c3), seconds, 300)
    alone = hyperfine(compile_with_c3('.'), many, 20, {'RAYON_NUM_THREADS': '1'})
    table.times_better('  c3 on one core', original, statistics.median(alone), seconds)
    table.times_better('  peak memory', original_peak, memory(compile_with_c3('.'), many)[1], megabytes)


def compare_sources(table, folder, library):
    """Compare how all sources below a folder of the user's are compiled, and count those that c3 refuses."""
    folder.mkdir()
    found = sorted(path for pattern in SOURCES for path in library.rglob(pattern) if path.is_file())
    for number, path in enumerate(found):
        shutil.copy(path, folder / f'{path.stem[:40]}_{number:03}{path.suffix}')
    say(f'{len(found)} sources of {library.name}, which takes the original a while')
    loop = 'for source in *.*; do "$@" "$source" >/dev/null 2>&1 || :; done'
    original, original_peak = memory(['sh', '-c', loop, 'sh', *compile_with_original()], folder)
    c3 = hyperfine(compile_with_c3('.'), folder, 20, options=['--ignore-failure'])
    table.times_better(f'{len(found)} sources', original, statistics.median(c3), seconds, 300)
    done = subprocess.run(compile_with_c3('.', '--format', 'json'), cwd=folder, capture_output=True)
    operators = json.loads(done.stdout)['operators']
    refused = [operator['source'] for operator in operators if operator['error']]
    return f'\nSources: all {", ".join(SOURCES)} below {library}; c3 refuses {len(refused)}: {", ".join(refused)}.'


# With an image


class Registry:
    """What the registry tells about images."""

    @staticmethod
    def ask(path, method='GET'):
        """Ask, and give the answer."""
        request = urllib.request.Request(f'http://{REGISTRY}/v2/{path}', method=method, headers={'Accept': MANIFESTS})
        return urllib.request.urlopen(request, timeout=60)

    def blobs(self, repository, tag):
        """Give the sizes of an image's blobs by their digests: its layers and its configuration."""
        manifest = json.load(self.ask(f'{repository}/manifests/{tag}'))
        return {blob['digest']: blob['size'] for blob in [*manifest['layers'], manifest['config']]}

    def delete(self, repository):
        """Delete the images of a repository; their blobs go with the registry's next garbage collection."""
        tags = json.load(self.ask(f'{repository}/tags/list'))['tags'] or []
        for digest in {self.ask(f'{repository}/manifests/{tag}').headers['Docker-Content-Digest'] for tag in tags}:
            self.ask(f'{repository}/manifests/{digest}', 'DELETE')


def size(image):
    """Give the size of an image in the engine."""
    return int(run('docker', 'image', 'inspect', '--format', '{{.Size}}', image))


def build_with_original(script, file, *options):
    """Give the command that builds and pushes with the original; what docker says is shown in DEBUG only."""
    return [ORIGINAL / 'c3_create_operator', script, file, '--overwrite', '-l', 'DEBUG', *options]


def build_with_c3(script, file, *options):
    """Give the command that builds and pushes with c3."""
    return [C3, 'create-operator', script, file, '--overwrite', *options]


def build_without_engine(base, script, file, *options):
    """Give the command by which c3 makes and pushes the image itself, from a base in the registry."""
    return build_with_c3(script, file, '--builder', 'oci', '--base-image', base, *options)


class Operator:
    """An operator with one additional file, built and pushed again and again."""

    def __init__(self, command, platform, namespace, folder):
        """Begin with the numpy script among the samples."""
        self.command, self.platform, self.folder = command, platform, folder
        self.namespace, self.name = namespace, namespace.split('/')[0]
        self.script, self.file = folder / f'{self.name.replace("-", "_")}.py', folder / 'additional.txt'
        folder.mkdir()
        shutil.copy(ROOT / 'samples/example_script.py', self.script)
        self.file.write_text(f'{namespace}\n')
        self.versions = itertools.count(1)
        self.log = ''

    @property
    def repository(self):
        """Name the repository of the image."""
        return f'{self.namespace}/claimed-{self.name}'

    def build(self, *options):
        """Build and push; give the time, the tag of the image and its blobs."""
        tag = f'0.{next(self.versions)}'
        where = ['-r', f'{REGISTRY}/{self.namespace}', '-v', tag, '--platform', self.platform]
        command = self.command(self.script.name, self.file.name, *where, *options)
        elapsed, self.log = timed(*command, cwd=self.folder)
        return elapsed, f'{REGISTRY}/{self.repository}:{tag}', Registry().blobs(self.repository, tag)

    def measure(self, base, in_engine):
        """Build anew, after an edit of the script, after an edit of the additional file: give all figures by name."""
        elapsed, image, blobs = self.build('--no-cache')
        added = sum(blob for digest, blob in blobs.items() if digest not in base)
        figures = {'first': elapsed, 'compressed': added}
        if in_engine:
            figures['size'] = size(image) - size(BASE)
        known = {**base, **blobs}
        for what, path, line in ('script', self.script, "logging.info('{}')"), ('file', self.file, '{}'):
            with path.open('a') as text:
                text.write(f'{line.format(secrets.token_hex(8))}\n')
            elapsed, _, blobs = self.build()
            pushed = sum(blob for digest, blob in blobs.items() if digest not in known)
            figures |= {f'{what} time': elapsed, f'{what} bytes': pushed}
            known |= blobs
        return figures


def push_base(name):
    """Push the base image, so that nobody's first push has to; give its blobs."""
    image = f'{REGISTRY}/{name}/base:latest'
    run('docker', 'tag', BASE, image)
    run('docker', 'push', image)
    return Registry().blobs(f'{name}/base', 'latest')


def clean_up(name, repositories):
    """Remove the images of this run from the engine and from the registry."""
    listed = ['docker', 'images', '--format', '{{.Repository}}:{{.Tag}}']
    images = [image for image in subprocess.run(listed, capture_output=True, text=True).stdout.split() if name in image]
    if images:
        subprocess.run(['docker', 'rmi', '--force', *images], capture_output=True)
    for repository in repositories:
        with contextlib.suppress(OSError, KeyError):
            Registry().delete(repository)


def compare_images(table, folder, rounds):
    """Compare what happens with a build and a push, in turns; give the builders' names."""
    name = f'c3-bench-{secrets.token_hex(4)}'
    server = run('docker', 'version', '--format', '{{.Server.Os}}/{{.Server.Arch}}').strip()
    without_engine = functools.partial(build_without_engine, f'{REGISTRY}/{name}/base:latest')
    commands = {'original': build_with_original, 'c3': build_with_c3, 'oci': without_engine}
    figures = {tool: [] for tool in commands}
    repositories = [f'{name}/base']
    builder = ''
    try:
        base = push_base(name)
        for number, (tool, command) in itertools.product(range(rounds), commands.items()):
            say(f'image, round {number + 1} of {rounds}: {tool}')
            operator = Operator(command, server, f'{name}/{tool}-{number}', folder / f'{tool}-{number}')
            repositories.append(operator.repository)
            figures[tool].append(operator.measure(base, in_engine=tool != 'oci'))
            if tool == 'original':
                builder = 'the classic builder' if 'Sending build context' in operator.log else 'BuildKit'
    finally:
        clean_up(name, repositories)

    def median(tool, figure):
        return statistics.median(one[figure] for one in figures[tool])

    def row(what, figure, write, goal=None, tool='c3'):
        table.share(what, median('original', figure), median(tool, figure), write, goal)

    row('first build and push', 'first', seconds, 0.6)
    row('  added to the base, in the engine', 'size', megabytes, 0.65)
    row('  added to the base, compressed in the registry', 'compressed', megabytes, 0.65)
    row('again after an edit of the script', 'script time', seconds)
    row('  pushed', 'script bytes', megabytes)
    row('again after an edit of an additional file', 'file time', seconds)
    row('  pushed', 'file bytes', megabytes)
    row('without an engine: first build and push', 'first', seconds, tool='oci')
    row('  added to the base, compressed in the registry', 'compressed', megabytes, tool='oci')
    edited = median('original', 'script time'), median('oci', 'script time')
    table.times_better('without an engine: after an edit of the script', *edited, seconds, 3)
    row('  pushed', 'script bytes', megabytes, tool='oci')
    row('without an engine: after an edit of an additional file', 'file time', seconds, tool='oci')
    row('  pushed', 'file bytes', megabytes, tool='oci')
    return builder


def about_images(builder):
    """Say how the images were measured."""
    client, server = run('docker', 'version', '--format', '{{.Client.Version}} {{.Server.Version}}').split()
    doctor = subprocess.run([C3, 'doctor'], capture_output=True, text=True).stdout
    own = 'BuildKit' if 'builds with BuildKit' in doctor else 'the classic builder'
    asked = os.environ.get('DOCKER_BUILDKIT')
    return f"""
Images: samples/example_script.py (numpy) with one additional file on {BASE},
which is in the engine and in the registry before; the registry is on loopback. Each first build is with --no-cache;
every round has new contents and a repository of its own; in turns; medians.
Docker Engine {server}: the original builds with the client {client} and gets {builder}, c3 asks
the engine itself and gets {own} (DOCKER_BUILDKIT {'is not set' if asked is None else f'= {asked}'}; both heed it).
"Without an engine" is `c3 --builder oci`, the base in the same registry and its packages installed by uv where that is
on the path, else by pip.
"Pushed" is the compressed size of the blobs which are in the new manifest and were in none before."""


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(prog='benches/compare.sh')
    parser.add_argument('--quick', action='store_true', help='leave the images out')
    parser.add_argument('--sources', type=Path, help='compile all sources below this folder, too')
    parser.add_argument('--rounds', type=int, default=3, help='how often each image is built (default 3)')
    options = parser.parse_args()
    # So that whatever was made is removed then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # Without its compiled byte code the original takes twice the time; its warm-up runs write it.
    os.environ.pop('PYTHONDONTWRITEBYTECODE', None)
    before = load()
    if float(before) > 0.5:
        say(f'the machine is busy (load {before}): the times are rough')
    table, about = Table(), ''
    with tempfile.TemporaryDirectory(prefix='c3-bench-') as folder:
        compare_compilation(table, Path(folder))
        if options.sources:
            about += compare_sources(table, Path(folder) / 'sources', options.sources)
        if not options.quick:
            about += about_images(compare_images(table, Path(folder), options.rounds))
    release = 'import importlib.metadata as m; print(m.version("claimed-c3"))'
    versions = run(ORIGINAL / 'python', '-c', release).strip(), run(C3, '--version').split()[-1]
    print(f'\n{table}')
    print(f"""
claimed-c3 {versions[0]} and c3 {versions[1]} on {os.cpu_count()} cores; load {before} before, {load()} after.
Without a build: the original's own program whose calls of docker do nothing, `c3 compile` as it is. One script is
samples/example_script.py; {SCRIPTS} scripts are copies of the samples that both accept, one process after the other for
the original, one process for c3. Files are read and byte code is written before, results are not there yet; medians
(of the original's {SCRIPTS}: one run).{about}""")


if __name__ == '__main__':
    main()
