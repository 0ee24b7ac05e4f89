#!/usr/bin/env python3
# -*- coding: utf-8 -*-
import os as o
import sys
from os import environ as e, getenv as g

"""The first string at module level describes an operator without a docstring."""

PREFIX = 'data'
SIZE = 4 * 1024

# A required text.
plain = o.getenv('plain')

# The description may take
# more than one line.
two_lines = g("two_lines", "it's \"quoted\"")

subscript = e['subscript']

multi_line = e.get(
    'multi_line',
    # a comment in between is no description
    'value',
)

# A keyword argument.
keyword = g(key='keyword', default='by keyword')

# Types come from the cast around the read, wherever it stands.
integers = {'a': int(g('integer_a', '1')), 'b': int(g('integer_b', SIZE // 2))}
ratio = 1 + float(o.environ.get('ratio', 1e-3))
flag = bool(e.get('flag', False)) or '--force' in sys.argv
negative = int(g('negative', -(2**40)))
big = float(g('big', '1e300'))

# Defaults are folded.
seconds = int(g('seconds', 60 * 60))
folder = g('folder', f'{PREFIX}/{1 + 1}' + '/in')
optional = g('optional', None)
computed = g('computed', o.path.join(PREFIX, 'x'))
alternative = g('alternative') or 'other'
default_set = e.setdefault('default_set', 'here')

if 'tested' in e:
    print(e['tested'])

nested = f"{g('in_fstring', 'yes')}"
spaced = g('spaced name', '# no comment')
größe = g('größe', 'ä')

# Same name twice: the first read with a default decides.
first = g('twice')
second = int(g('twice', 7))

ignored = g('ignored')  # c3: ignore
data = g('data')  # c3: input=File

home = e['HOME']
text = "os.getenv('in_a_string')"
# os.getenv('in_a_comment')


def inside():
    """Reads of a function count: os.getenv('in_a_docstring') doesn't."""
    return (lambda: g('in_a_lambda', 'x'))()


e['both'] = 'written first, so it is an output'
print(e['both'])

if __name__ == '__main__':
    print(plain, two_lines, subscript, multi_line, keyword, integers, ratio, flag, seconds, folder, inside())

# What a handler sets instead is the default.
try:
    rescued = int(e['rescued'])
except KeyError:
    rescued = SIZE
try:
    optional_too = e['optional_too']
except (KeyError, ValueError):
    pass
try:
    needed = e['needed']
except KeyError as error:
    raise SystemExit('needed is missing') from error
