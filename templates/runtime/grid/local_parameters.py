"""Parameters of a store in a folder."""

from __future__ import annotations

import os

# Folder shared by all workers, in which they mark what is being processed, is done and has failed
gw_coordinator_path = os.getenv('gw_coordinator_path')
