"""The script as R's main program: everything is as under `Rscript script.R`, which the tests run as well."""

import os
import re
import signal
import subprocess
from itertools import takewhile
from pathlib import Path
from tempfile import gettempdir

import pytest

from conftest import ALL_PACKAGES, LOG_LEVEL, an_input, an_output, as_a_shell

LIKE_PLAIN = {
    'autoprint': '1:3; "text"; invisible(2); x <- 5; (x); NULL; function(x) x + 1 # kept?',
    'results': 'data.frame(a = 1:2); summary(lm(dist ~ speed, cars))$r.squared; .Last.value',
    'main': 'if (sys.nframe() == 0L) cat("main\\n"); if (!interactive()) cat("batch\\n")',
    'error': 'f <- function(x) g(x)\ng <- function(x) stop("bad: ", x)\nf(1)\n',
    'error in a namespace': 'stats::lm(y ~ x)',
    'error of base': 'log("x")',
    'error without call': 'stop("text", call. = FALSE)',
    "error of one's own": 'stop(structure(class = c("mine", "error", "condition"), list(message = "m", call = NULL)))',
    'error with a warning': 'f <- function() { warning("w"); stop("s") }\nf()',
    'missing object': 'print(nothing)',
    'missing package': 'library(nothing)',
    'syntax error': 'cat("first\\n")\nx <- (1 + \n}\ncat("never\\n")',
    'incomplete': 'cat("first\\n")\nf <- function() {\n',
    'invalid bytes': b'x <- "\xff"\ncat(nchar(x, "bytes"), "\\n")\nnchar(x)\n',
    'no end of line': b'cat(1)\n# end\ncat(2)',
    'carriage returns': b'cat(1)\r\ncat("a\r\nb")\r\n',
    'byte order mark': b'\xef\xbb\xbfcat(1)\n',
    'empty': '',
    'warnings': 'for (n in 1:3) warning("w", n)\nwarning("last")',
    'warning at the end': 'x <- as.integer("x")',
    'warnings as errors': 'options(warn = 2); as.integer("x"); cat("never")',
    'messages': 'message("m"); packageStartupMessage("p"); cat("c\\n", file = stderr())',
    'quit': 'cat("x"); quit(); cat("never")',
    'quit with a code': 'quit(status = 3)',
    'quit with code -1': 'quit(status = -1)',
    'q': 'q("no", 4, FALSE)',
    'q within': 'sapply(1:3, function(n) if (n == 2) q(status = n) else print(n))',
    'q in tryCatch': 'tryCatch(q(status = 2), error = function(e) 1, finally = cat("finally"))',
    'bad quit': 'quit("perhaps", 1)',
    'bad status': 'quit(status = "x")',
    'strange status': 'quit(status = list())',
    'ask to save': 'x <- 1; quit("ask")',
    'save': 'x <- 1; quit("yes"); ',
    'two arguments wrong': 'quit(stop("first"), stop("second"))',
    'unknown argument': 'quit(code = 3)',
    'last': '.Last <- function() cat("last\\n")\ncat("x\\n")',
    'last after quit': '.Last <- function() cat("last\\n")\nquit(status = 6)',
    'no last after an error': '.Last <- function() cat("last\\n")\nstop("x")',
    'failing last': '.Last <- function() stop("in last")',
    'finalizers': 'invisible(reg.finalizer(globalenv(), function(e) cat("bye\\n"), onexit = TRUE)); cat("x\\n")',
    'quit in a finalizer': 'reg.finalizer(globalenv(), function(e) quit(status = 7), onexit = TRUE)',
    'on.exit': 'f <- function() { on.exit(cat("exit\\n")); stop("x") }\nf()',
    'error handler': 'options(error = quote({ cat("handler\\n"); q(status = 5) }))\nstop("x")',
    'error handler that goes on': 'options(error = expression(NULL))\nstop("x")\ncat("goes on\\n")',
    'calling handlers': 'withCallingHandlers(stop("x"), error = function(e) cat("calling\\n"))',
    'global handlers': 'globalCallingHandlers(warning = function(w) cat(conditionMessage(w), "\\n"))\nwarning("x")',
    'traceback': 'options(error = function() traceback(2))\nf <- function() stop("x")\nf()',
    'recursion': 'f <- function(n) f(n + 1)\nf(1)',
    'interrupted': 'tools::pskill(Sys.getpid(), 2); Sys.sleep(9)',
    'killed': 'tools::pskill(Sys.getpid(), 9)',
    'terminated': 'tools::pskill(Sys.getpid(), 15); Sys.sleep(9)',
    'hangup': 'tools::pskill(Sys.getpid(), 1); Sys.sleep(9)',
    'standard input': 'readLines(file("stdin"))',
    'standard input line by line': 'f <- file("stdin", "r"); readLines(f, 1); scan(f, quiet = TRUE)',
    'standard input is not the script': 'readLines(stdin(), 1)\nnever\nreadline("?")',
    'standard output': 'cat("no end of line")',
    'sinks': 'sink("f"); cat("hidden"); sink(); cat("shown")',
    'plots': 'plot(1); list.files(pattern = "pdf")',
    'forked': 'parallel::mclapply(1:3, function(n) n^2, mc.cores = 2)',
    'forked failure': 'parallel::mclapply(1:2, function(n) stop("x"), mc.cores = 2)',
    'cluster': """
        library(parallel)
        cluster <- makePSOCKcluster(1)
        clusterCall(cluster, function() sub("=.*", "", commandArgs(TRUE)))
        stopCluster(cluster)
    """,
    'source': 'writeLines("sys.nframe() > 0; print(commandArgs(TRUE))", "s.R"); source("s.R", echo = TRUE)',
    'random': 'set.seed(1); runif(1); sample(9)',
    'classes': 'setClass("P", representation(n = "numeric")); new("P", n = 1); isVirtualClass("P")',
    'time limit': 'setTimeLimit(elapsed = .5); repeat 1',
    'environment': 'setdiff(names(Sys.getenv()), c("p", "C3_UNSET_OUTPUTS"))',
    'arguments': 'commandArgs(); commandArgs(TRUE); commandArgs(trailing = FALSE)[1]',
}

