"""Many operators at once, with a real registry: what hasn't changed is neither built nor pushed, by either builder."""

import json
import urllib.request

import pytest
from images import docker, image_config, tags
from support import BASE, OPEN_REGISTRY, c3, snapshot, succeeded, venv, write

SCRIPT = '"""Operator {name}."""\n{more}import os\n\nprint(os.getenv("n", "{name}"))\n'
NAMES = [f'op_{letter}' for letter in 'abcde']


@pytest.fixture(scope='module')
def base(namespace):
    """Push the base image to the registry, and give its name there."""
    name = f'{OPEN_REGISTRY}/{namespace}/many-base:1'
    docker('tag', BASE, name)
    docker('push', '--quiet', name)
    return name


@pytest.fixture
def team(tmp_path):
    """Give a folder of operators, one of which needs a package."""
    for name in NAMES:
        more = '# pip install six==1.17.0\nimport six\n' if name in NAMES[:3] else ''
        write(tmp_path / 'team' / f'{name}.py', SCRIPT.format(name=name, more=more))
    return tmp_path / 'team'


@pytest.fixture
def build(base, tmp_path):
    """Give a function that builds a folder's operators and gives what became of each by its name."""
    path = f'{venv("uv", "uv").parent}:/usr/bin:/bin'
    env = {'XDG_CACHE_HOME': tmp_path / 'cache', 'PATH': path}

    def function(folder, *arguments, code=0):
        done = c3('build', '--base-image', base, '--format', 'json', *arguments, cwd=folder, env=env)
        assert done.returncode == code, done.stderr
        return {one['name']: one for one in json.loads(done.stdout)['operators']}

    return function


@pytest.fixture
def repository(namespace, request):
    """Give a namespace for the images of one test."""
    return f'{OPEN_REGISTRY}/{namespace}/{request.node.name.replace("[", "-").strip("]")}'.lower()


def states(operators):
    """Give the states, and the versions."""
    return [(one['state'], one['version']) for one in operators.values()]


def blobs(repository, name, version):
    """Give the sizes of the layers of an image by their digests."""
    host, path = repository.split('/', 1)
    url = f'http://{host}/v2/{path}/claimed-{name}/manifests/{version}'
    kinds = 'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json'
    with urllib.request.urlopen(urllib.request.Request(url, headers={'Accept': kinds})) as answer:
        return {layer['digest']: layer['size'] for layer in json.load(answer)['layers']}


@pytest.mark.parametrize('builder', ['docker', 'oci'])
def test_unchanged_operators_are_neither_built_nor_pushed(build, team, repository, builder):
    options = ['-r', repository, '--builder', builder]
    assert states(build(team, *options)) == [('pushed', '0.1')] * 5
    before = snapshot(team)
    again = build(team, *options)
    assert states(again) == [('unchanged', '0.1')] * 5
    assert all(one['bytes'] == 0 and one['digest'].startswith('sha256:') for one in again.values())
    assert snapshot(team) == before
    source = (team / 'op_b.py').read_text()
    write(team / 'op_b.py', f'{source}print("more")\n')
    changed = build(team, *options)
    assert [name for name, one in changed.items() if one['state'] == 'pushed'] == ['op-b']
    assert changed['op-b']['version'] == '0.2'
    write(team / 'op_b.py', source)
    assert states(build(team, *options)) == [('unchanged', '0.1')] * 5, 'the version of before'
    assert snapshot(team) == before
    assert tags(f'{repository}/claimed-op-a') == ['0.1', 'latest']
    assert tags(f'{repository}/claimed-op-b') == ['0.1', '0.2', 'latest']


def test_each_builder_recognizes_images_of_the_other(build, team, repository):
    assert states(build(team, '-r', repository, '--builder', 'oci')) == [('pushed', '0.1')] * 5
    assert states(build(team, '-r', repository, '--builder', 'docker')) == [('unchanged', '0.1')] * 5


def test_explicit_version_is_compared_only_with_itself(build, team, repository):
    options = ['-r', repository, '--builder', 'oci', 'op_d.py']
    assert states(build(team, *options, '-v', '7')) == [('pushed', '7')]
    assert states(build(team, *options, '-v', '7')) == [('unchanged', '7')]
    assert states(build(team, *options, '-v', '8')) == [('pushed', '8')]
    assert states(build(team, *options)) == [('unchanged', '8')]


