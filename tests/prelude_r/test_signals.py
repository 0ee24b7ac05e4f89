"""Signals and processes, also where the operator is the first process of a container."""

import os
import pty
import signal
import time

import pytest

from conftest import UNSHARE, an_output, environment, needs_unshare

WAIT = 'cat("ready\\n"); flush(stdout()); Sys.sleep(60)'
QUICK = 30  # seconds: half of what the script would sleep


def child_of(process):
    """Give the process that `unshare` has made the first of its namespace."""
    with open('/proc/%d/task/%d/children' % (process.pid, process.pid)) as children:
        return int(children.read())


@needs_unshare
@pytest.mark.parametrize(
    'number, code', [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 1), (signal.SIGQUIT, 143)]
)
@pytest.mark.parametrize('shell', ['dash', 'bash'])
def test_signals_as_the_first_process(operator, shell, number, code):
    subject = operator(WAIT, outputs=[an_output('out')])
    subject.command[0] = shell
    process = subject.start('--out', 'target', before=UNSHARE)
    assert process.stdout.readline() == 'ready\n'
    begun = time.monotonic()
    os.kill(child_of(process), number)
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - begun < QUICK
    plain = operator(WAIT).start(plain=True)
    assert plain.stdout.readline() == 'ready\n'
    plain.send_signal(signal.SIGINT)
    _, err_of_r = plain.communicate(timeout=60)
    assert process.returncode == (plain.returncode if number == signal.SIGINT else code)
    assert err == (err_of_r if number == signal.SIGINT else '')
    assert not (subject.home / 'target').exists()


@needs_unshare
@pytest.mark.parametrize('number, code', [(signal.SIGTERM, 143), (signal.SIGINT, 1), (signal.SIGQUIT, 143)])
def test_signals_with_an_older_env(operator, tmp_path, number, code):
    """An `env` that can't reset signals, as of UBI 8 and of busybox."""
    (tmp_path / 'bin').mkdir()
    older = tmp_path / 'bin' / 'env'
    older.write_text('#!/bin/sh\ncase $1 in -*) exit 125 ;; esac\nexec /usr/bin/env "$@"\n')
    older.chmod(0o755)
    env = {'PATH': '%s:%s' % (older.parent, os.environ['PATH'])}
    process = operator(WAIT).start(before=UNSHARE, env=env)
    assert process.stdout.readline() == 'ready\n'
    os.kill(child_of(process), number)
    process.communicate(timeout=60)
    assert process.returncode == code


@needs_unshare
def test_signal_before_r_has_started(operator):
    """As soon as the shell listens, whatever it has started by then."""
    for wait in (0, 0.01, 0.03, 0.06):
        process = operator(WAIT).start(before=UNSHARE)
        while not listens(process):
            time.sleep(0.001)
        time.sleep(wait)
        os.kill(child_of(process), signal.SIGTERM)
        process.communicate(timeout=60)
        assert process.returncode == 143


def listens(process):
    """Tell whether the first process of the namespace has set its last trap."""
    try:
        with open('/proc/%d/status' % child_of(process)) as lines:
            caught = next(int(line.split()[1], 16) for line in lines if line.startswith('SigCgt'))
        return caught & 1 << signal.SIGTERM - 1
    except (OSError, ValueError):
        return False


@needs_unshare
def test_interrupt_may_be_handled_by_the_script(operator):
    script = """
        tryCatch({ cat("ready\\n"); flush(stdout()); Sys.sleep(60) }, interrupt = function(signal) cat("handled\\n"))
        Sys.sleep(.3); quit(status = 5)
    """
    process = operator(script).start(before=UNSHARE)
    assert process.stdout.readline() == 'ready\n'
    os.kill(child_of(process), signal.SIGINT)
    assert process.communicate(timeout=60) == ('handled\n', '')
    assert process.returncode == 5


@needs_unshare
def test_orphans_are_reaped(operator):
    script = """
        orphan <- system("(exec >&-; sleep .1; exit 3) & echo $!", intern = TRUE)
        end <- Sys.time() + 30
        while (file.exists(file.path("/proc", orphan)) && Sys.time() < end) Sys.sleep(.05)
        cat(file.exists(file.path("/proc", orphan)), Sys.getpid() > 1)
    """
    process = operator(script).start(before=UNSHARE)
    assert process.communicate(timeout=60) == ('FALSE TRUE', '')


@needs_unshare
def test_exit_codes_of_the_scripts_own_processes(operator):
    """Nobody but R waits for them."""
    script = 'codes <- vapply(1:30, function(n) system(paste("exit", n)), 0L); stopifnot(identical(codes, 1:30))'
    assert operator(script).run().returncode == 0
    process = operator(script).start(before=UNSHARE)
    assert process.communicate(timeout=60) == ('', '') and process.returncode == 0


@pytest.mark.parametrize('code', [0, 1, 3, 127, 129, 143, 255])
def test_exit_code_matches_the_script(operator, code):
    assert operator('quit(status = %d)' % code).run().returncode == code


def test_signal_dispositions_match_plain_r(operator):
    script = 'cat(grep("^Sig(Ign|Blk)", readLines("/proc/self/status"), value = TRUE), sep = "\\n")'
    done, plain = operator(script).run_both_ways()
    assert done.stdout == plain.stdout


def test_descriptors_match_plain_r(operator):
    script = 'cat(list.files("/proc/self/fd"))'
    done, plain = operator(script).run_both_ways()
    assert done.stdout == plain.stdout


def test_standard_input_that_is_closed(operator):
    subject = operator('cat("ran")')
    done = subject.finish(['sh', '-c', 'exec "$@" <&-', 'sh', *subject.command], {})
    assert (done.returncode, done.stdout, done.stderr) == (0, 'ran', '')


# On a terminal


def on_terminal(command, keys, home):
    """Run a program on a terminal of its own, type when it is ready, and give what it shows and its exit code."""
    process, terminal = pty.fork()
    if not process:
        os.chdir(home)
        os.execvpe(command[0], command, environment())
    shown = b''
    while b'ready' not in shown:
        shown += os.read(terminal, 1000)
    time.sleep(0.1)
    os.write(terminal, keys)
    try:
        while chunk := os.read(terminal, 1000):
            shown += chunk
    except OSError:
        pass  # its end
    return shown.replace(b'\r', b'').decode(), os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


INTERRUPTED = """
    count <- 0
    withCallingHandlers({
        cat("ready\\n"); flush(stdout())
        end <- Sys.time() + 30
        while (!count && Sys.time() < end) Sys.sleep(.05)
        Sys.sleep(.5) # for another
    }, interrupt = function(signal) { count <<- count + 1; invokeRestart("resume") })
    cat("count", count, "\\n")
"""


@pytest.mark.parametrize('before', [[], ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']])
def test_ctrl_c_is_delivered_once(operator, before):
    subject = operator(INTERRUPTED)
    shown, code = on_terminal([*before, *subject.command], b'\x03', subject.home)
    assert 'count 1 ' in shown and code == 0


def test_terminal_belongs_to_the_script(operator):
    subject = operator('cat("ready\\n"); line <- readLines(file("stdin"), 1); cat("read", line, system("test -t 0"))')
    shown, code = on_terminal(subject.command, b'typed\n', subject.home)
    assert 'read typed 0' in shown and code == 0
