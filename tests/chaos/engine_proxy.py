"""A Docker Engine behind a proxy that cuts, splits and freezes what the engine says: `engine_proxy.py LISTEN`."""

import re
import socket
import sys
import threading
import time

ENGINE = '/var/run/docker.sock'
REQUEST = re.compile(rb'(?:GET|HEAD|POST|PUT|DELETE) (\S+) HTTP/1\.1\r\n')


def whole(pieces):
    """Hand every chunk on as it is."""
    yield from pieces


def split(pieces):
    """Send the line end of each message in a chunk of its own, a moment later, as a loaded engine does."""
    for piece in pieces:
        if piece.endswith(b'\r\n') and len(piece) > 2:
            yield piece[:-2]
            time.sleep(0.03)
            yield piece[-2:]
        else:
            yield piece


def cut(mark):
    """Make what ends a body in order, but in the midst of the first message that holds a mark."""

    def shorten(pieces):
        for piece in pieces:
            if mark in piece:
                yield piece[: piece.index(mark)]
                return
            yield piece

    return shorten


def broken(mark):
    """Make what closes the connection in the midst of the first message that holds a mark."""

    def breaks(pieces):
        for piece in pieces:
            if mark in piece:
                yield piece[: piece.index(mark)]
                raise ConnectionAbortedError
            yield piece

    return breaks


def stalling(mark):
    """Make what says nothing more from the first message on that holds a mark."""

    def stalls(pieces):
        for piece in pieces:
            if mark in piece:
                time.sleep(120)
            yield piece

    return stalls


class Proxy:
    """Stands between `c3` and the engine; `change` alters the chunked answers whose path it is told for."""

    def __init__(self, listen, path='', change=whole, engine=ENGINE):
        self.listen, self.path, self.change, self.engine = str(listen), path, change, engine
        self.frozen, self.asked, self.freeze_on = threading.Event(), [], None
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.listen)
        self.server.listen(64)

    def __enter__(self):
        """Serve in the background."""
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        """Take no more connections; what is frozen stays so."""
        self.server.close()

    @property
    def host(self):
        """The address as `DOCKER_HOST` has it."""
        return f'unix://{self.listen}'

    def serve(self):
        """Take connections, each in a thread of its own."""
        while True:
            try:
                client = self.server.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.connection, args=(client,), daemon=True).start()

    def connection(self, client):
        """Carry one connection, both ways."""
        engine = socket.socket(socket.AF_UNIX)
        engine.connect(self.engine)
        paths = []
        threading.Thread(target=self.requests, args=(client, engine, paths), daemon=True).start()
        try:
            self.answers(client, engine, paths)
        except OSError:
            pass
        for side in (client, engine):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            side.close()

    def freezing(self, mark):
        """Freeze altogether at the first message that holds a mark."""

        def freezes(pieces):
            for piece in pieces:
                if mark in piece:
                    self.frozen.set()
                yield piece

        self.change = freezes
        return self

    def hold(self):
        """Go no further while frozen."""
        while self.frozen.is_set():
            time.sleep(0.05)

    def requests(self, client, engine, paths):
        """Carry what `c3` asks."""
        try:
            while data := client.recv(65536):
                if found := REQUEST.match(data):
                    path = found[1].decode()
                    paths.append(path)
                    self.asked.append(path)
                    if self.freeze_on and self.freeze_on in path:
                        self.frozen.set()
                self.hold()
                engine.sendall(data)
            engine.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def answers(self, client, engine, paths):
        """Carry what the engine answers."""
        stream = engine.makefile('rb')
        while line := stream.readline():
            head = [line]
            while head[-1] not in (b'\r\n', b''):
                head.append(stream.readline())
            head = b''.join(head)
            self.hold()
            client.sendall(head)
            lower = head.lower()
            if b' 101 ' in head.split(b'\r\n')[0]:
                self.upgraded(client, engine, stream)
                return
            if b'transfer-encoding: chunked' in lower:
                self.body(client, chunks(stream), paths[-1] if paths else '')
            elif found := re.search(rb'content-length: (\d+)', lower):
                client.sendall(stream.read(int(found[1])))

    def body(self, client, pieces, path):
        """Carry a body in chunks, altered if it is meant."""
        change = self.change if re.search(self.path, path) else whole
        for piece in change(pieces):
            self.hold()
            client.sendall(b'%x\r\n%s\r\n' % (len(piece), piece))
        client.sendall(b'0\r\n\r\n')
        for _ in pieces:  # What was cut off is read, so that the engine goes on.
            pass

    def upgraded(self, client, engine, stream):
        """Carry what is no HTTP any more."""
        while data := stream.read1(65536):
            self.hold()
            client.sendall(data)


def chunks(stream):
    """Give the chunks of a body."""
    while True:
        size = int(stream.readline().split(b';')[0], 16)
        data = stream.read(size)
        stream.readline()
        if not size:
            return
        yield data


if __name__ == '__main__':
    with Proxy(sys.argv[1]):
        print('ready', flush=True)
        while True:
            time.sleep(3600)