def test_upgrade_bumps_the_version_only_if_the_image_changes(build, team, repository):
    options = ['-r', repository, '--builder', 'oci', 'op_a.py']
    first = build(team, *options)
    assert states(build(team, *options, '--upgrade')) == [('unchanged', '0.1')]
    engine = build(team, '-r', repository, '--builder', 'docker', '--upgrade', 'op_a.py')
    assert states(engine) == [('pushed', '0.2')]
    assert engine['op-a']['digest'] != first['op-a']['digest']


def test_new_base_image_rebuilds_everything(build, team, repository, base):
    options = ['-r', repository, '--builder', 'oci', 'op_d.py', 'op_e.py']
    assert states(build(team, *options)) == [('pushed', '0.1')] * 2
    write(team / 'base/Dockerfile', f'FROM {base}\nLABEL newer=1\n')
    docker('build', '--quiet', '--tag', base, team / 'base')
    docker('push', '--quiet', base)
    try:
        assert states(build(team, *options)) == [('pushed', '0.2')] * 2
        assert states(build(team, *options)) == [('unchanged', '0.2')] * 2
    finally:
        docker('tag', BASE, base)
        docker('push', '--quiet', base)


def test_failed_build_does_not_stop_the_others(build, team, repository):
    write(team / 'op_b.py', '"""B."""\n# pip install no-such-package-of-c3==0\nimport os\nos.getenv("n")\n')
    options = ['-r', repository, '--builder', 'oci']
    operators = build(team, *options, code=1)
    assert operators['op-b']['state'] == 'failed' and 'no-such-package-of-c3' in operators['op-b']['error']
    assert sum(one['state'] == 'pushed' for one in operators.values()) == 4


def test_shared_layer_is_uploaded_once(build, team, repository):
    operators = build(team, '-r', repository, '--builder', 'oci')
    layers = [blobs(repository, f'op-{letter}', '0.1') for letter in 'abc']
    shared = set(layers[0]) & set(layers[1]) & set(layers[2])
    own = shared - set(blobs(repository, 'op-d', '0.1'))
    assert len(own) == 2, 'the layer of the wheel, and what marks it as asked for'
    size = max(layers[0][digest] for digest in own)
    uploaded = [operators[f'op-{letter}']['bytes'] for letter in 'abc']
    rest = min(uploaded)
    assert sum(bytes_ >= rest + 0.9 * size for bytes_ in uploaded) == 1, (uploaded, size)


def test_external_base_is_uploaded_once(build, team, repository, tmp_path):
    docker('save', '--output', tmp_path / 'base.tar', BASE)
    base = f'docker-archive:{tmp_path}/base.tar'
    operators = build(team, '-r', repository, '--builder', 'oci', '--base-image', base, 'op_d.py', 'op_e.py')
    sizes = sorted(one['bytes'] for one in operators.values())
    assert sizes[0] < 1_000_000 < sizes[1], sizes


def test_files_pin_images_by_digest_on_request(build, team, repository):
    options = ['-r', repository, '--builder', 'oci', '--pin', 'op_d.py']
    first = build(team, *options)['op-d']
    assert first['image'] == f'{repository}/claimed-op-d:0.1@{first["digest"]}'
    assert first['by_digest'] == f'{repository}/claimed-op-d@{first["digest"]}'
    assert first['digest'] in (team / 'op_d.job.yaml').read_text()
    before = snapshot(team)
    again = build(team, *options[:-2], 'op_d.py')['op-d']
    assert again['state'] == 'unchanged' and snapshot(team) == before, 'files that are pinned stay so'


def test_images_run_and_have_their_key_label(build, team, repository):
    image = build(team, '-r', repository, '--builder', 'oci', 'op_a.py')['op-a']['image']
    docker('pull', '--quiet', image)
    assert docker('run', '--rm', image) == 'op_a\n'
    assert image_config(image)['Config']['Labels']['io.claimed.c3.key'].startswith('sha256:')
    succeeded(c3('inspect', image))
