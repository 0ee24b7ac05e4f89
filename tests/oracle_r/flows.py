"""Random R scripts that get along without a variable, or don't, as `tests/oracle/flows.py` writes them in Python. All of
them run to their end where the variable is `7`.
"""

import random
import textwrap

HEAD = '''look_up <- function(name) Sys.getenv(name)
optional <- function(name, default) {
  value <- Sys.getenv(name)
  if (value == '') default else value
}
check <- function(value) {
  if (value == '') stop('no value')
  value
}
fail <- function(text) {
  message(text)
  quit(status = 2)
}
copy <- Sys.getenv()
listed <- as.list(Sys.getenv())
'''

# Reads, by what they give where nothing is set: an empty text, `NA`, `NULL`, an error, or a default.
READS = {
    'empty': ["Sys.getenv('V0')", "Sys.getenv(c('V0'))[[1]]", "unname(Sys.getenv('V0'))", "look_up('V0')", "Sys.getenv(x = 'V0')"],
    'na': ["Sys.getenv('V0', NA)", "Sys.getenv('V0', unset = NA)", "copy['V0']", "unname(Sys.getenv()['V0'])"],
    'null': ["listed$V0", "listed[['V0']]", "as.list(Sys.getenv())$V0"],
    'error': ["copy[['V0']]", "Sys.getenv()[['V0']]"],
    'default': [
        "Sys.getenv('V0', '5')", "Sys.getenv('V0', unset = '5')", "optional('V0', '5')", "ifelse(nzchar(Sys.getenv('V0')), Sys.getenv('V0'), '5')",
        "if (nzchar(Sys.getenv('V0'))) Sys.getenv('V0') else '5'",
    ],
}

GUARDS = [
    "if (x == '') stop('no')", 'stopifnot(nzchar(x))', 'if (!nzchar(x)) quit(status = 1)', "if (identical(x, '')) stop('no')",
    "if (nchar(x) == 0) {\n  message('no')\n  quit(status = 2)\n}", "stopifnot(x != '')", 'check(x)', "if (!nzchar(x)) fail('no')", "if (is.na(as.integer(x))) stop('no number')",
    "stopifnot('set it' = nzchar(x))",
]
GUARDS_OF_NA = ["if (is.na(x)) stop('no')", 'stopifnot(!is.na(x))', 'if (is.na(x)) quit(status = 1)']
GUARDS_OF_NULL = ["if (is.null(x)) stop('no')", 'stopifnot(!is.null(x))', "if (is.null(x)) fail('no')"]
DEFAULTS = ["if (x == '') x <- '5'", "if (!nzchar(x)) x <- '5'", "x <- if (x == '') '5' else x"]
DEFAULTS_OF_NA = ["if (is.na(x)) x <- '5'", "x <- if (is.na(x)) '5' else x"]
DEFAULTS_OF_NULL = ["if (is.null(x)) x <- '5'", "x <- if (is.null(x)) '5' else x"]
HARMLESS = ['if (nzchar(x)) print(x)', "if (x == 'a') print(1)", "print(x %in% c('a', 'b'))", 'y <- nzchar(x)']
HARMLESS_FOR_NA = ['if (!is.na(x)) print(x)', 'y <- is.na(x)', "if (!is.na(x) && x == 'a') print(1)"]
HARMLESS_FOR_NULL = ['if (!is.null(x)) print(x)', 'y <- is.null(x)', "if (!is.null(x) && x == 'a') print(1)"]

# A condition fails for `NA` and for nothing.
CONDITIONS = ["if (x == 'a') print(1)", "while (x == 'a') break", "if (!(x == 'a')) print(1)"]

# Uses that fit each kind of read.
USES = {
    'empty': [GUARDS, DEFAULTS, HARMLESS],
    'na': [GUARDS_OF_NA, DEFAULTS_OF_NA, HARMLESS_FOR_NA, CONDITIONS],
    'null': [GUARDS_OF_NULL, DEFAULTS_OF_NULL, HARMLESS_FOR_NULL, CONDITIONS],
    'error': [GUARDS, DEFAULTS, HARMLESS],
    'default': [['print(as.integer(x) + 1L)'], HARMLESS[:2]],
}

BINDINGS = [
    'x <- {read}\n{use}', 'x <- {read}\n{use}', 'x = {read}\n{use}', '({read}) -> x\n{use}', 'cfg <- list(a = {read})\nx <- cfg$a\n{use}', 'cfg <- list(a = {read})\n{field}',
    'cfg <- list()\ncfg$a <- {read}\n{field}',
]

# What stands around code: what is defined before, and what takes the place of the code. `@` is a number of its own.
AROUND = [
    ('f@ <- function() {\n{code}\n}\n', 'f@()'),
    ('main@ <- function() {\n{code}\n}\n', 'if (!interactive()) main@()'),
    ('', 'tryCatch({\n{code}\n}, error = function(e) stop(e))'),
    ('', 'tryCatch({\n{code}\n}, error = function(e) {\n  message(conditionMessage(e))\n  quit(status = 1)\n})'),
    ('', 'tryCatch({\n{code}\n}, error = function(e) NULL)'),
    ('', 'try({\n{code}\n}, silent = TRUE)'),
    ('', 'tryCatch({\n{code}\n}, finally = print(1))'),
    ('', 'if (TRUE) {\n{code}\n}'),
    ('', 'for (i in 1:2) {\n{code}\n}'),
    ('', 'repeat {\n{code}\n  break\n}'),
    ('', 'local({\n{code}\n})'),
    ('', 'suppressWarnings({\n{code}\n})'),
    ('', 'invisible(lapply(1, function(i) {\n{code}\n}))'),
]


def script(seed):
    """Write a script that reads one variable."""
    choose = random.Random(seed).choice
    kind = choose(list(READS))
    read, use = choose(READS[kind]), choose(choose(USES[kind]))
    code = choose(BINDINGS).replace('{read}', read).replace('{use}', use).replace('{field}', use.replace('(x', '(cfg$a').replace('x ', 'cfg$a ').replace('else x', 'else cfg$a'))
    before = ''
    for number in range(choose((0, 1, 1, 2))):
        outer, instead = (part.replace('{code}', textwrap.indent(code, '  ')).replace('@', str(number)) for part in choose(AROUND))
        before, code = before + outer, instead
    return f'{HEAD}{before}{code}\n'
