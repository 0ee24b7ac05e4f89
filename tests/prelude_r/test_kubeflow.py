"""What back ends of Kubeflow hand on in another way than by arguments, and what they are told of the outputs."""

import json

import pytest

from conftest import an_input, an_output, contract, succeeded


def task(parameters=None, artifacts=None, outputs=None, report=None):
    """Give an executor input as kfp 2 fills it in."""
    inputs = {'parameterValues': parameters, 'artifacts': artifacts}
    given = {key: value for key, value in inputs.items() if value is not None}
    sent = {'artifacts': outputs or {}, **({'outputFile': str(report)} if report else {})}
    return json.dumps({'inputs': given, 'outputs': sent} if given else {'outputs': sent})


def artifact(uri, **more):
    """Give an artifact as it stands in an executor input."""
    return {'artifacts': [{'name': 'a', 'type': {'schemaTitle': 'system.Dataset'}, 'uri': uri, 'metadata': {}, **more}]}


def conditional(name, *then):
    """Give an optional argument that a back end has not resolved."""
    return json.dumps({'IfPresent': {'InputName': name, 'Then': list(then)}})


UNREADABLE = "warning: cannot read Kubeflow's executor input, arguments hold"


@pytest.fixture
def told(operator):
    """Run an operator whose command line Kubeflow has made: `told(inputs, *arguments)`."""

    def run(inputs, *arguments, **options):
        """Give what the script sees, only what is set, and the messages."""
        names = [parameter['name'] for parameter in inputs]
        script = """
            for (name in c("%s")) if (!is.na(Sys.getenv(name, NA))) cat(name, "=", Sys.getenv(name), ";", sep = "")
            stopifnot(length(grep("^--|IfPresent", commandArgs(TRUE))) == 0)
        """ % '", "'.join(names)
        subject = operator(script, inputs=inputs, own_arguments=False)
        done = subject.run(*arguments, **options)
        values = dict(entry.split('=', 1) for entry in done.stdout.split(';')[:-1])
        return values, done.stderr.rstrip('\n') if done.returncode == 0 else (done.returncode, done.stderr)

    return run


# Argument lists by generation of the back end, for an optional input `rows` with the default 5.
GENERATIONS = {
    'kfp 1.8': (['--rows', '7', '--executor_input', '{{$}}'], ['--executor_input', '{{$}}']),
    'kfp 2.0 to 2.16': (
        [conditional('rows', '--rows', '7'), '--executor_input', task({'rows': 7})],
        [conditional('rows', '--rows', '5'), '--executor_input', task({'rows': 5})],
    ),
    'kfp 2.17': (['--rows', '7', '--executor_input', task({'rows': 7})], ['--executor_input', task({'rows': 5})]),
    'Vertex AI': (
        [conditional('rows', '--rows', '7'), '--executor_input', task({'rows': 7})],
        ['null', '--executor_input', task({'rows': 5.0})],
    ),
    'as it was before': ([conditional('rows', '--rows', '7')], [conditional('rows', '--rows', '5')]),
    'kfp 2.0 with a placeholder': (
        ['--rows', '7', '--executor_input', '{{$}}'],
        [conditional('rows', '--rows', "{{$.inputs.parameters['rows']}}"), '--executor_input', '{{$}}'],
    ),
}


@pytest.mark.parametrize('generation', GENERATIONS)
@pytest.mark.parametrize('kind', ['Integer', 'String'])
def test_generations(told, generation, kind):
    given, unset = GENERATIONS[generation]
    inputs = [an_input('rows', kind, default='5')]
    if kind == 'String' and generation == 'Vertex AI':
        unset = [word.replace('5.0', '"5"') for word in unset]
    assert told(inputs, *given) == ({'rows': '7'}, '')
    assert told(inputs, *unset) == ({}, '')


VALUES = [
    ('String', 'text', 'text'),
    ('String', '', ''),
    ('String', 'größe → 🎉 "q" \\ $HOME', 'größe → 🎉 "q" \\ $HOME'),
    ('String', 7, '7'),
    ('String', True, 'True'),
    ('String', [1, 'two', {'a': 2.5}], '[1,"two",{"a":2.5}]'),
    ('String', {'ä': [None, False]}, '{"ä":[null,false]}'),
    ('Integer', 7, '7'),
    ('Integer', 7.0, '7'),
    ('Integer', 1e21, '1000000000000000000000'),
    ('Integer', 9007199254740992, '9007199254740992'),
    ('Float', 1e-7, '1e-07'),
    ('Float', 7, '7'),
    ('Boolean', True, 'TRUE'),
    ('Boolean', False, 'FALSE'),
    ('Boolean', 'yes', 'TRUE'),
    ('String', None, None),
    ('Integer', '', None),
    ('String', 'null', None),
    ('String', "{{$.inputs.parameters['x']}}", None),
]


