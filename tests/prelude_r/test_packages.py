"""Calls that would install packages: nothing is downloaded in a running container."""

import os
import subprocess

import pytest

from conftest import ALL_PACKAGES, succeeded

NOTE = 'warning: package `%s` is not in the image: c3 installs what it finds in install.packages("%s") calls\n'

# Packages of these names, which would leave a trace if they were to install something.
STUBS = {
    'remotes': 'install_github <- function(repo, ...) cat("REAL")\ninstall_cran <- function(pkgs, ...) cat("REAL")\n'
    'install_local <- function(path = ".", ...) cat("REAL")\nupdate_packages <- function(packages = TRUE) cat("REAL")\n'
    'parse_repo_spec <- function(repo) repo\n',
    'BiocManager': 'install <- function(pkgs = character(), ..., ask = TRUE) cat("REAL")\nversion <- function() 3\n',
    'pak': 'pak <- function(pkg = NULL, ...) cat("REAL")\npkg_install <- function(pkg, lib = NULL) cat("REAL")\n',
    'devtools': 'install_github <- function(...) remotes::install_github(...)\n'
    'install_version <- function(package, version) cat("REAL")\n',
    'user': 'install <- function(p) install.packages(p)\nthrough <- function() install_github("a/b")\n'
    'own <- function() utils::install.packages("nothing3")\n',
}
IMPORTS = {'user': 'importFrom(utils, install.packages)\nimportFrom(remotes, install_github)\n'}


@pytest.fixture(scope='session')
def library(tmp_path_factory):
    """Install the packages into a library."""
    folder = tmp_path_factory.mktemp('packages')
    (folder / 'library').mkdir()
    for name, code in STUBS.items():
        package = folder / name
        (package / 'R').mkdir(parents=True)
        needs = 'Imports: utils, remotes\n' if name in IMPORTS else ''
        (package / 'DESCRIPTION').write_text(
            'Package: %s\nVersion: 1.0\nTitle: T\nDescription: D.\nLicense: MIT\nAuthor: A\nMaintainer: A <a@b.c>\n%s'
            % (name, needs)
        )
        (package / 'NAMESPACE').write_text('exportPattern("^[a-z]")\n' + IMPORTS.get(name, ''))
        (package / 'R' / 'code.R').write_text(code)
    command = ['R', 'CMD', 'INSTALL', '--no-docs', '--no-test-load', '--library=' + str(folder / 'library')]
    subprocess.run([*command, *[str(folder / name) for name in STUBS]], check=True, capture_output=True)
    return folder / 'library'


def run(operator, library, script):
    """Run a script with the library; no repository can be reached."""
    return operator(script).run(
        env={**(ALL_PACKAGES if 'user' in script else {}), 'R_LIBS': str(library), 'http_proxy': 'http://127.0.0.1:9'}
    )


@pytest.mark.parametrize(
    'script, missing',
    [
        ('install.packages("stats")', []),
        ('install.packages("nothing")', ['nothing']),
        (
            'utils::install.packages(c("nothing", "user", "nothing2"), repos = "https://r.org", quiet = TRUE)',
            ['nothing', 'nothing2'],
        ),
        ('x <- install.packages("stats", "/nowhere"); stopifnot(is.null(x))', []),
        ('install.packages(lib = "/nowhere", pkgs = "nothing")', ['nothing']),
        ('install.packages(p = c("nothing", "nothing"))', ['nothing']),
        ('install.packages("x_1.0.tar.gz", repos = NULL); install.packages("https://r.org/x.tar.gz")', []),
        ('install.packages()', []),
        ('install.packages(c())', []),
        ('if (!require(user)) install.packages("user")', []),
        ('if (!requireNamespace("nothing", quietly = TRUE)) install.packages("nothing")', ['nothing']),
        ('update.packages(ask = FALSE)', []),
        ('utils:::install.packages("nothing")', ['nothing']),
        ('do.call("install.packages", list("nothing"))', ['nothing']),
        ('getFromNamespace("install.packages", "utils")("nothing")', ['nothing']),
        ('lapply(c("nothing", "stats"), install.packages) -> x', ['nothing']),
        ('user::install("nothing"); user::own()', ['nothing', 'nothing3']),
        ('library(user); through()', []),
        ('remotes::install_github("a/b"); remotes::install_local(); remotes::update_packages()', []),
        ('library(remotes); install_github("a/b", ref = "x"); install_cran("nothing")', ['nothing']),
        ('stopifnot(remotes::parse_repo_spec("a/b") == "a/b")', []),
        ('devtools::install_github("a/b"); devtools::install_version("nothing", "1.0")', ['nothing']),
        ('BiocManager::install("stats", ask = FALSE); BiocManager::install(); BiocManager::version() -> x', []),
        ('suppressMessages(library(BiocManager)); install(c("nothing", "a/b"))', ['nothing']),
        (
            'pak::pak("nothing"); pak::pkg_install(c("nothing2", "a/b", "bioc::x", "any::y", "z@1.0"))',
            ['nothing', 'nothing2'],
        ),
        ('pak::pak()', []),
        ('r <- loadNamespace("remotes"); unloadNamespace("remotes"); remotes::install_github("a/b")', []),
    ],
)
def test_nothing_is_installed(operator, library, script, missing):
    done = run(operator, library, script)
    assert (done.returncode, done.stdout) == (0, '')
    notes = [line for line in done.stderr.splitlines(True) if line.startswith('warning: ')]
    assert notes == [NOTE % (name, name) for name in missing]
    assert 'user' in script or notes == done.stderr.splitlines(True)


def test_packages_would_install_without_stubs(operator, library):
    subject = operator('remotes::install_github("a/b"); user::through(); pak::pak("x")')
    assert subject.run_plainly(env={'R_LIBS': str(library)}).stdout == 'REALREALREAL'


def test_arguments_keep_their_names(operator, library):
    script = 'stopifnot(identical(names(formals(%s)), c("pkgs", "...", "ask")))' % 'BiocManager::install'
    assert succeeded(run(operator, library, script + '\nstopifnot(length(formals(install.packages)) > 10)'))


def test_missing_installers_are_missing(operator):
    done = operator('pak::pak("a/b")').run(env={'R_LIBS': '/nowhere'})
    assert done.returncode == 1 and 'there is no package called' in done.stderr


def test_library_is_untouched(operator, library):
    before = sorted(os.listdir(library))
    run(operator, library, 'install.packages(c("nothing", "MASS"), lib = .libPaths()[1], repos = "http://127.0.0.1:9")')
    assert sorted(os.listdir(library)) == before


def test_installer_stubs_apply_to_workers(operator):
    done = operator('parallel::mclapply("nothing", install.packages) -> x').run()
    assert (done.returncode, done.stderr) == (0, NOTE % ('nothing', 'nothing'))
