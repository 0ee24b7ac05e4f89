"""Parameters of every worker, whether it shares its batches with others or not."""

from __future__ import annotations

import os

# Longest time in seconds to wait before the start
gw_max_time_wait_staggering = int(os.getenv('gw_max_time_wait_staggering', '0'))
# Seconds after which a batch is ended and has failed (0: no limit)
gw_batch_timeout = int(os.getenv('gw_batch_timeout', '0'))
# How often a batch that fails is tried again by the same worker
gw_retries = int(os.getenv('gw_retries', '0'))
# List the batches instead of processing them
gw_dry_run = bool(os.getenv('gw_dry_run', 'False'))
