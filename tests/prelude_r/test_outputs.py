"""How outputs arrive where the engine wants them."""

import gzip
import json
import os
import re
import subprocess
import textwrap
from itertools import takewhile
from pathlib import Path
from tempfile import gettempdir

import pytest

from conftest import ALL_PACKAGES, HOSTILE, LOCALES, NOT_GIVEN, an_input, an_output, as_a_shell, needs_unshare, r_bytes, succeeded


@pytest.fixture
def deliver(operator):
    """Run a script with the output `out`: `deliver(script, type=…, target=…)` gives the run and the target."""

    def run(script, type='String', read=False, target='target', name='out', id=None, **options):
        """Deliver to a path in the working directory."""
        subject = operator(textwrap.dedent(script), outputs=[an_output(name, type, read, id)])
        done = subject.run('--' + name, target, **options)
        return done, subject.home / target

    return run


@pytest.mark.parametrize('locale', LOCALES)
def test_text_is_delivered(operator, locale):
    texts = {'v%d' % number: text for number, text in enumerate(HOSTILE.values())}
    script = '\n'.join(
        'Sys.setenv(%s = %s)' % (name, r_bytes(text)) for name, text in texts.items() if len(text) < 1000
    )
    subject = operator(script + '\nSys.setenv(long = strrep("x", 100000))', outputs=[*map(an_output, [*texts, 'long'])])
    done = subject.run(*[name + '=' + name for name in [*texts, 'long']], env={'LC_ALL': locale})
    texts['long'] = texts.pop('v%d' % [*HOSTILE].index('long'))
    assert done.returncode == 0 and done.stderr.count('\n') == 1  # the long one has been given another name
    assert {name: (subject.home / name).read_bytes() for name in texts} == {
        name: os.fsencode(text) for name, text in texts.items()
    }


WRITE = 'cat("content", file = "f"); Sys.setenv(out = "f")\n'
WAYS = {
    'relative': WRITE,
    'dot': WRITE + 'Sys.setenv(out = "./f")',
    'absolute': WRITE + 'Sys.setenv(out = normalizePath("f"))',
    'from elsewhere': WRITE + 'dir.create("d"); setwd("d")',
    'in a folder': 'dir.create("d"); setwd("d")\n' + WRITE,
    'link': WRITE + 'invisible(file.symlink("f", "g")); Sys.setenv(out = "g")',
    'open file': 'f <- file("f", "w"); cat("content", file = f); Sys.setenv(out = "f")',
    'open binary file': 'f <- file("f", "wb"); writeBin(charToRaw("content"), f); Sys.setenv(out = "f")',
    'sink': 'sink("f"); cat("content"); Sys.setenv(out = "f")',
    'sink to a file': 'f <- file("f", "w"); sink(f); sink(f, type = "message"); cat("content"); Sys.setenv(out = "f")',
    'two sinks': 'sink("f"); cat("cont"); sink("g"); sink(); cat("ent"); Sys.setenv(out = "f")',
    'at the end': '.Last <- function() {\n' + WRITE + '}',
    'in a finalizer': 'invisible(reg.finalizer(environment(), function(e) {\n' + WRITE + '}, onexit = TRUE))',
    'quit': WRITE + 'quit()',
    'quit in a function': 'f <- function() {\n' + WRITE + 'tryCatch(q("no"), finally = 1) }\nf()',
    'without .Last': WRITE + '.Last <- function() unlink("f"); quit(runLast = FALSE)',
    'home': 'Sys.setenv(HOME = getwd()); cat("content", file = "~/f"); Sys.setenv(out = "~/f")',
}


@pytest.mark.parametrize('script', WAYS.values(), ids=WAYS)
def test_file_is_delivered(operator, script):
    kinds = ['String', 'File', 'Dataset', 'Directory']
    subject = operator(
        'Sys.setenv = function(...) for (n in c("out", "%s"))\n'
        '  do.call(base::Sys.setenv, structure(list(...), names = n))\n%s'
        % ('", "'.join(kinds), script.replace('Sys.setenv(HOME =', 'base::Sys.setenv(HOME =')),
        outputs=[an_output(kind, kind) for kind in kinds],
    )
    done = subject.run(*['%s=to/%s' % (kind, kind) for kind in kinds])
    assert succeeded(done)
    for target in [subject.home / 'to' / kind for kind in kinds]:
        assert target.read_text() == 'content' and not target.is_symlink()


