"""The worker."""

from __future__ import annotations

import json
import os
import random
import socket
import uuid
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .bundles import Bundles
from .calls import Calls, Limits
from .core import (
    HEARTBEAT,
    LOG,
    PROCESSED,
    SHOWN,
    Claim,
    Refusal,
    Unreachable,
    Watch,
    keys_of,
    last_line,
    lock_name,
    mark_name,
    now,
    vanished_of,
)
from .ending import Ending, Terminated
from .entry import Entry
from .hand import Hand
from .plan import Plan
from .runner import GRACE, Outcome, Runner
from .state import State
from .turns import Turns

if TYPE_CHECKING:
    from .kinds import Arguments, Names, Store


class Worker:
    """Takes batches, one after the other, until every batch of the run has been dealt with."""

    def __init__(
        self,
        store: Store,
        batches: Iterable[str],
        arguments: Arguments,
        runner: Runner,
        limits: Limits,
        lock_timeout: float = 10800,
        retry: bool = False,
        wait: bool = True,
    ) -> None:
        """Prepare a run over the batches; the runner's function gets the arguments of each."""
        self.store, self.arguments, self.runner, self.limits = store, arguments, runner, limits
        self.ending = Ending(runner)
        self.calls = Calls(runner, self.ending, limits)
        self.retry, self.wait = retry, wait
        self.keys = keys_of(batches)
        self.open = dict.fromkeys(self.keys)  # not known to be done, in order
        self.owner = f'{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}'
        self.watch = Watch(store, lock_timeout)
        self.done: set[str] = set()  # by this worker
        self.dead: dict[str, int] = {}  # whose owners are, with the generation that may take them over
        self.old_errors: dict[str, int] | None = None  # from before this run
        self.entry = Entry(store, self.keys, self.ending)
        self.plan = Plan(store, limits.attempts > 1)
        self.bundles = Bundles(self)
        self.hand = Hand(store, runner)

    def run(self) -> int:
        """Work to the end and give the exit code."""
        self.ending.listen()
        self.hand.listen()
        try:
            state = self.work()
            self.runner.close()
        except Terminated:
            self.runner.close(GRACE['terminated'])
            LOG.warning('Terminated; %d batches done, none left locked', len(self.done))
            return 128 + self.ending.number
        finally:
            self.ending.close()
            self.store.close()
        self.sweep(state)
        return self.report(state)

    def work(self) -> State:
        """Take batches until nothing is left that this worker could take or wait for."""
        pause, is_first = HEARTBEAT / 50, True
        while True:
            self.ending.check()
            state = self.decided(self.survey())
            if is_first:
                self.count(state)
                is_first = False
            todo = self.choose(state)
            if todo:
                self.entry.enter(state.names)
                self.take_in_turn(todo, state)
                pause = HEARTBEAT / 50
            elif state.undecided:
                self.ending.sleep(HEARTBEAT / 100)
            elif state.locked and self.wait:
                self.ending.sleep(pause * random.uniform(0.5, 1))
                pause = min(pause * 1.5, HEARTBEAT / 2)
            else:
                self.entry.announce()
                return state

    def survey(self) -> State:
        """Learn the state of all batches from one listing."""
        names = self.store.list()
        self.entry.check(names)
        self.plan.read(names)
        state = State(self.open, names, self.plan.bundle_of)
        for key in state.done:
            del self.open[key]
        if self.old_errors is None:
            self.old_errors = dict(state.failed) if self.retry else {}
        locks = ((key, top) for key, top in state.locked.items() if self.is_dead(lock_name(key, top), names))
        self.dead = {key: top + 1 for key, top in locks}
        return state

    def decided(self, state: State) -> State:
        """Give a state in which it is known of each batch whether it is in a bundle, if it is time to decide that."""
        if state.undecided:
            self.entry.enter(state.names)  # as the wait for those who measure begins when they may
        while self.plan.is_due(len(state.undecided)):
            self.plan.decide(state.undecided)
            state = State(self.open, state.names, self.plan.bundle_of)
        return state

    def count(self, state: State) -> None:
        """Tell what there is to do; failures of before count as open where they are tried again."""
        total, failed = len(self.keys), 0 if self.retry else len(state.failed)
        done = total - len(self.open)
        LOG.info('%d of %d batches done, %d failed, %d in work', done, total, failed, len(state.locked))

    def is_dead(self, name: str, names: Names) -> bool:
        """Tell whether the owner of this lock is dead."""
        return self.watch.is_dead(name, self.store.stamp(name, names))

    def choose(self, state: State) -> dict[str, int]:
        """Give the batches to be tried, with the generation that may claim them."""
        old = self.old_errors or {}
        again = {key: top + 1 for key, top in state.failed.items() if old.get(key) == top}
        return state.free or again or self.dead

    def take_in_turn(self, todo: dict[str, int], state: State) -> None:
        """Process batches until so many turn out to be another worker's that a listing costs less than to go on."""
        misses, turns = max(len(todo), len(state.names)) // self.store.LISTED, Turns(todo)
        while turns.left and misses >= 0 and not self.plan.is_due(len(state.undecided)):
            self.ending.check()
            self.calls.check()
            key = turns.next()
            claim = self.take(key, todo[key], state)
            if claim:
                self.process_claim(claim, key + '.err' in state.names)
            else:
                misses -= 1
                turns.jump()

    def take(self, key: str, generation: int, state: State) -> Claim | None:
        """Try to get hold of a batch that is as it stands in the listing."""
        claim = Claim(key, generation, self.owner, self.count_vanished(key, generation, state))
        if not self.store.claim(claim):
            return None
        self.hand.claim = claim
        if not generation:
            return claim  # nobody has had it before
        if not self.is_entitled(claim, state):
            return None
        if key in state.locked:
            LOG.warning('Took over batch %s from a worker that has died', self.shown(key))
        return claim

    def count_vanished(self, key: str, generation: int, state: State) -> int:
        """Give the number of workers that have vanished with a batch since it was free or failed."""
        if key in state.locked:
            return vanished_of(self.store.read(lock_name(key, generation - 1))) + 1
        if generation and key in state.free:
            return vanished_of(self.store.read(mark_name(key, 'free', generation)))
        return 0

    def is_entitled(self, claim: Claim, state: State) -> bool:
        """Tell whether what has happened to the batch since the listing leaves something to do."""
        marks, before = self.store.look(claim.key, claim.generation), claim.generation - 1
        if claim.key + '.processed' in marks:
            self.hand.release()
            return False
        bundle = self.plan.bundle_of(claim.key) if claim.generation == 1 and claim.key in state.free else None
        if claim.key not in state.locked and not bundle:
            return True
        failure, lock = mark_name(claim.key, 'err', before), lock_name(claim.key, before)
        if failure in marks and failure not in state.names:
            content = self.store.read(claim.key + '.err')
            self.store.fail(claim.key, claim.generation, content or b'')
            self.hand.release()
            return False
        if bundle:
            return not self.was_done(claim, bundle)
        if marks.get(lock) != self.watch.stamp_of(lock):  # the owner lives, until it sees our lock
            self.drop(claim)
            return False
        return True

    def was_done(self, claim: Claim, bundle: str) -> bool:
        """Tell whether a batch has been done by the owner of its bundle after all, and mark it then."""
        if self.store.read(bundle + PROCESSED) is None:
            return False
        self.store.create(claim.key + PROCESSED, claim.content())
        self.hand.release()
        return True

    def process_claim(self, claim: Claim, failed_before: bool) -> None:
        """Have the function run on the batch in hand, or on those of a bundle, and make its end known."""
        if claim.key in self.plan.members:
            self.bundles.process(claim)
            return
        if claim.vanished >= self.limits.attempts:
            self.fail(claim, f'{claim.vanished} workers have vanished while they worked on this batch')
            return
        LOG.info('Processing batch %s', self.shown(claim.key))
        started = now()
        try:
            outcome = self.call_function(claim)
        except (Refusal, Unreachable):
            self.give_back()
            raise
        if claim.lost or outcome.kind == 'left':
            self.drop(claim)
        elif outcome.kind == 'done':
            self.plan.note(now() - started)
            self.finish(claim, failed_before, now() - started)
        elif self.ending.number:
            if self.is_owner(claim):
                self.store.clear(claim.key)
            self.give_back()
            raise Terminated
        else:
            self.fail(claim, self.calls.explained(outcome))

    def call_function(self, claim: Claim) -> Outcome:
        """Call the function for the batch in hand."""
        batch = self.keys[claim.key]
        with self.hand.lease(claim):
            return self.calls.call(self.shown(claim.key), lambda: self.arguments(batch), lambda: claim.lost)

    def call_for_each(self, claim: Claim, keys: Sequence[str], until: float) -> Outcome:
        """Call the function for batches of the bundle in hand, or for the first of them."""
        keys = keys[: self.limits.together]
        names, calls = [self.shown(key) for key in keys], [self.arguments(self.keys[key]) for key in keys]
        with self.hand.lease(claim):
            return self.calls.call_each(names, calls, lambda: claim.lost, until)

    def finish(self, claim: Claim, failed_before: bool, seconds: float) -> None:
        """Mark a batch as done, unless it has gone to another worker."""
        if not self.is_owner(claim):
            self.drop(claim)
            return
        if self.finish_all(claim, [claim.key], seconds, failed_before):
            LOG.info('Finished batch %s in %.1f s', self.shown(claim.key), seconds)
        self.hand.release()

    def finish_all(self, claim: Claim, keys: Iterable[str], seconds: float, failed_before: bool = False) -> bool:
        """Mark batches of one claim as done; tells whether we are the first."""

        def content() -> bytes:
            return json.dumps({'claim': claim.id, 'owner': self.owner, 'took': round(seconds, 3)}).encode()

        is_first = self.store.finish(claim, content, failed_before)
        if is_first:
            self.done.update(keys)
        else:
            LOG.warning('Batch %s was finished by another worker meanwhile', self.shown(claim.key))
        for key in keys:
            self.open.pop(key, None)
        return is_first

    def fail(self, claim: Claim, text: str) -> None:
        """Keep what is known of a failed batch, unless it has gone to another worker."""
        if self.note_failure(claim, claim.key, claim.generation, text):
            self.hand.release()

    def note_failure(self, claim: Claim, key: str, generation: int, text: str) -> bool:
        """Mark a batch of a claim as failed; tells whether the claim is still ours."""
        LOG.error('Batch %s failed\n%s', self.shown(key), text)
        if not self.is_owner(claim):
            self.drop(claim)
            return False
        content = f'Batch {self.shown(key)}, claim {claim.id}\n{text}'
        self.store.fail(key, generation, content.encode('utf-8', 'replace'))
        return True

    def is_owner(self, claim: Claim) -> bool:
        """Tell whether the batch is still ours: by our own time, else by what the store says."""
        if claim.is_sure():
            return True
        if claim.lost:
            return False
        return self.store.read(claim.next) is None

    def drop(self, claim: Claim) -> None:
        """Leave a batch to whoever has taken it over, or will do so when its lock has died."""
        self.hand.release()
        self.store.abandon()
        LOG.warning('Gave up batch %s: its lock could not be kept alive or is lost', self.shown(claim.key))

    def give_back(self) -> None:
        """Let the next generation claim the batch in hand."""
        claim = self.hand.release()
        if claim and self.is_owner(claim):
            free = mark_name(claim.key, 'free', claim.generation + 1)
            self.store.create(free, claim.content())

    def shown(self, key: str) -> str:
        """Give a batch id as a log may show it."""
        return repr(self.keys.get(key, key)[:200])

    # The end

    def sweep(self, state: State) -> None:
        """Remove what workers that have died have left and no other would miss; locks are left to `c3 grid-clean`."""
        try:
            self.store.sweep(state.names)
        except (OSError, Refusal, Unreachable) as error:
            LOG.warning('What workers that have died have left stays: %s', error)

    def report(self, state: State) -> int:
        """Tell what became of all batches, and give the exit code."""
        total, mine, failed = len(self.keys), len(self.done), state.failed
        others = total - len(self.open) - mine
        left = len(self.open) - len(failed)
        LOG.info(
            '%d done by this worker, %d by others, %d failed, %d left to others, %d in total',
            mine,
            others,
            len(failed),
            left,
            total,
        )
        for key in list(failed)[:SHOWN]:
            LOG.error('Batch %s failed: %s', self.shown(key), last_line(self.store.read(key + '.err')))
        if not failed:
            return 0
        LOG.error('Mend what has failed and run again with gw_ignore_error_files=True')
        return 4
