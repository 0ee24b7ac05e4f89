"""Families of images: built on each other, tried, pushed, and raised along their dependencies."""

import json
import subprocess

import pytest
from images import digest, docker, image_config, tags
from support import BASE, C3, PODMAN_SOCKET, ROOT, c3, environment, names_in, on_a_terminal, refused, run, snapshot, succeeded, venv, write

FAMILY = f'''\
# The images of our department.
cuda = "cuda11"

[[image]]
name = "segment"
version = "0.1"   # an application
from = "python-tool"
source = "segment.py"
additional-files = ["names/*.txt"]
set = {{ authorization = "true" }}
cuda = false

[[image]]
name = "python-tool"
version = "3.10"
from = "python"
pip = ["toolz==1.0.0"]
cuda.pip = ["toolz==1.0.0", "more-itertools==10.5.0"]
test = "python -c 'import six, toolz'"
cuda.test = "python -c 'import six, toolz, more_itertools'"

[[image]]
name = "python"
version = "3.9"
description = "Python with what everybody needs"
base = "{BASE}"
pip = ["six==1.16.0"]
cuda.base = "{BASE}"
test = "test $(id -u) = 1000 && python -c 'import six; print(six.__version__)'"
'''
SEGMENT = '''\
"""Counts names."""
import os

import toolz

# Smallest length.
least = int(os.getenv('least', 3))
with open('names/a.txt', encoding='utf-8') as file:
    names = file.read().split()
print('FOUND', toolz.count(name for name in names if len(name) >= least))
'''
NOTE = '\n# a note\n'
COUNT = 'python claimed_count_letters.py >&2 && cat counts/*'


@pytest.fixture
def family(tmp_path):
    """Give a folder with a family."""
    write(tmp_path / 'family.toml', FAMILY)
    write(tmp_path / 'segment.py', SEGMENT)
    write(tmp_path / 'names/a.txt', 'Ada Bo Cleo')
    return tmp_path


@pytest.fixture
def place(repository, tmp_path):
    """Give a namespace in the open registry that no other test has."""
    return f'{repository}/{tmp_path.name.replace("_", "").lower()}'


def build(folder, *options, **more):
    """Build and give what the summary says of each image, by its tag."""
    done = succeeded(c3('build-family', *options, '--format', 'json', cwd=folder, timeout=900, **more))
    images = json.loads(done.stdout)['images']
    return {image['reference'].rsplit('/', 1)[-1]: image for image in images}


def versions(folder):
    """Give the lines of the versions in the file."""
    text = (folder / 'family.toml').read_text(encoding='utf-8')
    return [line for line in text.splitlines() if line.startswith('version')]


def test_every_image_is_based_on_its_parent(family, place):
    built = build(family, '-r', place)
    assert list(built) == ['python:3.9', 'python:3.9cuda11', 'python-tool:3.10', 'python-tool:3.10cuda11', 'segment:0.1']
    assert tags(f'{place}/python-tool') == ['3.10', '3.10cuda11', 'latest', 'latest-cuda']
    assert tags(f'{place}/segment') == ['0.1', 'latest']
    for image in built.values():
        repository, tag = image['reference'].rsplit(':', 1)
        assert image['digest'] == digest(repository, tag)
    below = image_config(f'{place}/python:3.9')['RootFS']['Layers']
    assert image_config(f'{place}/python-tool:3.10')['RootFS']['Layers'][: len(below)] == below
    said = docker('run', '--rm', '--network', 'none', f'{place}/segment:0.1', '--least', '4')
    assert 'FOUND 1\n' in said
    assert (family / 'family.toml').read_text(encoding='utf-8') == FAMILY

    again = build(family, '-r', place)
    assert all(image['present'] and image['id'] is None for image in again.values())


