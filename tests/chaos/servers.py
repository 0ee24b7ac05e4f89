"""Servers that note what they are asked, and answer as they are told: as registries do, or otherwise."""

import gzip
import hashlib
import http.server
import io
import json
import tarfile
import threading
import time
from dataclasses import dataclass, field

MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
CONFIG = 'application/vnd.oci.image.config.v1+json'
LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip'
LOOPBACK = '127.0.0.1'


def digest(content):
    """Give the digest of some bytes."""
    return f'sha256:{hashlib.sha256(content).hexdigest()}'


@dataclass
class Call:
    """A request that has come, and the way to answer it."""

    server: 'Server' = field(repr=False)
    handler: http.server.BaseHTTPRequestHandler = field(repr=False)
    method: str
    path: str
    login: str | None
    body: bytes = field(repr=False, default=b'')

    def reply(self, status, body=b'', **headers):
        """Answer; in names of headers `_` stands for `-`."""
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.handler.send_response(status)
        for name, value in {'Content_Length': len(body), **headers}.items():
            self.handler.send_header(name.replace('_', '-'), str(value))
        self.handler.end_headers()
        if self.method != 'HEAD':
            self.handler.wfile.write(body)
        self.handler.wfile.flush()

    def raw(self, content):
        """Send bytes as they are."""
        self.handler.wfile.write(content)
        self.handler.wfile.flush()

    def drop(self):
        """Close the connection."""
        self.handler.close_connection = True


class Server:
    """An HTTP server; with a context of TLS one of HTTPS."""

    def __init__(self, answer=None, address=LOOPBACK, tls=None, reads=lambda call: True):
        """Begin to serve; a body is read before the answer is asked for, if `reads` says so."""
        self.calls, self.ended = [], threading.Event()
        own = self
        self.answer = answer or self.answer

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            # Head and body in one packet, so that the system waits for nothing between them.
            wbufsize = -1

            def handle_any(self):
                call = Call(own, self, self.command, self.path, self.headers.get('Authorization'))
                own.calls.append(call)
                if reads(call):
                    call.body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
                own.answer(call)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = handle_any

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                """Say nothing of those who have gone."""

            def finish_request(self, request, client_address):
                if tls:
                    request.settimeout(10)
                    request = tls.wrap_socket(request, server_side=True)
                super().finish_request(request, client_address)

        self.server = Quiet((address, 0), Handler)
        self.host = f'{address}:{self.server.server_port}'
        self.url = f'{"https" if tls else "http"}://{self.host}'
        threading.Thread(target=self.server.serve_forever, kwargs={'poll_interval': 0.05}, daemon=True).start()

    def end(self):
        """End, and let nobody wait any more."""
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def logins(self):
        """Give the logins that were shown."""
        return {call.login for call in self.calls if call.login}

    def silence(self, seconds=60):
        """Do nothing, until the end at most."""
        self.ended.wait(seconds)


def refuse(call):
    """Ask for a login, and take any: what a stranger does who wants to have it."""
    host = call.handler.headers['Host']
    if '/realm' in call.path:
        return call.reply(200, {'token': 'STRANGERS'})
    challenge = f'Bearer realm="http://{host}/realm",service="stranger"'
    return call.reply(401, {'errors': []}, WWW_Authenticate=challenge)


class Registry(Server):
    """A registry that keeps all in memory; `first` may answer in its place, and says so by True."""

    def __init__(self, first=None, **options):
        """Begin to serve."""
        self.blobs, self.manifests = {}, {}
        self.first = first or (lambda call: False)
        super().__init__(self.respond, **options)

    def respond(self, call):
        """Answer one request."""
        if self.first(call):
            return None
        path, _, query = call.path.partition('?')
        _, _, rest = path.partition('/v2/')
        if '/blobs/uploads' in rest:
            return self.upload(call, rest, query)
        repository, kind, name = split(rest)
        if kind == 'tags':
            tags = sorted(tag for at, tag in self.manifests if at == repository and ':' not in tag)
            return call.reply(200, {'tags': tags}) if tags else missing(call)
        if call.method == 'PUT':
            media = call.handler.headers['Content-Type']
            for key in (name, digest(call.body)):
                self.manifests[repository, key] = (media, call.body)
            return call.reply(201)
        if kind == 'blobs' and name in self.blobs:
            return call.reply(200, self.blobs[name])
        if (repository, name) in self.manifests:
            media, body = self.manifests[repository, name]
            return call.reply(200, body, Content_Type=media)
        return missing(call)

    def upload(self, call, rest, query):
        """Take a blob."""
        if call.method == 'POST':
            repository = rest.partition('/blobs/')[0]
            return call.reply(202, Location=f'/v2/{repository}/blobs/uploads/1?state=x')
        wanted = query.rpartition('digest=')[2].replace('%3A', ':')
        if digest(call.body) != wanted:
            return call.reply(400, {'errors': [{'code': 'DIGEST_INVALID'}]})
        self.blobs[wanted] = call.body
        return call.reply(201)

    def add(self, repository, config, *layers):
        """Put an image into a repository as tag `1`, and give its manifest."""
        config = json.dumps(config).encode()
        parts = [(CONFIG, config), *((LAYER, layer) for layer in layers)]
        described = [{'mediaType': kind, 'digest': digest(part), 'size': len(part)} for kind, part in parts]
        self.blobs.update({digest(part): part for _, part in parts})
        manifest = {'schemaVersion': 2, 'mediaType': MANIFEST, 'config': described[0], 'layers': described[1:]}
        body = json.dumps(manifest).encode()
        for name in ('1', digest(body)):
            self.manifests[repository, name] = (MANIFEST, body)
        return manifest

    def add_base(self, repository, python='3.12'):
        """Put a base image with a Python of some version into a repository."""
        layer, plain = packed('opt/marker', b'base' * 50_000)
        variables = ['PATH=/opt/app-root/bin:/usr/bin', f'PYTHON_VERSION={python}']
        config = {'Env': variables, 'WorkingDir': '/opt/app-root/src', 'Labels': {'a': 'b'}}
        rootfs = {'type': 'layers', 'diff_ids': [plain]}
        return self.add(repository, {'architecture': 'amd64', 'os': 'linux', 'config': config, 'rootfs': rootfs}, layer)

    def pushed(self, repository):
        """Give the blobs that the image under a tag is made of; each of them has to be there."""
        manifest = json.loads(self.manifests[repository, '1'][1])
        return [self.blobs[part['digest']] for part in [manifest['config'], *manifest['layers']]]


def split(rest):
    """Give repository, kind and name of what is asked for."""
    for kind in ('blobs', 'manifests', 'tags'):
        repository, found, name = rest.rpartition(f'/{kind}/')
        if found:
            return repository, kind, name
    return rest, '', ''


def missing(call):
    """Answer that there is no such thing."""
    call.reply(404, {'errors': [{'code': 'NAME_UNKNOWN'}]})


def packed(path, content):
    """Give a layer with one file, and the digest of its uncompressed form."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode='w') as tar:
        entry = tarfile.TarInfo(path)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(archive.getvalue(), mtime=0), digest(archive.getvalue())


def trickle(call, content, seconds=60):
    """Send a body byte by byte, one each second."""
    call.handler.send_response(200)
    call.handler.send_header('Content-Length', str(len(content)))
    call.handler.end_headers()
    for byte in content[:seconds]:
        call.raw(bytes([byte]))
        time.sleep(1)
    call.drop()
