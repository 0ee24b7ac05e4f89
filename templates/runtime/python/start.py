"""The interpreter as it was before anything of this file."""

from __future__ import annotations

PRISTINE = dict(globals())  # what the interpreter itself puts into `__main__`, which differs between versions
__name__ = 'entry point'  # lest a warning about whoever called the script be taken for one about `__main__`