def test_images_have_name_and_version_labels(family, place):
    build(family, '-r', place, '--cuda', 'yes')
    config = image_config(f'{place}/python:3.9cuda11')['Config']
    assert config['User'] == 'chaimeleon:chaimeleon'
    assert config['WorkingDir'] == '/home/chaimeleon'
    labels = config['Labels']
    assert (labels['name'], labels['version']) == ('python', '3.9cuda11')
    assert labels['description'] == 'Python with what everybody needs'
    assert tags(f'{place}/segment') == []
    tool = image_config(f'{place}/python-tool:3.10cuda11')['Config']['Labels']
    assert (tool['name'], tool['version'], tool['description']) == ('python-tool', '3.10cuda11', 'python-tool')
    assert 'authorization' not in tool
    folders = docker('run', '--rm', f'{place}/python:3.9cuda11', 'sh', '-c', 'id -un; ls ~')
    assert folders.split() == ['chaimeleon', 'datasets', 'persistent-home', 'persistent-shared-folder']


def test_changed_image_bumps_its_descendants(family, place):
    build(family, '-r', place)
    path = family / 'family.toml'
    changed = FAMILY.replace('toolz==1.0.0"]', 'toolz==0.12.1"]', 1)
    path.write_text(changed, encoding='utf-8')
    planned = build(family, '-r', place, '--dry-run')
    assert list(planned) == ['python:3.9', 'python:3.9cuda11', 'python-tool:3.11', 'python-tool:3.11cuda11', 'segment:0.2']
    assert path.read_text(encoding='utf-8') == changed
    built = build(family, '-r', place)
    assert [image for image in built if not built[image]['present']] == list(built)[2:]
    expected = changed.replace('"3.10"', '"3.11"').replace('"0.1"   #', '"0.2"   #')
    assert path.read_text(encoding='utf-8') == expected
    assert digest(f'{place}/segment', 'latest') == digest(f'{place}/segment', '0.2') != digest(f'{place}/segment', '0.1')


def test_changed_application_bumps_only_itself(family, place):
    build(family, '-r', place, '--cuda', 'no')
    write(family / 'names/a.txt', 'Adalbert')
    build(family, '-r', place, '--cuda', 'no')
    assert versions(family) == ['version = "0.2"   # an application', 'version = "3.10"', 'version = "3.9"']


def test_versions_are_bumped_on_request(family, place):
    build(family, '-r', place, '--cuda', 'no')
    done = succeeded(c3('build-family', '-r', place, '--cuda', 'no', '--raise', 'python', 'python', cwd=family))
    assert '`python-tool`, `segment`\n' in done.stderr
    assert versions(family)[1:] == ['version = "3.10"', 'version = "3.10"']
    assert tags(f'{place}/python') == ['3.10', '3.9', 'latest']
    built = build(family, '-r', place, '--cuda', 'no')
    assert [image for image in built if not built[image]['present']] == ['python-tool:3.11', 'segment:0.2']


def test_selected_image_may_have_a_changed_parent(family, place):
    build(family, '-r', place, '--cuda', 'no')
    path = family / 'family.toml'
    path.write_text(FAMILY.replace('six==1.16.0', 'six==1.17.0'), encoding='utf-8')
    done = succeeded(c3('build-family', '-r', place, '--cuda', 'no', 'python-tool', cwd=family))
    assert '`python` has changed and isn\'t chosen' in done.stderr
    assert done.stdout == f'{place}/python-tool:3.10\n'


def test_images_failing_their_test_are_not_pushed(family, place):
    path = family / 'family.toml'
    path.write_text(FAMILY.replace('import six, toolz\'', 'import nowhere\''), encoding='utf-8')
    done = c3('build-family', '-r', place, cwd=family, timeout=900)
    refused(done, 1, 'the test of `.*python-tool:3.10` has ended with 1', 'no module named .nowhere.')
    assert tags(f'{place}/python') == ['3.9', '3.9cuda11', 'latest', 'latest-cuda']
    assert tags(f'{place}/python-tool') == []
    build(family, '-r', place, '--no-test', '--no-latest', '--cuda', 'no', 'python-tool')
    assert tags(f'{place}/python-tool') == ['3.10']


