"""Compiled pipelines of Kubeflow: what kfp's own compiler makes of the component, and what its local runner makes of them."""

import json
import shutil

import kfp_oracle
import pytest
import yaml
from operators import write_files
from runners import run_pipeline
from support import HOSTILE, ROOT, SAMPLES, c3, refused, run, succeeded, venv, write
from test_workflows import OPERATORS, SAMPLE

EVERYTHING = '''\
"""Uses everything."""
import os
rows = int(os.environ['rows'])
ratio = float(os.getenv('ratio', '1e-3'))
flag = bool(os.getenv('flag', 'True'))
title = os.getenv('title', None)
data = os.environ['data']  # c3: input=Dataset
table = os.getenv('table', None)  # c3: input=File
token = os.getenv('api_token', None)
login = os.environ['login_password']
os.environ['result'] = str(rows)
os.environ['count'] = str(rows)  # c3: output=Integer
os.environ['model'] = 'x'  # c3: output=Model
'''

SETTINGS = '''\
[job]
volumes = ["claim/in:/data", "claim:/more", "other:data"]
pull-secrets = ["login"]
requests = { cpu = "500m", memory = "500M" }
limits = { cpu = 2, memory = "1Gi" }
gpu = 1
node-selector = { disk = "ssd" }
tolerations = ["gpu=yes:NoSchedule", "other"]
environment = { HTTPS_PROXY = "http://p:1", PRICE = "$(HTTPS_PROXY) $$5 $ $(KFP_POD_NAME)" }
secrets = { login_password = "store/key" }
'''


@pytest.fixture(scope='module')
def compiled(tmp_path_factory):
    """Give the folder with the files of all samples, and what kfp makes of them."""
    folder = tmp_path_factory.mktemp('compiled')
    write(folder / 'everything.py', EVERYTHING)
    write(folder / 'c3.toml', SETTINGS)
    sources = [*SAMPLES, folder / 'everything.py']
    options = ['-r', 'registry.example/ns', '--target', 'kubeflow,kfp-ir', '-o', folder]
    succeeded(c3('compile', *SAMPLES, *options, cwd=ROOT))
    succeeded(c3('compile', 'everything.py', *options, cwd=folder))
    words = []
    for source in sources:
        snippet = succeeded(c3('snippet', source, cwd=folder)).stdout
        words += [folder / f'{source.stem}.yaml', write(folder / f'{source.stem}_snippet.py', snippet)]
    done = succeeded(run(venv('kfp2', 'python'), ROOT / 'tests/engines/kfp_ir.py', *words))
    made = dict(zip([source.stem for source in sources], map(json.loads, done.stdout.splitlines()), strict=True))
    return folder, made


def documents(folder, name):
    """Give the documents of a compiled pipeline."""
    return kfp_oracle.read((folder / f'{name}.ir.yaml').read_text(encoding='utf-8'))


def executor(specification):
    """Give the only container of a specification."""
    executors = specification['deploymentSpec']['executors'].values()
    [container] = [executor['container'] for executor in executors if 'container' in executor]
    return container


def parsed(container):
    """Give a container whose conditional arguments are no texts."""
    arguments = [json.loads(word) if word.startswith('{"') else word for word in container['args']]
    return {**container, 'args': arguments}


def secrets(folder, name):
    """Give the parameters that are secrets."""
    told = json.loads(succeeded(c3('inspect', SOURCES.get(name, folder / f'{name}.py'), '--format', 'json', cwd=folder)).stdout)
    return {given['name'] for given in told['inputs'] if given['secret']}


SOURCES = {sample.stem: sample for sample in SAMPLES}


def without(specification, hidden):
    """Give a specification of kfp's whose pipeline has no parameters for secrets."""
    root = specification['root']
    for parameters in (root.get('inputDefinitions', {}).get('parameters', {}), *(task['inputs']['parameters'] for task in root['dag']['tasks'].values() if 'parameters' in task.get('inputs', {}))):
        for name in hidden:
            parameters.pop(name, None)
    return specification


def pruned(value):
    """Give a value without empty maps."""
    if not isinstance(value, dict):
        return value
    entries = {name: pruned(entry) for name, entry in value.items()}
    return {name: entry for name, entry in entries.items() if entry != {}}


@pytest.mark.matrix('kfp-ir', 'accepted')
def test_kfp_compiles_the_same(compiled):
    folder, made = compiled
    for name, theirs in made.items():
        [ours, *_] = documents(folder, name)
        wanted = without(theirs['alone'][0], secrets(folder, name))
        assert parsed(executor(ours))['args'] == parsed(executor(wanted))['args'], name
        for key in ('command', 'image'):
            assert executor(ours)[key] == executor(wanted)[key]
        assert ours['components'] == wanted['components'], name
        assert ours['pipelineInfo']['name'] == wanted['pipelineInfo']['name']
        for task in (*ours['root']['dag']['tasks'].values(), *wanted['root']['dag']['tasks'].values()):
            task.pop('cachingOptions')
        assert pruned(ours['root']) == pruned(wanted['root']), name
        assert (ours['schemaVersion'], ours['sdkVersion']) == (wanted['schemaVersion'], wanted['sdkVersion'])


