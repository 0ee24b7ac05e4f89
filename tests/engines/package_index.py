"""Package indexes on this machine, which may want a login and remember what they were asked; packages made by hand."""

import base64
import contextlib
import hashlib
import http.server
import io
import secrets
import tarfile
import threading
import zipfile

from support import host_address


def wheel(name, version='1.0', code='', requires=(), files=None):
    """Make a wheel of one module and other files: file name to content."""
    info = f'{name}-{version}.dist-info'
    needs = ''.join(f'Requires-Dist: {package}\n' for package in requires)
    files = {
        **(files or {}),
        f'{name}.py': code,
        f'{info}/METADATA': f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}',
        f'{info}/WHEEL': 'Wheel-Version: 1.0\nGenerator: c3\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    }
    record = ''.join(f'{path},sha256={encoded_digest(text)},{len(text)}\n' for path, text in files.items())
    files[f'{info}/RECORD'] = f'{record}{info}/RECORD,,\n'
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w') as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return {f'{name}-{version}-py3-none-any.whl': out.getvalue()}


def encoded_digest(text):
    """Give a digest as the record of a wheel has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()


def sdist(name, version='1.0', setup=''):
    """Make an archive of sources: file name to content."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w:gz') as archive:
        for path, text in {
            'setup.py': f'{setup}\nfrom setuptools import setup\nsetup(name={name!r}, version={version!r}, py_modules=[])\n',
            'PKG-INFO': f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n',
        }.items():
            member = tarfile.TarInfo(f'{name}-{version}/{path}')
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return {f'{name}-{version}.tar.gz': out.getvalue()}


class Index(http.server.ThreadingHTTPServer):
    """An index with some files; whoever doesn't log in, or wrongly, gets the HTTP error `refusal`."""

    def __init__(self, files, login=None, refusal=401, elsewhere=None):
        """Serve `files` on a free port; `elsewhere` is an index that has the files of the listing.

        A mark in each address keeps builds apart: a port that comes again would else bring a cached layer.
        """
        super().__init__(('0.0.0.0', 0), Handler)
        self.files, self.login, self.refusal, self.elsewhere = files, login, refusal, elsewhere
        self.asked = []
        self.mark = secrets.token_hex(4)

    @property
    def host(self):
        """Give host and port as containers see them."""
        return f'{host_address()}:{self.server_port}'

    @property
    def url(self):
        """Give the address of the index."""
        return f'http://{self.host}/{self.mark}/simple'

    def address(self, name):
        """Give the address of a file."""
        return f'http://{self.host}/{self.mark}/files/{name}'

    def logins(self):
        """Give the logins that were sent."""
        return {sent for _, sent in self.asked if sent}


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as an index does."""

    def do_GET(self):
        """Give a listing or a file."""
        index, sent = self.server, self.headers.get('Authorization')
        index.asked.append((self.path, sent))
        if index.login and sent != basic(index.login):
            realm = {'WWW-Authenticate': 'Basic realm="packages"'} if index.refusal == 401 else {}
            return self.answer(index.refusal, b'', realm)
        kind, _, name = self.path.strip('/').removeprefix(f'{index.mark}/').partition('/')
        if kind == 'simple':
            names = [file for file in index.files if file.startswith(f'{name}-')]
            return self.answer(200 if names else 404, self.listing(names).encode())
        content = index.files.get(name)
        return self.answer(404 if content is None else 200, content or b'')

    def listing(self, names):
        """Give the page of a package."""
        index = self.server
        at = index.elsewhere or index
        digest = {name: hashlib.sha256(index.files[name]).hexdigest() for name in names}
        return ''.join(f'<a href="{at.address(name)}#sha256={digest[name]}">{name}</a>\n' for name in names)

    def answer(self, status, body, headers=None):
        """Answer with a body."""
        self.send_response(status)
        for header, value in {'Content-Type': 'text/html', 'Content-Length': len(body), **(headers or {})}.items():
            self.send_header(header, str(value))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_):
        """Say nothing."""


def basic(login):
    """Give a login as it is sent."""
    return 'Basic ' + base64.b64encode(':'.join(login).encode()).decode()


@contextlib.contextmanager
def serving(*arguments, **options):
    """Serve an index as long as it is needed."""
    with Index(*arguments, **options) as index:
        threading.Thread(target=index.serve_forever, daemon=True).start()
        yield index
        index.shutdown()
