"""The entry point as a whole: the files it comes from, how it starts, and how it steps aside."""

import re
import subprocess

import pytest

from conftest import ALL_PACKAGES, HOSTILE, LOCALES, LOG_LEVEL, RUNTIME, an_input, an_output, emitted, succeeded


FILES = sorted(RUNTIME.glob('*.R'))


@pytest.mark.parametrize('path', FILES, ids=[path.stem for path in FILES])
def test_each_file_is_a_program_of_r(path):
    done = subprocess.run(
        ['Rscript', '-e', 'invisible(parse(commandArgs(TRUE)))', str(path)], capture_output=True, encoding='utf-8'
    )
    assert succeeded(done), done.stderr
    assert max(map(len, path.read_text(encoding='utf-8').splitlines())) <= 120


def test_no_function_is_missing():
    """All files together use only what they or base R define."""
    code = """
        place <- new.env(parent = baseenv())
        for (path in commandArgs(TRUE)) for (one in parse(path)) if (identical(one[[1]], quote(`<-`)) && is.name(one[[2]])) {
          is_function <- is.call(one[[3]]) && identical(one[[3]][[1]], quote(`function`))
          assign(as.character(one[[2]]), if (is_function) eval(one[[3]], place) else 0, place)
        }
        codetools::checkUsageEnv(place, report = function(text) if (grepl("no visible", text)) cat(text))
    """
    done = subprocess.run(['Rscript', '-e', code, *map(str, FILES)], capture_output=True, encoding='utf-8')
    assert succeeded(done) and done.stdout == ''


def test_lint():
    if subprocess.run(['Rscript', '-e', 'library(lintr)'], capture_output=True).returncode:
        pytest.fail('lintr is missing: apt-get install r-cran-lintr')
    code = 'for (path in commandArgs(TRUE)) print(lintr::lint(path))'
    done = subprocess.run(['Rscript', '-e', code, *map(str, FILES)], capture_output=True, encoding='utf-8', cwd=RUNTIME)
    assert done.returncode == 0 and done.stdout == ''


def test_shell_script():
    path = RUNTIME / 'start.sh'
    assert not {"'", '\\'} & set(path.read_text(encoding='utf-8'))
    for command in (['sh', '-n'], ['bash', '-n'], ['shellcheck']):
        done = subprocess.run([*command, str(path)], capture_output=True, encoding='utf-8')
        assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


def test_emitted_file_is_ascii():
    assert ''.join(emitted()).isascii()


def test_template_without_final_newline(operator):
    """R ignores a last line that doesn't end, and template engines drop the end of the last line."""
    subject = operator('cat(Sys.getenv("p"))', inputs=[an_input('p')])
    subject.entry.write_text(subject.entry.read_text().rstrip())
    assert subject.run('p=1').stdout == '1'


# Shows everything that a script may see of the entry point.
LOOK = """
    ls(all.names = TRUE)
    search()
    loadedNamespaces()
    Sys.getenv("R_PROFILE_USER", NA)
    str(options())
    sys.nframe()
    sys.calls()
    showConnections(all = TRUE)
    list.files(tempdir())
    exists(".Random.seed")
    args(commandArgs); args(quit); args(q); args(install.packages)
    getwd()
    gc.time(FALSE)
    environmentIsLocked(baseenv())
    vapply(c("q", "quit", "commandArgs"), bindingIsLocked, NA, baseenv())
    bindingIsLocked("install.packages", asNamespace("utils"))
    ls(baseenv())[1:5]; length(ls(baseenv(), all.names = TRUE))
    gpclibPermit <- NULL; Cstack_info()[["eval_depth"]]
    warnings()
    set.seed(1); runif(2)
    Sys.umask()
    sessionInfo()$otherPkgs
"""


def test_script_does_not_see_the_entry_point(operator):
    subject = operator(LOOK, inputs=[LOG_LEVEL], outputs=[an_output('out')], logging=True)
    env = {'out': 'target', 'C3_UNSET_OUTPUTS': 'skip', **ALL_PACKAGES}
    done, plain = subject.run(env=env), subject.run_plainly(env=env)
    assert succeeded(plain) and succeeded(done)
    volatile = re.compile(r'(?m)^ *\$ (bitmapType|papersize).*$')
    assert volatile.sub('', done.stdout) == volatile.sub('', plain.stdout)


