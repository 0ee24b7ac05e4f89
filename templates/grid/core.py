# Every change of hands is an exclusive create, the one thing that a shared folder and an object store both do
# atomically; what another worker has made is never overwritten. The marks of a batch in the coordinator:
#
#   KEY.lock         somebody works on it; says who, and changes with each heartbeat
#   KEY.lock.1, .2…  taken over from a dead owner; the highest number owns the batch
#   KEY.processed    done; created exclusively too, so a batch is marked once, whoever believes to own it
#   KEY.err          failed; holds the traceback
#
# No two clocks are compared. A lock is dead when an observer has seen it unchanged for `MISSED` heartbeats of its own
# time. Its owner gives up before that, by its own time, if it hasn't got a heartbeat through (`LEASE`); so while an
# owner believes in its lock nobody else does, and only locks that are certainly one's own are changed or removed.

HEARTBEAT = float(os.getenv('C3_GRID_HEARTBEAT', '10'))  # c3: ignore
MISSED = 3.5
LEASE = 2.5 * HEARTBEAT
SHOWN = 20  # errors in a report

LOG = logging.getLogger('grid')


class Refusal(Exception):
    """What ends the worker with one clear line."""


class Unreachable(Exception):
    """A store that gives no answer, or none that helps, for longer than it makes sense to wait."""


class Interruption(BaseException):
    """What stops the process function; no `Exception`, lest the function catches it."""


class Terminated(Interruption):
    """The worker was asked to end."""


class LockLost(Interruption):
    """The batch may belong to another worker by now."""


def now():
    """Give the seconds of a clock that nobody sets and that goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, 'CLOCK_BOOTTIME', time.CLOCK_MONOTONIC))


# Batch ids and keys

PLAIN = "-_.+=,@() '!&~"  # what stands for itself in a key, besides letters and digits
LONGEST = 200  # a file's name may have 255 bytes, and the mark is part of it


def key_of(batch):
    """Give the name under which the marks of a batch are kept: one that no other batch has."""
    key = urllib.parse.quote(batch, safe=PLAIN, errors='surrogatepass')
    if key.startswith('.'):
        key = '%2E' + key[1:]  # neither hidden nor a name of the coordinator's own
    if len(key) <= LONGEST:
        return key
    # No short key has a `%` before `~`.
    return key[:100] + '%~' + hashlib.sha256(batch.encode('utf-8', 'surrogatepass')).hexdigest()


def batch_of(key):
    """Give the batch id of a key; of one that was too long the part that is kept."""
    return urllib.parse.unquote(key.replace('%~', '…'), errors='surrogatepass')


def keys_of(batches):
    """Give the batch id of every key, each once and in order, without empty ids."""
    return {key_of(batch): batch for batch in batches if batch.strip()}


# The marks of all batches

LOCK = re.compile(r'(.+)\.lock(?:\.([1-9]\d*))?', re.DOTALL)


def lock_name(key, generation):
    """Give the name of a lock."""
    return f'{key}.lock.{generation}' if generation else f'{key}.lock'


def top_locks(names):
    """Give the number of the highest lock of every key that has one."""
    tops = {}
    for match in filter(None, map(LOCK.fullmatch, names)):
        tops[match[1]] = max(int(match[2] or 0), tops.get(match[1], 0))
    return tops


class State:
    """What the marks in a listing say about the keys of a run."""

    def __init__(self, keys, names):
        """Part the keys; `names` maps each mark to a stamp, which changes with the mark."""
        self.names = names
        self.done = [key for key in keys if key + '.processed' in names]
        tops = top_locks(name for name in names if not name.endswith(('.processed', '.err')))
        rest = [key for key in keys if key + '.processed' not in names]
        self.locked = {key: tops[key] for key in rest if key in tops}
        self.failed = [key for key in rest if key not in tops and key + '.err' in names]
        self.free = [key for key in rest if key not in tops and key + '.err' not in names]


def grid_status(keys, names, read):
    """Give the counts of a run and the last line of each failed batch's error; `read` gives a mark's content."""
    state = State(keys, names)
    counts = {name: len(getattr(state, name)) for name in ('done', 'locked', 'failed', 'free')}
    return counts, {batch_of(key): last_line(read(key + '.err')) for key in state.failed}


def last_line(content):
    """Give the last line of an error that says something."""
    lines = (content or b'').decode('utf-8', 'replace').strip().splitlines()
    return lines[-1] if lines else ''


# Claims


class Claim:
    """A batch in the hands of this worker."""

    def __init__(self, key, generation, owner):
        """Note whose it is; the id is new for each claim."""
        self.key, self.generation, self.owner = key, generation, owner
        self.id = uuid.uuid4().hex
        self.beat = 0
        self.stamp = None
        self.confirmed = now()  # when the lock was last known to be ours
        self.lost = False

    @property
    def name(self):
        """Give the name of the lock."""
        return lock_name(self.key, self.generation)

    def content(self):
        """Give the content of the lock, of the same length after each heartbeat."""
        lock = {'claim': self.id, 'owner': self.owner, 'beat': f'{self.beat:010}', 'seconds': HEARTBEAT}
        return json.dumps(lock).encode()

    def is_sure(self):
        """Tell whether nobody can have taken the lock for dead yet."""
        return not self.lost and now() - self.confirmed < LEASE


def is_held(claim, marks, read):
    """Tell from the marks of its batch whether a lock is still the claim's."""
    if top_locks(marks).get(claim.key) != claim.generation:
        return False
    # A heartbeat that seemed to have failed may have come through and changed the stamp.
    return marks.get(claim.name) == claim.stamp or claim.id.encode() in (read(claim.name) or b'')


