"""The interface of the operator, which c3 puts in, and the files that it names."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .kinds import Input, Interface, Output

# Put in by c3.
INTERFACE: Interface = {
    'name': '',
    'description': '',
    'source': '',
    'script': '',
    'root': '.',
    'files': [],
    'logging': False,
    'notebook': False,
    'ipython': False,
    'skips_dashes': False,
    'own_arguments': False,
    'cells': [],
    'raising': [],
    'record': None,
    'inputs': [],
    'outputs': [],
}

INPUTS: list[Input] = INTERFACE['inputs']
OUTPUTS: list[Output] = INTERFACE['outputs']

FOLDER = os.path.dirname(os.path.abspath(__file__))
SCRIPT = os.path.join(FOLDER, INTERFACE['script'])
ROOT = os.path.normpath(os.path.join(FOLDER, INTERFACE['root']))

LOADED = set(sys.modules)


def standard(name: str) -> Any:
    """Import a module of the standard library, even if a file beside the script has the same name."""
    path, sys.path = sys.path, [entry for entry in sys.path if entry not in beside_script()]
    try:
        return __import__(name)
    finally:
        sys.path = path


def beside_script() -> list[str]:
    """Give the entries of `sys.path` by which Python may know the script's folder."""
    return [FOLDER, os.path.realpath(FOLDER)]


def forget_modules() -> None:
    """Leave the script the modules that it would find without this file."""
    for module in set(sys.modules) - LOADED:
        del sys.modules[module]


def declared_default(name: str) -> str | None:
    """Give the default of an input."""
    defaults: dict[str, str | None] = {parameter['name']: parameter['default'] for parameter in INPUTS}
    return defaults.get(name)


def is_secret(name: str) -> bool:
    """Check whether the value of this variable must not be shown."""
    return any(parameter['secret'] for parameter in INPUTS if parameter['name'] == name)
