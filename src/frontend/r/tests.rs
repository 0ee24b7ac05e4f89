//! Tests over whole scripts.

use crate::component::{Component, Requirement};
use crate::frontend;
use crate::language::Language;
use crate::source::Source;

/// The component of a script, and the codes of its diagnostics.
fn read(text: &str) -> (Option<Component>, Vec<&'static str>) {
    let reading = frontend::read(&Source::new("script.R", Language::R, text.to_owned()));
    (reading.component, reading.diagnostics.iter().map(|diagnostic| diagnostic.code).collect())
}

fn component(text: &str) -> Component {
    read(text).0.unwrap_or_else(|| panic!("refused: {text}"))
}

/// The inputs in the form `name Type default`, with `!` for a required one and `-` for one without a default.
fn inputs(text: &str) -> Vec<String> {
    let input = |input: crate::component::Input| {
        let default = input.default.unwrap_or_else(|| if input.required { "!" } else { "-" }.to_owned());
        format!("{} {} {default}", input.name, input.kind.name())
    };
    component(text).inputs.into_iter().map(input).collect()
}

fn outputs(text: &str) -> Vec<String> {
    component(text).outputs.into_iter().map(|output| output.name).collect()
}

fn packages(script: &str) -> Vec<String> {
    let text = |requirement| match requirement {
        Requirement::R { text, .. }
        | Requirement::System { text, .. }
        | Requirement::Pip { text, .. }
        | Requirement::Conda { text, .. } => text,
    };
    component(script).requirements.into_iter().map(text).collect()
}

fn descriptions(text: &str) -> Vec<Option<String>> {
    component(text).inputs.into_iter().map(|input| input.description).collect()
}

