"""What a server sends is bounded, and counts only if it is what its digest says."""

import gzip
import io
import itertools
import json
import os
import tarfile

import pytest
from servers import Registry, Server, digest, packed
from support import refused, run, succeeded, told
from talk import c3, operator

# MiB that `c3` may have; an unoptimised one takes half of it.
MEMORY = 300


def tags(call, page, link=None):
    """Answer with a page of tags."""
    call.reply(200, {'name': 'x', 'tags': page}, **({'Link': f'<{link}>; rel="next"'} if link else {}))
    return True


def chunks(call, first, chunk, times):
    """Send a body of unknown length."""
    call.handler.send_response(200)
    call.handler.send_header('Transfer-Encoding', 'chunked')
    call.handler.end_headers()
    for piece in itertools.chain([first], itertools.repeat(chunk, times)):
        call.raw(b'%x\r\n%s\r\n' % (len(piece), piece))
    call.drop()
    return True


def lists(registry, folder):
    """Have the tags of a repository listed for the next version."""
    done = c3('create-operator', operator(folder), '-r', f'{registry.host}/x', '--builder', 'oci', cwd=folder, limit=60, patience=15)
    assert done.memory < MEMORY, f'{done.memory} MiB'
    return done


# Lists


def endless(call):
    """Give page after page, each with one tag that is new."""
    number = next(endless.numbers)
    return tags(call, [f'0.{number}'], f'/v2/x/tags/list?n=1000&last={number}')


endless.numbers = itertools.count()

ENDLESS = {
    'new tags': endless,
    'the same tag': lambda call: tags(call, ['0.1'], f'{call.path}x'),
    'empty pages': lambda call: tags(call, [], f'{call.path}x'),
}


@pytest.mark.parametrize('case', ENDLESS)
def test_endless_tag_list_is_cut_off(serve, tmp_path, case):
    registry = serve(Registry, ENDLESS[case])
    refused(lists(registry, tmp_path), 3, 'list of tags has no end')


HUGE = {
    'one tag': lambda call: chunks(call, b'{"tags":["0', b'0' * (1 << 20), 3000),
    'many tags': lambda call: chunks(call, b'{"tags":["0"', b',"0.1"' * 100_000, 3000),
    'spaces': lambda call: chunks(call, b'{', b' ' * (1 << 20), 3000),
    'announced': lambda call: call.reply(200, b'{}', Content_Length=str(1 << 40)) or True,
}


@pytest.mark.parametrize('case', HUGE)
def test_huge_tag_list_is_rejected(serve, tmp_path, case):
    registry = serve(Registry, HUGE[case])
    refused(lists(registry, tmp_path), 3, 'sends more than')


def test_a_long_list_of_tags_is_read(serve, tmp_path):
    def first(call):
        if '/tags/' not in call.path:
            return False
        last = int(call.path.partition('last=0.')[2] or 0)
        page = [f'0.{number}' for number in range(last + 1, min(last + 1001, 20_001))]
        return tags(call, page, f'/v2/x/tags/list?n=1000&last={page[-1]}' if page else None)

    registry = serve(Registry, first)
    registry.add_base('base')
    place = f'{registry.host}/x'
    words = ['-r', place, '--builder', 'oci', '--base-image', f'{registry.host}/base:1']
    done = c3('create-operator', operator(tmp_path), *words, cwd=tmp_path, patience=15, limit=60)
    assert ('x/claimed-step', '0.20001') in registry.manifests, told(done)


def test_invalid_tags_are_harmless(serve, tmp_path):
    odd = ['1e9', '-1', '\x1b[31mred', '$(id)', '../../x', '', '9' * 500, '٣.٤', 'latest', '0.7']

    def first(call):
        return '/tags/' in call.path and tags(call, odd)

    registry = serve(Registry, first)
    registry.add_base('base')
    words = ['-r', f'{registry.host}/x', '--builder', 'oci', '--base-image', f'{registry.host}/base:1']
    done = succeeded(c3('create-operator', operator(tmp_path), *words, cwd=tmp_path))
    assert ('x/claimed-step', '0.8') in registry.manifests and '\x1b' not in done.stderr


@pytest.mark.parametrize('part', ['/manifests/', '/blobs/', '/token'])
def test_huge_documents_are_rejected(serve, part):
    def first(call):
        if part in call.path:
            return chunks(call, b'{', b' ' * (1 << 20), 3000)
        if part == '/token':
            call.reply(401, WWW_Authenticate=f'Bearer realm="{registry.url}/token"')
        return part == '/token'

    registry = serve(Registry, first)
    registry.add_base('x')
    done = refused(c3('inspect', f'{registry.host}/x:1', limit=60, patience=15), 3, 'sends more than')
    assert done.memory < MEMORY