@pytest.mark.parametrize('opener', ['gzfile', 'bzfile', 'xzfile'])
def test_compressed_file_left_open_is_complete(operator, opener):
    subject = operator(
        'f <- %s("f", "w"); cat("content\\n", file = f); Sys.setenv(out = "f")' % opener,
        outputs=[an_output('out', 'File')],
    )
    assert succeeded(subject.run('--out', 'target'))
    read = subprocess.run(
        ['Rscript', '-e', 'cat(readLines("target"))'], cwd=subject.home, stdout=subprocess.PIPE, encoding='utf-8'
    )
    assert read.stdout == 'content'


@pytest.mark.parametrize('device', ['pdf("f")', 'svg("f")', 'postscript("f")'])
def test_graphics_left_open_are_complete(deliver, device):
    done, target = deliver('Sys.setenv(out = "f"); %s; plot(1)' % device, 'File', env=ALL_PACKAGES)
    assert succeeded(done)
    assert re.search(rb'(%%EOF|</svg>)\s*$', target.read_bytes())


def test_open_pipes_do_not_block(deliver):
    done, target = deliver(
        'p <- pipe("sleep 60", "w"); Sys.setenv(out = "text")',
        timeout=50,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        capture_output=False,
    )
    assert target.read_text() == 'text'


@pytest.mark.parametrize('type', ['File', 'Model'])
def test_binary_is_delivered(deliver, type):
    done, target = deliver('writeBin(rep(as.raw(0:255), 20000), "f"); Sys.setenv(out = "f")', type)
    assert succeeded(done) and target.read_bytes() == bytes(range(256)) * 20000


TREE = """
    dir.create("d/sub/deep", recursive = TRUE); dir.create("d/empty")
    cat("A", file = "d/.a"); writeBin(as.raw(255), "d/sub/deep/b"); invisible(file.create("d/none"))
    invisible(file.symlink(c(".a", "sub", ".."), c("d/link", "d/folder link", "d/sub/loop")))
    Sys.setenv(out = "d")
"""


def test_folder_is_delivered(operator):
    subject = operator(
        TREE + 'Sys.setenv(data = "d")', outputs=[an_output('out', 'Directory'), an_output('data', 'Model')]
    )
    done = subject.run('--out', 'target', '--data', 'to/')
    assert succeeded(done)
    for target in (subject.home / 'target', subject.home / 'to' / 'd'):
        assert sorted(str(path.relative_to(target)) for path in target.rglob('*')) == [
            '.a',
            'empty',
            'folder link',
            'folder link/deep',
            'folder link/deep/b',
            'link',
            'none',
            'sub',
            'sub/deep',
            'sub/deep/b',
        ]
        assert (target / 'link').read_text() == 'A' and not (target / 'link').is_symlink()


def test_folder_into_an_existing_one(deliver):
    more = 'dir.create("target/sub", recursive = TRUE); cat("K", file = "target/kept"); cat("old", file = "target/.a")'
    done, target = deliver(TREE + more, 'Directory')
    assert succeeded(done)
    assert [(target / name).read_text() for name in ('kept', '.a')] == ['K', 'A']
    assert (target / 'sub/deep/b').exists()


@pytest.mark.parametrize('before', ['', 'dir.create("target")'])
def test_working_directory_is_delivered(deliver, before):
    done, target = deliver(before + '\ncat("A", file = "a"); Sys.setenv(out = ".")', 'Directory')
    assert succeeded(done) and sorted(os.listdir(target)) == ['a']


def test_special_files_in_a_folder(deliver):
    done, target = deliver(
        """
        dir.create("d"); system("mkfifo 'd/a pipe'"); invisible(file.symlink("nowhere", "d/dangling"))
        invisible(file.create("d/a")); Sys.setenv(out = "d")
        """,
        'Directory',
    )
    assert done.returncode == 0 and sorted(os.listdir(target)) == ['a']
    assert sorted(done.stderr.splitlines()) == [
        'warning: `%s/d/%s` is no file or folder, it is left out' % (target.parent, name)
        for name in ('a pipe', 'dangling')
    ]


