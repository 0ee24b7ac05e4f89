"""Marks in a folder that all workers share."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from .anywhere import find_anywhere, read_anywhere
from .batch_function import load_batch_function
from .batch_parameters import gw_batch_file, gw_batch_file_col_name, gw_file_path_pattern, gw_group_by
from .batches import is_mark, load_batches
from .core import Refusal
from .files import Files
from .local_parameters import gw_coordinator_path
from .main import main
from .start import begin

if TYPE_CHECKING:
    from .kinds import Arguments, Batches


def prepare() -> tuple[Files, Batches, Arguments]:
    """Give the store, the batches and what the function gets for each."""
    if not gw_coordinator_path:
        raise Refusal('set gw_coordinator_path to a folder that all workers share')
    store = Files(gw_coordinator_path)

    def find(pattern: str) -> list[str]:
        return [path for path in find_anywhere(pattern) if not is_own(store.folder, os.path.abspath(path))]

    names = gw_batch_file, gw_batch_file_col_name, gw_file_path_pattern, gw_group_by
    batches = load_batches(*names, read_anywhere, find)
    return store, batches, lambda batch: [batch]


def is_own(coordinator: str, path: str) -> bool:
    """Tell the coordinator's folder and its marks from the user's files, which may stand beside them."""
    folder, name = os.path.split(path)
    return path == coordinator or folder == coordinator and is_mark(name)


begin()

if __name__ == '__main__':
    sys.exit(main(load_batch_function, prepare))
