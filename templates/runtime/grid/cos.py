"""Marks in a bucket."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .batch_function import load_batch_function
from .batch_parameters import gw_batch_file, gw_batch_file_col_name, gw_file_path_pattern, gw_group_by
from .batches import find_local, is_connection, load_batches
from .connection import parse_connection
from .cos_parameters import gw_coordinator_connection
from .main import main
from .s3 import Objects, ObjectStore
from .s3_files import find_objects, object_reader, other_store
from .start import begin

if TYPE_CHECKING:
    from .kinds import Arguments, Batches, Find


def object_finder(store: ObjectStore, marks: Objects) -> Find:
    """Give a function that finds files by a pattern, which may begin with a connection; marks are none."""

    def find(pattern: str) -> list[str]:
        if not is_connection(pattern):
            return find_local(pattern)
        other = other_store(pattern, store)
        return [path for path in find_objects(other, other.connection.path) if not marks.is_own(path)]

    return find


def prepare() -> tuple[Objects, Batches, Arguments]:
    """Give the store, the batches and what the function gets for each."""
    store = ObjectStore(parse_connection(gw_coordinator_connection))
    marks = Objects(store)
    read, find = object_reader(store), object_finder(store, marks)
    batches = load_batches(gw_batch_file, gw_batch_file_col_name, gw_file_path_pattern, gw_group_by, read, find)
    return marks, batches, lambda batch: [batch]


begin()

if __name__ == '__main__':
    sys.exit(main(load_batch_function, prepare))
