"""The help of an operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .interface import INPUTS, INTERFACE, OUTPUTS
from .messages import shown

if TYPE_CHECKING:
    from .kinds import Input, Parameter


def print_help() -> None:
    """Print the name, the description, the inputs and the outputs."""
    print(shown(INTERFACE['name']))
    print(INTERFACE['description'])
    if INPUTS:
        print('\nInputs: `--NAME VALUE`, `NAME=VALUE` or environment variables')
        for parameter in INPUTS:
            print_parameter(parameter, traits(parameter))
    if OUTPUTS:
        print('\nOutputs: `--NAME PATH` says where to put it')
        for output in OUTPUTS:
            print_parameter(output, [output['type']])


def print_parameter(parameter: Parameter, about: list[str]) -> None:
    """Print a parameter and what it is for."""
    print(f'  --{parameter["id"]}  {", ".join(about)}')
    if parameter['description']:
        print(f'      {parameter["description"]}')


def traits(parameter: Input) -> list[str]:
    """Give the type of an input and what becomes of it without a value."""
    about = [parameter['type']]
    if parameter['secret']:
        about.append('secret')
    if parameter['required'] != 'no':
        about.append('required')
    elif parameter['default'] is not None and not parameter['secret']:
        about.append(f'default: {shown(parameter["default"])}')
    return about
