"""Nothing enters an image, or reaches an installer on this machine, unseen."""

import io
import os
import tarfile

import pytest
from servers import Server
from support import told, write
from talk import c3

EVIL = """import os
open(os.environ['MARK'], 'w').write('ran on the host')
from setuptools import setup
setup(name='evilpkg', version='1.0', py_modules=[])
"""


def sdist():
    """Give an archive of sources whose `setup.py` leaves a mark."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w:gz') as archive:
        files = {'setup.py': EVIL, 'PKG-INFO': 'Metadata-Version: 2.1\nName: evilpkg\nVersion: 1.0\n'}
        for name, text in files.items():
            info = tarfile.TarInfo(f'evilpkg-1.0/{name}')
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


class Files(Server):
    """A server of files."""

    def __init__(self, files):
        self.files = files
        super().__init__()

    def answer(self, call):
        """Give a file, or an index of all."""
        if call.path == '/':
            links = ''.join(f'<a href="{name}">{name}</a>' for name in self.files)
            return call.reply(200, links.encode(), Content_Type='text/html')
        content = self.files.get(call.path.strip('/'))
        return call.reply(404) if content is None else call.reply(200, content, Content_Type='text/plain')


@pytest.fixture
def files(serve):
    """Give a server with a package that runs code when it is built."""
    return serve(Files, {'evilpkg-1.0.tar.gz': sdist()})


@pytest.fixture
def host(tmp_path, registry):
    """Give a function that compiles a comment without an engine, and tells whether the host ran anything."""

    def build(comment, *options, command='create-operator'):
        write(tmp_path / 'x.py', f'"""X."""\n{comment}\nimport os\nprint(os.getenv("n", "1"))\n')
        mark = tmp_path / 'mark'
        env = {'MARK': mark, 'UV_CACHE_DIR': tmp_path / 'uv', 'XDG_CACHE_HOME': tmp_path / 'cache', 'HOME': tmp_path}
        own = ['--builder', 'oci', '--base-image', f'{registry.host}/base:1', '--archive', 'x.tar']
        own = own if command == 'create-operator' else []
        done = c3(command, *own, '-v', '1', '-o', 'out', *options, 'x.py', cwd=tmp_path, env=env, limit=120)
        return done, mark.exists()

    return build


@pytest.mark.parametrize(
    'lines',
    [
        '--no-binary evilpkg\n--find-links {url}/\nevilpkg\n',
        'evilpkg @ {url}/evilpkg-1.0.tar.gz\n',
        '{url}/evilpkg-1.0.tar.gz\n',
        '-e git+{url}/evilpkg\n',
        '-r deeper.txt\n',
        '--find-links {url}/\nevilpkg --config-settings=x=y\n',
    ],
)
def test_a_remote_requirement_file_runs_nothing_on_the_host(host, files, lines):
    files.files |= {'a.txt': lines.format(url=files.url).encode(), 'deeper.txt': b'--no-binary :all:\nevilpkg\n'}
    done, ran = host(f'# pip install -r {files.url}/a.txt')
    assert (done.returncode, ran) == (1, False), told(done)
    assert 'needs-engine' in done.stderr and 'line ' in done.stderr, told(done)


@pytest.mark.parametrize('command', ['create-operator', 'create-containerless-operator'])
@pytest.mark.parametrize('words', ['-f {url}/ evilpkg', '{url}/evilpkg-1.0.tar.gz', '-r local.txt'])
def test_no_sources_are_built_on_the_host(host, files, tmp_path, command, words):
    write(tmp_path / 'local.txt', f'evilpkg @ {files.url}/evilpkg-1.0.tar.gz\n')
    done, ran = host(f'# pip install {words.format(url=files.url)}', command=command)
    assert done.returncode != 0 and not ran, told(done)


def test_containerless_operators_build_sources_only_if_allowed(host, files):
    done, ran = host(f'# pip install {files.url}/evilpkg-1.0.tar.gz', '--allow-build', command='create-containerless-operator')
    assert ran, told(done)
    assert 'built on this machine' in done.stderr


def test_a_remote_file_is_fetched_once_and_by_builds_only(host, files):
    files.files |= {'a.txt': b'-r b.txt\n', 'b.txt': b'is this a list\n'}
    comment = f'# pip install -r {files.url}/a.txt'
    done, _ = host(comment)
    assert done.returncode == 1 and '`is this a list`' in done.stderr, told(done)
    assert sorted(call.path for call in files.calls) == ['/a.txt', '/b.txt']


@pytest.mark.parametrize('command', ['compile', 'check', 'inspect'])
def test_reading_fetches_nothing(tmp_path, files, command):
    write(tmp_path / 'x.py', f'"""X."""\n# pip install -r {files.url}/a.txt -c {files.url}/c.txt six\n')
    done = c3(command, 'x.py', cwd=tmp_path)
    assert done.returncode == 0, told(done)
    assert not files.calls
    if command != 'inspect':
        assert 'only a build fetches it' in done.stdout + done.stderr


def test_a_server_that_fails_ends_with_3(host, files):
    done, _ = host(f'# pip install -r {files.url}/none.txt')
    assert done.returncode == 3 and 'failed to fetch' in done.stderr and '404' in done.stderr, told(done)


@pytest.mark.parametrize(
    ('url', 'code'),
    [('http://192.0.2.1/a.txt', 1), ('file:///etc/passwd', 1), ('https://bob:pw@127.0.0.1:1/a.txt', 3)],
)
def test_invalid_urls_are_not_fetched(host, url, code):
    done, _ = host(f'# pip install -r {url}')
    assert done.returncode == code and 'failed to fetch' in done.stderr, told(done)
    assert 'root:' not in done.stderr and ':pw' not in done.stderr


@pytest.mark.parametrize('line', ['-r ../private/notes.txt', '-r /etc/passwd', '-c link.txt six', '../private/x.whl', '-r list.txt'])
def test_files_outside_the_project_are_kept_out_of_images(tmp_path, line):
    write(tmp_path / 'private/notes.txt', 'PRIVATE\n')
    write(tmp_path / 'private/x.whl', 'PRIVATE')
    write(tmp_path / 'project/list.txt', '-r ../private/notes.txt\n')
    os.symlink('../private/notes.txt', tmp_path / 'project/link.txt')
    write(tmp_path / 'project/x.py', f'"""X."""\n# pip install {line}\n')
    options = ['--no-build', '--keep-generated-files', '-o', 'out', 'x.py']
    done = c3('create-operator', *options, cwd=tmp_path / 'project')
    assert done.returncode == 1 and 'is outside the working directory' in done.stderr, told(done)
    assert not (tmp_path / 'project/out').exists()


def test_templates_outside_the_project_are_rejected(tmp_path):
    write(tmp_path / 'private/T.Dockerfile', 'PRIVATE ${additional_files_docker}\n')
    write(tmp_path / 'project/x.py', '"""X."""\n')
    options = ['--no-build', '--dockerfile-template', '../private/T.Dockerfile', 'x.py']
    done = c3('create-operator', *options, cwd=tmp_path / 'project')
    assert done.returncode == 1 and 'is outside' in done.stderr, told(done)
    write(tmp_path / 'project/c3.toml', 'dockerfile-template = "../private/T.Dockerfile"\n')
    done = c3('create-operator', '--no-build', 'x.py', cwd=tmp_path / 'project')
    assert done.returncode == 1 and 'is outside' in done.stderr, told(done)


def test_the_home_folder_is_never_read(tmp_path):
    write(tmp_path / 'home/reqs.txt', 'private-package\n')
    write(tmp_path / 'project/x.py', '"""X."""\n# pip install -r ~/reqs.txt\n')
    env = {'HOME': tmp_path / 'home'}
    done = c3('create-operator', '--no-build', 'x.py', cwd=tmp_path / 'project', env=env)
    assert done.returncode == 0 and 'neither beside the source' in done.stderr, told(done)
    write(tmp_path / 'project/reqs.txt', 'six\n')
    options = ['--no-build', '--keep-generated-files', '--overwrite', 'x.py']
    done = c3('create-operator', *options, cwd=tmp_path / 'project', env=env)
    assert done.returncode == 0 and 'warning' not in done.stderr, told(done)
    assert (tmp_path / 'project/x.context/requirements/reqs.txt').read_text() == 'six\n'


def test_local_variables_are_not_sent_to_indexes(host, files):
    files.files['a.txt'] = f'--extra-index-url {files.url}/${{MARK}}/\nsix\n'.encode()
    done, _ = host(f'# pip install -r {files.url}/a.txt')
    assert done.returncode == 1 and 'names a variable' in done.stderr, told(done)
    assert all('mark' not in call.path for call in files.calls)
