"""Base images of a registry that nobody reaches, pulled from its mirror: the registry on loopback."""

import pytest
from images import docker, image_config, registry_json
from operators import create
from support import BASE, OPEN_REGISTRY, ROOT, c3, run, succeeded, write

TRUE = 'registry.invalid/mirrored/base:1'
SCRIPT = '"""Greets."""\nprint("hello")\n'


@pytest.fixture(scope='session')
def mirror(namespace):
    """Push the base image to the mirror and give its place there."""
    place = f'{OPEN_REGISTRY}/{namespace}/hub'
    image = f'{place}/mirrored/base:1'
    docker('tag', BASE, image)
    docker('push', '--quiet', image)
    docker('rmi', image)
    return place


@pytest.fixture
def folder(tmp_path, mirror):
    """Give a folder with an operator whose base image has a mirror."""
    write(tmp_path / 'c3.toml', f'base-image = "{TRUE}"\nmirrors = {{ "registry.invalid" = "{mirror}" }}\n')
    write(tmp_path / 'greet.py', SCRIPT)
    return tmp_path


@pytest.mark.parametrize('builder', ['docker', 'oci'])
def test_the_base_comes_from_the_mirror(builder, folder, mirror, repository):
    options = ['--builder', 'oci'] if builder == 'oci' else []
    image = create(folder, 'greet.py', '-r', f'{repository}/{builder}', '-v', '0.1', '--keep-generated-files', *options)
    [dockerfile] = folder.glob('greet.Dockerfile')
    # Whoever builds by this file pulls from the mirror, too; what the image says of its base is the base's own name.
    assert f'ARG BASE_IMAGE={mirror}/mirrored/base:1' in dockerfile.read_text(encoding='utf-8')
    labels = image_config(image)['Config']['Labels'] if builder == 'docker' else {}
    if builder == 'oci':
        docker('pull', '--quiet', image)
        labels = image_config(image)['Config']['Labels']
        manifest, _ = registry_json(
            f'{image.split("/", 1)[1].rsplit(":", 1)[0]}/manifests/0.1',
            {'Accept': 'application/vnd.oci.image.manifest.v1+json'},
        )
        assert manifest['annotations']['org.opencontainers.image.base.name'] == TRUE
    assert labels['org.opencontainers.image.base.name'] == TRUE
    assert succeeded(run('docker', 'run', '--rm', image)).stdout == 'hello\n'


def test_without_the_mirror_the_base_is_not_found(folder, repository):
    write(folder / 'c3.toml', f'base-image = "{TRUE}"\n')
    done = c3('create-operator', 'greet.py', '-r', repository, '-v', '0.1', cwd=folder)
    assert done.returncode == 3 and TRUE in done.stderr, done.stderr


def test_doctor_checks_the_mirrored_image(tmp_path):
    write(tmp_path / 'c3.toml', 'mirrors = { "registry.access.redhat.com" = "registry.invalid/hub" }\n')
    assert f'missing base image registry.invalid/hub/{BASE.split("/", 1)[1]}' in c3('doctor', cwd=tmp_path).stdout
    assert f'found   base image {BASE}' in c3('doctor', cwd=ROOT).stdout


def test_family_is_based_on_the_mirrored_image(folder, mirror, repository):
    write(folder / 'family.toml', f'[[image]]\nname = "mirrored"\nversion = "1"\nbase = "{TRUE}"\npip = ["six==1.16.0"]\n')
    kept = ['build-family', '--no-build', '--overwrite', '--output-dir', 'contexts']
    succeeded(c3(*kept, cwd=folder))
    dockerfile = folder / 'contexts/mirrored/Dockerfile'
    assert f'FROM {mirror}/mirrored/base:1' in dockerfile.read_text(encoding='utf-8')
    local = ['build-family', '-r', repository, '--local_mode', '--no-latest', '-y']
    succeeded(c3(*local, cwd=folder))
    # A mirror is no reason for another version.
    write(folder / 'c3.toml', '')
    again = succeeded(c3(*local, '--dry-run', cwd=folder))
    assert 'mirrored 1: is there as it should be' in again.stderr
