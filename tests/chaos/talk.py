"""How `c3` is called against servers of the tests: with a login for one of them, and little patience."""

import base64
import json
import os
import subprocess
import tempfile
import time

from support import C3, environment, told, venv, write

USER = 'bob:REGPW'
LOGIN = base64.b64encode(USER.encode()).decode()
# Seconds that a server may do nothing: those that are to be found silent, and others, whatever else the machine does.
PATIENCE, LONG_PATIENCE = 2, 30


def config(folder, *servers):
    """Write a configuration of Docker with a login for each server, and give the variable that names it."""
    auths = {server.host: {'auth': LOGIN} for server in servers}
    write(folder / 'docker/config.json', json.dumps({'auths': auths}))
    return {'DOCKER_CONFIG': folder / 'docker'}


class Done:
    """What a program has said, how it ended, how long it took (seconds) and how much memory (MiB) it had at most."""

    def __init__(self, words, env, cwd, limit):
        """Run it; one that takes longer than the limit has failed."""
        self.args = [str(word) for word in words]
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            begun = time.monotonic()
            streams = {'stdin': subprocess.DEVNULL, 'stdout': out, 'stderr': errors}
            running = subprocess.Popen(self.args, env=env, cwd=cwd, **streams)
            status, usage = None, None
            while status is None:
                pid, ended, usage = os.wait4(running.pid, os.WNOHANG)
                status = ended if pid else None
                if status is None and time.monotonic() - begun > limit:
                    running.kill()
                    os.wait4(running.pid, 0)
                    raise AssertionError(f'{" ".join(self.args)} took longer than {limit} s')
                time.sleep(0.02)
            self.seconds, self.memory = time.monotonic() - begun, usage.ru_maxrss >> 10
            self.returncode = running.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0), errors.seek(0)
            self.stdout, self.stderr = out.read().decode(), errors.read().decode()


def c3(*words, env=None, cwd=None, limit=60, patience=LONG_PATIENCE):
    """Run `c3` without an engine, which may fail but neither crash nor hang."""
    path = f'{venv("uv", "uv").parent}:/usr/bin:/bin'
    own = {'DOCKER_HOST': 'unix:///nonexistent', 'PATH': path, 'C3_HTTP_TIMEOUT': patience}
    proxies = {name: None for name in os.environ if name.lower().endswith('_proxy')}
    done = Done([C3, *words], environment({**proxies, **own, **(env or {})}), cwd, limit)
    assert done.returncode >= 0 and 'panicked' not in done.stderr, told(done)
    return done


def operator(folder, name='step', text='print(1)\n'):
    """Write a source and give its name."""
    write(folder / f'{name}.py', text)
    return f'{name}.py'
