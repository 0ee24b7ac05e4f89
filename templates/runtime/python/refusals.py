"""What is wrong with a command line, in the words of `c3 run`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .interface import INPUTS, OUTPUTS, is_secret, standard
from .messages import fail, say, shown

if TYPE_CHECKING:
    from .kinds import Input, Parameter

# How values of a type are written.
HINTS = {
    'Boolean': 'write `true` or `false`',
    'List': 'write JSON such as `[1, 2]`',
    'Dict': 'write JSON such as `{"key": 1}`',
}


def refuse_type(parameter: Parameter, value: str) -> None:
    """End the program for a value of the wrong type."""
    kind = parameter['type']
    article = 'an' if kind[0] in 'AEIOU' else 'a'
    told = 'what is given' if is_secret(parameter['name']) else f'`{shown(value[:40])}`'
    hint = HINTS.get(kind, '')
    fail(f'parameter `{parameter["id"]}` is {article} {kind}, not {told}', 2, hint)


def refuse_missing(missing: list[Input]) -> None:
    """End the program if inputs have no value that the script reads in any case; tell of others."""
    always = [parameter for parameter in missing if parameter['required'] == 'always']
    if always:
        what = 'a parameter is' if len(always) == 1 else 'parameters are'
        fail(f'{what} required: {listed(always)}', 2, remedy(always))
    say(f'warning: no value for {listed(missing)}, which the script may need')


def listed(parameters: list[Input]) -> str:
    """Give the ids of parameters."""
    return ', '.join(f'`{parameter["id"]}`' for parameter in parameters)


def remedy(missing: list[Input]) -> str:
    """Say how values are given."""
    secrets = [parameter for parameter in missing if parameter['secret']]
    names = ', '.join(f'`{parameter["name"]}`' for parameter in secrets)
    from_environment = f'set {names} in the environment, as secrets are taken from there'
    if len(secrets) == len(missing):
        return from_environment
    return '; '.join(['write `--NAME VALUE`'] + [from_environment] * bool(secrets))


def refuse_words(own: list[str]) -> None:
    """Print the help if it is asked for, else end the program for a word that begins with dashes."""
    if '--help' in own or '-h' in own:
        from .help import print_help

        print_help()
        sys.exit(0)
    for word in own:
        name = word[2:].partition('=')[0]
        if word.startswith('--'):
            fail(f'there is no parameter `{name[:40]}`', 2, nearest(name))


def nearest(name: str) -> str:
    """Suggest the parameter that was meant."""
    names = {parameter['id'].lower(): parameter['id'] for parameter in [*INPUTS, *OUTPUTS]}
    near = standard('difflib').get_close_matches(name.lower().replace('-', '_'), names, 1)
    return f'did you mean `--{names[near[0]]}`?' if near else '`--help` lists the parameters'
