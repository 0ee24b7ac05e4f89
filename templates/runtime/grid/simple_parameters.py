"""Parameters of a source whose batches are files."""

from __future__ import annotations

import os

# Folder with the data, a file for each batch
sgw_source_folder = os.getenv('sgw_source_folder')