@pytest.mark.parametrize(
    'target, script, path',
    [
        ('folder/', 'cat("c", file = "f.csv"); Sys.setenv(out = "f.csv")', 'folder/f.csv'),
        ('folder/', 'cat("c", file = "f"); invisible(file.symlink("f", "g")); Sys.setenv(out = "g")', 'folder/g'),
        ('folder/', 'dir.create("d/e", TRUE, TRUE); cat("c", file = "d/e/f"); Sys.setenv(out = "d/e/")', 'folder/e/f'),
        ('folder/', 'cat("c", file = "f"); Sys.setenv(out = ".")', 'folder/work/f'),
        ('./a/../b/c', 'cat("c", file = "f"); Sys.setenv(out = "f")', 'b/c'),
    ],
)
def test_targets(operator, target, script, path):
    subject = operator(script, outputs=[an_output('out', 'Dataset')])
    assert succeeded(subject.run('--out', target)) and (subject.home / path).read_text() == 'c'


def test_text_into_a_folder(deliver):
    done, target = deliver('dir.create("d"); setwd("d"); Sys.setenv(out = "text")', id='out_id', target='folder/')
    assert succeeded(done) and (target / 'out_id').read_text() == 'text'


DIRECTIVE = 'write `# c3: output=%s` at the end of the line that sets it'


def test_folder_for_a_file_is_refused(deliver):
    done, target = deliver('cat("printed"); dir.create("d"); Sys.setenv(out = "d")', 'File')
    assert (done.returncode, done.stdout) == (1, 'printed')
    assert done.stderr == 'error: output `out` is a folder; %s\n' % (DIRECTIVE % 'Directory')
    assert not target.exists()


BINARIES = {
    'a byte': 'writeBin(as.raw(255), "f")',
    'an incomplete end': 'writeBin(c(rep(as.raw(120), 2^20), as.raw(195)), "f")',
    'R': 'saveRDS(1:9, "f")',
    'a picture': 'grDevices::pdf("f"); graphics::plot(1)',
}
KUBEFLOW = ['--executor_input', '{{$}}']
CWL = {'C3_UNSET_OUTPUTS': 'skip', 'C3_TEXT_OUTPUTS': 'file'}


@pytest.mark.parametrize('script', BINARIES.values(), ids=BINARIES)
@pytest.mark.parametrize('engine', ['docker', 'cwl', 'kubeflow'])
def test_binary_file_of_a_text_output(operator, script, engine):
    subject = operator(script + '; Sys.setenv(out = "f")', outputs=[an_output('out')])
    done = subject.run('--out', 'target', *(KUBEFLOW if engine == 'kubeflow' else []), env=CWL if engine == 'cwl' else {})
    if engine == 'kubeflow':
        assert (done.returncode, (subject.home / 'target').read_text()) == (0, 'f')
        expected = 'warning: output `out` is a binary file, its path is delivered; %s\n' % (DIRECTIVE % 'File')
        assert done.stderr == expected
    else:
        assert succeeded(done) and (subject.home / 'target').read_bytes() == (subject.home / 'f').read_bytes()


@pytest.mark.parametrize(
    ('script', 'expected'),
    [
        ('Sys.setenv(out = "a\\n")', 'a\n\n'),
        ('cat("in a file", file = "f"); Sys.setenv(out = "f")', 'in a file\n'),
        ('dir.create("d"); Sys.setenv(out = "d")', 'd\n'),
        ('writeBin(as.raw(c(0, 255)), "f"); Sys.setenv(out = "f")', 'f\n'),
    ],
)
def test_argo_gets_the_newline_that_it_strips(deliver, script, expected):
    done, target = deliver(script, env={'C3_TEXT_OUTPUTS': 'line'})
    assert done.returncode == 0 and target.read_text() == expected


@pytest.mark.parametrize('engine', ['docker', 'c3 run', 'cwl', 'kubeflow'])
def test_folder_of_a_text_output(operator, engine):
    script = 'dir.create("d"); cat("A", file = "d/a"); Sys.setenv(out = "d")'
    subject = operator(script, outputs=[an_output('out')])
    arguments = ['--out', 'target/' if engine == 'c3 run' else 'target', *(KUBEFLOW if engine == 'kubeflow' else [])]
    done = subject.run(*arguments, env={'cwl': CWL, 'c3 run': {'C3_UNSET_OUTPUTS': 'skip'}}.get(engine, {}))
    target = subject.home / 'target'
    if engine in ('cwl', 'kubeflow'):
        assert (done.returncode, target.read_text()) == (0, 'd')
        expected = 'warning: output `out` is a folder, its path is delivered; %s\n' % (DIRECTIVE % 'Directory')
        assert done.stderr == expected
    else:
        assert succeeded(done) and (target / ('d/a' if engine == 'c3 run' else 'a')).read_text() == 'A'


