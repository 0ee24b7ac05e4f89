"""Values that back ends of Kubeflow hand on in another way than by arguments.

kfp 2 fills the placeholder of the executor input with all that it knows of a task, as JSON. Back ends before 2.17.0,
and Vertex AI, don't resolve optional arguments but pass each as one word of JSON, filled in without any escaping.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .interface import INPUTS, standard
from .messages import fail, say
from .parameters import BOOLEANS, COLLECTIONS, VALUES, is_given, normalise, take_parameters
from .state import Run

if TYPE_CHECKING:
    from .kinds import Input

json, re = standard('json'), standard('re')

# Kubeflow takes no more for all values of a run or a task, in bytes of JSON.
LIMIT = 131_071

# Where kfp's own programs see what is in an object store.
MOUNTS = {'gs://': '/gcs/', 'minio://': '/minio/', 's3://': '/s3/'}


def add_values(given: dict[str, str], text: str, conditional: list[str]) -> None:
    """Add the values of inputs that have none by an argument."""
    Run.task = read_task(text) if text else None
    found: list[tuple[Input, str | None]]
    if Run.task is None:
        found = [value for argument in conditional for value in conditional_value(argument)]
    else:
        found = [(parameter, task_value(Run.task, parameter)) for parameter in INPUTS]
    for parameter, value in found:
        if value is not None and is_given(parameter, value) and not is_default(parameter, value):
            given.setdefault(parameter['id'], value)
    if text and Run.task is None:
        say_unreadable(text, given)


def say_unreadable(text: str, given: dict[str, str]) -> None:
    """Tell that the executor input can't be read, which a value with placeholders of Kubeflow brings about."""
    size = len(text.encode('utf-8', 'surrogateescape'))
    why = f'; Kubeflow takes at most {LIMIT} bytes for all values of a task' if size >= LIMIT - 100 else ''
    lost = [parameter['id'] for parameter in INPUTS if is_file(parameter) and parameter['id'] not in given]
    if lost:
        names = ', '.join(f'`{name}`' for name in lost)
        fail(f"cannot read Kubeflow's executor input, the only way by which {names} can arrive{why}", 1)
    say(f"warning: cannot read Kubeflow's executor input, arguments hold{why}")


def is_file(parameter: Input) -> bool:
    """Check whether an input is an optional file, which some back ends hand on in the executor input only."""
    return parameter['required'] == 'no' and parameter['type'] not in VALUES


def folded(name: str) -> str:
    """Give a name as kfp 2 spells it."""
    return name.lower().strip('_')


# The executor input


def read_task(text: str) -> dict[str, Any] | None:
    """Read the executor input; values that are filled in raw can make it no JSON, or forge fields of it."""
    try:
        task = json.loads(text, object_pairs_hook=unique)
        inputs = task.get('inputs') or {}
        names = [*(inputs.get('parameterValues') or {}), *(inputs.get('artifacts') or {})]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return None
    declared = {folded(parameter['id']) for parameter in INPUTS}
    return task if declared.issuperset(map(folded, names)) else None


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dict of pairs, but not of two with one name."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError('duplicate names')
    return dict(pairs)


def task_value(task: dict[str, Any], parameter: Input) -> str | None:
    """Give the value of an input as text, or the path of its file."""
    inputs = task.get('inputs') or {}
    for name, value in (inputs.get('parameterValues') or {}).items():
        if folded(name) == folded(parameter['id']):
            return as_text(parameter, value)
    for name, artifact in (inputs.get('artifacts') or {}).items():
        if folded(name) == folded(parameter['id']):
            return artifact_path(artifact)
    return None


def as_text(parameter: Input, value: Any) -> str | None:
    """Give a value of JSON as it would stand in the environment."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and parameter['type'] == 'Integer' and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, (bool, int, float)) else compact(value)


def compact(value: Any) -> str:
    """Write a list or an object as back ends do that resolve arguments themselves."""
    return str(json.dumps(value, ensure_ascii=False, separators=(',', ':')))


def artifact_path(artifact: Any) -> str | None:
    """Give the path at which an artifact stands in the container."""
    try:
        first = artifact['artifacts'][0]
        place = str(first.get('customPath') or first['uri'])
    except (LookupError, AttributeError, TypeError):
        return None
    for scheme, mount in MOUNTS.items():
        if place.startswith(scheme):
            return mount + place[len(scheme) :]
    if place.startswith('oci://'):
        return '/oci/' + place[len('oci://') :].replace('/', '_') + '/models'
    return place


def is_default(parameter: Input, value: str) -> bool:
    """Check whether a value is the default, as Kubeflow alters it: then the script's own holds."""
    if parameter['default'] is None:
        return False
    default = parameter['default'].replace('$$', '$')
    if parameter['type'] in ('Integer', 'Float'):
        try:
            return float(value) == float(default)
        except ValueError:
            return False
    if parameter['type'] in COLLECTIONS:
        try:
            return bool(json.loads(value) == json.loads(parameter['default']))
        except (ValueError, RecursionError):
            return False
    if parameter['type'] == 'Boolean':
        return BOOLEANS.get(value.strip().lower()) == BOOLEANS.get(default.strip().lower())
    return normalise(parameter, value) == default


# Optional arguments that no back end has resolved


def conditional_value(argument: str) -> list[tuple[Input, str]]:
    """Give the input and the value of `{"IfPresent": {"InputName": ..., "Then": ["--x", "value"]}}`."""
    parameter = conditional_input(argument)
    try:
        condition = json.loads(argument, object_pairs_hook=unique)['IfPresent']
        then = condition['Then']
        words = take_parameters([str(word) for word in then])
    except (ValueError, LookupError, TypeError, RecursionError, SystemExit):
        return refuse(parameter)
    is_own = all(taken is parameter for taken, _ in words.taken)
    if len(then) != 2 or words.own or not is_own or folded(condition['InputName']) != folded(parameter['id']):
        return refuse(parameter)
    return [(parameter, value) for _, value in words.taken]


def conditional_input(argument: str) -> Input:
    """Give the input that an unresolved argument is for."""
    name = re.search(r'"InputName":\s*"([^"\\]*)"', argument)
    for parameter in INPUTS:
        if name and folded(parameter['id']) == folded(name[1]):
            return parameter
    fail('cannot read an optional argument of Kubeflow: its input is unknown', 1)


def refuse(parameter: Input) -> list[tuple[Input, str]]:
    """End the program for a value that would else be lost."""
    fail(f'cannot read the value of input `{parameter["id"]}` from the argument that Kubeflow passed', 1)
