# The worker


class Worker:
    """Takes batches, one after the other, until every batch of the run has been dealt with."""

    def __init__(self, store, batches, call, lock_timeout=10800, retry=False, wait=True):
        """Prepare a run of `call(batch)` over the batches."""
        self.store, self.call, self.retry, self.wait = store, call, retry, wait
        self.keys = keys_of(batches)
        self.open = dict.fromkeys(self.keys)  # not known to be done, in order
        self.owner = f'{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}'
        self.watch = Watch(store, lock_timeout)
        self.done, self.failed = set(), set()  # by this worker
        self.old_errors = None  # from before this run
        self.probed = False
        self.claim, self.claim_mutex = None, threading.Lock()
        self.interruptible = self.interrupted = False
        self.signals = [signal.SIGTERM, signal.SIGINT]
        self.terminated = None  # by which signal
        self.process = os.getpid()

    def run(self):
        """Work to the end and give the exit code."""
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a run in the background
            self.signals.remove(signal.SIGINT)
        self.listen(self.on_signal)
        threading.Thread(target=self.beat_for_ever, name='heartbeat', daemon=True).start()
        try:
            self.store.announce(self.keys)
            state = self.work()
        except Terminated:
            LOG.warning('Terminated; %d batches done, none left locked', len(self.done))
            return 128 + self.terminated
        finally:
            self.listen(signal.SIG_IGN)  # only the report and the end are left
        return self.report(state)

    def work(self):
        """Take batches until nothing is left that this worker could take or wait for."""
        pause = HEARTBEAT / 50
        while True:
            self.check_terminated()
            state = self.survey()
            todo = self.choose(state)
            if todo:
                self.take_in_turn(todo, state)
                pause = HEARTBEAT / 50
            elif state.locked and self.wait:
                self.sleep(pause * random.uniform(0.5, 1))
                pause = min(pause * 1.5, HEARTBEAT / 2)
            else:
                self.sweep(state.names)
                return state

    def sweep(self, names):
        """Remove the locks of workers that have died between the mark and the end of their lock."""
        for match in filter(None, map(LOCK.fullmatch, names)):
            if match[1] in self.keys and match[1] + '.processed' in names:
                self.store.delete(match[0])

    def survey(self):
        """Learn the state of all batches from one listing."""
        state = State(self.open, self.store.list())
        for key in state.done:
            del self.open[key]
        if self.old_errors is None:
            self.old_errors = {key: state.names[key + '.err'] for key in state.failed} if self.retry else {}
        self.dead = [key for key, top in state.locked.items() if self.is_dead(lock_name(key, top), state.names)]
        return state

    def is_dead(self, name, names):
        """Tell whether the owner of this lock is dead."""
        return self.watch.is_dead(name, names[name])

    def choose(self, state):
        """Give the batches to be tried, from another place on each time, lest workers queue behind one another."""
        again = [key for key in state.failed if self.is_old_error(key, state.names)]
        todo = state.free or again or self.dead
        start = random.randrange(len(todo)) if todo else 0
        return todo[start:] + todo[:start]

    def is_old_error(self, key, names):
        """Tell whether this batch failed in an earlier run and nobody has tried it in this one."""
        return key in self.old_errors and self.old_errors[key] == names[key + '.err'] and key not in self.failed

    def take_in_turn(self, todo, state):
        """Process batches until one turns out to be another worker's, as then the listing is out of date."""
        if not self.probed:
            probe(self.store, self.keys)
            self.probed = True
        for key in todo:
            self.check_terminated()
            if not self.take(key, state):
                return
            self.process_claim(key + '.err' in state.names)

    def take(self, key, state):
        """Try to get hold of a batch that is as it stands in the listing."""
        before = state.locked.get(key)
        generation = 0 if before is None else before + 1
        claim = Claim(key, generation, self.owner)
        claim.stamp = self.store.create(claim.name, claim.content())
        if claim.stamp is None:
            return False
        self.claim = claim
        if self.is_entitled(claim, state):
            if generation:
                LOG.warning('Took over batch %s from a worker that has died', self.shown(key))
            return True
        self.give_back()
        return False

    def is_entitled(self, claim, state):
        """Tell whether nothing has happened to the batch between the listing and the lock."""
        marks = self.store.look(claim.key, claim.generation)
        same = [claim.key + '.processed', claim.key + '.err']
        if claim.generation:
            same.append(lock_name(claim.key, claim.generation - 1))
        top = top_locks(marks).get(claim.key) == claim.generation
        return top and all(marks.get(name) == state.names.get(name) for name in same)

    def process_claim(self, failed_before):
        """Run the process function on the batch in hand, and make its end known."""
        claim, batch = self.claim, self.keys[self.claim.key]
        LOG.info('Processing batch %s', self.shown(claim.key))
        started = now()
        try:
            self.call_function(batch)
        except LockLost:
            self.drop(claim)
        except Terminated:
            if self.is_owner(claim):
                self.store.clear(claim.key)
            self.give_back()
            raise
        except BaseException as error:
            self.fail(claim, error)
        else:
            self.finish(claim, failed_before, now() - started)

    def call_function(self, batch):
        """Run the process function in such a way that a signal or a lost lock ends it."""
        # A component of the function's may have put its own handler there.
        self.listen(self.on_signal)
        try:
            self.interruptible = True
            self.check_terminated()
            self.call(batch)
        except SystemExit as end:
            if end.code not in (None, 0):
                raise
        finally:
            self.interruptible = False

    def finish(self, claim, failed_before, seconds):
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

    def fail(self, claim, error):
        """Keep the traceback of a batch, unless it has gone to another worker."""
        LOG.error('Batch %s failed', self.shown(claim.key), exc_info=error)
        if not self.is_owner(claim):
            self.drop(claim)
            return
        trace = ''.join(traceback.format_exception(type(error), error, error.__traceback__))
        self.store.fail(
            claim.key, f'Batch {self.shown(claim.key)}, claim {claim.id}\n{trace}'.encode('utf-8', 'replace')
        )
        self.failed.add(claim.key)
        self.give_back()

    def is_owner(self, claim):
        """Tell whether the batch is still ours: by our own time, else by what the store says."""
        if claim.is_sure():
            return True
        if claim.lost:
            return False
        return is_held(claim, self.store.look(claim.key, claim.generation), self.store.read)

    def drop(self, claim):
        """Leave a batch to whoever has taken it over, or will do so."""
        with self.claim_mutex:
            self.claim = None
        LOG.warning('Gave up batch %s: its lock could not be kept alive or is lost', self.shown(claim.key))

    def give_back(self):
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

    def shown(self, key):
        """Give a batch id as a log may show it."""
        return repr(self.keys[key][:200])

    # The heartbeat

    def beat_for_ever(self):
        """Keep the lock of the batch in hand alive; a thread of its own."""
        while True:
            time.sleep(HEARTBEAT / 10)
            with self.claim_mutex:
                if self.claim and not self.claim.lost and now() - self.claim.confirmed >= HEARTBEAT:
                    self.beat(self.claim)

    def beat(self, claim):
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
            self.interrupt()
        else:
            claim.stamp, claim.confirmed = stamp, started

    def interrupt(self):
        """Stop the process function in the main thread."""
        if self.interruptible:
            self.interrupted = True
            signal.pthread_kill(threading.main_thread().ident, signal.SIGTERM)

    def listen(self, handler):
        """Say what happens when somebody wants the worker to end."""
        for number in self.signals:
            signal.signal(number, handler)

    def on_signal(self, number, _):
        """Stop the process function if it runs; all else comes to its end first."""
        if os.getpid() != self.process:  # a child that the process function has forked
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        lost, self.interrupted = self.interrupted, False  # our own heartbeat's signal, or somebody else's
        self.terminated = self.terminated or (None if lost else number)
        if self.interruptible:
            self.interruptible = False
            raise LockLost if lost else Terminated

    def check_terminated(self):
        """End where nothing is in hand, if somebody wants it."""
        if self.terminated:
            raise Terminated

    def sleep(self, seconds):
        """Wait, but not if somebody wants the worker to end."""
        end = now() + seconds
        while now() < end and not self.terminated:
            time.sleep(max(0, min(0.2, end - now())))

    # The end

    def report(self, state):
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


# The probe


def probe(store, keys):
    """Refuse a store on which two workers could win the same batch, or two batches would share their marks."""
    if len({key.lower() for key in keys}) < len(keys) and store.folds_case():
        raise Refusal(f'to {store} upper and lower case are one, but some batches differ in nothing else')
    for _ in range(4):
        name = f'.probe-{uuid.uuid4().hex}'
        winners = race(store, name)
        store.delete(name)
        if winners != 1:
            raise Refusal(
                f'{store} does not create exclusively: {winners} of 8 writers won one lock; use another store'
            )


def race(store, name):
    """Let eight writers create one name at the same moment, and count those that are told they did."""
    barrier, won, errors = threading.Barrier(8), [], []

    def create(number):
        barrier.wait()
        try:
            won.append(store.create(name, f'{number} {name}'.encode()) is not None)
        except Exception as error:
            errors.append(error)

    writers = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    if errors:
        raise errors[0]
    return sum(won)
