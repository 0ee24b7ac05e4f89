"""What Kubeflow Pipelines 2.17 makes of a compiled pipeline, up to the arguments that an operator's program gets.

The back end is on no registry, so no test can start it. These are its rules as its source has them (kubeflow/pipelines 7b70c7b)
and as a cluster showed them in some thirty runs: what a value goes through, in this order, from the run to the program.
"""

import json
import re

import yaml

# The API server gives all values to Argo's programs as one argument of a command line: Linux takes 128 KiB (`MAX_ARG_STRLEN`).
# Seen: twice 65,000 characters are too many, once 125,000 are not.
LARGEST = 131072

# Variables of each container of a pipeline: backend/src/v2/driver/driver.go, `initPodSpecPatch`; and of each pod.
VARIABLES = {
    'KFP_POD_NAME': 'pipeline-abcde-system-container-impl-1',
    'KFP_POD_UID': '6f1c',
    'NAMESPACE': 'kubeflow',
    'KUBERNETES_SERVICE_HOST': '10.96.0.1',
    'KUBERNETES_SERVICE_PORT': '443',
}

# What Argo fills in, or refuses a workflow for: argo-workflows util/template, workflow/validate.
ARGO = re.compile(r'\{\{\s*(pod\.|workflow\.|inputs\.|outputs\.|item|tasks\.|steps\.|=)')


class Refused(Exception):
    """A run that doesn't begin, or a value that doesn't arrive as it was given."""


def read(text):
    """Read a pipeline: kfp writes defaults into comments at the head, where a line end leaves no YAML (sdk, `compiler_utils`)."""
    try:
        return list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise Refused(f'no YAML: {error}') from error


def expanded(text, variables):
    """Fill in variables as the kubelet does in arguments and variables: kubernetes third_party/forked/golang/expansion."""
    known = {**VARIABLES, **variables}

    def replaced(match):
        if match[0] == '$$':
            return '$'
        return known.get(match[1], match[0])

    return re.sub(r'\$\$|\$\(([^)]*)\)', replaced, text)


def environment(container):
    """Give the variables of a container as its program sees them; each may name those before it."""
    seen = {}
    for variable in container.get('env', []):
        passed_by_argo(variable['value'])
        seen[variable['name']] = expanded(variable['value'], seen)
    return seen


def passed_by_argo(text):
    """Insist on a text that Argo leaves alone: the specification is a part of the workflow."""
    if ARGO.search(text):
        raise Refused(f'Argo fills in, or refuses the run for: {text[:80]!r}')


def run(documents, values, *, fills_defaults):
    """Give the arguments and the executor input of each task's program.

    Whether the root driver knows the defaults of the pipeline's own parameters, `fills_defaults`, has changed between
    versions; an operator has to get the same in both.
    """
    [specification, *_] = documents
    root = specification['root']
    given = dict(values)
    if fills_defaults:
        given = {**defaults(root), **given}
    if len(json.dumps(given)) >= LARGEST or len(json.dumps({**defaults(root), **given})) >= LARGEST:
        raise Refused('the values of the run are too large')
    for text in texts([specification['components'], root.get('inputDefinitions', {}), given]):
        passed_by_argo(text)
    missing = [name for name, it in parameters(root).items() if not optional(it) and name not in given]
    if missing:
        raise Refused(f'no value for {missing}')
    return {name: task_arguments(specification, task, given) for name, task in root['dag']['tasks'].items() if 'executorLabel' in component(specification, task) and is_container(specification, task)}


def component(specification, task):
    """Give the component of a task."""
    return specification['components'][task['componentRef']['name']]


def executor(specification, task):
    """Give what runs a task."""
    return specification['deploymentSpec']['executors'][component(specification, task)['executorLabel']]


def is_container(specification, task):
    """Tell a program from an importer."""
    return 'container' in executor(specification, task)