@pytest.mark.parametrize('content', ['dir.create(p)', 'writeBin(as.raw(255), p)'])
def test_content_in_place_of_a_text_output_is_moved_aside(operator, content):
    subject = operator('p <- Sys.getenv("out"); %s' % content, outputs=[an_output('out', read=True)])
    done = subject.run('--out', 'target', *KUBEFLOW)
    place = subject.home / 'target'
    assert (done.returncode, place.read_text()) == (0, '%s.content' % place)
    assert (subject.home / 'target.content').exists()


TYPED = {
    'Integer': {'5': '5', '5.0': '5', ' +007 ': '7', '-0': '0', '1_000': '1000', '-12': '-12', '0': '0'},
    'Float': {'5': '5', ' 0.25\n': '0.25', '1e-7': '1e-7', 'Inf': 'Inf', '.5': '.5'},
    'Boolean': {'TRUE': 'true', 'f': 'false', ' yes': 'true', '0': 'false'},
}


@pytest.mark.parametrize('kind', TYPED)
def test_numbers_are_checked_and_normalised(operator, kind):
    names = {'v%d' % number: text for number, text in enumerate(TYPED[kind])}
    script = '; '.join('Sys.setenv(%s = %s)' % (name, r_bytes(text)) for name, text in names.items())
    subject = operator(script, outputs=[an_output(name, kind) for name in names])
    assert succeeded(subject.run(*[name + '=' + name for name in names]))
    assert {name: (subject.home / name).read_text() for name in names} == {
        name: TYPED[kind][text] for name, text in names.items()
    }


def test_number_written_to_the_target_by_the_script(deliver):
    done, target = deliver('cat("7.0\\n", file = Sys.getenv("out"))', 'Integer', read=True)
    assert succeeded(done) and target.read_text() == '7'


def test_number_is_not_taken_for_a_file_name(deliver):
    done, target = deliver('cat("content", file = "5"); Sys.setenv(out = "5")', 'Integer')
    assert succeeded(done) and target.read_text() == '5'


@pytest.mark.parametrize(
    'kind, text', [('Integer', 'abc'), ('Integer', '5.5'), ('Float', '1,5'), ('Boolean', 'maybe'), ('Integer', '')]
)
def test_invalid_numbers_are_rejected(deliver, kind, text):
    done, target = deliver('Sys.setenv(out = "%s")' % text, kind)
    assert (done.returncode, done.stderr) == (1, 'error: output `out` is no %s: `%s`\n' % (kind, text))
    assert not target.exists()


@pytest.mark.parametrize('kind', TYPED)
def test_number_that_was_never_set(operator, kind):
    subject = operator('', outputs=[an_output('out', kind)])
    done = subject.run('--out', 'target', *KUBEFLOW)
    expected = 'error: output `out` was never set, and Kubeflow takes no empty %s\n' % kind
    assert (done.returncode, done.stderr) == (1, expected)
    assert succeeded(subject.run('--out', 'target', env=CWL))
    done = subject.run('--out', 'target')
    assert (done.returncode, done.stderr) == (0, 'warning: output `out` was never set, nothing is delivered\n')
    assert not (subject.home / 'target').exists()


@pytest.mark.parametrize('arguments', [[], KUBEFLOW])
def test_unwritable_target_folder(operator, tmp_path, arguments):
    """As kfp's local runner starts it, whose folder is root's."""
    subject = operator('Sys.setenv(out = "text")', outputs=[an_output('out')])
    (tmp_path / 'closed').mkdir(mode=0o700)
    for folder in (tmp_path, *takewhile(lambda folder: folder != Path(gettempdir()), tmp_path.parents)):
        folder.chmod(0o755)
    subject.home.chmod(0o777)
    done = subject.run('--out', str(tmp_path / 'closed' / 'out'), *arguments, user=12345, group=0, extra_groups=[])
    assert done.returncode == 1 and 'Permission denied' in done.stderr.splitlines()[0]
    assert ("hint: give kfp's local runner a user" in done.stderr) == bool(arguments)


def test_rejection_is_shown_even_if_messages_are_redirected(deliver):
    done, _ = deliver('sink(file("messages", "w"), type = "message"); Sys.setenv(out = ".")', 'File')
    assert done.returncode == 1 and 'is a folder' in done.stderr


