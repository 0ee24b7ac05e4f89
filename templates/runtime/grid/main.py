"""A worker that shares its batches with others, but for its store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .call_parameters import gw_batch_timeout, gw_dry_run, gw_retries
from .calls import Limits
from .program import list_batches, run
from .worker import Worker
from .worker_parameters import gw_ignore_error_files, gw_lock_timeout, gw_max_attempts, gw_wait

if TYPE_CHECKING:
    from .kinds import Arguments, Function, Store
    from .runner import Runner


def main(load: Callable[[], Function], prepare: Callable[[], tuple[Store, Iterable[str], Arguments]]) -> int:
    """Process all batches and give the exit code: 0 all done, 4 some failed, 143 terminated, 1 anything else."""

    def work(runner: Runner) -> int:
        store, batches, arguments = prepare()
        runner.wait_ready()
        if gw_dry_run:
            return list_batches(batches)
        limits = Limits(gw_batch_timeout, gw_retries, gw_max_attempts)
        options = gw_lock_timeout, gw_ignore_error_files, gw_wait
        return Worker(store, batches, arguments, runner, limits, *options).run()

    return run(load, work)