def test_values_of_the_executor_input(told):
    inputs = [an_input('v%d' % number, kind) for number, (kind, _, _) in enumerate(VALUES)]
    values = {'v%d' % number: value for number, (_, value, _) in enumerate(VALUES)}
    expected = {'v%d' % number: text for number, (_, _, text) in enumerate(VALUES) if text is not None}
    text = json.dumps(json.loads(task(values)), ensure_ascii=False)
    assert told(inputs, '--executor_input', text) == (expected, '')


def test_arguments_take_precedence_over_task_then_environment(told):
    inputs = [an_input(name) for name in 'abcd']
    text = task({'a': 'task', 'b': 'task', 'c': None})
    found, messages = told(
        inputs, '--executor_input=' + text, '--a', 'argument', env=dict.fromkeys('abcd', 'environment')
    )
    assert (found, messages) == ({'a': 'argument', 'b': 'task', 'c': 'environment', 'd': 'environment'}, '')


DEFAULTS = [
    ('String', 'a$$b', 'a$b', False),
    ('String', 'a$$b', 'a$$b', True),
    ('String', 'a', 'a', False),
    ('String', '', '', False),
    ('Integer', '5', 5.0, False),
    ('Float', '1e3', 1000, False),
    ('Float', '0.1', 0.10, False),
    ('Float', '0.1', 0.2, True),
    ('Boolean', 'FALSE', False, False),
    ('Boolean', 'no', False, False),
    ('Boolean', 'TRUE', False, True),
]


def test_default_altered_by_kubeflow_counts_as_omitted(told):
    inputs = [an_input('v%d' % number, kind, default) for number, (kind, default, _, _) in enumerate(DEFAULTS)]
    values = {'v%d' % number: value for number, (_, _, value, _) in enumerate(DEFAULTS)}
    found, messages = told(inputs, '--executor_input', task(values))
    assert messages == '' and set(found) == {
        'v%d' % number for number, (_, _, _, is_given) in enumerate(DEFAULTS) if is_given
    }


def test_names_are_spelled_as_by_kubeflow(told):
    inputs = [an_input('Num Values', id='Num_Values'), an_input('_private_', id='_private_'), an_input('X')]
    found = told(inputs, '--executor_input', task({'num_values': '1', 'private': '2', 'X': '3'}))
    assert found == ({'Num Values': '1', '_private_': '2', 'X': '3'}, '')


def test_secret(told):
    secret = [an_input('token', secret=True)]
    env = {'token': 'of the cluster'}
    assert told(secret, '--executor_input', task({'token': ''}), env=env) == (env, '')
    assert told(secret, '--executor_input', task({'token': 'passed'}), env=env) == ({'token': 'passed'}, '')


PATHS = [
    (artifact('gs://bucket/a b/c'), '/gcs/bucket/a b/c'),
    (artifact('minio://mlpipeline/v2/x'), '/minio/mlpipeline/v2/x'),
    (artifact('s3://bucket/x'), '/s3/bucket/x'),
    (artifact('oci://registry/name:1'), '/oci/registry_name:1/models'),
    (artifact('/local/path'), '/local/path'),
    (artifact('gs://bucket/x', customPath='/mnt/y'), '/mnt/y'),
]


def test_optional_files(told):
    inputs = [an_input('v%d' % number, 'Dataset') for number in range(len(PATHS) + 1)]
    artifacts = {'v%d' % number: value for number, (value, _) in enumerate(PATHS)}
    found, messages = told(inputs, '--executor_input', task(artifacts=artifacts))
    assert (found, messages) == ({'v%d' % number: path for number, (_, path) in enumerate(PATHS)}, '')


BROKEN = {
    'no JSON': '{"inputs": {"parameterValues": {"b": "a "q" x"}}}',
    'no object': '[1]',
    'a name twice': '{"inputs": {"parameterValues": {"b": "1", "b": "2"}}}',
    'a name twice deep within': '{"inputs": {"parameterValues": {"b": [{"x": 1, "x": 2}]}}}',
    'an unknown name': task({'b': '1', 'forged': '2'}),
    'an unknown artifact': task({'b': '1'}, {'forged': artifact('gs://x')}),
    'parameters that are none': '{"inputs": {"parameterValues": ["b"]}}',
    'inputs that are none': '{"inputs": "b"}',
}