def test_text_files_of_every_kind(operator):
    """Characters that lie across two chunks, at the end, and a NUL."""
    texts = ['x' * 2**20 + '→', 'x' * (2**20 - 1) + '🎉x', 'x' * (2**20 - 3) + '🎉', '\0', '🎉', 'é' * 2**20]
    names = ['v%d' % number for number in range(len(texts))]
    subject = operator(
        'for (n in c("%s")) do.call(Sys.setenv, structure(list(n), names = n))' % '", "'.join(names),
        outputs=[*map(an_output, names)],
    )
    for name, text in zip(names, texts):
        (subject.home / name).write_text(text)
    assert succeeded(subject.run(*['%s=to/%s' % (name, name) for name in names]))
    assert [(subject.home / 'to' / name).read_text() for name in names] == texts


@pytest.mark.parametrize('type', ['File', 'Directory', 'Dataset'])
@pytest.mark.parametrize('value', ['missing/file', '/dev/null', ''])
def test_value_must_name_something(deliver, type, value):
    done, target = deliver('Sys.setenv(out = "%s")' % value, type)
    assert done.returncode == 1 and not target.exists()
    assert done.stderr == 'error: output `out` names no file or folder: `%s`\n' % value


def test_one_rejected_output_does_not_block_the_others(operator):
    outputs = [an_output('a', 'File'), an_output('b'), an_output('c', 'File')]
    subject = operator('Sys.setenv(a = ".", b = "text", c = ".")', outputs=outputs)
    done = subject.run('a=A', 'b=B', 'c=C')
    assert (done.returncode, done.stderr.count('error: ')) == (1, 2)
    assert (subject.home / 'B').read_text() == 'text'


@pytest.mark.parametrize('type', ['String', 'File', 'Directory'])
def test_never_set(deliver, type):
    done, target = deliver('Sys.setenv(out = "x"); Sys.unsetenv("out")', type)
    assert done.returncode == 0 and target.read_bytes() == b''
    assert done.stderr == 'warning: output `out` was never set, it is delivered empty\n'


def test_never_set_may_be_skipped(deliver):
    done, target = deliver('', env={'C3_UNSET_OUTPUTS': 'skip'})
    assert succeeded(done) and not target.exists()


@pytest.mark.parametrize(
    'end',
    [
        'quit(status = 3)',
        'q("no", 1L, FALSE)',
        'f <- function() q(status = 9); f()',
        'stop("x")',
        'sqrt("x")',
        '1 +',
        ')',
        'tools::pskill(Sys.getpid(), 9)',
        'tools::pskill(Sys.getpid(), 2); Sys.sleep(9)',
        'options(error = function() quit(status = 4)); stop("x")',
        '.Last <- function() stop("x")',
        '.Last <- function() stop("x"); quit()',
        '.Last <- function() quit(status = 5, runLast = FALSE)',
        'quit(status = "x", runLast = stop("y"))',
        'options(warn = 2); warning("w")',
    ],
)
def test_nothing_is_delivered_after_failure(operator, end):
    subject = operator('Sys.setenv(out = "text")\n' + end, outputs=[an_output('out')])
    done, plain = subject.run_both_ways('--out', 'target')
    assert plain.returncode != 0
    assert (done.returncode, done.stdout, done.stderr) == (as_a_shell(plain.returncode), plain.stdout, plain.stderr)
    assert not (subject.home / 'target').exists()


@pytest.mark.parametrize(
    'end',
    [
        '',
        'quit()',
        'q("no")',
        'quit(runLast = FALSE)',
        'quit("no", 0L, NA)',
        'q(status = 256)',
        'f <- function() g(quit()); g <- function(x) x; f()',
        'try(stop("x"), silent = TRUE)',
        'try(quit("perhaps"), silent = TRUE)',
        'try(quit("perhaps", 3, FALSE), silent = TRUE)',
        'options(error = expression(NULL)); stop("x")',
        '.Last <- function() q(runLast = FALSE)',
        'tryCatch(stop("x"), error = function(e) quit(status = 0))',
        'quit(status = "x")',
        'base::quit()',
        'rm(list = ls(all.names = TRUE))',
        'eval(quote(q()), new.env())',
        'do.call("q", list("no", 0))',
    ],
)
def test_delivered_after_success(operator, end):
    subject = operator('Sys.setenv(out = "text")\n' + end, outputs=[an_output('out')])
    done, plain = subject.run_both_ways('--out', 'target')
    assert plain.returncode == 0
    assert (done.returncode, done.stdout, done.stderr) == (plain.returncode, plain.stdout, plain.stderr)
    assert (subject.home / 'target').read_text() == 'text'