#[test]
fn reads_are_found() {
    let cases: &[(&str, &[&str])] = &[
        ("Sys.getenv('a')", &["a String !"]),
        ("base::Sys.getenv('a', 'b')", &["a String b"]),
        ("Sys.getenv(unset = 'b', x = 'a')", &["a String b"]),
        ("Sys.getenv('a', u = NA)", &["a String -"]),
        ("Sys.getenv('a', unset = NULL)", &["a String -"]),
        ("Sys.getenv('a', f())", &["a String -"]),
        ("Sys.getenv('a', '')", &["a String "]),
        ("as.integer(Sys.getenv('a', 1e5))", &["a Integer 100000"]),
        ("as.integer(Sys.getenv('a', ''))", &["a Integer -"]),
        ("Sys.getenv('a', 1e5)", &["a String 1e+05"]),
        ("Sys.getenv('a', 5L) |> as.numeric()", &["a Float 5"]),
        ("Sys.getenv('a') %>% as.integer", &["a Integer !"]),
        ("'a' |> Sys.getenv() |> as.logical()", &["a Boolean !"]),
        ("as.logical((Sys.getenv('a', T)))", &["a Boolean True"]),
        ("Sys.getenv(c('a', \"b\"), 1)", &["a String 1", "b String 1"]),
        ("N <- 'a'\nSys.getenv(N)", &["a String !"]),
        ("N <- c('a', 'b')\nSys.getenv(N)", &["a String !", "b String !"]),
        ("g <- Sys.getenv; g(r\"(a)\")", &["a String !"]),
        ("f <- function() { g <- base::Sys.getenv; g('a') }; f()", &["a String !"]),
        ("Sys.getenv()[['a']]", &["a String !"]),
        ("sapply(c('a', 'b'), Sys.getenv)", &["a String !", "b String !"]),
        ("if (nzchar(Sys.getenv('a'))) 1", &["a String -"]),
        ("x <- Sys.getenv('a'); if (Sys.getenv('a') == '') 1", &["a String -"]),
        ("x <- Sys.getenv('a'); 'a' %in% names(Sys.getenv())", &["a String -"]),
        ("if (Sys.getenv('a') == 'x') 1", &["a String -"]),
        ("Sys.getenv('a', Sys.getenv('b', 'c'))", &["a String -", "b String c"]),
        ("x <- Sys.getenv('a', 0x1F); y <- as.integer(Sys.getenv('a'))", &["a Integer 31"]),
        ("Sys.setenv(a = Sys.getenv('a'))", &["a String !"]),
        ("Sys.setenv(a = 1); Sys.getenv('a')", &[]),
        ("Sys.getenv <- function(...) 1\nSys.getenv('a')", &[]),
        ("x$Sys.getenv('a'); other::Sys.getenv('b'); \"Sys.getenv('c')\" # Sys.getenv('d')", &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(&inputs(text), expected, "{text}");
    }
}

#[test]
fn writes_are_found() {
    let cases: &[(&str, &[&str])] = &[
        ("Sys.setenv(a = 1, 'b c' = 2, `d` = 3)", &["a", "b c", "d"]),
        ("base::Sys.setenv(a = 1)", &["a"]),
        ("s <- Sys.setenv\ns(a = 1)", &["a"]),
        ("do.call(Sys.setenv, list(a = 1))", &["a"]),
        ("do.call('Sys.setenv', list(a = 1))", &["a"]),
        ("Sys.unsetenv('a')", &[]),
        ("x <- Sys.getenv('a') # c3: output=Model", &["a"]),
    ];
    for (text, expected) in cases {
        assert_eq!(&outputs(text), expected, "{text}");
    }
}

#[test]
fn uncertain_accesses_are_diagnostics() {
    let cases = [
        ("Sys.getenv(x)", "computed-name"),
        ("Sys.getenv(paste0('a', x))", "computed-name"),
        ("Sys.getenv(...)", "computed-name"),
        ("Sys.setenv(x)", "computed-name"),
        ("Sys.setenv(!!!x)", "computed-name"),
        ("do.call(Sys.setenv, x)", "computed-name"),
        ("Sys.getenv()", "whole-environment"),
        ("f(Sys.getenv)", "whole-environment"),
        ("as.integer(Sys.getenv('a', 'x'))", "default-type"),
        ("Sys.getenv('a', NULL)", "null-default"),
        ("Sys.getenv(unset = NULL, 'a')", "null-default"),
        ("install.packages(f())", "requirement"),
        ("install.packages('a b')", "requirement"),
        ("install.packages('../x.tar.gz', repos = NULL)", "requirement"),
        ("install.packages('x', repos = f())", "requirement"),
        ("remotes::install_local()", "requirement"),
        ("renv::restore()", "requirement"),
        ("library(readr)", "missing-package"),
        ("readr::read_csv('x')", "missing-package"),
        ("requireNamespace('readr')", "missing-package"),
        ("p <- c('readr')\nlapply(p, library, character.only = TRUE)", "missing-package"),
        ("x <- 5 6", "syntax-error"),
        ("if (a) {\n}\nelse {\n}", "syntax-error"),
        ("x <- 'C:\\data'", "syntax-error"),
    ];
    for (text, code) in cases {
        assert_eq!(read(text).1, [code], "{text}");
    }
}

#[test]
fn overlong_sources_are_not_syntax_errors() {
    assert_eq!(read(&"x\n".repeat(1_100_000)).1, ["too-long"]);
}

#[test]
fn installations_are_found() {
    let cases: &[(&str, &[&str])] = &[
        ("install.packages('a')", &["a"]),
        ("utils::install.packages(c('a', \"b\"), repos = 'https://r.example')", &["a", "b"]),
        ("p <- c('a', 'b')\ninstall.packages(pkgs = p)", &["a", "b"]),
        ("if (!require(a)) install.packages('a')\nlibrary(a)", &["a"]),
        (
            "p <- c('a', 'b')\nfor (x in p) if (!require(x, character.only = TRUE)) install.packages(x)",
            &["a", "b"],
        ),
        ("sapply(c('a', 'b'), function(p) install.packages(p))", &["a", "b"]),
        ("lapply(c('a', 'b'), install.packages)", &["a", "b"]),
        ("p <- c('a', 'b')\ninstall.packages(p[!(p %in% installed.packages())])", &["a", "b"]),
        (
            "p <- c('a', 'b')\nn <- setdiff(p, rownames(installed.packages()))\nif (length(n)) install.packages(n)",
            &["a", "b"],
        ),
        ("install.packages('a'); install.packages('a')", &["a"]),
        ("remotes::install_github('o/r', ref = 'v1', subdir = 'd')", &["o/r/d@v1"]),
        ("library(stats)\ninstall_github('o/r')", &["o/r"]),
        ("devtools::install_github(c('o/r', 'o/s@1'))", &["o/r", "o/s@1"]),
        ("remotes::install_version('a', '1.2')", &["a@1.2"]),
        ("BiocManager::install(c('a', 'b'))", &["a", "b"]),
        ("pak::pak('o/r'); pak::pkg_install('bioc::a')", &["o/r", "bioc::a"]),
        ("pacman::p_load(a, 'b')", &["pacman", "a", "b"]),
        ("library(pacman)\np_load(char = c('a', 'b'), install = TRUE)", &["pacman", "a", "b"]),
        ("librarian::shelf(a, 'b', o/r, cran_repo = 'x')", &["librarian", "a", "b", "o/r"]),
        ("library(librarian)\nshelf(a)\nlibrary(a)", &["librarian", "a"]),
        ("xfun::pkg_attach2('a', 'b')", &["xfun", "a", "b"]),
        ("biocLite('a')", &["a"]),
        ("# apt install x\n# dnf install -y \\\n#  y\n1", &["apt install x", "dnf install -y y"]),
        ("# apt is not here, we adapt it\n# pip install z\n1", &[]),
        ("install.packages('tidyverse')\nlibrary(dplyr); ggplot2::ggplot()", &["tidyverse"]),
        ("remotes::install_github('o/r')\nlibrary(r); remotes::f()", &["o/r"]),
        ("# apt-get install r-cran-dplyr\nlibrary(dplyr)", &["apt-get install r-cran-dplyr"]),
        ("library(parallel); MASS::fractions(1); f <- function(install) install('a')", &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(&packages(text), expected, "{text}");
        assert_eq!(read(text).1, [""; 0], "{text}");
    }
}

#[test]
fn code_evaluated_from_strings_is_reported() {
    let cases = [
        ("glue::glue(\"{Sys.getenv('a')}\")", 1),
        ("f <- match.fun('Sys.getenv')", 1),
        ("eval(parse(text = 'Sys.setenv(a = 1)'))", 1),
        ("stop('set it with Sys.setenv(a = 1)')", 0),
        ("glue::glue('{a}')", 0),
    ];
    for (text, count) in cases {
        let told = read(text).1.into_iter().filter(|code| *code == "whole-environment").count();
        assert_eq!(told, count, "{text}");
    }
}

#[test]
fn comments_describe() {
    let cases = [
        ("1\n# about a\n# and more\nx <- Sys.getenv('a')", Some("about a and more")),
        ("1\n# about a\nx <- f(\n  Sys.getenv('a')\n)", Some("about a")),
        ("1\n#' about a\nx <- Sys.getenv('a')", Some("about a")),
        ("1\nf(\n  1,\n  # about a\n  b = 'a\n' |> Sys.getenv()\n)", Some("about a")),
        ("#' Title\n#'\n#' More\n# about a\nx <- Sys.getenv('a')", Some("about a")),
        ("1\n#' about a\n#' @param x no\nx <- Sys.getenv('a')", Some("about a")),
        ("1\n# nolint\n# ----\nx <- Sys.getenv('a')", None),
        ("1\n# about\n\nx <- Sys.getenv('a')", None),
        ("1\n#| prose of a notebook\nx <- Sys.getenv('a')", None),
        ("1\n# of another cell\n# %% cell 3\nx <- Sys.getenv('a')", None),
    ];
    for (text, expected) in cases {
        assert_eq!(descriptions(text), [expected.map(str::to_owned)], "{text}");
    }
}

#[test]
fn scripts_are_described() {
    let cases = [
        ("#!/usr/bin/env Rscript\n# One\n# two\n\n# three\nx", "One\ntwo"),
        ("#' @title Title\n#'\n#' More\nx", "Title"),
        ("#' Title\n#'\n#' More\n# about a\nx <- Sys.getenv('a')", "Title"),
        ("#' First\n#' paragraph\n#'\n#' second\n#' @export\nx", "First paragraph"),
        ("# apt install x\n\n# Says what it does ----\nx", "Says what it does"),
        ("x\n# late", "R script"),
        ("# about a\nx <- Sys.getenv('a')", "R script"),
        ("#| # Heading\n#| prose\nx", "R script"),
        ("", "R script"),
    ];
    for (text, expected) in cases {
        assert_eq!(component(text).description, expected, "{text}");
    }
}

#[test]
fn notebook_prose_is_not_code() {
    let text =
        "#| # apt install x\n#| install.packages('y') # c3: ignore\n# %% cell 2\nx <- Sys.getenv('a')\n";
    assert_eq!(inputs(text), ["a String !"]);
    assert_eq!(packages(text), [""; 0]);
}

#[test]
fn directives_are_applied() {
    assert_eq!(inputs("x <- Sys.getenv('a') # c3: ignore"), [""; 0]);
    assert_eq!(inputs("x <- f(\n  Sys.getenv('a'),\n  2\n) # c3: input=File"), ["a File !"]);
    assert!(component("x <- Sys.getenv('a') # c3: secret").inputs[0].secret);
}

#[test]
fn every_way_to_read_the_command_line_is_recognized() {
    let cases = [
        ("args <- commandArgs(trailingOnly = TRUE)", true),
        ("base::commandArgs()", true),
        ("library(optparse)", true),
        ("optparse::parse_args(x)", true),
        ("suppressMessages(require(\"argparse\"))", true),
        ("library(dplyr)", false),
        ("commandArgs <- function() 1\ncommandArgs()", false),
        ("# commandArgs()\n'commandArgs()'", false),
    ];
    for (text, reads) in cases {
        assert_eq!(super::reads_command_line(text), reads, "{text}");
    }
}
