"""Grid wrappers for the tests: as c3 writes them, run by real processes on real stores."""

import collections
import functools
import glob
import http.client
import http.server
import json
import os
import re
import signal
import shutil
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import uuid
from pathlib import Path

import boto3
import pytest

ROOT = Path(__file__).resolve().parents[2]
# A run in the background may have been told to ignore Ctrl-C, which the workers would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)

TEMPLATES = ROOT / 'templates'
C3 = os.path.abspath(os.environ.get('C3') or shutil.which('c3') or 'target/debug/c3')
CEPH = 'http://127.0.0.1:7480'
BUCKET = 'c3-grid'
BACKENDS = ['local', 'simple', 'folder', 'cos', 's3kv']
OBJECTS = ('cos', 's3kv', 'legacy_cos')

# Writes a line for each batch it has begun and one for each it has ended.
SCRIPT = '''
    import os
    import random
    import time

    # file that keeps the executions
    log = os.getenv('log')
    # longest time that a batch takes
    seconds = float(os.getenv('seconds', '0'))
    # file that no batch ends before, if any is named
    gate = os.getenv('gate', '')


    def note(log, *words):
        """Write a line at once and as a whole."""
        line = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(line, (' '.join(words) + '\\n').encode())
        os.close(line)


    def grid_process(batch_id, target=None, log=None, seconds=0, gate='', **_):
        batch = os.path.basename(batch_id)
        note(log, 'begin', batch)
        time.sleep(random.uniform(seconds / 3, seconds))
        while gate and not os.path.exists(gate):
            time.sleep(0.05)
        if batch.startswith('bad'):
            raise ValueError(f'{batch} is wrong')
        if target:
            path = os.path.join(target, 'result') if os.path.isdir(target) else target
            with open(path, 'a') as stream:
                stream.write(f'{batch} processed')
        note(log, 'end', batch)
'''


