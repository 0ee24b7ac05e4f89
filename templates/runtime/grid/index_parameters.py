"""Parameters of a worker that does a part of its own."""

from __future__ import annotations

import os

# Number of parts, one for each worker (default: the number of tasks in Slurm's array)
gw_parts = int(os.getenv('gw_parts', '0'))
# Part of this worker, from 0 (default: the index of the pod, or of the task in Slurm's array)
gw_part = int(os.getenv('gw_part', '-1'))
