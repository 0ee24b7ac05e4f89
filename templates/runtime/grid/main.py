"""The program, but for its store."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .core import LOG, Refusal, Unreachable
from .runner import Runner
from .script import stagger
from .worker import Limits, Worker
from .worker_parameters import (
    gw_batch_timeout,
    gw_ignore_error_files,
    gw_lock_timeout,
    gw_max_attempts,
    gw_max_time_wait_staggering,
    gw_retries,
    gw_wait,
)

if TYPE_CHECKING:
    from .kinds import Arguments, Function, Store


def main(load: Callable[[], Function], prepare: Callable[[], tuple[Store, Iterable[str], Arguments]]) -> int:
    """Process all batches and give the exit code: 0 all done, 4 some failed, 143 terminated, 1 anything else."""
    for name in ('boto3', 'botocore', 's3transfer', 'urllib3'):
        logging.getLogger(name).setLevel(logging.WARNING)  # they would log what opens the store
    runner = Runner(load)
    logging.basicConfig(format='%(asctime)s - %(name)s - %(levelname)s - %(message)s')
    try:
        stagger(gw_max_time_wait_staggering)
        store, batches, arguments = prepare()
        runner.wait_ready()
        limits = Limits(gw_batch_timeout, gw_retries, gw_max_attempts)
        options = gw_lock_timeout, gw_ignore_error_files, gw_wait
        return Worker(store, batches, arguments, runner, limits, *options).run()
    except (Refusal, Unreachable) as error:
        LOG.error('%s', error)
    except OSError as error:
        LOG.error('the coordinator cannot go on: %s', error, exc_info=True)
    return 1
