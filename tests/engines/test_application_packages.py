"""Application packages of OGC: accepted by both validators over all samples, and run by cwltool as the step is."""

import json
import shutil

import pytest
import yaml
from manifests import validate_steps
from operators import SECRET, TABLE, create, seen, write_files
from runners import collected, run_step
from support import HOSTILE, ROOT, SAMPLES, c3, run, succeeded, venv, write
from test_workflows import OPERATORS, SAMPLE, letter

CATALOGUE = '''\
import json
import os
import pathlib

# A staged scene.
item = os.environ['item']  # c3: input=Directory
# Where the scene is cut.
aoi = os.getenv('aoi', '1,2,3,4')
os.makedirs('result', exist_ok=True)
links = [{'rel': 'item', 'href': './scene.json'}]
catalogue = {'type': 'Catalog', 'id': 'water', 'stac_version': '1.0.0', 'description': aoi, 'links': links}
pathlib.Path('result/catalog.json').write_text(json.dumps(catalogue))
pathlib.Path('result/scene.json').write_text(pathlib.Path(item, 'scene.json').read_text())
if aoi:
    os.environ['stac_catalog'] = 'result'  # c3: output=Directory
'''

SETTINGS = '''\
[job]
requests = { cpu = "500m", memory = "512Mi" }
limits = { cpu = 2, memory = "1G", "example.org/fpga" = 1 }
gpu = 1
node-selector = { disk = "ssd" }
environment = { LANG = "C.UTF-8", ODD = "$(self)" }
'''


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Give a folder with the packages of all samples, and of one that stages a catalogue."""
    folder = tmp_path_factory.mktemp('eoap')
    options = ['-r', 'registry.example/ns', '--target', 'eoap,cwl', '-o', folder]
    succeeded(c3('compile', *SAMPLES, *options, cwd=ROOT))
    write(folder / 'water_bodies.py', CATALOGUE)
    write(folder / 'main.py', '')
    write(folder / 'c3.toml', SETTINGS)
    succeeded(c3('compile', 'main.py', *options, cwd=folder))
    done = succeeded(c3('compile', 'water_bodies.py', *options, cwd=folder))
    for what in ('`example.org/fpga`', 'the GPUs', 'labels of nodes', 'the variable `ODD`'):
        assert f'`eoap` has no place for {what}' in done.stderr
    assert 'nothing to stage out' not in done.stderr
    return folder


def package(path):
    """Read the workflow and the tool of a package."""
    workflow, tool = yaml.safe_load(path.read_text(encoding='utf-8'))['$graph']
    return workflow, tool


def processes(folder):
    """Name the workflow of each package."""
    return [f'{path}#{package(path)[0]["id"]}' for path in sorted(folder.glob('*.eoap.cwl'))]


@pytest.mark.matrix('eoap', 'accepted')
def test_both_validators_accept_every_sample(folder):
    paths = sorted(folder.glob('*.eoap.cwl'))
    assert len(paths) == len(SAMPLES) + 2
    bad = (folder / 'water_bodies.eoap.cwl').read_text(encoding='utf-8').replace('dockerPull', 'dockerLoad')
    bad = write(folder / 'bad.cwl', bad.replace('s:softwareVersion', 's:keywords'))
    done = succeeded(run(venv('eoap', 'python'), ROOT / 'tests/engines/eoap_judges.py', *processes(folder), f'{bad}#water-bodies'))
    *verdicts, refused = map(json.loads, done.stdout.splitlines())
    for path, verdict in zip(paths, verdicts, strict=True):
        assert (verdict['errors'], verdict['findings']) == ([], []), path
        assert verdict['passed'] > 20
        assert path.name != 'water_bodies.eoap.cwl' or verdict['hints'] == []
    assert len(refused['errors']) == len(refused['findings']) == 2


def test_cwltool_accepts_every_sample(folder):
    validate_steps(processes(folder))


def test_packaged_tool_equals_the_step(folder):
    for path in folder.glob('*.eoap.cwl'):
        step = yaml.safe_load(path.with_name(path.name.replace('.eoap', '')).read_text(encoding='utf-8'))
        _, tool = package(path)
        assert (tool['baseCommand'], tool.get('arguments')) == (step['baseCommand'], step.get('arguments'))
        for name, port in step['inputs'].items():
            assert port.items() <= {**tool['inputs'][name], **({} if 'doc' in port else {'doc': None})}.items()
        assert set(tool['outputs']) == set(step['outputs'])


def test_resources_match_the_job(folder):
    _, tool = package(folder / 'water_bodies.eoap.cwl')
    asked = tool['requirements']['ResourceRequirement']
    assert asked == {'coresMin': 0.5, 'coresMax': 2, 'ramMin': 512, 'ramMax': 954}
    assert tool['requirements']['EnvVarRequirement']['envDef']['LANG'] == 'C.UTF-8'
    assert 'ODD' not in tool['requirements']['EnvVarRequirement']['envDef']


@pytest.mark.matrix('eoap', 'equal', 'three operators')
def test_a_workflow_is_a_package_of_its_tools(repository, session_folder, tmp_path):
    """The letter is that of CWL and Kubeflow."""
    for source in OPERATORS:
        shutil.copy(SAMPLE / source, tmp_path)
        create(tmp_path, source, '-r', f'{repository}/eoap', '-v', '0.3', '--target', 'eoap')
    done = succeeded(c3('create-workflow', *OPERATORS, '--name', 'squares', '--target', 'eoap', cwd=tmp_path))
    assert done.stderr == ''
    document = f'{tmp_path}/squares.workflow.eoap.cwl#squares'
    done = succeeded(run(venv('eoap', 'python'), ROOT / 'tests/engines/eoap_judges.py', document))
    verdict = json.loads(done.stdout)
    assert (verdict['errors'], verdict['findings']) == ([], [])
    validate_steps([document])
    given = {'rows': 4, 'reader': 'Ada L.', 'signing_token': SECRET}
    done = succeeded(run_step(document, given, session_folder))
    assert collected(done) == {'letter': letter(4, 'Ada L.', SECRET)}


@pytest.mark.matrix('eoap', 'equal', 'probe')
@pytest.mark.usefixtures('summaries')
def test_a_package_runs_as_the_step_does(workspace, repository, session_folder, tmp_path):
    write_files(workspace, 'probe.py', repository, 'eoap', tmp_path)
    given = {'text': HOSTILE, 'count': 7, 'flag': True}
    done = succeeded(run_step(tmp_path / 'probe.eoap.cwl#probe', given, session_folder))
    assert seen(done.stderr)['values'] == [7, 0.5, True, True, None]
    report = {'index.html': '<p>ü</p>', 'data': {'rows.json': '[7]'}}
    assert collected(done) == {'echo': HOSTILE, 'table': TABLE, 'report': report, 'complaint': None}


def test_stac_catalogue_round_trips(repository, session_folder, tmp_path):
    write(tmp_path / 'water_bodies.py', CATALOGUE)
    create(tmp_path, 'water_bodies.py', '-r', f'{repository}/eoap', '--target', 'eoap')
    write(session_folder / 'scene/scene.json', '{"type": "Feature"}')
    given = {'item': {'class': 'Directory', 'path': str(session_folder / 'scene')}, 'aoi': '5,6,7,8'}
    document = tmp_path / 'water_bodies.eoap.cwl#water-bodies'
    staged = collected(succeeded(run_step(document, given, session_folder)))['stac_catalog']
    assert json.loads(staged['catalog.json'])['description'] == '5,6,7,8'
    assert staged['scene.json'] == '{"type": "Feature"}'
    failed = run_step(document, {**given, 'aoi': ''}, session_folder)
    assert failed.returncode != 0
    assert 'stac_catalog' in failed.stderr
