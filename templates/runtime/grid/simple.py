"""Each file of a folder is a batch."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .folders import Folders, prepare_folders
from .main import main
from .simple_parameters import sgw_source_folder
from .start import PATH

if TYPE_CHECKING:
    from .kinds import Batches, Call


def prepare() -> tuple[Folders, Batches, Call]:
    """Give the store, the batches and what is to be called with each."""
    return prepare_folders(sgw_source_folder, folders=False)


sys.path[:] = PATH

if __name__ == '__main__':
    sys.exit(main(prepare))
