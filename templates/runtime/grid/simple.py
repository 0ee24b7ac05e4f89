"""Each file of a folder is a batch."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .folders import Folders, load_path_function, prepare_folders
from .main import main
from .simple_parameters import sgw_source_folder
from .start import begin

if TYPE_CHECKING:
    from .kinds import Arguments, Batches


def prepare() -> tuple[Folders, Batches, Arguments]:
    """Give the store, the batches and what the function gets for each."""
    return prepare_folders(sgw_source_folder, folders=False)


begin()

if __name__ == '__main__':
    sys.exit(main(load_path_function, prepare))