def heartbeat_of(content):
    """Give the seconds between the heartbeats of a lock, or none if it has no heartbeat."""
    try:
        lock = json.loads(content)
        return float(lock['seconds']) if 'claim' in lock else None
    except (ValueError, TypeError, KeyError):
        return None


class Watch:
    """Tells dead locks from living ones by the observer's own time alone."""

    def __init__(self, store, timeout):
        """Begin with nothing seen; `timeout` is for locks without a heartbeat."""
        self.store, self.timeout = store, timeout
        self.seen = {}

    def is_dead(self, name, stamp):
        """Tell whether a lock has stayed as it is for too long."""
        known, since, due = self.seen.get(name, (None, 0, 0))
        if known != stamp:
            self.seen[name] = stamp, now(), now() + MISSED * HEARTBEAT
            return False
        if now() < due:
            return False
        rest = self.time_left(name, now() - since)
        self.seen[name] = stamp, since, now() + rest
        return rest <= 0

    def time_left(self, name, unchanged):
        """Give the seconds that a lock may still stay unchanged; it says itself how often it should change."""
        content = self.store.read(name)
        if content is None:
            return HEARTBEAT
        seconds = heartbeat_of(content)
        if seconds is None:
            return self.timeout - self.store.age(name)
        return MISSED * seconds - unchanged


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
        self.interruptible = self.terminated = self.interrupted = False
        self.process = os.getpid()

    def run(self):
        """Work to the end and give the exit code."""
        signal.signal(signal.SIGTERM, self.on_sigterm)
        threading.Thread(target=self.beat_for_ever, name='heartbeat', daemon=True).start()
        try:
            state = self.work()
        except Terminated:
            LOG.warning('Terminated; %d batches done, none left locked', len(self.done))
            return 143
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # only the report and the end are left
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
        except (Terminated, KeyboardInterrupt):
            if self.is_owner(claim):
                self.store.clear(claim.key)
            self.give_back()
            raise
        except BaseException as error:
            self.fail(claim, error)
        else:
            self.finish(claim, failed_before, now() - started)

    def call_function(self, batch):
        """Run the process function in such a way that SIGTERM or a lost lock ends it."""
        # A component of the function's may have put its own handler there.
        signal.signal(signal.SIGTERM, self.on_sigterm)
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

    def on_sigterm(self, number, _):
        """Stop the process function if it runs; all else comes to its end first."""
        if os.getpid() != self.process:  # a child that the process function has forked
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        lost, self.interrupted = self.interrupted, False  # our own heartbeat's signal, or somebody else's
        self.terminated = self.terminated or not lost
        if self.interruptible:
            self.interruptible = False
            raise LockLost if lost else Terminated

    def check_terminated(self):
        """End where nothing is in hand, if SIGTERM has come."""
        if self.terminated:
            raise Terminated

    def sleep(self, seconds):
        """Wait, but not if SIGTERM has come."""
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
        LOG.error('%d batches failed; mend the error and run again with gw_ignore_error_files=True', len(failed))
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


# Lists of batches


def is_connection(text):
    """Tell a URL of an object store from a file whose name begins alike."""
    return text.startswith(('cos://', 's3://'))


def read_batches(name, content, column):
    """Read the batch ids from the content of a file, by the ending of its name."""
    kinds = {'.txt': txt_batches, '.json': json_batches, '.csv': csv_batches}
    kind = os.path.splitext(name)[1].lower()
    if kind not in kinds:
        raise Refusal(f'`{name}` is no batch file: a .txt, .json or .csv file is needed')
    try:
        return kinds[kind](content.decode('utf-8-sig'), column, name)
    except (ValueError, csv.Error) as error:
        raise Refusal(f'`{name}` cannot be read: {error}') from None


def txt_batches(text, *_):
    """Give what stands between commas and ends of lines."""
    return [part.strip() for part in re.split(r'[,\r\n]', text)]


def json_batches(text, _, name):
    """Give the keys of a dictionary or the items of a list, numbers as they stand."""
    value = json.loads(text, parse_int=str, parse_float=str)
    batches = list(value) if isinstance(value, (dict, list)) else [None]
    if not all(isinstance(batch, str) for batch in batches):
        raise Refusal(f'`{name}` holds neither a dictionary nor a list of strings or numbers')
    return batches


