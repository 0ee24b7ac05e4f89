"""The record of a notebook's run: its cells with what they gave, as a notebook and as a page.

It is written after each cell, so that a run that fails or is killed leaves what has been done. What the code writes
goes where it would go without this; only calls of `write` on standard output and standard error are listened to.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any

from .copying import write_file
from .failure import script_frames
from .interface import FOLDER, INPUTS, INTERFACE, standard
from .messages import say
from .page import page_of, readable
from .state import Run
from .targets import place_of

if TYPE_CHECKING:
    from .kinds import Record

base64, datetime, json = standard('base64'), standard('datetime'), standard('json')
monotonic = standard('time').monotonic

# Most characters that are recorded of what a cell writes.
LONGEST_STREAM = 10_000_000

# Shortest secret that is looked for in what is recorded, in characters: shorter ones stand in any text.
SHORTEST_SECRET = 4

# Writing may take this part of the time of the run, or so many seconds each time.
SHARE, MOMENT = 0.1, 0.05

# The tags of the cell of parameters and of the one with their values, as Papermill has them.
DECLARED_TAG, INJECTED_TAG = 'parameters', 'injected-parameters'


def prepare_recording() -> None:
    """Get ready to record, if the engine wants the executed notebook."""
    record = INTERFACE['record']
    if record is None:
        return
    names = {file['output']: file['name'] for file in record['files']}
    places = {}
    for output, target in Run.targets:
        if output['name'] in names:
            place = place_of(target, names[output['name']])
            # Delivered like a file that the script was told to write.
            places[output['name']] = Run.announced[output['id']] = place
    if places:
        Run.recorder = Recorder(record, places)


class Recorder:
    """A notebook that is filled in while it runs."""

    def __init__(self, record: Record, places: dict[str, str]) -> None:
        """Read the notebook, while nothing of the script's can be in the way; `places` are paths by outputs."""
        with open(os.path.join(FOLDER, record['template']), encoding='utf-8') as stream:
            template = json.load(stream)
        self.notebook: dict[str, Any] = template['notebook']
        self.cells: list[dict[str, Any]] = self.notebook['cells']
        self.prose: list[str | None] = template['markdown']
        self.places = [places.get(file['output']) for file in record['files']]
        self.given = [parameter['name'] for parameter in INPUTS if is_injected(parameter)]
        self.secrets = secret_texts()
        self.values: dict[str, Any] = {}  # of parameters, by their names
        self.injected: tuple[int, dict[str, Any]] | None = None  # behind which cell, and the cell
        self.outputs: list[Any] = []  # of the cell that runs
        self.shown: dict[str, list[dict[str, Any]]] = {}  # outputs by the ids of displays
        self.count = self.length = 0  # cells that have run; characters that the present one has written
        self.began = self.cell_began = monotonic()
        self.spent = 0.0  # seconds of writing
        self.warned = False
        self.streams: list[Any] = []
        self.shell: Any = None
        self.number = 0

    def start(self, module: ModuleType) -> None:
        """Listen to what the code writes and displays."""
        self.names = module.__dict__
        ipython: Any = sys.modules['IPython.core.interactiveshell']
        self.shell = ipython.InteractiveShell.instance()
        self.shell.system = self.shell.system_piped  # else what commands write would not pass by here
        self.shell.display_pub.publish, self.shell.display_pub.clear_output = self.publish, self.clear
        os.environ.setdefault('MPLBACKEND', 'module://matplotlib_inline.backend_inline')
        sys.displayhook = self.display
        for name in ('stdout', 'stderr'):
            self.listen(name)

    def listen(self, name: str) -> None:
        """Listen to a standard stream."""
        stream: Any = getattr(sys, name)
        passed_to = getattr(stream, 'write', None)

        def write_and_record(text: str) -> Any:
            written = passed_to(text)  # type: ignore[misc]
            self.add_text(name, text)
            return written

        try:
            stream.write = write_and_record
            self.streams.append(stream)
        except AttributeError:
            pass  # there is no such stream

    def add_text(self, name: str, text: str) -> None:
        """Record what was written to a stream."""
        room = LONGEST_STREAM - self.length
        self.length += len(text)
        if room <= 0:
            return
        if len(text) > room:
            text = text[:room] + '\n... (the rest is not recorded)\n'
        last = self.outputs[-1] if self.outputs else {}
        if last.get('name') != name:
            last = {'output_type': 'stream', 'name': name, 'text': []}
            self.outputs.append(last)
        last['text'].append(text)

    def display(self, value: object) -> None:
        """Record the value of a cell's last expression, as the interpreter would show it."""
        if value is None:
            return
        try:
            data, metadata = self.shell.display_formatter.format(value)
        except Exception:
            standard('traceback').print_exc()  # as under Jupyter, a value that can't be shown ends nothing
            return
        if data:
            result = {'output_type': 'execute_result', 'execution_count': self.count}
            self.outputs.append({**result, **bundle(data, metadata)})

    def publish(self, data: Any, metadata: Any = None, *_: Any, **options: Any) -> None:
        """Record what `display` was called for, or replace what it has shown."""
        key = str((options.get('transient') or {}).get('display_id'))
        content = bundle(data, metadata or {})
        if options.get('update'):
            for output in self.shown.get(key, []):
                output.update(content)
            return
        output = {'output_type': 'display_data', **content}
        self.outputs.append(output)
        self.shown.setdefault(key, []).append(output)
        if 'text/plain' in data:
            self.pass_on(str(data['text/plain']) + '\n')

    def pass_on(self, text: str) -> None:
        """Write a text to standard output without recording it."""
        kept = self.outputs
        self.outputs = []
        try:
            print(text, end='')
        finally:
            self.outputs = kept

    def clear(self, *_: Any, **__: Any) -> None:
        """Forget what the cell has given so far."""
        self.outputs.clear()
        self.length = 0

    def watch(self, number: int) -> Recorder:
        """Record the cell that runs next."""
        self.number = number
        return self

    def __enter__(self) -> None:
        """Begin a cell."""
        self.count += 1
        self.length = 0
        cell = self.cells[self.number - 1]
        cell['execution_count'] = self.count
        self.outputs = cell['outputs'] = []
        self.cell_began = monotonic()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        """End a cell, whatever it has ended with."""
        if os.getpid() != Run.process:
            return
        self.flush_figures()
        outputs, self.outputs = self.outputs, []  # what is written between cells belongs to none
        failed = error is not None and not is_success(error)
        if failed:
            outputs.append(error_output(kind, error, trace))
        for output in outputs:
            if output['output_type'] == 'stream':
                output['text'] = [readable(''.join(output['text']))]
        cell = self.cells[self.number - 1]
        cell['metadata']['papermill'] = self.report(self.cell_began, failed)
        if DECLARED_TAG in tags(cell):
            self.inject()
        if failed or self.spent <= max(MOMENT, SHARE * (monotonic() - self.began)):
            self.save()

    def flush_figures(self) -> None:
        """Let libraries display what they have kept for the end of the cell, such as figures."""
        try:
            self.shell.events.trigger('post_execute')
        except Exception:
            standard('traceback').print_exc()

    def report(self, began: float, failed: bool) -> dict[str, Any]:
        """Say how a run went, by Papermill's names."""
        now = datetime.datetime.now(datetime.timezone.utc)
        duration = monotonic() - began
        start = now - datetime.timedelta(seconds=duration)
        times = {'start_time': start.isoformat(), 'end_time': now.isoformat(), 'duration': round(duration, 6)}
        return {**times, 'exception': failed, 'status': 'failed' if failed else 'completed'}

    def inject(self) -> None:
        """Put the values of parameters behind the cell that declares them."""
        self.values = {name: self.names[name] for name in self.given if name in self.names}
        if not self.values:
            return
        lines = ['# Parameters'] + [f'{name} = {value!r}' for name, value in self.values.items()]
        cell = {'cell_type': 'code', 'metadata': {'tags': [INJECTED_TAG]}, 'source': '\n'.join(lines)}
        if self.notebook.get('nbformat_minor', 0) > 4:
            cell['id'] = INJECTED_TAG
        self.injected = self.number, {**cell, 'outputs': [], 'execution_count': None}

    def filled(self) -> list[tuple[dict[str, Any], str | None]]:
        """Give the cells with the HTML of their prose; values of an earlier run are replaced."""
        declared = any(DECLARED_TAG in tags(cell) for cell in self.cells)
        pairs = []
        for number, cell in enumerate(self.cells, 1):
            if not (declared and INJECTED_TAG in tags(cell)):
                pairs.append((cell, self.prose[number - 1]))
            if self.injected and self.injected[0] == number:
                pairs.append((self.injected[1], None))
        return pairs

    def save(self) -> None:
        """Write the record as it is now."""
        began = monotonic()
        pairs = [(masked(cell, self.secrets), prose) for cell, prose in self.filled()]
        failed = any(cell['metadata'].get('papermill', {}).get('exception') for cell, _ in pairs)
        parameters = masked(json.loads(json.dumps(self.values, default=repr, skipkeys=True)), self.secrets)
        about = {**self.report(self.began, failed), 'parameters': parameters}
        metadata = {**self.notebook.get('metadata', {}), 'papermill': about}
        notebook = {**self.notebook, 'metadata': metadata, 'cells': [cell for cell, _ in pairs]}
        place, page = self.places
        try:
            if place:
                write_file(place, [json.dumps(notebook, indent=1, default=repr).encode() + b'\n'])
            if page:
                write_file(page, [page_of(INTERFACE['source'], pairs).encode('utf-8', 'replace')])
        except OSError as error:
            if not self.warned:
                say(f'warning: cannot write the executed notebook: {error}')
            self.warned = True
        self.spent = monotonic() - began

    def close(self) -> None:
        """Stop listening, and write what has not been written."""
        sys.displayhook = sys.__displayhook__
        for stream in self.streams:
            stream.__dict__.pop('write', None)
        if os.getpid() == Run.process:
            self.save()