def test_forked_children_deliver_nothing(deliver):
    done, target = deliver("""
        work <- function(n) { Sys.setenv(out = "child"); quit() }
        suppressWarnings(invisible(parallel::mclapply(1:2, work, mc.cores = 2)))
        invisible(parallel::mclapply(1:2, identity, mc.cores = 2))
        stopifnot(!file.exists("target"))
        Sys.setenv(out = "parent")
    """)
    assert succeeded(done) and target.read_text() == 'parent'


def test_clusters(deliver):
    done, target = deliver("""
        library(parallel)
        cluster <- makePSOCKcluster(2)
        values <- clusterApply(cluster, 1:2, function(n) paste(n, Sys.getenv("R_PROFILE_USER", "unset"), getwd()))
        Sys.setenv(out = paste(values, collapse = ";"))
    """)
    assert succeeded(done) and target.read_text() == '1 unset {0};2 unset {0}'.format(target.parent)


@pytest.mark.parametrize(
    'script',
    [
        'path <- Sys.getenv("out"); cat(path); cat("content", file = path)',
        'cat(Sys.getenv("out")); cat("content", file = Sys.getenv("out")); Sys.unsetenv("out"); setwd("/")',
        'cat(Sys.getenv("out")); cat("content", file = "f"); Sys.setenv(out = "f")',
        'cat(Sys.getenv("out")); Sys.setenv(out = "content")',
    ],
)
def test_read_output(deliver, script):
    done, target = deliver(script, read=True, target='a/b/c')
    assert succeeded(done) and done.stdout == str(target) and target.read_text() == 'content'


def test_read_output_as_a_folder(deliver):
    script = 'dir.create(Sys.getenv("out")); cat("c", file = file.path(Sys.getenv("out"), "f"))'
    done, target = deliver(script, 'Directory', read=True, target='a/b/', id='out_id')
    assert succeeded(done) and (target / 'out_id' / 'f').read_text() == 'c'


def test_read_output_never_written(deliver):
    done, target = deliver('invisible(Sys.getenv("out"))', read=True)
    assert done.returncode == 0 and target.read_bytes() == b''
    assert done.stderr == 'warning: output `out` was never set, it is delivered empty\n'


def test_read_output_whose_folder_cannot_be_made(operator):
    subject = operator('cat("ran")', outputs=[an_output('out', read=True)])
    (subject.home / 'file').write_text('')
    done = subject.run('--out', 'file/target')
    assert (done.returncode, done.stdout, done.stderr.count('\n')) == (1, '', 1)
    assert done.stderr.startswith('error: cannot make the folder of output `out`: ')


@pytest.mark.parametrize('read', [False, True])
def test_target_from_the_environment(operator, read):
    subject = operator('cat(Sys.getenv("out", NA)); Sys.setenv(out = "text")', outputs=[an_output('out', read=read)])
    done = subject.run(env={'out': 'target'})
    assert succeeded(done) and (subject.home / 'target').read_text() == 'text'
    assert done.stdout == str(subject.home / 'target' if read else 'NA')


@pytest.mark.parametrize('style', ['argument', 'environment'])
def test_target_not_given(operator, style):
    names = {'v%d' % number: value for number, value in enumerate([*NOT_GIVEN, ''])}
    subject = operator(
        'cat(Sys.getenv(c("%s"), NA)); Sys.setenv(v0 = "text")' % '", "'.join(names),
        outputs=[an_output(name, read=True) for name in names],
    )
    arguments = ['--%s=%s' % pair for pair in names.items()] if style == 'argument' else []
    done = subject.run(*arguments, env=names if style == 'environment' else {})
    assert succeeded(done) and set(done.stdout.split()) == {'NA'} and os.listdir(subject.home) == []


def test_variable_is_not_set_by_the_target(operator):
    subject = operator('cat(Sys.getenv("out", NA))', outputs=[an_output('out')])
    assert subject.run('--out', 'target').stdout == 'NA'
    assert subject.run('--out', 'target', env={'out': 'as it was'}).stdout == 'as it was'


@pytest.mark.parametrize(
    'arguments, env', [(['--p', 'in', '--p_out', 'target'], {}), (['--p_out=target'], {'p': 'in'})]
)
def test_input_and_output_of_one_name(operator, arguments, env):
    subject = operator(
        'cat(Sys.getenv("p")); Sys.setenv(p = "out")', inputs=[an_input('p')], outputs=[an_output('p', id='p_out')]
    )
    done = subject.run(*arguments, env=env)
    assert succeeded(done) and done.stdout == 'in' and (subject.home / 'target').read_text() == 'out'


