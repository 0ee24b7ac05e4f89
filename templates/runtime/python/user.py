"""The name of a user whom the system doesn't know, such as those that OpenShift runs containers as."""

from __future__ import annotations

import os

from .interface import standard

pwd = standard('pwd')


def name_user() -> None:
    """Set `USER` and `LOGNAME` where nothing else tells who runs the script."""
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        name = os.environ.get('USER') or os.environ.get('LOGNAME') or 'user'
        os.environ.setdefault('USER', name)
        os.environ.setdefault('LOGNAME', name)
