"""Values of parameters, from arguments, from Kubeflow's executor input or from the environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .interface import INPUTS, INTERFACE, OUTPUTS, standard
from .messages import fail
from .state import Run

if TYPE_CHECKING:
    from .kinds import Input, Output, Parameter

    Taken = list[tuple[Parameter, str]]

# How a parameter may be called on the command line; where a name is shared, ids go first, then inputs.
PARAMETERS: dict[str, Parameter] = {}
for key in ('name', 'id'):
    for parameter in OUTPUTS + INPUTS:
        PARAMETERS[parameter[key]] = parameter

# The script's own options are names, too, but for those that make a flag false.
for declared in INPUTS:
    option_name = declared['argument']['option'] if declared['via'] == 'argument' else None
    if option_name and option_name.startswith('--'):
        PARAMETERS.setdefault(option_name[2:], declared)

# What kfp 2 knows of a task, as JSON.
EXECUTOR_INPUT: Any = {'name': 'executor_input', 'id': 'executor_input', 'type': 'String', 'secret': False}
PARAMETERS.setdefault('executor_input', EXECUTOR_INPUT)

# An optional argument as back ends of Kubeflow before 2.17.0, and Vertex AI, hand it on.
IF_PRESENT = '{"IfPresent"'

# Only the empty string is false to `bool(os.getenv(...))`.
BOOLEANS = dict.fromkeys(('true', '1', 'yes', 'on', 'y', 't'), 'True')
BOOLEANS.update(dict.fromkeys(('false', '0', 'no', 'off', 'n', 'f'), ''))

# What is false to libraries that take no empty string for it.
FALSE = 'False'

# JSON, by the brackets that a value begins with.
COLLECTIONS = {'List': '[', 'Dict': '{'}

# Types of values, where others are paths.
VALUES = ('String', 'Integer', 'Float', 'Boolean', *COLLECTIONS)


class Words:
    """A command line, taken apart."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.taken: Taken = []
        self.own: list[str] = []  # arguments of the script
        self.conditional: list[str] = []  # optional arguments that no back end has resolved


def take_parameters(arguments: list[str]) -> Words:
    """Part the values of parameters from the script's own arguments."""
    words, waiting = Words(), arguments[::-1]
    if INTERFACE['skips_dashes'] and arguments[:1] == ['--']:
        waiting.pop()
    while waiting:
        argument = waiting.pop()
        dashed = argument.startswith('--')
        key, equals, value = (argument[2:] if dashed else argument).partition('=')
        if argument == '--':
            words.own += [argument] + waiting[::-1]
            break
        if argument.startswith(IF_PRESENT):
            words.conditional.append(argument)
        elif key not in PARAMETERS or not (dashed or equals):
            words.own.append(argument)
        else:
            take_value(words, PARAMETERS[key], value if equals else next_value(PARAMETERS[key], waiting))
    return words


def take_value(words: Words, parameter: Parameter, value: str) -> None:
    """Take the value of a parameter, if it is one."""
    if value.startswith(IF_PRESENT):
        words.conditional.append(value)
    elif parameter is EXECUTOR_INPUT or is_given(parameter, value):
        words.taken.append((parameter, value))


def next_value(parameter: Parameter, waiting: list[str]) -> str:
    """Take the value of `--parameter` from the arguments after it."""
    is_flag = parameter['type'] == 'Boolean' and 'read' not in parameter
    if is_flag and not (waiting and is_boolean(parameter, waiting[-1])):
        return 'true'
    if not waiting:
        fail(f'parameter `{parameter["id"]}` has no value', 2, f'write `--{parameter["id"]} VALUE`')
    return waiting.pop()


def is_boolean(parameter: Parameter, text: str) -> bool:
    """Tell the value of a flag from an argument of the script's own."""
    return text.strip().lower() in BOOLEANS or not is_given(parameter, text) or text.startswith(IF_PRESENT)


def is_given(parameter: Parameter | Input, value: str | None) -> bool:
    """Tell a value from what engines pass for a parameter that has none."""
    if value is None or value == 'null' or is_placeholder(value):
        return False
    is_text = parameter['type'] == 'String' and 'read' not in parameter and not parameter.get('secret')
    return value != '' or is_text or parameter_holds_empty(parameter)