@pytest.mark.parametrize(
    'before, type, target',
    [
        ('cat("", file = "file"); Sys.setenv(out = "text")', 'String', 'file/target'),
        ('dir.create("target"); Sys.setenv(out = "text")', 'String', 'target'),
        ('dir.create("d"); cat("", file = "target"); Sys.setenv(out = "d")', 'Directory', 'target'),
    ],
)
def test_undeliverable(deliver, before, type, target):
    done, place = deliver(before, type, target=target)
    assert (done.returncode, done.stderr.count('\n')) == (1, 1)
    assert done.stderr.startswith('error: cannot deliver output `out` to `%s`: ' % place)
    assert [name for name in os.listdir(place.parents[target.count('/')]) if name.startswith('.c3')] == []


@needs_unshare
@pytest.mark.parametrize(
    'script', ['writeBin(raw(2^20), "f")', 'dir.create("f"); writeBin(raw(2^20), "f/a")', 'writeBin(raw(99), "f")']
)
def test_full_disk(deliver, tmp_path, script):
    full = tmp_path / 'full'
    full.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'c3', str(full)], check=True)
    if '99' in script:  # what is short is written only when the file is closed
        (full / 'filler').write_bytes(bytes(1 << 16))
    try:
        done, _ = deliver(script + '; Sys.setenv(out = "f")', 'Dataset', target=str(full / 'out'))
        assert done.returncode == 1
        assert 'cannot deliver output `out`' in done.stderr and 'No space left on device' in done.stderr
        assert os.listdir(full) == (['filler'] if '99' in script else [])
    finally:
        subprocess.run(['umount', str(full)], check=True)


def test_partially_written_outputs_are_never_visible(deliver):
    """A reader that looks all the time sees nothing or everything."""
    done, target = deliver(
        """
        writeBin(raw(50000000), "f"); invisible(file.create("watch")); Sys.setenv(out = "f")
        watch <- "while [ -e watch ]; do s=$(stat -c %s target 2>/dev/null) && [ $s != 50000000 ] && touch torn; done"
        system(paste("(", watch, ") >/dev/null 2>&1"), wait = FALSE)
        """,
        'File',
    )
    (target.parent / 'watch').unlink()
    assert succeeded(done) and target.stat().st_size == 50_000_000
    assert sorted(os.listdir(target.parent)) == ['f', 'target']


@pytest.mark.parametrize('script', ['', 'dir.create("d"); Sys.chmod("d", "700"); Sys.setenv(out = "d")'])
def test_others_may_read(deliver, script):
    script = 'Sys.setenv(out = "text"); Sys.umask("077")\n' + script
    done, target = deliver(script, 'Directory' if 'dir' in script else 'String')
    assert succeeded(done) and target.stat().st_mode & 0o777 == (0o755 if target.is_dir() else 0o644)


@pytest.mark.parametrize('script', ['Sys.setenv(out = "text")', WRITE.replace('content', 'text')])
def test_device_is_written_not_replaced(deliver, script):
    done, _ = deliver(script, target='/dev/stdout')
    assert succeeded(done) and done.stdout == 'text'
    done, _ = deliver(script, target='/dev/null')
    assert succeeded(done) and not os.path.isfile('/dev/null')


def test_read_device(deliver):
    done, _ = deliver('cat("text", file = Sys.getenv("out"))', read=True, target='/dev/full')
    assert done.returncode == 0 and 'out' not in done.stderr


def test_pipe_is_written_not_replaced(deliver):
    script = 'system("mkfifo target; cat target >copy &"); Sys.setenv(out = "text")'
    done, target = deliver(script + '; Sys.sleep(.2)')
    assert succeeded(done) and target.is_fifo() and (target.parent / 'copy').read_text() == 'text'


def test_target_that_is_a_link(operator):
    subject = operator('Sys.setenv(a = "text", b = "text")', outputs=[an_output('a'), an_output('b')])
    (subject.home / 'A').symlink_to('real')
    (subject.home / 'old').write_text('old')
    (subject.home / 'B').symlink_to('old')
    assert succeeded(subject.run('a=A', 'b=B'))
    assert (subject.home / 'A').is_symlink() and (subject.home / 'real').read_text() == 'text'
    assert (subject.home / 'B').is_symlink() and (subject.home / 'old').read_text() == 'text'


