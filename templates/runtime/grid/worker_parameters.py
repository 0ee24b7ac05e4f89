"""Parameters of workers that share their batches."""

from __future__ import annotations

import os

# Seconds until a lock that shows no heartbeat, as those of other programs, is taken for dead
gw_lock_timeout = int(os.getenv('gw_lock_timeout', '10800'))
# Process batches again that have failed before
gw_ignore_error_files = bool(os.getenv('gw_ignore_error_files', 'False'))
# Wait until other workers have finished their batches, ready to take those over whose worker has died
gw_wait = bool(os.getenv('gw_wait', 'True'))
# How often a batch may be started by workers that vanish, until it has failed
gw_max_attempts = int(os.getenv('gw_max_attempts', '3'))