@pytest.mark.parametrize(
    'child',
    [
        'system2(file.path(R.home("bin"), "Rscript"), c("-e", shQuote(code), "p=1"))',
        'writeLines(code, "child.R"); invisible(system("Rscript child.R p=1"))',
        'invisible(system(paste("R --no-echo -e", shQuote(code), "--args p=1")))',
    ],
    ids=['expression', 'script', 'R'],
)
def test_child_processes_are_unaffected(operator, child):
    code = "cat(Sys.getenv('p'), Sys.getenv('R_PROFILE_USER', 'unset'), commandArgs(TRUE))"
    subject = operator('code <- "%s"; %s' % (code, child), inputs=[an_input('p')], outputs=[an_output('out')])
    done = subject.run('--p', '2', env={'out': 'target', 'C3_UNSET_OUTPUTS': 'skip'})
    assert succeeded(done) and done.stdout.split() == ['2', 'unset', 'p=1']


@pytest.mark.parametrize('style', ['other', 'same name'])
def test_other_scripts_are_unaffected(operator, tmp_path, style):
    subject = operator('', inputs=[an_input('a')], logging=True)
    other = (tmp_path / 'x.R') if style == 'same name' else (subject.folder / 'y.R')
    other.write_text('print(commandArgs(TRUE)); Sys.getenv(c("a", "R_PROFILE_USER")); search()[2]')
    command = ['env', 'R_PROFILE_USER=%s' % subject.entry, 'Rscript', str(other), 'a=1']
    done, plain = subject.finish(command, {}), subject.finish(command[2:], {})
    assert succeeded(done) and done.stdout == plain.stdout and '"a=1"' in done.stdout


def test_entry_point_by_another_path(operator, tmp_path):
    subject = operator('cat(Sys.getenv("a"), commandArgs(TRUE))', inputs=[an_input('a')])
    (tmp_path / 'link').symlink_to(subject.folder)
    for path in ('../operator/claimed_x.R', '../link/../operator/./claimed_x.R', '../link/claimed_x.R'):
        done = subject.finish(['sh', path, 'a=1', 'own'], {})
        assert succeeded(done) and done.stdout == '1 own'
    done = subject.finish(['sh', 'claimed_x.R', 'a=1', 'own'], {'cwd': subject.folder})
    assert succeeded(done) and done.stdout == '1 own'


def test_r_with_the_entry_point_as_its_profile(operator, tmp_path):
    """As manifests of older versions start it."""
    subject = operator('cat(Sys.getenv("a"), commandArgs(TRUE))', inputs=[an_input('a')])
    (tmp_path / 'linked.R').symlink_to(subject.script)
    for path in ('../operator/x.R', '../linked.R'):
        done = subject.finish(['env', 'R_PROFILE_USER=../operator/claimed_x.R', 'Rscript', path, 'a=1', 'own'], {})
        assert succeeded(done) and done.stdout == '1 own'


@pytest.mark.parametrize('locale', LOCALES)
@pytest.mark.parametrize('name', ['with space.R', 'größe.R', "it's.R"])
def test_script_of_any_name(operator, name, locale):
    subject = operator('cat(Sys.getenv("a"), commandArgs(TRUE))', name=name, inputs=[an_input('a')])
    for run in (subject.run, subject.run_itself):
        done = run('a=1', 'own', env={'LC_ALL': locale})
        assert succeeded(done) and done.stdout == '1 own'


# What the user's profile does


@pytest.mark.parametrize('place', ['work', 'home', 'both', 'none'])
def test_user_profile_is_still_read(operator, tmp_path, place):
    subject = operator('ls(); getOption("mine"); x; first()', inputs=[an_input('p')])
    home = tmp_path / 'home'
    home.mkdir()
    for folder, name in ((subject.home, 'work'), (home, 'home')):
        if place in (name, 'both'):
            (folder / '.Rprofile').write_text(
                'x <- "%s"; options(mine = TRUE)\n1 + 1\nfirst <- function() "f"\n'
                '.First <- function() cat("first", Sys.getenv("p"), commandArgs(TRUE), "\\n")\n' % name
            )
    done = subject.run('p=1', 'own', env={'HOME': str(home)})
    plain = subject.run_plainly('own', env={'HOME': str(home), 'p': '1'})
    assert (done.returncode, done.stdout) == (plain.returncode, plain.stdout)
    assert ('first 1 own' in done.stdout) == (place != 'none')


@pytest.mark.parametrize('profile', ['stop("oops")', 'quit(status = 4)', 'warning("w")', 'library(nonsense)'])
def test_profile_that_fails(operator, profile):
    subject = operator('cat("ran")', outputs=[an_output('out')], files=['f.txt'])
    (subject.folder / 'f.txt').write_text('f')
    (subject.home / '.Rprofile').write_text(profile + '\n')
    done, plain = subject.run('--out', 'target'), subject.run_plainly()
    assert (done.returncode, done.stdout) == (plain.returncode, plain.stdout)
    assert not (subject.home / 'f.txt').is_symlink()
    assert (subject.home / 'target').exists() == (profile == 'warning("w")')


# The entry point as the program


