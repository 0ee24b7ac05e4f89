"""Each worker does the part of its index, and meets no other."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from .anywhere import find_anywhere, read_anywhere
from .batch_function import load_batch_function
from .batch_parameters import gw_batch_file, gw_batch_file_col_name, gw_file_path_pattern, gw_group_by
from .batches import load_batches
from .call_parameters import gw_batch_timeout, gw_dry_run, gw_retries
from .calls import Calls, Limits
from .core import LOG, SHOWN, Refusal, keys_of, last_line
from .ending import Ending, Terminated
from .index_parameters import gw_part, gw_parts
from .program import list_batches, run
from .runner import GRACE
from .start import begin

if TYPE_CHECKING:
    from .kinds import Batches
    from .runner import Runner


def number(name: str) -> int | None:
    """Give the value of a variable that a platform has set."""
    value = os.environ.get(name, '')  # c3: ignore
    return int(value) if value.isdecimal() else None


def own_part() -> tuple[int, int]:
    """Give the index of this worker and the number of all, which must be sure: each batch is to be done once."""
    task, count = number('SLURM_ARRAY_TASK_ID'), number('SLURM_ARRAY_TASK_COUNT')
    part = gw_part if gw_part >= 0 else number('JOB_COMPLETION_INDEX')
    if part is None and task is not None:
        part = task_index(task, count)
    parts = gw_parts or count
    if part is None or not parts:
        missing = 'gw_part' if parts else 'gw_parts'
        raise Refusal(f'nothing says which part of the batches is to be done; set {missing}, or run an indexed job')
    if part >= parts:
        raise Refusal(f'there is no part {part} of {parts}, as they are counted from 0')
    return part, parts


def task_index(task: int, count: int | None) -> int:
    """Give the index of a task in Slurm's array, which must be whole."""
    first, last = number('SLURM_ARRAY_TASK_MIN') or 0, number('SLURM_ARRAY_TASK_MAX') or 0
    step = number('SLURM_ARRAY_TASK_STEP') or 1
    if (last - first) // step + 1 != count or gw_parts not in (0, count):
        raise Refusal('the array of tasks is a part of another, or not as large as gw_parts; set gw_part for each task')
    return (task - first) // step


class Part:
    """The batches of one worker."""

    def __init__(self, runner: Runner, batches: Batches) -> None:
        """Prepare to do these batches."""
        self.runner, self.batches = runner, batches
        self.ending = Ending(runner)
        self.calls = Calls(runner, self.ending, Limits(gw_batch_timeout, gw_retries))
        self.done = 0
        self.failed: dict[str, str] = {}

    def run(self) -> int:
        """Do all batches and give the exit code: 0 all done, 4 some failed, 143 terminated."""
        self.ending.listen()
        try:
            for batch in self.batches:
                self.ending.check()
                self.process(batch, repr(batch[:200]))
            self.runner.close()
        except Terminated:
            self.runner.close(GRACE['terminated'])
            LOG.warning('Terminated; %d of %d batches done', self.done, len(self.batches))
            return 128 + self.ending.number
        finally:
            self.ending.close()
        return self.report()

    def process(self, batch: str, shown: str) -> None:
        """Have the function run on a batch."""
        LOG.info('Processing batch %s', shown)
        outcome = self.calls.call(shown, lambda: [batch])
        if outcome.kind == 'done':
            self.done += 1
            LOG.info('Finished batch %s', shown)
        elif self.ending.number:
            raise Terminated
        else:
            text = self.calls.explained(outcome)
            self.failed[shown] = last_line(text.encode('utf-8', 'replace'))
            LOG.error('Batch %s failed\n%s', shown, text)

    def report(self) -> int:
        """Tell what became of all batches, and give the exit code."""
        LOG.info('%d done, %d failed, %d in this part', self.done, len(self.failed), len(self.batches))
        for shown, why in list(self.failed.items())[:SHOWN]:
            LOG.error('Batch %s failed: %s', shown, why)
        return 4 if self.failed else 0


def work(runner: Runner) -> int:
    """Do the part of this worker."""
    part, parts = own_part()
    names = gw_batch_file, gw_batch_file_col_name, gw_file_path_pattern, gw_group_by
    found = load_batches(*names, read_anywhere, find_anywhere)
    batches = list(keys_of(found).values())[part::parts]
    runner.wait_ready()
    if gw_dry_run:
        return list_batches(batches)
    LOG.info('Part %d of %d: %d batches', part, parts, len(batches))
    return Part(runner, batches).run()


begin()

if __name__ == '__main__':
    sys.exit(run(load_batch_function, work))
