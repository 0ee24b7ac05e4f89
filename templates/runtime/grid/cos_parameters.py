"""Parameters of a store in a bucket."""

from __future__ import annotations

import os

# Place shared by all workers: cos://<access_key_id>:<access_key_secret>@<endpoint>/<bucket>/<path>, or a file with it
gw_coordinator_connection = os.getenv('gw_coordinator_connection')