def caching(specification):
    """Give whether the cache may answer for the operator."""
    tasks = specification['root']['dag']['tasks'].items()
    [options] = [task['cachingOptions'] for name, task in tasks if not name.startswith('importer')]
    return options


def platform(documents):
    """Give what is asked of Kubernetes."""
    if len(documents) == 1:
        return {}
    [settings] = documents[1]['platforms']['kubernetes']['deploymentSpec']['executors'].values()
    # A variable and a secret in a list have an order that means nothing.
    return {name: sorted(map(json.dumps, entry)) if isinstance(entry, list) else entry for name, entry in settings.items()}


def canonical(value):
    """Give a value whose maps are in order."""
    return json.loads(json.dumps(value, sort_keys=True))


def test_cluster_settings_match_the_snippet(compiled):
    folder, made = compiled
    for name, theirs in made.items():
        ours, wanted = canonical(documents(folder, name)), canonical(theirs['configured'])
        for key in ('resources', 'env'):
            assert executor(ours[0]).get(key) == executor(wanted[0]).get(key), name
        assert caching(ours[0]) == caching(wanted[0]), name
        if name == 'everything':  # the snippets of others show an example of a volume and a secret
            assert platform(ours) == platform(wanted)


GIVEN = {'STRING': 'a "text"', 'NUMBER_INTEGER': 7, 'NUMBER_DOUBLE': 0.25, 'BOOLEAN': True, 'LIST': [1, 'a'], 'STRUCT': {'a': 1}}


def required(specification):
    """Give values for what a run has to give."""
    definitions = kfp_oracle.parameters(specification['root']).items()
    return {name: GIVEN[it['parameterType']] for name, it in definitions if not kfp_oracle.optional(it)}


@pytest.mark.parametrize('fills_defaults', [False, True])
def test_values_follow_the_rules_of_the_back_end(compiled, fills_defaults):
    folder, made = compiled
    for name, theirs in made.items():
        for pipeline in (theirs['alone'], documents(folder, name)):
            values = required(pipeline[0])
            [(arguments, received)] = kfp_oracle.run(pipeline, values, fills_defaults=fills_defaults).values()
            assert values.items() <= received['inputs']['parameterValues'].items(), name
            # What nobody gives is no argument, so the script's own default holds, unless the pipeline knows it.
            words = [word.removeprefix('--') for word in arguments]
            assert all(value in words for value in values), name


def test_variables_are_passed_verbatim(compiled):
    folder, made = compiled
    for pipeline in (documents(folder, 'everything'), made['everything']['configured']):
        assert kfp_oracle.environment(executor(pipeline[0]))['PRICE'] == '$(HTTPS_PROXY) $$5 $ $(KFP_POD_NAME)'


ALTERED = {
    'a name that Argo fills in': 'x {{workflow.name}}',
    'a name that Argo refuses': '{{pod.name}}',
    'an expression of Argo': '{{=1+1}}',
    'two dollars': 'a$$b',
    'a variable of the container': 'on $(KFP_POD_NAME)',
    'a variable of the pipeline': '$(HTTPS_PROXY)',
    'an input in a value': "x {{$.inputs.parameters['ratio']}}",
    'too much': 'x' * 131072,
}


def with_default(pipeline, name, default):
    """Give a pipeline whose parameter has a default."""
    changed = json.loads(json.dumps(pipeline))
    for definition in (*changed[0]['components'].values(), changed[0]['root']):
        if name in kfp_oracle.parameters(definition):
            definition['inputDefinitions']['parameters'][name] |= {'defaultValue': default, 'isOptional': True}
    return changed


@pytest.mark.parametrize('default', ALTERED.values(), ids=ALTERED)
def test_values_altered_by_the_back_end_are_detected(compiled, default):
    folder, _ = compiled
    pipeline = documents(folder, 'everything')
    values = required(pipeline[0])
    plain = kfp_oracle.run(with_default(pipeline, 'title', 'plain $HOME {{x}} $(id)'), values, fills_defaults=False)
    assert plain['everything'][1]['inputs']['parameterValues']['title'] == 'plain $HOME {{x}} $(id)'
    with pytest.raises(kfp_oracle.Refused):
        kfp_oracle.run(with_default(pipeline, 'title', default), values, fills_defaults=False)