@functools.lru_cache(maxsize=None)
def emitted(backend, name='job.py', script=SCRIPT):
    """Give the files of an operator's folder as c3 writes them, by their names."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, name).write_text(textwrap.dedent(script))
        command = [C3, 'create-gridwrapper', '--no-build', '--keep-generated-files', '-r', 'example.org/x']
        done = subprocess.run(
            [*command, '-p', 'grid_process', '-b', backend, name], cwd=folder, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        stem = Path(name).stem
        return {path.name: path.read_bytes() for path in Path(folder, f'gw_{stem}.context/operator').iterdir()}


def wrapper_of(backend, script=SCRIPT):
    """Give the text of a wrapper."""
    return emitted(backend, script=script)['gw_job.py'].decode()


# A script that takes nothing from the environment.
PLAIN = 'def grid_process(*_, **__):\n    pass\n'


# Marks that say whose a batch was, and those of the coordinator; what else is hidden is to be gone after a run.
KEPT = re.compile(r'\.batches|\.format-3|\.plan-\d+|\.bundle-\d+-\d+\.(processed|err)')
PASSED = re.compile(r'(?s)\.batches|\.plan-\d+|\.format-\d+|\.probing|\.?.+\.(lock(\.[1-9]\d*)?|(free|err)\.[1-9]\d*)')


class Grid:
    """A script with its wrapper and prelude, and the workers that run them."""

    def __init__(self, folder, backend, script=SCRIPT, name='job.py', store=CEPH):
        """Write all files, made for a script of the same parameters; the coordinator is a place of its own."""
        self.backend, self.home = backend, folder
        self.image = folder / 'image'
        self.image.mkdir()
        self.log = folder / 'log'
        self.log.touch()
        for file, content in emitted(backend, name).items():
            (self.image / file).write_bytes(content)
        (self.image / name).write_text(textwrap.dedent(script))
        self.wrapper = self.image / f'gw_{Path(name).stem}.py'
        self.prelude = self.image / f'claimed_{self.wrapper.name}'
        self.env = {'log': str(self.log), 'C3_GRID_HEARTBEAT': '10'}
        self.set_place(store)
        self.workers = []

    def set_place(self, store):
        """Say where the coordinator is."""
        if self.backend == 'index':
            return
        if self.backend == 'local':
            self.marks = self.home / 'coordinator'
            self.env['gw_coordinator_path'] = str(self.marks)
        elif self.backend in OBJECTS:
            self.prefix = f'runs/{uuid.uuid4().hex}'
            self.set_store(store)
        else:
            self.source, self.marks = self.home / 'source', self.home / 'target'
            self.source.mkdir()
            self.env.update(sgw_source_folder=str(self.source), sgw_target_folder=str(self.marks))

    def set_store(self, store):
        """Say at which address the coordinator's object store is."""
        self.env['gw_coordinator_connection'] = f'cos://testkey:testsecret@{store}/{BUCKET}/{self.prefix}'

    def place(self):
        """Give what a user names to see or to clean up the run, past any proxy."""
        if self.backend not in OBJECTS:
            return str(self.marks)
        return re.sub(r'@http://[^/]*', f'@{CEPH}', self.env['gw_coordinator_connection'])

    def give(self, batches):
        """Say what the batches are."""
        if self.backend == 'simple':
            for batch in batches:
                (self.source / batch).write_text('data')
        elif self.backend == 'folder':
            for number, batch in enumerate(batches):
                (self.source / batch).mkdir() if number % 2 else (self.source / batch).write_text('data')
        else:
            self.give_file('batches.txt', '\n'.join(batches))
        return self

    def give_file(self, name, content):
        """Say it with a file."""
        path = self.home / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.env['gw_batch_file'] = str(path)
        return self

    def shut(self):
        """Let no batch end until the file that is given is there."""
        gate = self.home / 'gate'
        self.env['gate'] = str(gate)
        return gate

    def start(self, before=(), **env):
        """Start a worker."""
        kept = {name: os.environ[name] for name in ('PATH', 'HOME') if name in os.environ}
        output = self.home / f'worker-{len(self.workers)}'
        with output.open('wb') as stream:
            worker = subprocess.Popen(
                [*before, sys.executable, str(self.prelude)],
                env={**kept, 'LC_ALL': 'C.UTF-8', 'AWS_EC2_METADATA_DISABLED': 'true', **self.env, **env},
                cwd=self.image,
                stdout=stream,
                stderr=stream,
            )
        worker.output = output
        self.workers.append(worker)
        return worker

    def run(self, count=1, timeout=170, **env):
        """Run workers to the end and give them."""
        workers = [self.start(**env) for _ in range(count)]
        for worker in workers:
            worker.wait(timeout)
        return workers

    def lines(self, word='end'):
        """Count how often each batch has begun or ended."""
        lines = [line.split(' ', 1) for line in self.log.read_text().splitlines()]
        return collections.Counter(batch for what, batch in lines if what == word)

    def names(self):
        """Give the names of what is of use after a run: without locks and the coordinator's own marks."""
        return {name for name in self.all_names() if not PASSED.fullmatch(name)}

    def all_names(self):
        """Give the names of all marks."""
        if self.backend in OBJECTS:
            pages = client().get_paginator('list_objects_v2').paginate(Bucket=BUCKET, Prefix=self.prefix + '/')
            names = {entry['Key'][len(self.prefix) + 1 :] for page in pages for entry in page.get('Contents', [])}
        else:
            names = set(os.listdir(self.marks)) if self.marks.exists() else set()
        return names

    def put(self, name, content):
        """Make a mark."""
        if self.backend in OBJECTS:
            client().put_object(Bucket=BUCKET, Key=f'{self.prefix}/{name}', Body=content)
        else:
            self.marks.mkdir(exist_ok=True)
            (self.marks / name).write_bytes(content)

    def end(self):
        """End what still runs."""
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
                worker.wait()


def said(worker):
    """Give what a worker has written."""
    return worker.output.read_text()


REPORT = re.compile(r'(\d+) done by this worker, (\d+) by others, (\d+) failed, (\d+) left to others, (\d+) in total')


def reported(worker):
    """Give the counts of a worker's report."""
    return tuple(map(int, REPORT.findall(said(worker))[-1]))


