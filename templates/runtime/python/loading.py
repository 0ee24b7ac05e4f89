"""Parts of the entry point that are compiled where they are needed."""

from __future__ import annotations

THIS_FILE = __file__  # which the interpreter forgets when the script has ended

# Put in by c3.
MODULES: dict[str, str] = {}


def load(name: str) -> None:
    """Compile a part, unless that has been done."""
    source = MODULES.pop(name, None)
    if source:
        exec(compile(source, f'{THIS_FILE}:{name}', 'exec', 0, True), globals())
