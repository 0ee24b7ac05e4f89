"""Parameters of results that are marks."""

from __future__ import annotations

import os

# Folder for the results, each marked LOCKED, PROCESSED or FAILED in its name (default: sgw_source_folder)
sgw_target_folder = os.getenv('sgw_target_folder', None)
