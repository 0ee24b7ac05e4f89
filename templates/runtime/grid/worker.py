"""The worker."""

from __future__ import annotations

import json
import os
import random
import socket
import threading
import time
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .calls import Calls, Limits
from .core import (
    HEARTBEAT,
    LEASE,
    LOCK,
    LOG,
    SHOWN,
    Claim,
    Refusal,
    State,
    Unreachable,
    Watch,
    is_held,
    keys_of,
    last_line,
    lock_name,
    now,
    top_locks,
)
from .ending import Ending, Terminated
from .probe import probe
from .runner import GRACE, Outcome, Runner

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
        self.failed: set[str] = set()
        self.dead: list[str] = []  # whose owners are
        self.old_errors: dict[str, object] | None = None  # from before this run
        self.probed = False
        self.claim: Claim | None = None
        self.claim_mutex = threading.Lock()

    def run(self) -> int:
        """Work to the end and give the exit code."""
        self.ending.listen()
        threading.Thread(target=self.beat_for_ever, name='heartbeat', daemon=True).start()
        try:
            self.store.announce(self.keys)
            state = self.work()
            self.runner.close()
        except Terminated:
            self.runner.close(GRACE['terminated'])
            LOG.warning('Terminated; %d batches done, none left locked', len(self.done))
            return 128 + self.ending.number
        finally:
            self.ending.close()
        return self.report(state)

    def work(self) -> State:
        """Take batches until nothing is left that this worker could take or wait for."""
        pause = HEARTBEAT / 50
        while True:
            self.ending.check()
            state = self.survey()
            todo = self.choose(state)
            if todo:
                self.take_in_turn(todo, state)
                pause = HEARTBEAT / 50
            elif state.locked and self.wait:
                self.ending.sleep(pause * random.uniform(0.5, 1))
                pause = min(pause * 1.5, HEARTBEAT / 2)
            else:
                self.sweep(state.names)
                return state

    def sweep(self, names: Names) -> None:
        """Remove the locks of workers that have died between the mark and the end of their lock."""
        for match in filter(None, map(LOCK.fullmatch, names)):
            if match[1] in self.keys and match[1] + '.processed' in names:
                self.store.delete(match[0])

    def survey(self) -> State:
        """Learn the state of all batches from one listing."""
        state = State(self.open, self.store.list())
        for key in state.done:
            del self.open[key]
        if self.old_errors is None:
            self.old_errors = {key: state.names[key + '.err'] for key in state.failed} if self.retry else {}
        self.dead = [key for key, top in state.locked.items() if self.is_dead(lock_name(key, top), state.names)]
        return state

    def is_dead(self, name: str, names: Names) -> bool:
        """Tell whether the owner of this lock is dead."""
        return self.watch.is_dead(name, names[name])

    def choose(self, state: State) -> list[str]:
        """Give the batches to be tried, from another place on each time, lest workers queue behind one another."""
        again = [key for key in state.failed if self.is_old_error(key, state.names)]
        todo = state.free or again or self.dead
        start = random.randrange(len(todo)) if todo else 0
        return todo[start:] + todo[:start]

    def is_old_error(self, key: str, names: Names) -> bool:
        """Tell whether this batch failed in an earlier run and nobody has tried it in this one."""
        errors = self.old_errors or {}
        return key in errors and errors[key] == names[key + '.err'] and key not in self.failed

    def take_in_turn(self, todo: Iterable[str], state: State) -> None:
        """Process batches until one turns out to be another worker's, as then the listing is out of date."""
        if not self.probed:
            probe(self.store, self.keys)
            self.probed = True
        for key in todo:
            self.ending.check()
            claim = self.take(key, state)
            if claim is None:
                return
            self.process_claim(claim, key + '.err' in state.names)

    def take(self, key: str, state: State) -> Claim | None:
        """Try to get hold of a batch that is as it stands in the listing."""
        before = state.locked.get(key)
        generation = 0 if before is None else before + 1
        claim = Claim(key, generation, self.owner)
        claim.stamp = self.store.create(claim.name, claim.content())
        if claim.stamp is None:
            return None
        self.claim = claim
        if self.is_entitled(claim, state):
            if generation:
                LOG.warning('Took over batch %s from a worker that has died', self.shown(key))
            return claim
        self.give_back()
        return None

    def is_entitled(self, claim: Claim, state: State) -> bool:
        """Tell whether nothing has happened to the batch between the listing and the lock."""
        marks = self.store.look(claim.key, claim.generation)
        same = [claim.key + '.processed', claim.key + '.err']
        if claim.generation:
            same.append(lock_name(claim.key, claim.generation - 1))
        top = top_locks(marks).get(claim.key) == claim.generation
        return top and all(marks.get(name) == state.names.get(name) for name in same)

    def process_claim(self, claim: Claim, failed_before: bool) -> None:
        """Have the function run on the batch in hand, and make its end known."""
        if claim.generation >= self.limits.attempts:
            self.fail(claim, f'{claim.generation} workers have vanished while they worked on this batch')
            return
        LOG.info('Processing batch %s', self.shown(claim.key))
        started = now()
        outcome = self.call_function(claim)
        if claim.lost or outcome.kind == 'left':
            self.drop(claim)
        elif outcome.kind == 'done':
            self.finish(claim, failed_before, now() - started)
        elif self.ending.number:
            if self.is_owner(claim):
                self.store.clear(claim.key)
            self.give_back()
            raise Terminated
        else:
            self.fail(claim, self.calls.explained(outcome))

    def call_function(self, claim: Claim) -> Outcome:
        """Call the function, as long as the batch is surely ours."""
        batch, lease = self.keys[claim.key], self.runner.lease
        lease.set(claim.confirmed + LEASE)
        try:
            return self.calls.call(self.shown(claim.key), lambda: self.arguments(batch), lambda: claim.lost)
        except (Refusal, Unreachable):
            self.give_back()
            raise
        finally:
            with self.claim_mutex:  # no heartbeat may come between
                lease.set(float('inf'))

    def finish(self, claim: Claim, failed_before: bool, seconds: float) -> None:
        """Mark a batch as done, unless it has gone to another worker."""
        if not self.is_owner(claim):
            self.drop(claim)
            return
        content = json.dumps({'claim': claim.id, 'owner': self.owner, 'took': round(seconds, 3)}).encode()
        if self.store.finish(claim.key, content, failed_before):
            self.done.add(claim.key)
            LOG.info('Finished batch %s in %.1f s', self.shown(claim.key), seconds)
        else:
            LOG.warning('Batch %s was finished by another worker meanwhile', self.shown(claim.key))
        self.open.pop(claim.key, None)
        self.failed.discard(claim.key)
        self.give_back()

    def fail(self, claim: Claim, text: str) -> None:
        """Keep what is known of a failed batch, unless it has gone to another worker."""
        LOG.error('Batch %s failed\n%s', self.shown(claim.key), text)
        if not self.is_owner(claim):
            self.drop(claim)
            return
        content = f'Batch {self.shown(claim.key)}, claim {claim.id}\n{text}'
        self.store.fail(claim.key, content.encode('utf-8', 'replace'))
        self.failed.add(claim.key)
        self.give_back()

    def is_owner(self, claim: Claim) -> bool:
        """Tell whether the batch is still ours: by our own time, else by what the store says."""
        if claim.is_sure():
            return True
        if claim.lost:
            return False
        return is_held(claim, self.store.look(claim.key, claim.generation), self.store.read)

    def drop(self, claim: Claim) -> None:
        """Leave a batch to whoever has taken it over, or will do so."""
        with self.claim_mutex:
            self.claim = None
        LOG.warning('Gave up batch %s: its lock could not be kept alive or is lost', self.shown(claim.key))

    def give_back(self) -> None:
        """Remove our lock and the dead ones below it, the lowest first: each stands until the next is the last."""
        with self.claim_mutex:  # no heartbeat may come after
            claim, self.claim = self.claim, None
        if claim is None:
            return
        if not self.is_owner(claim):
            return
        for generation in range(claim.generation):
            self.store.delete(lock_name(claim.key, generation))
        self.store.delete_own(claim)

    def shown(self, key: str) -> str:
        """Give a batch id as a log may show it."""
        return repr(self.keys[key][:200])

    # The heartbeat

    def beat_for_ever(self) -> None:
        """Keep the lock of the batch in hand alive; a thread of its own."""
        while True:
            time.sleep(HEARTBEAT / 10)
            with self.claim_mutex:
                if self.claim and not self.claim.lost and now() - self.claim.confirmed >= HEARTBEAT:
                    self.beat(self.claim)

    def beat(self, claim: Claim) -> None:
        """Show that the owner lives; if that can't be done in time, or the lock is another's, give up the batch."""
        started = now()
        claim.beat += 1
        try:
            stamp = self.store.rewrite(claim, started + HEARTBEAT / 2) if claim.is_sure() else None
        except Exception as error:
            LOG.warning('No heartbeat for batch %s: %s', self.shown(claim.key), error)
            if claim.is_sure():
                return
            stamp = None
        if stamp is None:
            claim.lost = True
            self.runner.wake()
        else:
            claim.stamp, claim.confirmed = stamp, started
            self.runner.lease.extend(started + LEASE)

    # The end

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
        for key in failed[:SHOWN]:
            LOG.error('Batch %s failed: %s', self.shown(key), last_line(self.store.read(key + '.err')))
        if not failed:
            return 0
        LOG.error('Mend what has failed and run again with gw_ignore_error_files=True')
        return 4
