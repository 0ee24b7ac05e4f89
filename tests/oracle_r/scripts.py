"""Random R scripts that use every way of reading and writing the environment that `c3` knows, and broken ones."""

import random

NAMES = ['rows', 'api_key', 'my var', 'x.y', 'größe', 'n2', 'HOME', 'LC_ALL', 'max_tokens', 'a"b', "it's", 'T', 'tab\\t', 'e-mail', 'log_level', 'TRUE']
NUMBERS = ['5', '5L', '0.5', '1e5', '100000', '100000L', '1e-4', '0x1F', '-3', '60*60', '2^10', '7 %/% 2', '-7 %% 3', '5L %/% 2L', '0.1 + 0.2', '1/3', '1e15', '123456.789', '.5', '1e300', '(2 + 3) * 4', 'N', 'N * 2', '-5L', '3.', '1e-300', '100 * 1000', '22/7', '5 - 5']
LOGICALS = ['TRUE', 'FALSE', 'T', '!TRUE', '"TRUE"', '"false"', '"yes"', 'NA', '!F']
TEXTS = ['""', '"a b"', "'it''s'", 'r"(raw \\ "q")"', 'R"--[a]--"', '"\\u00e9\\n\\t"', "'\\x41\\102'", 'paste0("a", 1, TRUE)', 'paste("a", "b")', 'paste("a", N, sep = "-")', 'file.path("d", "f")', 'PREFIX', 'paste0(PREFIX, "/", N)', 'NULL', 'NA', 'NA_character_', 'f()', 'Sys.time()', 'as.character(5)', 'c("one")', 'reverse("A")', '"#"', '"漢"', "'a\\'b'", '`PREFIX`']
CASTS = {'': TEXTS + NUMBERS + LOGICALS, 'as.integer': NUMBERS + ['"7"', '" 8 "', '"x"', '"1e3"', '"2.9"'], 'as.numeric': NUMBERS + ['"0.25"', '"1e-3"', '"Inf"'], 'as.double': NUMBERS, 'as.logical': LOGICALS, 'as.character': TEXTS}
PLACES = [
    '{} -> v', 'v <- {}', 'v = {}', 'v <<- {}', 'print({})', 'x$y<-function(a = {}) a', 'if (identical({}, y)) 1', 'x[{}] <- 1', 'function(x) {{\n  {}\n}}',
    'for (i in {}) {{ print(i) }}', 'while (FALSE) {{ {} }}', 'list(a = {}, b = 2)', '({})', '-nchar(y) + length({})', 'x$y <- {}', 'tryCatch({{ {} }}, error = function(e) NULL)',
    '\\(z) {}', 'v <- c(1, {}, "x")', 'switch(2, a, {})', 'y %in% {}', '!is.list({})', '{{ {}; 1 }}', 'repeat {{ {}; break }}', 'a <- b <- {}', 'x |> g({})', 'y ~ {}', 'stopifnot({} > 1)', 'local({{ w <- {} }})', 'x[[{}]]', 'if (a) {} else 2',
]
DECOYS = ['"Sys.getenv(\'decoy\')"', '# Sys.getenv("decoy")', 'x$Sys.getenv("decoy")', 'other::Sys.getenv("decoy")', 'decoy <- 1', 'r"(Sys.setenv(decoy = 1))"', 'Sys.time()', 'Sys.unsetenv("decoy")', 'install("decoy")', '"a" # install.packages("decoy")']
PACKAGES = ['install.packages("readr")', "install.packages(c('dplyr', \"tidyr\"))", 'install.packages(PKGS)', 'if (!require(readr)) install.packages("readr")', 'utils::install.packages("jsonlite", repos = "https://cloud.r-project.org")', 'install.packages(pkgs = "glue")', 'install.packages(repos = NULL, "https://e.example/p_1.0.tar.gz")', 'install.packages(lib = "l", "xml2", quiet = TRUE)', 'install.packages(paste0("data", ".table"))']


def name(draw):
    """Give a name's literal."""
    text = draw.choice(NAMES)
    return draw.choice([f'"{text}"' if '"' not in text else f"'{text}'", f"'{text}'" if "'" not in text else f'"{text}"', f'r"({text})"' if '\\' not in text else f'"{text}"', 'NAME' if draw.random() < 0.3 else f'"{text}"'.replace('a"b', 'a\\"b')])