@pytest.mark.parametrize('body', [b'<html>login</html>', b'', b'null', b'[]', b'{"tags": 1}', b'{"tags": [1]}', b'\xff'])
def test_nonsensical_response_is_reported(serve, tmp_path, body):
    registry = serve(Registry, lambda call: call.reply(200, body) or True)
    refused(lists(registry, tmp_path), 3, 'gives no valid answer')
    refused(c3('inspect', f'{registry.host}/x:1'), 3, 'gives no valid answer')


def test_endless_bucket_listing_is_cut_off(serve):
    page = '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken></ListBucketResult>'
    store = serve(Server, lambda call: call.reply(200, page.encode()))
    refused(c3('grid-status', f's3://key:secret@http://{store.host}/b/marks'), 3, 'no end')


# Digests


def changed(part, change):
    """Give what alters the content that is asked for."""

    def first(registry, call):
        if part not in call.path or call.method != 'GET':
            return False
        name = call.path.rpartition('/')[2]
        manifest = next((body for (_, key), (_, body) in registry.manifests.items() if key == name), b'')
        call.reply(200, change(registry.blobs.get(name, manifest)))
        return True

    return first


CHANGES = {
    'one byte': lambda content: content[:-5] + bytes([content[-5] ^ 1]) + content[-4:],
    'more': lambda content: content + b'\n',
    'less': lambda content: content[:-1],
    'nothing': lambda content: b'',
}


@pytest.fixture
def liar(serve):
    """Give a function that starts a registry which gives other content than it is asked for."""

    def start(part, change):
        registry = serve(Registry)
        manifest = registry.add_base('x')
        part = {'config': manifest['config']['digest'], 'layer': manifest['layers'][0]['digest']}.get(part, part)
        registry.first = lambda call: changed(part, CHANGES[change])(registry, call)
        return registry

    return start


def by_digest(registry):
    """Give the name of the image by its digest."""
    return f'{registry.host}/x@' + next(name for _, name in registry.manifests if ':' in name)


@pytest.mark.parametrize('change', CHANGES)
@pytest.mark.parametrize('part', ['config', '/manifests/sha256'])
def test_inspected_content_must_match_its_digest(liar, part, change):
    registry = liar(part, change)
    done = refused(c3('inspect', by_digest(registry)), 3, 'other content')
    assert registry.host in done.stderr


@pytest.mark.parametrize('way', ['archive', 'push'])
@pytest.mark.parametrize('change', CHANGES)
@pytest.mark.parametrize('part', ['config', '/manifests/sha256', 'layer'])
def test_base_image_content_must_match_its_digest(liar, serve, tmp_path, part, change, way):
    registry, target = liar(part, change), serve(Registry)
    target.first = lambda call: call.method == 'POST' and 'mount=' in call.path and (call.reply(405) or True)
    words = ['--builder', 'oci', '--base-image', by_digest(registry), '-v', '1']
    words += ['--archive', 'a.tar'] if way == 'archive' else ['-r', f'{target.host}/ns']
    done = refused(c3('create-operator', operator(tmp_path), *words, cwd=tmp_path), 3, 'other content|broke off|cannot reach')
    assert registry.host in done.stderr
    assert not (tmp_path / 'a.tar').exists() and not (tmp_path / 'step.yaml').exists()
    assert not target.manifests
    assert all(digest(blob) == name for name, blob in target.blobs.items())


def test_honest_registry_is_accepted(registry, serve, tmp_path):
    target = serve(Registry)
    words = ['--builder', 'oci', '--base-image', f'{registry.host}/base:1', '-v', '1']
    succeeded(c3('create-operator', operator(tmp_path), *words, '-r', f'{target.host}/ns', cwd=tmp_path))
    assert len(target.pushed('ns/claimed-step')) >= 3


