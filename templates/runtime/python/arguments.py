"""Values of inputs that the script takes from its own command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .interface import INPUTS
from .messages import fail
from .parameters import normalise

if TYPE_CHECKING:
    from .kinds import Input


def command_line(own: list[str]) -> list[str]:
    """Give the arguments of the script: options, positionals, and what it is called with besides.

    Nothing stands there of an input without a value, nor of one whose value is its default.
    """
    values = [(parameter, os.environ.pop(parameter['name'], None)) for parameter in INPUTS if is_argument(parameter)]
    options, positionals = [], []
    for parameter, value in values:
        if is_positional(parameter):
            positionals.append((parameter, value))
        elif value is not None and not has_default(parameter, value):
            options += option(parameter, value)
    return options + places(in_place(positionals), own)


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
    except ValueError:
        return False
    return value == default


def option(parameter: Input, value: str) -> list[str]:
    """Write an option with its value."""
    how = parameter['argument']
    if how['flag']:
        return flag(parameter, value)
    name = how['option'] or ''
    return [f'{name}={value}'] if value.startswith('-') else [name, value]


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
    given = [at for at, (parameter, value) in enumerate(positionals) if value not in (None, parameter['default'])]
    values = []
    for parameter, value in positionals[: max(given, default=-1) + 1]:
        text = parameter['default'] if value is None else value
        if text is None:
            last = positionals[given[-1]][0]['id']
            message = f'parameter `{last}` has a value, but not `{parameter["id"]}`, which stands before it'
            fail(message, 2, f'write `--{parameter["id"]} VALUE`, too')
        values.append(text)
    return values


def places(values: list[str], own: list[str]) -> list[str]:
    """Write positionals before what else the script is called with; none of them is an option."""
    if not any(value.startswith('-') for value in values):
        return values + own
    if own:
        fail(f'a value that begins with `-` cannot stand beside `{own[0][:40]}`', 2, 'give all values by their names')
    return ['--', *values]
