"""The script with its function and inputs, as c3 puts them in."""

from __future__ import annotations

from typing import Any

SCRIPT: str = ''
PROCESS: str = ''

# What the function gets by name.
INTERFACE: dict[str, Any] = {}