def is_injected(parameter: Any) -> bool:
    """Check whether a value was given for a parameter of the notebook's cell that may be shown."""
    value = os.environ.get(parameter['name'])
    is_default = parameter['type'] == 'Boolean' and bool(value) == (parameter['default'] == 'True')
    return parameter['via'] == 'cell' and value is not None and not parameter['secret'] and not is_default


def secret_texts() -> list[str]:
    """Give the values of secrets as they may stand in a text: whole, by lines, in a string of Python's."""
    values = [os.environ.get(parameter['name']) for parameter in INPUTS if parameter['secret']]
    texts = {text for value in values if value for text in (value, repr(value)[1:-1], *value.splitlines())}
    return sorted((text for text in texts if len(text.strip()) >= SHORTEST_SECRET), key=len, reverse=True)


def masked(value: Any, secrets: list[str]) -> Any:
    """Give data without secrets; pictures stay as they are."""
    if not secrets:
        return value
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, '***')
        return value
    if isinstance(value, list):
        return [masked(part, secrets) for part in value]
    if isinstance(value, dict):
        return {key: part if is_picture(key) else masked(part, secrets) for key, part in value.items()}
    return value


def is_picture(kind: str) -> bool:
    """Check whether a media type is that of bytes, which stand there as base64."""
    return kind.startswith(('image/', 'audio/', 'video/', 'application/pdf')) and not kind.endswith('xml')


def bundle(data: Any, metadata: Any) -> dict[str, Any]:
    """Give what is displayed in the forms of JSON."""
    encoded = {
        kind: base64.b64encode(part).decode() if isinstance(part, bytes) else part for kind, part in data.items()
    }
    return {'data': encoded, 'metadata': metadata}


def is_success(error: BaseException) -> bool:
    """Check whether the code has ended the run by itself, and well."""
    return isinstance(error, SystemExit) and error.code in (None, 0)


def error_output(kind: Any, error: Any, trace: TracebackType | None) -> dict[str, Any]:
    """Give the output of a cell that has failed."""
    try:
        told = str(error)
        lines = standard('traceback').format_exception(kind, error, script_frames(trace))
    except Exception:
        told, lines = '', [kind.__name__]
    text = ''.join(lines).rstrip('\n').split('\n')
    return {'output_type': 'error', 'ename': kind.__name__, 'evalue': told, 'traceback': text}


def tags(cell: dict[str, Any]) -> list[str]:
    """Give the tags of a cell."""
    return cell['metadata'].get('tags') or []
