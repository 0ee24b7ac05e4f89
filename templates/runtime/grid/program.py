"""The program around the work: its processes, its log and its end."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .call_parameters import gw_max_time_wait_staggering
from .core import LOG, Refusal, Unreachable, keys_of
from .journal import LINE
from .runner import Runner
from .script import stagger

if TYPE_CHECKING:
    from .kinds import Function


def run(load: Callable[[], Function], work: Callable[[Runner], int]) -> int:
    """Work with a child that runs the function, and give the exit code."""
    for name in ('boto3', 'botocore', 's3transfer', 'urllib3'):
        logging.getLogger(name).setLevel(logging.WARNING)  # they would log what opens the store
    runner = Runner(load)
    logging.basicConfig(format=LINE)
    try:
        stagger(gw_max_time_wait_staggering)
        return work(runner)
    except (Refusal, Unreachable) as error:
        LOG.error('%s', error)
    except OSError as error:
        LOG.error('the coordinator cannot go on: %s', error, exc_info=True)
    finally:
        gc.freeze()  # the process ends, and what it has left to collect with it
    return 1


def list_batches(batches: Iterable[str]) -> int:
    """Write the batches, one a line, and give the exit code."""
    each = list(keys_of(batches).values())
    for batch in each:
        print(batch if batch.isprintable() else ascii(batch))
    LOG.info('%d batches; none is processed, as gw_dry_run is set', len(each))
    return 0
