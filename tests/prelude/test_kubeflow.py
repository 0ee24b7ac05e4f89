"""Values as back ends of Kubeflow hand them on, each generation in its own way."""

import json

import pytest

from conftest import an_input, an_output, contract

KUBEFLOW = contract('kubeflow.json')


def declared(inputs):
    """Declare the inputs of the table."""
    return [
        an_input(name, kind, default, secret=name in KUBEFLOW['secret'], required=required)
        for name, kind, default, required in inputs
    ]


def outcome(operator, inputs, case, own=()):
    """Run an operator with the arguments of a case; gives its variables and what it said."""
    names = [name for name, *_ in inputs]
    script = f'import json, os, sys; print(json.dumps([{{n: os.environ[n] for n in {names} if n in os.environ}}, sys.argv[1:]]))'
    subject = operator(script, inputs=declared(inputs), outputs=[an_output('out')])
    done = subject.run(*case['arguments'], *own)
    return done


CASES = [
    *[pytest.param(KUBEFLOW['inputs'], case, id=case['backend']) for case in KUBEFLOW['cases']],
    *[
        pytest.param(KUBEFLOW['recorded']['inputs'], case, id=f'recorded {number}')
        for number, case in enumerate(KUBEFLOW['recorded']['cases'])
    ],
]


@pytest.mark.parametrize('inputs, case', CASES)
def test_every_back_end_passes_the_same_values(operator, inputs, case):
    done = outcome(operator, inputs, case, own=['own'])
    if case['values'] is None:
        assert (done.returncode, done.stdout) == (1, '')
        assert done.stderr == f'error: {case["error"]}\n'
        return
    assert done.returncode == 0, done.stderr
    values, own = json.loads(done.stdout)
    defaults = {'flag': 'True'} if 'flag' not in case['values'] else {}
    assert (values, own) == ({**defaults, **case['values']}, ['own'])
    told = [line for line in done.stderr.splitlines() if 'which the script may need' not in line]
    assert told == ([f'warning: {case["warning"]}'] if 'warning' in case else [])


def test_values_of_many_bytes(operator):
    """Kubeflow takes at most 131,071 bytes of JSON for all values of a task."""
    first, second = 'a' * 60_000, 'b' * 60_000
    task = json.dumps({'inputs': {'parameterValues': {'first': first, 'second': second}}})
    subject = operator(
        'import os; print(len(os.getenv("first", "")), len(os.getenv("second", "")))',
        inputs=[an_input('first'), an_input('second')],
    )
    done = subject.run('--first', first, '--executor_input', task)
    assert done.stdout == '60000 60000\n'
    cut = ('{"inputs":{"parameterValues":{"first":"' + 'a' * 140_000)[:131_071]
    done = subject.run('--executor_input', cut)
    assert done.stderr == (
        "warning: cannot read Kubeflow's executor input, arguments hold; Kubeflow takes at most 131071 bytes for all "
        'values of a task\n'
    )


def test_task_values_take_precedence_over_the_environment(operator):
    task = json.dumps({'inputs': {'parameterValues': {'a': 'task'}}})
    subject = operator('import os; print(os.environ["a"])', inputs=[an_input('a')])
    assert subject.run('--executor_input', task, env={'a': 'environment'}).stdout == 'task\n'
    assert subject.run('--a', 'argument', '--executor_input', task).stdout == 'argument\n'
