"""Parameters of every worker."""

from __future__ import annotations

import os

# Seconds until a lock that shows no heartbeat, as those of other programs, is taken for dead
gw_lock_timeout = int(os.getenv('gw_lock_timeout', '10800'))
# Process batches again that have failed before
gw_ignore_error_files = bool(os.getenv('gw_ignore_error_files', 'False'))
# Longest time in seconds to wait before the start
gw_max_time_wait_staggering = int(os.getenv('gw_max_time_wait_staggering', '0'))
# Wait until other workers have finished their batches, ready to take those over whose worker has died
gw_wait = bool(os.getenv('gw_wait', 'True'))
# Seconds after which a batch is ended and has failed (0: no limit)
gw_batch_timeout = int(os.getenv('gw_batch_timeout', '0'))
# How often a batch that fails is tried again by the same worker
gw_retries = int(os.getenv('gw_retries', '0'))
# How often a batch may be started by workers that vanish, until it has failed
gw_max_attempts = int(os.getenv('gw_max_attempts', '3'))