def marks_are_clean(grid):
    """Tell whether `c3 grid-clean` leaves nothing but what the guide names."""
    done = subprocess.run([C3, 'grid-clean', grid.place()], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    names = {name for name in grid.all_names() if not KEPT.fullmatch(name)}
    return not [name for name in names if PASSED.fullmatch(name) or '.LOCKED' in name or name.startswith('.')]


@pytest.fixture
def grid(tmp_path):
    """Make grids: `grid(backend, script=…, …)`."""
    made = []

    def make(backend, **options):
        folder = tmp_path / f'grid-{len(made)}'
        folder.mkdir()
        made.append(Grid(folder, backend, **options))
        return made[-1]

    yield make
    for each in made:
        each.end()


# Stores


def client(endpoint=CEPH):
    """Give a client for the tests' own use."""
    return boto3.client(
        's3',
        endpoint_url=endpoint,
        aws_access_key_id='testkey',
        aws_secret_access_key='testsecret',
        region_name='us-east-1',
    )


@pytest.fixture(scope='session', autouse=True)
def ceph():
    """Make the bucket; `tests/engines.sh up s3` has started the store."""
    client().create_bucket(Bucket=BUCKET)
    return CEPH


def wait_until(condition, seconds=120):
    """Wait for something to happen."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, 'it has not happened in time'
        time.sleep(0.05)


# Shifts the clock that a program sees.
FAKETIME = glob.glob('/usr/lib/*/faketime/libfaketime.so.1')


LISTENS = re.compile(r'http://127\.0\.0\.1:\d+')  # what the second store says when it does


@pytest.fixture(scope='session')
def moto(tmp_path_factory):
    """Start the second store."""
    log = tmp_path_factory.mktemp('moto') / 'log'
    command = [str(Path(sys.executable).parent / 'moto_server'), '-H', '127.0.0.1', '-p', '0']
    with log.open('wb') as stream:
        server = subprocess.Popen(command, stdout=stream, stderr=stream)
    wait_until(lambda: LISTENS.search(log.read_text()))
    url = LISTENS.search(log.read_text())[0]
    client(url).create_bucket(Bucket=BUCKET)
    yield url
    server.send_signal(signal.SIGKILL)
    server.wait()


class Proxy(http.server.ThreadingHTTPServer):
    """Stands before a store, counts the requests and can misbehave."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, store, listens=True):
        """Listen; `before` and `after` may say how a request is to fail, done or not: a status or a fault's name."""
        super().__init__(('127.0.0.1', 0), Forwarder, bind_and_activate=False)
        self.server_bind()
        self.store = store.partition('://')[2]
        self.url = f'http://127.0.0.1:{self.server_address[1]}'
        self.count = collections.Counter()
        self.dropped = set()
        self.before = self.after = lambda request: None
        self.has_begun = False
        if listens:
            self.listen()

    def listen(self):
        """Take connections, which are refused before, though the port is taken."""
        self.server_activate()
        self.has_begun = True
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, address):
        """Keep quiet about workers that have been killed."""


class Forwarder(http.server.BaseHTTPRequestHandler):
    """Passes one connection's requests on."""

    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True

    def forward(self):
        """Pass a request on and its answer back."""
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        self.server.count[self.command] += 1
        fault = self.server.before(self)
        if fault:
            self.misbehave(fault)
            return
        dropped = self.server.dropped | {'expect', 'connection'}
        headers = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
        store = http.client.HTTPConnection(self.server.store)
        store.request(self.command, self.path, body, headers)
        reply = store.getresponse()
        content = reply.read()
        store.close()
        fault = self.server.after(self)
        if fault:
            self.misbehave(fault, content)
        else:
            self.answer(reply.status, reply.getheaders(), content)

    def misbehave(self, fault, content=b''):
        """Answer with a status, or in a way that is no answer."""
        if isinstance(fault, int):
            self.answer(fault, [], b'')
        elif isinstance(fault, tuple):
            self.answer(*fault)
        elif fault == 'hang':
            time.sleep(11)  # longer than a worker waits
            self.close_connection = True
        elif fault == 'truncate':
            self.send_response_only(200)
            self.send_header('Content-Length', str(len(content) + 100))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
        elif fault == 'half':
            self.answer(200, [('ETag', '"x"')], content[: len(content) // 2] or b'<')
        elif fault == 'drop':
            self.close_connection = True

    def answer(self, status, headers, content):
        """Give an answer."""
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ('content-length', 'transfer-encoding', 'connection'):
                self.send_header(name, value)
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(content)

    do_GET = do_PUT = do_DELETE = do_HEAD = do_POST = forward

    def log_message(self, *_):
        """Keep quiet."""


@pytest.fixture
def proxy():
    """Start proxies: `proxy(store)`."""
    started = []

    def start(store=CEPH, **options):
        started.append(Proxy(store, **options))
        return started[-1]

    yield start
    for each in started:
        if each.has_begun:
            each.shutdown()
        each.server_close()