@pytest.mark.parametrize('locale', LOCALES)
def test_entry_point_as_the_program(operator, locale):
    subject = operator(
        'cat(charToRaw(paste(commandArgs(TRUE), collapse = "|"))); cat(Sys.getenv("p"), readLines("stdin"), "\\n")',
        inputs=[an_input('p')],
    )
    own = [word for word in HOSTILE.values() if len(word) < 1000 and word != '--']
    run = dict(input='text\n', env={'LC_ALL': locale})
    done, plain = subject.run_itself('--p', "i's", *own, **run), subject.run(*own, "p=i's", **run)
    assert succeeded(done) and done.stdout == plain.stdout and done.stdout.endswith("i's text \n")


@pytest.mark.parametrize('profile', ['{entry}', 'other.R', ''])
def test_entry_point_as_the_program_under_any_profile(operator, profile):
    subject = operator('cat(Sys.getenv("a"), commandArgs(TRUE))', inputs=[an_input('a')])
    (subject.home / 'other.R').write_text('cat("other ")\n')
    done = subject.run_itself('--a=1', 'own', env={'R_PROFILE_USER': profile.format(entry=subject.entry)})
    assert succeeded(done) and done.stdout == ('other ' if profile == 'other.R' else '') + '1 own'


@pytest.mark.parametrize('end, code', [('quit(status = 3)', 3), ('stop("x")', 1), ('system("kill -9 $PPID")', 137)])
def test_exit_code_of_the_entry_point_as_the_program(operator, end, code):
    subject = operator('cat("out\\n"); message("err")\n' + end)
    done = subject.run_itself()
    assert (done.returncode, done.stdout, done.stderr[:4]) == (code, 'out\n', 'err\n')


def test_script_is_missing(operator):
    subject = operator(None)
    done, plain = subject.run(), subject.run_plainly()
    assert (done.returncode, done.stderr) == (plain.returncode, plain.stderr) == (2, plain.stderr)


# The transparent entry point


def test_full_command_after_the_entry_point(operator):
    subject = operator('cat(Sys.getenv("a"), commandArgs(TRUE))', inputs=[an_input('a')])
    old = ['R_PROFILE_USER=%s' % subject.entry, 'Rscript', str(subject.script)]
    commands = [
        subject.command,
        ['/bin/sh', '../operator/claimed_x.R'],
        ['env', *old],
        ['/usr/bin/env', *old],
        ['Rscript', '../operator/x.R'],
        ['Rscript', str(subject.entry)],
    ]
    for command in commands:
        done = subject.run(*command, '--a', '1', 'own')
        assert succeeded(done) and done.stdout == '1 own'


def test_full_command_honours_the_engine_settings(operator):
    subject = operator('', outputs=[an_output('out')])
    done = subject.run(*subject.command, '--out', 'target', env={'C3_UNSET_OUTPUTS': 'skip'})
    assert succeeded(done) and not (subject.home / 'target').exists()


@pytest.mark.parametrize(
    'words',
    [
        ['bash', '-c', 'echo "$0" "$#" "$@"; cat; exit 3', *HOSTILE.values()],
        ['/bin/sh', '-c', 'printf "%s\n" "$@"; exit 255', 'sh', *HOSTILE.values()],
        ['env', 'A=b c', 'sh', '-c', 'echo "$A" "${R_PROFILE_USER-unset}"'],
        ['Rscript', '-e', 'cat("a b", \'c"d\', "\\\\", commandArgs(TRUE)); quit(status = 7)', 'a=1', "i's"],
        ['R', '--no-echo', '--no-restore', '-e', 'cat(1 + 1)'],
        ['Rscript', '/dev/null'],
    ],
    ids=['bash', 'sh', 'env', 'Rscript', 'R', 'other script'],
)
def test_program_runs_instead_of_the_operator(operator, words):
    subject = operator('print("ran")', inputs=[an_input('a')], outputs=[an_output('out')], logging=True)
    done, plain = subject.run(*words, input='in\n'), subject.finish(words, {'input': 'in\n'})
    assert (done.returncode, done.stdout, done.stderr) == (plain.returncode, plain.stdout, plain.stderr)


def test_program_that_is_killed(operator):
    assert operator('').run('sh', '-c', 'kill -9 $$').returncode == -9


def test_program_gets_the_usual_signals(operator):
    assert operator('').run('sh', '-c', 'yes | head -n 1').stderr == ''


@pytest.mark.parametrize(
    'words',
    [['-bash', 'x'], ['--bash', 'x'], ['bash=x'], ['echo', 'x'], ['', 'x'], ['/', 'x'], ['own', 'sh'], ['no/where/sh']],
)
def test_arguments_that_are_not_programs_go_to_the_script(operator, words):
    assert operator('cat(commandArgs(TRUE), sep = "|")').run(*words).stdout == '|'.join(words)
