"""The reader and the writer of JSON, against Python's: many texts in one process of R."""

import json
import os
import random
import subprocess
import sys

import pytest

from conftest import RUNTIME, succeeded

# Reads texts of hexadecimal digits from its first file, and writes each as what it holds, or nothing if it is no JSON.
READ = """
    native <- function(text) { Encoding(text) <- "unknown"; text }
    source(commandArgs(TRUE)[1])
    digits <- function(text) paste(charToRaw(text), collapse = "")
    undigits <- function(line) {
      at <- seq_len(nchar(line) / 2) * 2
      rawToChar(as.raw(strtoi(substring(line, at - 1, at), 16)))
    }
    for (line in readLines(commandArgs(TRUE)[2])) {
      written <- tryCatch(write_json(parse_json(undigits(line))), error = function(problem) "")
      cat(digits(written), "\n")
    }
"""


def in_r(texts, folder, locale='C.UTF-8'):
    """Give what R reads and writes again of each text, `None` for what is no JSON."""
    (folder / 'texts').write_text(''.join(text.hex() + '\n' for text in texts))
    (folder / 'read.R').write_text(READ.replace('"\n")', '"\\n")'))
    done = subprocess.run(
        ['Rscript', 'read.R', str(RUNTIME / 'json.R'), 'texts'],
        cwd=folder,
        capture_output=True,
        encoding='ascii',
        env={**os.environ, 'LC_ALL': locale, 'R_DEFAULT_PACKAGES': 'NULL'},
    )
    assert succeeded(done), done.stderr
    return [bytes.fromhex(line) or None for line in done.stdout.split(' \n')[:-1]]


def unique(pairs):
    """Make a dict of pairs, but not of two with one name."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError('duplicate names')
    return dict(pairs)


def refuse(name):
    """Refuse `NaN` and `Infinity`, which are no JSON."""
    raise ValueError(name)


def in_python(text):
    """Give what a strict reader finds: `False` if it is no JSON, or a text that R can't hold."""
    try:
        value = json.loads(
            text.decode('utf-8'),
            object_pairs_hook=unique,
            parse_constant=refuse,
            parse_int=lambda digits: ('number', digits),
            parse_float=lambda digits: ('number', digits),
        )
        json.dumps(value, ensure_ascii=False).encode('utf-8')  # not half a surrogate pair
        return (value,) if '\\u0000' not in json.dumps(value) else False
    except (ValueError, RecursionError):
        return False


ATOMS = ['null', 'true', 'false', '0', '-0', '1', '-12.5', '1e5', '1E-7', '9007199254740993', '1' * 40, '0.10', '""']
PIECES = ['a', ' ', 'é', '漢', '🎉', '\\n', '\\"', '\\\\', '\\/', '\\b\\f\\r\\t', '\\u00e9', '\\ud83c\\udf89', '\\u001f', "'", '{', '\x7f']
BAD = ['\\x', '\\u12', '\\ud800', '\\u0000', '\n', '01', '1.', '.5', '+1', '-', 'NaN', 'Infinity', '1e', 'tru', "'a'", ',', ':', ']', '}', '"', '\x00', '\\']


def a_text(chance):
    """Make a text of JSON."""
    return '"%s"' % ''.join(chance.choice(PIECES) for _ in range(chance.randrange(5)))


def a_value(chance, depth=0):
    """Make a value of JSON."""
    kind = chance.randrange(6)
    space = chance.choice(['', '', ' ', '\n\t\r '])
    items = range(chance.randrange(4)) if depth < 5 else ()
    if kind == 0:
        return '[%s]' % (space + ',').join(a_value(chance, depth + 1) for _ in items) + space
    if kind == 1:
        return space + '{%s}' % ','.join(
            a_text(chance) + space + ':' + space + a_value(chance, depth + 1) for _ in items
        )
    return a_text(chance) if kind == 2 else chance.choice(ATOMS)


def spoilt(chance, text):
    """Make a text that is mostly no JSON any more."""
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice([*BAD, '']) + text[at + chance.randrange(3) :]


def test_json_matches_python(tmp_path):
    chance = random.Random(int(os.environ.get('SEED', '1')))
    sound = [a_value(chance) for _ in range(3000)]
    texts = [*sound, *(spoilt(chance, text) for text in sound), *BAD, *ATOMS, *PIECES, '', ' ', '{"a":1,"a":2}', '[1]x']
    texts = [text.encode('utf-8') for text in texts if '\x00' not in text]
    texts += [b'"\xff"', b'\xff', b'"\xed\xa0\x80"', b'\xef\xbb\xbf1']
    found = in_r(texts, tmp_path)
    assert len(found) == len(texts)
    for text, written in zip(texts, found):
        expected = in_python(text)
        assert (written is not None) == bool(expected), text
        if expected:
            assert in_python(written) == expected, text
    assert sum(1 for written in found if written is None) > 1000


def test_bytes_in_any_locale(tmp_path):
    text = '{"größe": ["漢", "\\u00e9", 1.50]}'.encode()
    assert in_r([text], tmp_path, 'C') == ['{"größe":["漢","é",1.50]}'.encode()]


@pytest.mark.parametrize(
    'text',
    ['"%s"' % ('\\n' * 60_000), '"%s"' % ('x' * 130_000), '[%s]' % ','.join(['1'] * 60_000), '[' * 190 + ']' * 190],
    ids=['escapes', 'text', 'items', 'depth'],
)
def test_long_texts(tmp_path, text):
    written = in_r([text.encode()], tmp_path)[0]
    assert in_python(written) == in_python(text.encode())


def test_too_deep(tmp_path):
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 2000))
    assert in_r([b'[' * 5000 + b']' * 5000, b'1'], tmp_path) == [None, b'1']