def csv_batches(text, column, name):
    """Give the values of a column, as they stand."""
    rows = csv.DictReader(io.StringIO(text, newline=''))
    if column not in (rows.fieldnames or ()):
        names = ', '.join(f'`{field}`' for field in rows.fieldnames or ())
        raise Refusal(f'`{name}` has no column `{column}`; gw_batch_file_col_name must be one of {names}')
    return [row[column] or '' for row in rows]


def read_local(path):
    """Read a file that may not be there."""
    if not os.path.isfile(path):
        return None
    with open(path, 'rb') as stream:
        return stream.read()


def find_local(pattern):
    """Find files by a pattern."""
    return sorted(glob.glob(pattern, recursive=True))


def load_batches(batch_file, column, patterns, group_by, read=read_local, find=find_local):
    """Give all batch ids, from a file or from the names of files."""
    if batch_file:
        content = read(batch_file)
        if content is None:
            raise Refusal(f'there is no batch file `{hidden(batch_file)}`')
        batches = read_batches(hidden(batch_file), content, column)
    elif patterns:
        paths = [path for pattern in patterns.split(',') if pattern.strip() for path in find(pattern.strip())]
        batches = [group(path, group_by or '') for path in paths]
    else:
        raise Refusal('nothing says what the batches are; set gw_batch_file, or gw_file_path_pattern and gw_group_by')
    if not keys_of(batches):
        raise Refusal(f'`{hidden(batch_file or patterns)}` gives no batches')
    return batches


def hidden(name):
    """Give a file's name without the credentials of a connection."""
    return name.rpartition('@')[2] if is_connection(name) else name


# How paths are grouped

METHODS = {
    'split',
    'rsplit',
    'strip',
    'lstrip',
    'rstrip',
    'replace',
    'lower',
    'upper',
    'partition',
    'rpartition',
    'removeprefix',
    'removesuffix',
}


def group(path, group_by):
    """Apply slices and methods such as `[-10:-4]` or `.split('/')[-1]` to a path."""
    try:
        batch = apply(ast.parse('path' + group_by.strip(), mode='eval').body, path)
    except (SyntaxError, ValueError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise Refusal(f'gw_group_by `{group_by}` cannot be applied to `{path}`: {error}') from None
    if not isinstance(batch, str) or not batch:
        raise Refusal(f'gw_group_by `{group_by}` makes no batch id of `{path}`, but {batch!r}')
    return batch


def apply(node, path):
    """Apply one step of the grouping to the result of those before it; nothing else is understood."""
    if isinstance(node, ast.Name):
        return path
    if isinstance(node, ast.Subscript):
        return apply(node.value, path)[index(node.slice)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
        options = {option.arg: ast.literal_eval(option.value) for option in node.keywords if option.arg}
        return getattr(apply(node.func.value, path), node.func.attr)(*map(ast.literal_eval, node.args), **options)
    raise ValueError("it may only hold indices, slices and methods such as `.split('_')`")


def index(node):
    """Give the number or the slice between brackets."""
    if isinstance(node, ast.Slice):
        return slice(*[part and ast.literal_eval(part) for part in (node.lower, node.upper, node.step)])
    return ast.literal_eval(getattr(node, 'value', node) if type(node).__name__ == 'Index' else node)


# The user's script


def load_function(script, name):
    """Import the script as a module of its own and give its process function."""
    forget_shadowed()
    stem = os.path.splitext(os.path.basename(script))[0]
    # A script that is called like a module which is in use must not take its place.
    module_name = f'operator_{stem}' if stem in sys.modules or '.' in stem else stem
    spec = importlib.util.spec_from_file_location(module_name, os.path.join(FOLDER, script))
    module = sys.modules[module_name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        LOG.error('`%s` cannot be imported', script, exc_info=error)
        raise Refusal(f'`{script}` fails when it is imported') from None
    except SystemExit as end:
        raise Refusal(
            f'`{script}` ends the program when it is imported (exit code {end.code}); put what must not run '
            "then under `if __name__ == '__main__':`"
        ) from None
    function = getattr(module, name, None)
    if not callable(function):
        raise Refusal(f'`{script}` has no function `{name}`')
    return function


def forget_shadowed():
    """Forget modules loaded here which the script's own files go before in its imports."""
    for module in set(sys.modules) - LOADED:
        path = os.path.join(FOLDER, module.partition('.')[0])
        if os.path.isfile(path + '.py') or os.path.isfile(os.path.join(path, '__init__.py')):
            del sys.modules[module]


def accepted(function, values):
    """Give those of the values that the function has parameters for."""
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind == parameter.VAR_KEYWORD for parameter in parameters):
        return values
    names = {parameter.name for parameter in parameters if parameter.kind != parameter.POSITIONAL_ONLY}
    return {name: value for name, value in values.items() if name in names}


def stagger(seconds):
    """Wait for a random time, as workers that start at once may be a burden to a store."""
    if seconds > 0:
        time.sleep(random.uniform(0, seconds))