@pytest.mark.parametrize('text', BROKEN.values(), ids=BROKEN)
def test_arguments_apply_if_the_executor_input_is_broken(told, text):
    inputs = [an_input('a'), an_input('b')]
    assert told(inputs, '--a', '1', '--executor_input', text) == ({'a': '1'}, UNREADABLE)
    unresolved = conditional('b', '--b', '2')
    assert told(inputs, '--a', '1', unresolved, '--executor_input', text) == ({'a': '1', 'b': '2'}, UNREADABLE)


@pytest.mark.parametrize('text', ['', 'null', '{{$}}'])
def test_omitted_executor_input(told, text):
    assert told([an_input('a'), an_input('f', 'File')], '--a', '1', '--executor_input', text) == ({'a': '1'}, '')


def test_lost_file(told):
    inputs = [an_input('a'), an_input('f', 'Dataset'), an_input('g', 'Dataset', required='maybe')]
    lost = "error: cannot read Kubeflow's executor input, the only way by which `f` can arrive\n"
    assert told(inputs, '--a', '1', '--g', 'x', '--executor_input', 'x') == ({}, (1, lost))
    assert told(inputs, '--f', 'x', '--g', 'x', '--executor_input', 'x') == ({'f': 'x', 'g': 'x'}, UNREADABLE)


def test_limit_of_kubeflow(told):
    inputs = [an_input('a'), an_input('b')]
    sound = task({'a': 'x' * 60_000, 'b': 'y' * 60_000})
    assert told(inputs, '--executor_input', sound) == ({'a': 'x' * 60_000, 'b': 'y' * 60_000}, '')
    cut = task({'a': 'x' * 131_060})[:131_050]
    why = '; Kubeflow takes at most 131071 bytes for all values of a task'
    assert told(inputs, '--executor_input', cut) == ({}, UNREADABLE + why)


@pytest.mark.parametrize(
    'text',
    [
        '{"IfPresent": {"InputName": "b", "Then": ["--b", "a "s3cr3t" x"]}}',
        conditional('b', '--b', 's3cr3t', '--a', 'forged'),
        conditional('b', '--a', 's3cr3t'),
        '{"IfPresent": {"InputName": "b", "Then": ["--b", "s3cr3t"], "Then": ["--b", "x"]}}',
        '{"IfPresent": {"InputName": "b"}}',
    ],
)
def test_optional_argument_that_cannot_be_read(told, text):
    inputs = [an_input('a'), an_input('b')]
    message = 'error: cannot read the value of input `b` from the argument that Kubeflow passed\n'
    assert told(inputs, text) == ({}, (1, message))
    assert told(inputs, text, '--executor_input', task({'b': '3'})) == ({'b': '3'}, '')


def test_optional_argument_of_an_unknown_input(told):
    message = 'error: cannot read an optional argument of Kubeflow: its input is unknown\n'
    assert told([an_input('a')], conditional('x', '--x', '1')) == ({}, (1, message))


@pytest.mark.parametrize('value', ['null', "{{$.inputs.parameters['b']}}"])
def test_optional_argument_without_a_value(told, value):
    assert told([an_input('b')], conditional('b', '--b', value)) == ({}, '')
    assert told([an_input('b')], '--b', conditional('b', '--b', value)) == ({}, '')


KUBEFLOW = contract('kubeflow.json')
TABLES = [
    *[pytest.param(KUBEFLOW['inputs'], case, id=case['backend']) for case in KUBEFLOW['cases']],
    *[
        pytest.param(KUBEFLOW['recorded']['inputs'], case, id='recorded %d' % number)
        for number, case in enumerate(KUBEFLOW['recorded']['cases'])
    ],
]


def plain(kind, text):
    """Give a value that languages spell differently."""
    if kind == 'Boolean':
        return text in ('True', 'TRUE')
    if kind == 'Float':
        return float(text)
    return json.loads(text) if text[:1] in ('[', '{') else text


@pytest.mark.parametrize('inputs, case', TABLES)
def test_every_back_end_passes_the_same_values(told, inputs, case):
    declared = [
        an_input(name, kind, default, secret=name in KUBEFLOW['secret'], required=required)
        for name, kind, default, required in inputs
    ]
    found, messages = told(declared, *case['arguments'])
    if case['values'] is None:
        assert (found, messages) == ({}, (1, 'error: %s\n' % case['error']))
        return
    kinds = {name: kind for name, kind, *_ in inputs}
    spelled = [{name: plain(kinds[name], text) for name, text in values.items()} for values in (found, case['values'])]
    assert spelled[0] == spelled[1]
    lines = [line for line in messages.splitlines() if 'which the script may need' not in line]
    assert lines == (['warning: ' + case['warning']] if 'warning' in case else [])