def test_images_failing_their_test_are_not_kept(family, namespace):
    text = FAMILY.replace('"python"', f'"{namespace}-python"').replace('"python-tool"', f'"{namespace}-tool"')
    path = write(family / 'family.toml', text.replace('test = "test $(id', 'test = "exit 3; test $(id'))
    for _ in range(2):
        done = c3('build-family', '--cuda', 'no', f'{namespace}-python', cwd=family, timeout=900)
        refused(done, 1, f'the test of `{namespace}-python:3.9` has ended with 3', 'docker run -it --rm [0-9a-f]{12} sh')
        assert docker('images', '--quiet', f'{namespace}-python') == ''
    assert '"3.9"' in path.read_text(encoding='utf-8')


def test_parent_image_comes_from_the_registry(family, place):
    build(family, '-r', place, '--cuda', 'no', 'python')
    pushed = image_config(f'{place}/python:3.9')['Id']
    docker('tag', BASE, f'{place}/python:3.9')
    build(family, '-r', place, '--cuda', 'no', 'python-tool')
    below = image_config(pushed)['RootFS']['Layers']
    assert image_config(f'{place}/python-tool:3.10')['RootFS']['Layers'][: len(below)] == below


def test_result_is_independent_of_the_current_directory(family, place):
    build(family, '-r', place, '--cuda', 'no')
    for folder, file in ((family.parent, f'{family.name}/family.toml'), (family / 'names', '../family.toml')):
        built = build(folder, '-f', file, '-r', place, '--cuda', 'no')
        assert all(image['present'] for image in built.values())
    assert 'FOUND 2\n' in docker('run', '--rm', f'{place}/segment:0.1')


def test_family_file_does_not_affect_content(tmp_path, place):
    write(tmp_path / 'Dockerfile', f'FROM {BASE}\nCOPY . /x\n')
    write(tmp_path / 'app.py', '"""Says."""\nprint("FOUND")\n')
    image = '[[image]]\nname = "{name}"\nversion = "1"\n'
    own = image.format(name='own') + f'context = "."\nbase = "{BASE}"\n'
    app = image.format(name='app') + 'source = "app.py"\nadditional-files = ["*.toml"]\nfrom = "own"\n'
    write(tmp_path / 'family.toml', own + app)
    build(tmp_path, '-r', place)
    assert list(build(tmp_path, '-r', place, '--raise', 'own')) == ['own:2', 'app:2']
    assert all(image['present'] for image in build(tmp_path, '-r', place).values())


def test_podman_builds_the_family(family, place):
    podman = {'DOCKER_HOST': PODMAN_SOCKET}
    built = build(family, '-r', place, '--cuda', 'no', '--no-test', env=podman)
    assert list(built) == ['python:3.9', 'python-tool:3.10', 'segment:0.1']
    assert all(image['present'] for image in build(family, '-r', place, '--cuda', 'no', env=podman).values())
    write(family / 'names/a.txt', 'Adalbert')
    assert [tag for tag, image in build(family, '-r', place, '--cuda', 'no', '--no-test', env=podman).items() if not image['present']] == ['segment:0.2']
    assert 'FOUND 1\n' in docker('run', '--rm', '--network', 'none', f'{place}/segment:0.2')


def test_interactive_images_contain_everything_they_start(family):
    text = FAMILY + '\n[[image]]\nname = "desk"\nversion = "1"\nfrom = "python-tool"\ninterface = "jupyter"\ncuda = false\n'
    write(family / 'family.toml', text)
    succeeded(c3('build-family', '--no-build', '-o', 'out', 'desk', cwd=family))
    dockerfile = (family / 'out/desk/Dockerfile').read_text(encoding='utf-8')
    copied = [line.split()[-2] for line in dockerfile.splitlines() if line.startswith('COPY ')]
    assert copied and all((family / 'out/desk' / path).exists() for path in copied)
    assert dockerfile.index('USER root') < dockerfile.index('chpasswd') < dockerfile.index('USER chaimeleon')
    assert 'ENTRYPOINT ["/home/chaimeleon/.init/run.sh"]' in dockerfile
    done = run(venv('tools', 'hadolint'), '-f', 'json', family / 'out/desk/Dockerfile')
    findings = [finding for finding in json.loads(done.stdout) if finding['level'] in ('error', 'warning')]
    assert {finding['code'] for finding in findings} <= {'DL3008', 'DL3013'}, findings