NEED_PACKAGES = [LIKE_PLAIN[name] for name in ('results', 'error in a namespace', 'plots', 'classes')]


def outcome(done):
    """Give what can be seen of a run, without what differs from one to the next."""
    text = re.sub(r'0x[0-9a-f]+|(?<=usage  )\d+', '0', done.stdout + '\n--\n' + done.stderr)
    return as_a_shell(done.returncode), text


@pytest.mark.parametrize('script', LIKE_PLAIN.values(), ids=LIKE_PLAIN)
def test_scripts_behave_like_plain_with_every_feature_on(operator, script):
    """The entry point has logging, an output and links to take care of, and yet the script runs as without it."""
    subject = operator(
        script,
        logging=True,
        own_arguments=True,
        inputs=[LOG_LEVEL, an_input('p')],
        outputs=[an_output('out')],
        files=['data/a.csv'],
    )
    (subject.folder / 'data').mkdir()
    (subject.folder / 'data' / 'a.csv').write_text('a')
    env = {'C3_UNSET_OUTPUTS': 'skip', 'log_level': 'ERROR', **(ALL_PACKAGES if script in NEED_PACKAGES else {})}
    done, plain = subject.run_both_ways('p=1', own=['argument', '--option'], input='text\n1 2\n', env=env)
    assert outcome(done) == outcome(plain)


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_ends_the_script_as_under_r(operator, number):
    subject = operator(
        'cat("ready\\n"); flush(stdout()); Sys.setenv(out = "x"); Sys.sleep(60)', outputs=[an_output('out')]
    )
    codes = []
    for plain in (False, True):
        process = subject.start('--out', 'target', plain=plain)
        assert process.stdout.readline() == 'ready\n'
        process.send_signal(number)
        codes.append((process.communicate(timeout=60), as_a_shell(process.returncode)))
    assert codes[0] == codes[1]
    assert not (subject.home / 'target').exists()


def test_broken_pipe(operator):
    subject = operator('for (n in 1:100000) cat(n, "\\n")')
    codes = []
    for plain in (False, True):
        process = subject.start(plain=plain)
        process.stdout.close()
        codes.append((process.stderr.read(), as_a_shell(process.wait(60))))
        process.stderr.close()
    assert codes[0] == codes[1]


def test_script_and_entry_point_are_read_only(operator):
    subject = operator('cat("ran")', inputs=[an_input('p')])
    for path in (subject.script, subject.entry):
        path.chmod(0o444)
    assert subject.run().stdout == 'ran' and sorted(os.listdir(subject.folder)) == ['claimed_x.R', 'x.R']


def test_unprivileged_user(operator, tmp_path):
    """An arbitrary user without a home, as on OpenShift."""
    subject = operator(
        'cat(Sys.getenv("p")); Sys.setenv(out = "text")', inputs=[an_input('p')], outputs=[an_output('out')]
    )
    if os.geteuid() != 0:
        pytest.skip('only root can become somebody else')
    subject.home.chmod(0o777)
    for folder in (tmp_path, *takewhile(lambda folder: folder != Path(gettempdir()), tmp_path.parents)):
        folder.chmod(0o755)
    done = subprocess.run(
        [*subject.command, 'p=1', '--out', 'target'],
        cwd=subject.home,
        env={'PATH': os.environ['PATH'], 'HOME': '/nowhere', 'LC_ALL': 'C.UTF-8'},
        user=12345,
        group=0,
        extra_groups=[],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b'1', b'')
    assert (subject.home / 'target').read_text() == 'text'