def test_same_file_by_another_name(deliver):
    done, target = deliver(WRITE + 'invisible(file.link("f", "target"))')
    assert succeeded(done) and target.read_text() == 'content'


def test_script_itself_is_delivered(deliver):
    done, target = deliver('Sys.setenv(out = sub("--file=", "", commandArgs()[4]))')
    assert succeeded(done) and target.read_text().startswith('Sys.setenv')


def test_deleted_working_directory(deliver):
    done, target = deliver('dir.create("d"); setwd("d"); unlink("../d", TRUE); Sys.setenv(out = "text")')
    assert done.returncode == 0 and target.read_text() == 'text'


def test_start_in_a_deleted_working_directory(operator, tmp_path):
    subject = operator('Sys.setenv(out = "text")', outputs=[an_output('out')], files=['x.R'])
    command = 'mkdir gone; cd gone; rmdir ../gone; exec "$0" "$@"'
    done = subject.finish(['sh', '-c', command, *subject.command, '--out', str(tmp_path / 'target')], {})
    assert done.returncode == 0 and (tmp_path / 'target').read_text() == 'text'


@pytest.mark.parametrize(
    'script',
    [
        'closeAllConnections()',
        'sink(file("/dev/null", "w"), type = "message"); sink("/dev/null")',
        'options(warn = 2, expressions = 25, error = function() q(status = 9), encoding = "latin1", scipen = -9)',
        'Sys.getenv <- file.exists <- cat <- function(...) stop("mine"); T <- F <- c <- if (FALSE) 1',
        'while (length(search()) > 3) detach(2)',
        'setTimeLimit(elapsed = 1e9); setSessionTimeLimit(elapsed = 1e9)',
        'invisible(Sys.setlocale("LC_ALL", "C"))',
        'system("exec 1>&- 2>&-"); invisible(gc())',
        'options(digits.secs = 6, OutDec = ",", useFancyQuotes = FALSE, stringsAsFactors = TRUE)',
        '.libPaths(character()); Sys.unsetenv(c("PATH", "HOME", "TMPDIR")); Sys.setenv(PATH = "/usr/bin:/bin")',
    ],
)
def test_destructive_scripts_still_deliver(deliver, script):
    done, target = deliver('Sys.setenv(out = "text")\n' + script)
    assert done.returncode == 0 and target.read_text() == 'text'


def test_compressed_file_is_delivered_unchanged(deliver):
    done, target = deliver('f <- gzfile("f", "w"); cat("x", file = f); close(f); Sys.setenv(out = "f")', 'File')
    assert succeeded(done) and gzip.decompress(target.read_bytes()) == b'x'


# Collected in one file


def test_texts_and_numbers_are_collected(operator):
    outputs = [an_output('text'), an_output('told'), an_output('unset'), an_output('binary')]
    outputs += [an_output('count', 'Integer'), an_output('share', 'Float'), an_output('done', 'Boolean'), an_output('file', 'File')]
    script = """
        Sys.setenv(text = "\\u00fc \\"{{ x }}\\"\\n", count = " 007 ", share = "0.50", done = "yes", file = "f", told = "f", binary = "b")
        cat("in a file", file = "f")
        writeBin(as.raw(255), "b")
        stopifnot(is.na(Sys.getenv("C3_COLLECTED_OUTPUTS", NA)))
    """
    subject = operator(textwrap.dedent(script), outputs=outputs)
    places = [word for output in outputs for word in ('--' + output['name'], 'out/' + output['name'])]
    done = subject.run(*places, env={'C3_COLLECTED_OUTPUTS': 'all.json', 'C3_UNSET_OUTPUTS': 'skip'})
    assert done.returncode == 0 and done.stderr == 'warning: output `binary` is no text, which the engine could hold\n'
    found = json.loads((subject.home / 'all.json').read_text())
    assert found == {'text': 'ü "{{ x }}"\n', 'told': 'in a file', 'count': 7, 'share': 0.5, 'done': True}


def test_outputs_that_cannot_be_collected_are_reported(deliver):
    done, target = deliver('Sys.setenv(out = "x")', env={'C3_COLLECTED_OUTPUTS': '/dev/null/x'})
    assert (done.returncode, target.read_text()) == (0, 'x')
    assert done.stderr.startswith('warning: cannot write the outputs to `/dev/null/x`')