def read(draw):
    """Give an expression that reads."""
    cast = draw.choice(list(CASTS))
    default = draw.choice(CASTS[cast])
    which = name(draw)
    if draw.random() < 0.1:
        which = f'c({which}, {name(draw)})'
    getenv = draw.choice(['Sys.getenv', 'Sys.getenv', 'base::Sys.getenv', 'getenv', '`Sys.getenv`'])
    form = draw.choice([
        '{0}({1})', '{0}({1}, {2})', '{0}({1}, unset = {2})', '{0}(unset = {2}, x = {1})', '{0}({2}, x = {1})', '{0}({1}, u = {2})', '{0}(x = {1}, {2}, FALSE)', '{0}({1}, names = TRUE, {2})',
        '{0}(\n  {1},\n  {2}\n)', '{0}({1}, )', '{0} ( {1} , {2} )', '{0}({1}, # why\n {2})', '{1} |> {0}()', '{0}(paste0("a", {1}))', '{0}(...)', '{0}(n = NA, {1})',
    ])
    text = form.format(getenv, which, default)
    if cast:
        text = draw.choice([f'{cast}({text})', f'base::{cast}({text})', f'{text} |> {cast}()', f'{cast}(({text}))', f'{text} %>% {cast}()', f'{text} %>% {cast}', f'{cast}(x = {text})'])
    elif draw.random() < 0.15:
        text = draw.choice([f'nzchar({text})', f'{text} == ""', f'"" != {text}', f"identical({text}, '')", f'{which} %in% names(Sys.getenv())', f'{text} == "x"'])
    return text


def write(draw):
    """Give an expression that writes."""
    return draw.choice(['Sys.setenv(result = "x")', 'Sys.setenv("my out" = 1, `second one` = f(2))', 'base::Sys.setenv(rows = 5)', 'Sys.setenv(n3 = {})', 'Sys.setenv(\n  # why\n  alpha = {}\n)', 'Sys.setenv(x)', "Sys.setenv('q' = {}, r = 2)"]).replace('{}', read(draw))


def statement(draw):
    """Give a statement."""
    kind = draw.random()
    if kind < 0.6:
        return draw.choice(PLACES).format(read(draw))
    if kind < 0.75:
        return write(draw)
    if kind < 0.85:
        return draw.choice(PACKAGES)
    return draw.choice(DECOYS)


def script(seed):
    """Give a script."""
    draw = random.Random(seed)
    head = ['NAME <- "constant_name"', 'N <- 3', 'PREFIX = "pre"', 'c("a1", "b2") -> PKGS', 'getenv <- Sys.getenv']
    if draw.random() < 0.1:
        head.append(draw.choice(['N <- 4', 'f <- function(PREFIX) 1', 'as.integer <- function(x) x', 'Sys.getenv <- function(...) ""', 'for (N in 1:3) 1', 'PREFIX[2] <- "b"', 'paste0 <- function(...) ""']))
    return '\n'.join(head + [statement(draw) for _ in range(draw.randint(1, 9))]) + '\n'


TOKENS = ['(', ')', '{', '}', '[', ']', '[[', ']]', ',', ';', '\n', '<-', '->', '=', '==', '+', '-', '!', '%in%', '|>', '$', '@', '::', 'if', 'else', 'for', 'in', 'while', 'function', '\\', 'x', '"a"', "'", '"', '`', '#', '5', '1e', '0x', '_', '...', 'NULL', '~', ':', '^', 'r"(', ')"', '&', '|', '%', '\\n', 'repeat', 'TRUE']


def broken(seed):
    """Give a script that something has happened to."""
    draw = random.Random(seed)
    text = script(seed)
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(text) + 1)
        match draw.randrange(4):
            case 0:
                text = text[:at] + text[at + draw.randint(1, 6) :]
            case 1:
                text = text[:at] + draw.choice(TOKENS) + text[at:]
            case 2:
                text = text[:at] + ' ' + draw.choice(TOKENS) + ' ' + text[at:]
            case 3:
                other = draw.randrange(len(text) + 1)
                text = text[:at] + text[other : other + draw.randint(1, 20)] + text[at:]
    return text