def test_without_a_registry_local_images_are_found(family, namespace):
    path = family / 'family.toml'
    text = FAMILY.replace('"python"', f'"{namespace}-python"').replace('"python-tool"', f'"{namespace}-tool"')
    path.write_text(text.replace('"segment"', f'"{namespace}-segment"'), encoding='utf-8')
    first = build(family, '--cuda', 'no')
    try:
        assert all(image['digest'] is None for image in first.values())
        assert all(image['present'] for image in build(family, '--cuda', 'no').values())
        write(family / 'names/a.txt', 'Adalbert')
        assert list(build(family, '--cuda', 'no'))[-1] == f'{namespace}-segment:0.2'
    finally:
        names = docker('images', '--filter', f'reference={namespace}-*', '--format', '{{.Repository}}:{{.Tag}}')
        run('docker', 'rmi', '--force', *names.split())


def test_custom_dockerfiles_get_the_versions(tmp_path, place):
    dockerfile = f"""\
        ARG IMAGE_NAME
        ARG CUDA_VERSION=""
        FROM $IMAGE_NAME
        ARG CUDA_VERSION
        ARG TARGET_VERSION="unknown"
        ARG AI_TOOL=none
        LABEL version="${{TARGET_VERSION}}$CUDA_VERSION" tool=$AI_TOOL
        COPY rootfs/ /home/
        """
    write(tmp_path / 'base/Dockerfile', dockerfile)
    write(tmp_path / 'base/rootfs/.config/x', 'y')
    text = f"""
        [[image]]
        name = "own"
        version = "3"
        context = "base"
        base = "{BASE}"
        cuda.base = "{BASE}"
        args.AI_TOOL = "pytorch"
        test = "grep y /home/.config/x"
        """
    write(tmp_path / 'family.toml', text)
    build(tmp_path, '-r', place)
    labels = image_config(f'{place}/own:3cuda')['Config']['Labels']
    assert (labels['version'], labels['tool']) == ('3cuda', 'pytorch')
    write(tmp_path / 'base/rootfs/.config/x', 'yy')
    assert list(build(tmp_path, '-r', place)) == ['own:4', 'own:4cuda']


def test_prompts_only_on_a_terminal(family, place):
    answers = ['2\n', 'n\n', 'y\n', 'n\n', 'n\n']
    code, said = on_a_terminal([C3, 'build-family', '-r', place], answers, family)
    assert code == 3, said  # the image below is nowhere
    assert '1 - segment 0.1' in said
    code, said = on_a_terminal([C3, 'build-family', '-r', place], ['nobody\n', 'python\n', 'b\n', '\n', '\x04'], family)
    assert code == 130 and said.count('Which images?') == 2 and 'no answer' in said, said
    assert tags(f'{place}/python') == []
    code, said = on_a_terminal([C3, 'build-family', '-r', place], ['python\n', 'no\n', '\n', '\n', 'n\n'], family)
    assert code == 0, said
    for question in ('Which images?', 'With CUDA?', 'Run their tests?', 'Upload them?', 'latest'):
        assert question in said
    assert '1.16.0' in said
    assert tags(f'{place}/python') == ['3.9']


def test_contexts_are_kept_for_review(family):
    succeeded(c3('build-family', '--no-build', '-o', 'out', cwd=family, env={'DOCKER_HOST': 'tcp://127.0.0.1:1'}))
    dockerfiles = sorted(path for path in (family / 'out').rglob('*') if path.name.endswith('Dockerfile'))
    assert len(dockerfiles) == 5
    before = snapshot(family)
    for path in dockerfiles:
        done = run(venv('tools', 'hadolint'), '-f', 'json', path)
        findings = {finding['code'] for finding in json.loads(done.stdout) if finding['level'] in ('error', 'warning')}
        assert findings <= {'DL3006'}, findings  # the base of the family, which has no tag
        assert '--no-cache-dir' in path.read_text(encoding='utf-8') or 'pip' not in path.read_text(encoding='utf-8')
    succeeded(c3('build-family', '--no-build', '-o', 'out', cwd=family))
    write(family / 'names/a.txt', 'Adalbert')
    done = c3('build-family', '--no-build', '-o', 'out', cwd=family)
    refused(done, 1, 'out/segment. is there already')
    write(family / 'other/segment/data.csv', '1')
    done = c3('build-family', '--no-build', '-o', 'other', '--overwrite', cwd=family)
    refused(done, 1, 'other/segment. is there and is not a build context')
    assert snapshot(family / 'other') == {'segment/data.csv': b'1'}
    succeeded(c3('build-family', '--no-build', '-o', 'out', '--overwrite', cwd=family))
    assert snapshot(family) != before
    assert names_in(family / 'out/segment')[0] == 'Dockerfile'