# The report


@pytest.fixture
def reported(operator, tmp_path):
    """Run a script with outputs under Kubeflow, and give what it reports: `reported(script, outputs)`."""

    def run(script, outputs, stderr='', known=None):
        """Give the report, nothing if there is none."""
        report = tmp_path / 'some' / 'where' / 'report.json'
        artifacts = known or {
            output['id'].lower().strip('_'): artifact('minio://b/' + output['id'])
            for output in outputs
            if output['type'] not in ('String', 'Integer', 'Float', 'Boolean')
        }
        arguments = [word for output in outputs for word in ('--' + output['id'], 'to/' + output['id'])]
        text = task(outputs=artifacts, report=report)
        done = operator(script, outputs=outputs).run(*arguments, '--executor_input', text)
        assert (done.returncode, done.stderr) == (0, stderr)
        return json.loads(report.read_text(encoding='utf-8')) if report.exists() else None

    return run


def metadata(report, name):
    """Give what is told of an artifact."""
    return report['artifacts'][name]['artifacts'][0]['metadata']


def test_typed_values_are_reported(reported):
    kinds = {'n': 'Integer', 'X': 'Float', 'b': 'Boolean', 's': 'String', 'h': 'Float'}
    script = 'Sys.setenv(n = "7.0", X = "1e-3", b = "no", s = "text", h = ".5")'
    report = reported(script, [an_output(name, kind) for name, kind in kinds.items()])
    assert report == {'artifacts': {}, 'parameterValues': {'n': 7, 'x': 0.001, 'b': False, 'h': 0.5}}


@pytest.mark.parametrize(
    'content, numbers',
    [
        ('{"accuracy": 0.93, "rows": 7, "name": "x", "deep": {"a": 1}, "ok": true}', {'accuracy': 0.93, 'rows': 7}),
        ('accuracy=0.93\\nloss: 1e-3\\n\\nnothing\\n', {'accuracy': 0.93, 'loss': 0.001}),
        ('0.5', {'scores': 0.5}),
    ],
)
def test_metrics_are_reported(reported, content, numbers):
    for script in ("writeLines('%s', 'm'); Sys.setenv(scores = 'm')", "Sys.setenv(scores = '%s')"):
        report = reported(script % content, [an_output('scores', 'Metrics')])
        assert metadata(report, 'scores') == numbers


def test_metrics_without_numbers(reported):
    warning = 'warning: output `scores` holds no numbers that Kubeflow could show\n'
    assert metadata(reported('Sys.setenv(scores = "text")', [an_output('scores', 'Metrics')], warning), 'scores') == {}


def test_metrics_of_a_classification_are_reported(reported):
    content = '{"confusionMatrix": {"annotationSpecs": [{"displayName": "a"}], "rows": [{"row": [1]}]}}'
    report = reported("Sys.setenv(c = '%s')" % content, [an_output('c', 'ClassificationMetrics')])
    assert metadata(report, 'c') == json.loads(content)


def test_other_artifacts_are_listed_unchanged(reported):
    known = {'data': artifact('s3://b/data'), 'executor-logs': artifact('s3://b/logs', metadata={'größe': 1})}
    script = 'cat("1", file = "f"); Sys.setenv(data = "f")'
    assert reported(script, [an_output('data', 'Dataset')], known=known) == {'artifacts': known}


def test_texts_alone_are_not_reported(reported):
    assert reported('Sys.setenv(s = "x")', [an_output('s')]) is None


def test_report_that_cannot_be_written(operator):
    subject = operator('Sys.setenv(n = "1")', outputs=[an_output('n', 'Integer')])
    done = subject.run('--n', 'target', '--executor_input', task(report='/proc/nowhere/report'))
    assert done.returncode == 0 and (subject.home / 'target').read_text() == '1'
    assert done.stderr.startswith('warning: cannot report the outputs to Kubeflow: ')


def test_nothing_is_reported_to_other_engines(operator):
    subject = operator('Sys.setenv(n = "1")', outputs=[an_output('n', 'Integer')])
    assert succeeded(subject.run('--n', 'target', '--executor_input', '{{$}}'))