def parameter_holds_empty(parameter: Parameter | Input) -> bool:
    """Check whether an empty text is a path to a parameter, which the script has to deal with."""
    return 'read' not in parameter and parameter['type'] not in VALUES


def is_placeholder(value: str) -> bool:
    """Check whether an engine has left its own placeholder where a value should be."""
    return value.startswith('{{') and value.endswith('}}') and '{{' not in value[2:]


def normalise(parameter: Parameter, value: str) -> str:
    """Give the spelling of a value that the script's `bool()` or `int()` understands."""
    if parameter['type'] == 'Boolean':
        found = BOOLEANS.get(value.strip().lower(), value)
        return FALSE if found == '' and parameter.get('word') else found
    whole, _, fraction = value.partition('.')
    is_whole = whole.strip().lstrip('+-').isdecimal() and fraction and not fraction.strip().strip('0')
    return whole if parameter['type'] == 'Integer' and is_whole else value


def fits(parameter: Parameter, value: str) -> bool:
    """Check whether a normalised value is one of its type."""
    try:
        if parameter['type'] == 'Integer':
            int(value)
        elif parameter['type'] == 'Float':
            float(value)
        elif parameter['type'] in COLLECTIONS:
            standard('json').loads(value)
            return value.lstrip().startswith(COLLECTIONS[parameter['type']])
    except (ValueError, RecursionError):
        return False
    return parameter['type'] != 'Boolean' or value in ('True', '', FALSE)


def set_input(parameter: Input, argument: str | None) -> bool:
    """Put the value of an input into the environment, if there is one; else the script's own default holds."""
    name = parameter['name']
    value = os.environ.get(name) if argument is None else argument
    given = is_given(parameter, value)
    if not given:
        # To `bool(os.getenv(name, 'False'))` even a default of false would be true.
        value = parameter['default'] if parameter['type'] == 'Boolean' else None
    if value is None:
        os.environ.pop(name, None)
        return False
    text = normalise(parameter, value)
    if not fits(parameter, text):
        from .refusals import refuse_type

        refuse_type(parameter, value)
    os.environ[name] = text
    return given


def set_output(parameter: Output, target: str | None) -> None:
    """Note where an output is to be delivered, and tell the script if it wants to know."""
    name = parameter['name']
    shared = any(name == other['name'] for other in INPUTS)  # then the variable is the input's
    if target is None and not shared:
        target = os.environ.pop(name, None)
    if target is None or not is_given(parameter, target):
        return
    Run.targets.append((parameter, target))
    if parameter['read'] and not shared:
        from .targets import announce

        announce(parameter, target)


def set_parameters(words: Words) -> None:
    """Settle all inputs and outputs: arguments go before the executor input, and that before the environment."""
    texts = os.environ.pop('C3_TEXT_OUTPUTS', None)
    Run.takes_files_only, Run.drops_line_end = texts in ('file', 'line'), texts == 'line'
    Run.skips_unset = os.environ.pop('C3_UNSET_OUTPUTS', None) == 'skip'  # what the engine wants is not the script's
    Run.collected = os.environ.pop('C3_COLLECTED_OUTPUTS', None)
    given = {parameter['id']: value for parameter, value in words.taken if parameter is not EXECUTOR_INPUT}
    tasks = [value for parameter, value in words.taken if parameter is EXECUTOR_INPUT]
    Run.is_kubeflow = bool(tasks or words.conditional)
    tasks = [task for task in tasks if is_given(EXECUTOR_INPUT, task)]
    if tasks or words.conditional:
        from .kubeflow import add_values

        add_values(given, tasks[-1] if tasks else '', words.conditional)
    missing = [parameter for parameter in INPUTS if not set_input(parameter, given.get(parameter['id']))]
    missing = [parameter for parameter in missing if parameter['required'] != 'no']
    if words.own:  # what the script takes from its command line may be among them
        missing = [parameter for parameter in missing if parameter['via'] != 'argument']
    if missing:
        from .refusals import refuse_missing

        refuse_missing(missing)
    for output in OUTPUTS:
        set_output(output, given.get(output['id']))


def check_words(own: list[str]) -> None:
    """Answer `--help` and words that are meant for nobody, unless the script reads its command line itself."""
    own = own[: own.index('--')] if '--' in own else own
    if INTERFACE['own_arguments'] or not any(word.startswith('--') or word == '-h' for word in own):
        return
    from .refusals import refuse_words

    refuse_words(own)