@pytest.mark.parametrize(
    ('text', 'code', 'message'),
    [
        ('[[image]]\nname = "a"\nversion = "1"\nfrom = "b"\n', 1, "`b`, which isn't in the family"),
        ('[[image]]\nname = "a"\nversion = "1"\nbase = "b"\npips = []\n', 1, '`pips` is not known here'),
        ('[[image]]\nname = "a"\nversion = "1"\nbase = "b"\nsource = "x.py"\n', 1, 'x.py'),
        ('[[image]]\nname = "a"\nversion = "1"\nbase = "b"\ncontext = "x"\n', 1, 'x/Dockerfile'),
        ('[[image]]\nname = "a"\nversion = "1"\nbase = "127.0.0.1:5000/nowhere:1"\n', 3, 'nowhere'),
        ('[[image]\n', 1, 'family.toml'),
        (None, 1, '--file'),
        ('[[image]]\nname = "a"\nversion = 3.10\nbase = "b"\n', 1, 'put it in quotes'),
    ],
)
def test_invalid_families_are_reported(tmp_path, text, code, message):
    if text is not None:
        write(tmp_path / 'family.toml', text)
    refused(c3('build-family', '--local-mode', cwd=tmp_path), code, message)
    assert [path.name for path in tmp_path.iterdir()] == ['family.toml'] * (text is not None)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['nobody'], 'no image `nobody`'),
        (['--raise', 'nobody'], 'no image `nobody`'),
        (['python', '--raise', 'segment'], "`segment` is to be raised and isn't among"),
        (['segment', '--cuda', 'yes'], 'none of these images is there with CUDA'),
        (['-r', 'https://x'], 'web address'),
        (['--no-build'], '--output-dir'),
    ],
)
def test_invalid_options_are_rejected(family, options, message):
    refused(c3('build-family', *options, cwd=family), 2, message)


def test_concurrent_edits_of_the_file_are_preserved(family, place):
    build(family, '-r', place, '--cuda', 'no')
    path = family / 'family.toml'
    text = FAMILY.replace('six==1.16.0', 'six==1.17.0').replace('test = "test $(id', 'test = "sleep 5; test $(id')
    path.write_text(text, encoding='utf-8')
    command = [C3, 'build-family', '-r', place, '--cuda', 'no']
    with subprocess.Popen(command, cwd=family, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        said = [line for line in iter(process.stderr.readline, '') if not line.startswith('check ') or note(path)]
    assert process.returncode == 1, said
    assert 'was changed while the images were built' in ''.join(said)
    assert path.read_text(encoding='utf-8') == f'{text}{NOTE}'


def note(path):
    """Write something into a file, once."""
    if not path.read_text(encoding='utf-8').endswith(NOTE):
        with path.open('a', encoding='utf-8') as file:
            file.write(NOTE)
    return True


def test_the_sample_is_built(place):
    built = build(ROOT, '-f', 'samples/family/family.toml', '-r', place)
    assert list(built) == ['python:0.1', 'python-letters:0.1']
    mount = f'{ROOT}/samples/data:/home/chaimeleon/data:ro'
    said = docker('run', '--rm', '--volume', mount, '--entrypoint', 'sh', f'{place}/python-letters:0.1', '-c', COUNT)
    assert '"e": ' in said
