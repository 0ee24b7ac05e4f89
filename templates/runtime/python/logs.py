"""The log level."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from .interface import FOLDER, LOADED, beside_script, declared_default, is_secret, standard
from .messages import say, shown, write_line
from .parameters import EXECUTOR_INPUT

if TYPE_CHECKING:
    from .parameters import Taken

LEVELS = {'NOTSET': 0, 'DEBUG': 10, 'INFO': 20, 'WARN': 30, 'WARNING': 30, 'ERROR': 40, 'CRITICAL': 50, 'FATAL': 50}
LOG_LEVEL = 'log_level'


def set_level(taken: Taken) -> None:
    """Set the level of the root logger and of the handler of last resort: nothing else is as without this file."""
    logging = standard('logging')
    level = log_level()
    logging.getLogger().setLevel(level)
    logging.lastResort.setLevel(level)
    forget_shadowed()
    if level > LEVELS['DEBUG']:
        return
    for parameter, value in taken:
        if parameter is not EXECUTOR_INPUT:  # it holds the secrets, too
            told = '***' if is_secret(parameter['name']) else f'"{shown(value)}"'
            write_line(f'parameter {shown(parameter["name"])} = {told}')


def forget_shadowed() -> None:
    """Forget modules that files of the script's go before in its imports."""
    if not set(sys.path).intersection(beside_script()):
        return  # Python was told not to look there
    for module in set(sys.modules) - LOADED:
        path = os.path.join(FOLDER, module.partition('.')[0])
        if os.path.isfile(path + '.py') or os.path.isfile(os.path.join(path, '__init__.py')):
            del sys.modules[module]


def log_level() -> int:
    """Read `log_level`, a name in any case or a number."""
    text = os.environ.get(LOG_LEVEL, declared_default(LOG_LEVEL) or 'INFO').strip()
    level = int(text) if text.isdecimal() else LEVELS.get(text.upper())
    if level is None:
        say(f'warning: unknown log level `{text}`, using `INFO`')
        return LEVELS['INFO']
    return level