def test_other_contract_violations_are_detected(compiled):
    folder, _ = compiled
    pipeline = documents(folder, 'everything')
    values = required(pipeline[0])
    for refused_values in ({**values, 'rows': 2**53 + 1}, {}, {**values, 'title': 'x' * 70_000, 'log_level': 'x' * 70_000}):
        with pytest.raises(kfp_oracle.Refused):
            kfp_oracle.run(pipeline, refused_values, fills_defaults=False)
    bare = json.loads(json.dumps(pipeline))
    executor(bare[0])['args'] = ['--title', "{{$.inputs.parameters['title']}}", *executor(bare[0])['args']]
    with pytest.raises(kfp_oracle.Refused, match='not found in executor input'):
        kfp_oracle.run(bare, values, fills_defaults=False)
    with pytest.raises(kfp_oracle.Refused, match='no YAML'):
        kfp_oracle.read("# PIPELINE DEFINITION\n# Inputs:\n#    title: str [Default: 'a\nb']\ncomponents: {}\n")


def test_secrets_are_not_parameters(compiled):
    folder, _ = compiled
    [pipeline, settings] = documents(folder, 'everything')
    assert set(pipeline['root']['inputDefinitions']['parameters']) == {'rows', 'ratio', 'flag', 'title', 'log_level'}
    [given] = settings['platforms']['kubernetes']['deploymentSpec']['executors'].values()
    assert {(secret['secretName'], secret['optional']) for secret in given['secretAsEnv']} == {('everything', True), ('store', False)}


@pytest.fixture(scope='module')
def squares(tmp_path_factory):
    """Give a folder with the sample's workflow, as a program and compiled, and with a grid in another."""
    folder = tmp_path_factory.mktemp('squares')
    for source in OPERATORS:
        shutil.copy(SAMPLE / source, folder)
    write(folder / 'tile.py', 'import os\ndef grid_process(batch_id, **_):\n    print(batch_id)\n')
    options = ['-r', 'registry.example/ns', '--target', 'kubeflow,kfp-ir']
    refused(c3('create-workflow', *OPERATORS, '--target', 'kfp-ir', cwd=folder), 1, 'make_table.ir.yaml')
    succeeded(c3('compile', *OPERATORS, *options, cwd=folder))
    succeeded(c3('create-gridwrapper', 'tile.py', '--no-build', '-b', 'index', *options, cwd=folder))
    for name, operators in (('squares', OPERATORS), ('tiles', ['make_table.py', 'gw_tile.yaml', 'write_letter.py'])):
        words = ['--name', name, '--target', 'kubeflow,kfp-ir', '--parallel', '3']
        succeeded(c3('create-workflow', *operators, *words, cwd=folder))
        if name == 'squares':
            succeeded(run(venv('kfp2', 'python'), folder / 'squares.pipeline.py'))
    return folder


@pytest.mark.matrix('kfp-ir', 'accepted', 'three operators')
def test_kfp_compiles_the_same_workflow(squares):
    [ours, cluster] = yaml.safe_load_all((squares / 'squares.workflow.ir.yaml').read_text(encoding='utf-8'))
    [wanted, theirs] = yaml.safe_load_all((squares / 'squares.pipeline.yaml').read_text(encoding='utf-8'))
    # A program has to say that nothing is given; the specification knows what is optional.
    assert wanted['root']['inputDefinitions']['parameters']['reader'].pop('defaultValue') == 'null'
    containers = [documents['deploymentSpec'].pop('executors') for documents in (ours, wanted)]
    assert ours == wanted
    assert cluster == theirs
    ours, theirs = ({name: parsed(it['container']) for name, it in each.items()} for each in containers)
    assert ours == theirs


def test_the_workers_of_a_grid_are_tasks(squares):
    [ours, _] = yaml.safe_load_all((squares / 'tiles.workflow.ir.yaml').read_text(encoding='utf-8'))
    tasks = ours['root']['dag']['tasks']
    workers = ['gw-tile', 'gw-tile-2', 'gw-tile-3']
    assert set(tasks) == {'make-table', *workers, 'write-letter'}
    assert {tasks[name]['componentRef']['name'] for name in workers} == {'comp-gw-tile'}
    assert [tasks[name]['dependentTasks'] for name in (*workers, 'write-letter')] == [['make-table']] * 3 + [workers]


@pytest.mark.matrix('kfp-ir', 'run', 'probe')
@pytest.mark.usefixtures('summaries')
def test_the_local_runner_runs_it(workspace, repository, tmp_path):
    write_files(workspace, 'probe.py', repository, 'kfp-ir', tmp_path)
    load = f'from kfp import components\npipeline = components.load_component_from_file({str(tmp_path / "probe.ir.yaml")!r})\n'
    text = HOSTILE.replace('{{', '{ {').replace('\r\n', '\n')
    log, _ = run_pipeline(write(tmp_path / 'program.py', load), {'text': text, 'count': 7}, tmp_path / 'run')
    assert text.encode().hex() in log
    assert '[7, 0.5, false, true, null]' in log