def parameters(of):
    """Give the definitions of the parameters of a component, or of the pipeline."""
    return of.get('inputDefinitions', {}).get('parameters', {})


def optional(definition):
    """Tell whether a parameter may be left out."""
    return definition.get('isOptional', False) or 'defaultValue' in definition


def defaults(of):
    """Give the defaults of a component, or of the pipeline."""
    return {name: it['defaultValue'] for name, it in parameters(of).items() if 'defaultValue' in it}


def texts(value):
    """Give all texts of a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for entry in value.values():
            yield from texts(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from texts(entry)


def task_arguments(specification, task, given):
    """Give the arguments of a task's program, and its executor input as JSON."""
    definition, container = component(specification, task), executor(specification, task)['container']
    inputs = task_inputs(task, given)
    words = [word for text in container['args'] for word in driven(text, inputs, definition)]
    # The launcher knows the defaults, the driver doesn't: component/launcher_v2.go, `addDefaultParams`, behind
    # driver/util.go, `resolveContainerArgs`.
    filled = {**defaults(definition), **inputs}
    if len(json.dumps(filled)) >= LARGEST:
        raise Refused('the values of the task are too large')
    # Numbers are doubles on their way (structpb).
    wanted = {'inputs': {'parameterValues': {name: as_double(value) for name, value in filled.items()}}}
    if wanted['inputs']['parameterValues'] != filled:
        raise Refused(f'numbers are doubles: {filled}')
    executor_input = json.dumps(wanted)
    arrived = [expanded(launched(word, executor_input, filled), environment(container)) for word in words]
    if wanted != received(arrived):
        raise Refused(f'altered on its way: {executor_input[:300]}')
    return arrived, wanted


def task_inputs(task, given):
    """Give the values that the driver finds for a task: those of the run, of other tasks, and constants."""
    found = {}
    for name, source in task.get('inputs', {}).get('parameters', {}).items():
        if 'componentInputParameter' in source:
            if source['componentInputParameter'] in given:
                found[name] = given[source['componentInputParameter']]
        elif 'runtimeValue' in source:
            found[name] = source['runtimeValue']['constant']
        else:
            found[name] = 'a result of another task'
    return found


def driven(text, inputs, definition):
    """Give the words that the driver makes of an argument: driver/util.go, `resolveContainerArgs`."""
    if not text.startswith('{"IfPresent"'):
        return [resolved(text, inputs, definition)]
    condition = json.loads(text)['IfPresent']
    # It looks at parameters only: an artifact is never present.
    words = condition['Then'] if condition['InputName'] in inputs else condition.get('Else', [])
    return [resolved(word, inputs, definition) for word in words]


def resolved(text, inputs, definition):
    """Fill in the inputs of a word; what is not there ends the run."""
    for name in re.findall(r"\{\{\$\.inputs\.parameters\['([^']*)'\]\}\}", text):
        if name not in inputs:
            raise Refused(f'parameter "{name}" not found in executor input')
    for name in re.findall(r"\{\{\$\.inputs\.artifacts\['([^']*)'\]", text):
        if name not in definition.get('inputDefinitions', {}).get('artifacts', {}):
            raise Refused(f'artifact "{name}" not found in executor input')
    return text


def launched(text, executor_input, filled):
    """Fill in placeholders as the launcher does, one after the other, also in values: `getPlaceholders`, `{{$}}` first."""
    text = text.replace('{{$}}', executor_input)
    for name, value in filled.items():
        shown = value if isinstance(value, str) else json.dumps(value)
        text = text.replace(f"{{{{$.inputs.parameters['{name}']}}}}", shown)
    return text


def as_double(value):
    """Give a value as protobuf's `Value` holds it."""
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    return int(float(value))


def received(arguments):
    """Give the executor input as the program gets it."""
    try:
        return json.loads(arguments[arguments.index('--executor_input') + 1])
    except ValueError as error:
        raise Refused(f'the executor input is no JSON: {error}') from error
