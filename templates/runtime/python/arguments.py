"""Values of inputs that the script takes from its own command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .interface import INPUTS, standard
from .messages import fail
from .parameters import normalise

if TYPE_CHECKING:
    from .kinds import Input

# Most times that an option is repeated which the script counts.
MOST = 99


def command_line(own: list[str]) -> list[str]:
    """Give the arguments of the script: options, positionals, and what it is called with besides.

    Nothing stands there of an input without a value, nor of one whose value is its default.
    """
    values = [(parameter, os.environ.pop(parameter['name'], None)) for parameter in INPUTS if is_argument(parameter)]
    options: list[str] = []
    rows: list[str] = []  # which would take what stands behind them
    positionals = []
    for parameter, value in values:
        if is_positional(parameter):
            positionals.append((parameter, value))
        elif value is not None and not has_default(parameter, value):
            words = option(parameter, value)
            if parameter['argument']['takes'] == 'row':
                rows += words
            else:
                options += words
    return options + places(in_place(positionals), own, rows)


def is_argument(parameter: Input) -> bool:
    """Tell what the script takes from its command line from what it takes from its environment."""
    return parameter['via'] == 'argument'


def is_positional(parameter: Input) -> bool:
    """Check whether a parameter is told by its place."""
    return parameter['argument']['option'] is None and parameter['argument']['negative'] is None


def has_default(parameter: Input, value: str) -> bool:
    """Check whether a value is the default, which the script has by itself, perhaps in another type."""
    if parameter['default'] is None:
        return False
    default = normalise(parameter, parameter['default'])
    try:
        if parameter['type'] == 'Integer':
            return int(value) == int(default)
        if parameter['type'] == 'Float':
            return float(value) == float(default)
        if parameter['type'] == 'List':
            json = standard('json')
            return bool(json.loads(value) == json.loads(default))
    except ValueError:
        return False
    return value == default


def option(parameter: Input, value: str) -> list[str]:
    """Write an option with its value."""
    how = parameter['argument']
    if how['flag']:
        return flag(parameter, value)
    name = how['option'] or ''
    if how['takes'] == 'count':
        return [name] * number_of(parameter, value)
    found = elements(parameter, value)
    if how['takes'] != 'row':
        if not found:
            fail(f'parameter `{parameter["id"]}` cannot be empty: the script has no option for that', 2)
        return [word for element in found for word in pair(name, element)]
    if len(found) == 1:
        return pair(name, found[0])
    for element in found:
        if element.startswith('-') and not element[1:].replace('.', '', 1).isdecimal():
            fail(f'`{element[:40]}` of parameter `{parameter["id"]}` would be taken for an option', 2)
    return [name, *found]


def pair(name: str, value: str) -> list[str]:
    """Write an option with one value, which may look like an option itself."""
    if not value.startswith('-'):
        return [name, value]
    return [f'{name}={value}' if name.startswith('--') else name + value]


def elements(parameter: Input, value: str) -> list[str]:
    """Give the words of a value: several of a list, whose whole numbers an engine may have made floats."""
    if parameter['argument']['takes'] == 'word':
        return ['true' if value else 'false']
    if parameter['type'] != 'List':
        return [value]
    found = standard('json').loads(value)
    return [word_of(element) for element in found]


def word_of(element: object) -> str:
    """Write one element of a list."""
    if isinstance(element, float) and element.is_integer():
        return str(int(element))
    return standard('json').dumps(element) if isinstance(element, (list, dict)) else str(element)


def number_of(parameter: Input, value: str) -> int:
    """Give how often an option is to stand there."""
    number = int(value)
    if not 0 <= number <= MOST:
        fail(f'parameter `{parameter["id"]}` is from 0 to {MOST}: the script counts its option', 2)
    return number


def flag(parameter: Input, value: str) -> list[str]:
    """Write a flag; one that has no option for its value must have it already."""
    word = parameter['argument']['option' if value else 'negative']
    if word is not None:
        return [word]
    if parameter['default'] is not None:
        told = 'true' if value else 'false'
        fail(f'parameter `{parameter["id"]}` cannot be {told}: the script has no option for that', 2)
    return []


def in_place(positionals: list[tuple[Input, str | None]]) -> list[str]:
    """Give the values of positionals, up to the last that has one: each must stand where the script expects it."""
    pairs = enumerate(positionals)
    given = [at for at, (parameter, value) in pairs if value is not None and not has_default(parameter, value)]
    values: list[str] = []
    for parameter, value in positionals[: max(given, default=-1) + 1]:
        text = parameter['default'] if value is None else value
        if text is None:
            last = positionals[given[-1]][0]['id']
            message = f'parameter `{last}` has a value, but not `{parameter["id"]}`, which stands before it'
            fail(message, 2, f'write `--{parameter["id"]} VALUE`, too')
        values += elements(parameter, text)
    return values


def places(values: list[str], own: list[str], rows: list[str]) -> list[str]:
    """Write positionals before what else the script is called with; none of them is an option."""
    if not any(value.startswith('-') for value in values):
        end = own.index('--') if '--' in own else len(own)
        return values + own[:end] + rows + own[end:]
    if own:
        fail(f'a value that begins with `-` cannot stand beside `{own[0][:40]}`', 2, 'give all values by their names')
    return [*rows, '--', *values]