@pytest.mark.parametrize('part', ['config', 'manifest', 'layer'])
def test_base_image_on_disk_must_match_its_digests(tmp_path, part):
    layout = tmp_path / 'layout'
    blobs = layout / 'blobs/sha256'
    blobs.mkdir(parents=True)
    layer, plain = packed('opt/marker', b'base')
    config = {'architecture': 'amd64', 'os': 'linux', 'config': {'Env': ['PATH=/opt/app-root/bin', 'PYTHON_VERSION=3.12']}}
    contents = {'layer': layer, 'config': json.dumps({**config, 'rootfs': {'type': 'layers', 'diff_ids': [plain]}}).encode()}

    def described(kind, name):
        return {'mediaType': f'application/vnd.oci.image.{kind}', 'digest': digest(contents[name]), 'size': len(contents[name])}

    parts = {'config': described('config.v1+json', 'config'), 'layers': [described('layer.v1.tar+gzip', 'layer')]}
    contents['manifest'] = json.dumps({'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.manifest.v1+json', **parts}).encode()
    (layout / 'index.json').write_text(json.dumps({'schemaVersion': 2, 'manifests': [described('manifest.v1+json', 'manifest')]}))
    for content in contents.values():
        (blobs / digest(content).partition(':')[2]).write_bytes(content)
    words = ['create-operator', operator(tmp_path), '--builder', 'oci', '--base-image', 'oci:layout', '-v', '1', '--archive', 'a.tar', '--overwrite']
    succeeded(c3(*words, cwd=tmp_path))
    (tmp_path / 'a.tar').unlink()
    (blobs / digest(contents[part]).partition(':')[2]).write_bytes(CHANGES['one byte'](contents[part]))
    refused(c3(*words, cwd=tmp_path), 3, 'digest')
    assert not (tmp_path / 'a.tar').exists()


# What is kept


@pytest.fixture
def kept(registry, serve, tmp_path):
    """Give a function that makes an image with a layer that is kept, and gives its archive."""
    target = serve(Registry)
    (tmp_path / 'large.txt').write_text('\n'.join(map(str, range(300_000))))
    base = f'{registry.host}/base:1'

    def make(*words, repository=None):
        place = ['-r', f'{target.host}/{repository}'] if repository else ['--archive', 'a.tar']
        options = ['--builder', 'oci', '--base-image', base, '-v', '1', '--overwrite', *place]
        env = {'XDG_CACHE_HOME': tmp_path / 'cache'}
        done = c3('create-operator', operator(tmp_path), 'large.txt', *options, *words, cwd=tmp_path, env=env, limit=60)
        succeeded(done)
        return target.pushed(f'{repository}/claimed-step') if repository else tmp_path / 'a.tar'

    return make


def spoil(path, at=0.5):
    """Change one byte of a file, which keeps its size and its times."""
    content, times = bytearray(path.read_bytes()), path.stat()
    content[int(len(content) * at)] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def check(archive):
    """Insist on an archive whose parts are what their digests say, uncompressed too."""
    with tarfile.open(archive) as tar:
        parts = {entry.name: tar.extractfile(entry).read() for entry in tar if entry.isfile()}
    blobs = {name: content for name, content in parts.items() if name.startswith('blobs/')}
    assert all(digest(content) == name[6:].replace('/', ':') for name, content in blobs.items())
    [listed] = json.loads(parts['manifest.json'])
    plain = [digest(gzip.decompress(parts[name])) for name in listed['Layers']]
    assert plain == json.loads(parts[listed['Config']])['rootfs']['diff_ids']
    return parts


@pytest.mark.parametrize('what', ['*.tar.gz', '*.json'])
@pytest.mark.parametrize('at', [0, 0.1, 0.3, 0.5, 0.7, 0.999])
def test_corrupt_cache_entries_are_rebuilt(kept, tmp_path, what, at):
    whole = check(kept())
    [path] = (tmp_path / 'cache/c3/layers').glob(what)
    spoil(path, at)
    assert check(kept()) == whole
    spoil(path, at)
    for blob in kept(repository='ns'):
        assert blob


def test_archive_from_a_corrupt_cache_still_loads_in_docker(kept, tmp_path):
    kept()
    for path in (tmp_path / 'cache/c3/layers').glob('*.tar.gz'):
        spoil(path)
    archive = kept()
    check(archive)
    loaded = succeeded(run('docker', 'load', '--quiet', '--input', archive)).stdout
    run('docker', 'rmi', loaded.rpartition('image: ')[2].strip() or 'claimed-step:1')


def test_note_of_another_layer_is_ignored(kept, tmp_path):
    kept()
    folder = tmp_path / 'cache/c3/layers'
    [note] = folder.glob('*.json')
    other, plain = packed('app/x', b'other')
    (folder / f'{digest(other).partition(":")[2]}.tar.gz').write_bytes(other)
    note.write_text(json.dumps({'digest': digest(other), 'size': len(other), 'diff_id': plain}))
    assert any(name.endswith('large.txt') for name in names(check(kept())))


def names(parts):
    """Give the names of all files in the layers of an archive."""
    [listed] = json.loads(parts['manifest.json'])
    for layer in listed['Layers']:
        with tarfile.open(fileobj=io.BytesIO(parts[layer])) as tar:
            yield from tar.getnames()
