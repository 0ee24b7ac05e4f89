"""Images in the engine and in the open registry."""

import hashlib
import io
import json
import tarfile
import urllib.error
import urllib.request

from support import BASE, OPEN_REGISTRY, run, succeeded


def docker(*arguments, **options):
    """Run a command of Docker's and give what it prints."""
    return succeeded(run('docker', *arguments, **options)).stdout


def image_config(image):
    """Give what Docker knows about an image."""
    return json.loads(docker('image', 'inspect', image))[0]


def layer_ids(image):
    """Give the identities of an image's layers, from the base up."""
    return image_config(image)['RootFS']['Layers']


def remove_image(image):
    """Remove an image with all its names, so that it has to be pulled."""
    found = image_config(image)
    names = found['RepoTags'] + found['RepoDigests']
    docker('rmi', '--force', *names)


def layers(image, folder):
    """Give the content of each layer above the base image, without times and what depends on them."""
    archive = folder / 'image.tar'
    docker('save', '--output', archive, image)
    below = len(layer_ids(BASE))
    with tarfile.open(archive) as outer:
        [manifest] = json.load(outer.extractfile('manifest.json'))
        found = [layer_content(outer.extractfile(name)) for name in manifest['Layers'][below:]]
    archive.unlink()
    return [content for content in found if content]


def layer_content(stream):
    """Give the entries of a layer: path to kind, mode, owner, target and hash."""
    with tarfile.open(fileobj=io.BytesIO(stream.read())) as layer:
        return {entry.name: described(layer, entry) for entry in layer if not entry.name.endswith('.pyc')}


def described(layer, entry):
    """Give what counts of one entry of a layer."""
    digest = hashlib.sha256(layer.extractfile(entry).read()).hexdigest() if entry.isfile() else None
    return entry.type, oct(entry.mode), entry.uid, entry.gid, entry.linkname, digest


# Registries


def registry_json(path, headers=None):
    """Ask the open registry."""
    request = urllib.request.Request(f'http://{OPEN_REGISTRY}/v2/{path}', headers=headers or {})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer), answer.headers


def tags(repository):
    """Give the tags of a repository in the open registry, in order."""
    try:
        return sorted(registry_json(f'{repository.removeprefix(OPEN_REGISTRY + "/")}/tags/list')[0]['tags'] or [])
    except urllib.error.HTTPError as error:
        assert error.code == 404
        return []


def digest(repository, tag):
    """Give the digest of a tag in the open registry."""
    accepted = {
        'Accept': 'application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json'
    }
    path = f'{repository.removeprefix(OPEN_REGISTRY + "/")}/manifests/{tag}'
    return registry_json(path, accepted)[1]['Docker-Content-Digest']
