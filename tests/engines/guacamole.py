"""A server in Guacamole's place, as far as a desktop registers with it."""

import contextlib
import http.server
import json
import threading

ANSWERS = {
    '/guacamole/api/tokens': {'authToken': 'token'},
    '/guacamole/api/session/data/postgresql/connectionGroups/ROOT/tree?token=token': {
        'childConnectionGroups': [{'name': 'ann', 'identifier': '7'}]
    },
    '/guacamole/api/session/data/postgresql/connections?token=token': {'identifier': '8'},
}


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers what is known, and keeps what was sent."""

    def answer(self):
        """Answer a request."""
        sent = self.rfile.read(int(self.headers.get('Content-Length', 0))).decode()
        self.server.requests[self.path] = sent
        text = json.dumps(ANSWERS.get(self.path)).encode()
        self.send_response(200 if self.path in ANSWERS else 404)
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = answer

    def log_message(self, *_):
        """Say nothing."""


@contextlib.contextmanager
def guacamole(host):
    """Run the server for a while; what was sent is in its `requests`, by path."""
    with http.server.ThreadingHTTPServer((host, 0), Handler) as server:
        server.requests = {}
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
