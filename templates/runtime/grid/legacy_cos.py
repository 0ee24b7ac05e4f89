"""Files in a bucket, where the data of the batches is too."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .batch_function import load_batch_function
from .batch_parameters import gw_batch_file, gw_batch_file_col_name, gw_file_path_pattern, gw_group_by
from .batches import group, load_batches
from .connection import Connection, parse_connection
from .core import LOG, Refusal
from .legacy_parameters import (
    gw_additional_source_files,
    gw_coordinator_connection,
    gw_coordinator_path,
    gw_local_input_path,
    gw_local_target_path,
    gw_source_access_key_id,
    gw_source_bucket,
    gw_source_connection,
    gw_source_endpoint,
    gw_source_secret_access_key,
    gw_target_connection,
    gw_target_path,
)
from .main import main
from .s3 import Objects, ObjectStore
from .s3_files import find_objects, object_reader
from .start import begin

if TYPE_CHECKING:
    from .kinds import Arguments, Batches, Find, Function


class Transfers:
    """Brings the files of a batch from the object store and what has been made of them back."""

    def __init__(self, source: ObjectStore, target: ObjectStore, additional: str, folders: tuple[str, str]) -> None:
        """Note where files come from and go to."""
        self.source, self.target = source, target
        self.additional = [name.strip() for name in additional.split(',') if name.strip()]
        self.input, self.output = folders
        for folder in folders:
            if os.path.isdir(folder) and os.listdir(folder) or os.path.isfile(folder):
                raise Refusal(f'`{folder}` exists already; give another gw_local_input_path or gw_local_target_path')

    def run(self, function: Callable[[str], Any], batch: str, paths: Iterable[str]) -> None:
        """Call the function on a batch between the download of its files and the upload of its results."""
        try:
            for folder in (self.input, self.output):
                os.makedirs(folder, exist_ok=True)
            self.download([*paths, *self.additional])
            self.verify(function(batch))
            self.upload()
        finally:
            for folder in (self.input, self.output):
                shutil.rmtree(folder, ignore_errors=True)

    def download(self, paths: Sequence[str]) -> None:
        """Bring files from the object store."""
        LOG.info('Downloading %d files', len(paths))
        bucket = self.source.connection.bucket + '/'
        for path in paths:
            key = path[len(bucket) :] if path.startswith(bucket) else path
            local = inside(self.input, key)
            os.makedirs(os.path.dirname(local), exist_ok=True)
            self.source.ask('download_file', Key=key, Filename=local)

    def verify(self, made: Any) -> None:
        """Warn about files which the function claims to have made and which won't be found in the store."""
        for name in [made] if isinstance(made, (str, os.PathLike)) else made or ():
            if not os.path.exists(name):
                LOG.error('Target file %s does not exist', name)
            elif not os.path.abspath(name).startswith(os.path.abspath(self.output) + os.sep):
                LOG.warning('Target file %s is not in gw_local_target_path and is not uploaded', name)

    def upload(self) -> None:
        """Put what has been made into the store."""
        paths = [os.path.join(folder, name) for folder, _, names in os.walk(self.output) for name in names]
        LOG.info('Uploading %d files', len(paths))
        for path in sorted(paths):
            name = os.path.relpath(path, self.output).replace(os.sep, '/')
            key = f'{self.target.connection.path}/{name}'.lstrip('/')
            self.target.ask('upload_file', Key=key, Filename=path)


def inside(folder: str, key: str) -> str:
    """Give the local path of an object, which must not lead out of the folder."""
    local = os.path.normpath(os.path.join(folder, key.lstrip('/')))
    if not os.path.abspath(local).startswith(os.path.abspath(folder) + os.sep):
        raise Refusal(f'object `{key}` would be written outside of `{folder}`')
    return local


def connect(
    connection: str | None, variables: tuple[str | None, ...], path: str | None, default: Connection | None
) -> Connection:
    """Give a connection that is stated as a whole or by variables, else another path in the bucket of the default."""
    if connection:
        return parse_connection(connection)
    if default:
        path = default.path if path is None else path
        return Connection(default.endpoint, default.bucket, path, default.key, default.secret)
    key, secret, endpoint, bucket = variables
    if not bucket:
        raise Refusal('set gw_source_connection, or gw_source_bucket and gw_source_endpoint')
    if endpoint and '://' not in endpoint:
        endpoint = 'https://' + endpoint
    return Connection(endpoint, bucket, '', key, secret)


def find_paths(source: ObjectStore, marks: Objects) -> Batches:
    """Give the paths of all files that bear upon any batch."""
    folder = source.connection.path + '/' if source.connection.path else ''
    names = [folder + pattern.strip() for pattern in (gw_file_path_pattern or '').split(',') if pattern.strip()]
    paths = dict.fromkeys(path for name in names for path in find_objects(source, name))
    return [path for path in paths if not marks.is_own(path)]


def find_groups(source: ObjectStore, paths: Iterable[str]) -> tuple[Batches, Find]:
    """Give the batch ids, and a function that gives the paths of a batch."""
    if gw_batch_file:
        batches = load_batches(gw_batch_file, gw_batch_file_col_name, None, None, object_reader(source))
        return batches, lambda batch: [path for path in paths if batch in path]
    groups: dict[str, list[str]] = {}
    for path in paths:
        groups.setdefault(group(path, gw_group_by or ''), []).append(path)
    if not groups:
        raise Refusal(
            'there are no batches; set gw_batch_file, or gw_file_path_pattern (and gw_group_by) to match files'
        )
    return list(groups), lambda batch: groups[batch]


def source_place() -> Connection:
    """Give the place that the files come from."""
    variables = gw_source_access_key_id, gw_source_secret_access_key, gw_source_endpoint, gw_source_bucket
    return connect(gw_source_connection, variables, None, None)


def load() -> Function:
    """Give what is called with the id of a batch and the paths of its files."""
    place = source_place()
    target = connect(gw_target_connection, (), gw_target_path, place)
    folders = gw_local_input_path, gw_local_target_path
    transfers = Transfers(ObjectStore(place), ObjectStore(target), gw_additional_source_files, folders)
    function = load_batch_function()
    return lambda batch, *paths: transfers.run(function, batch, paths)


def prepare() -> tuple[Objects, Batches, Arguments]:
    """Give the store, the batches and what the function gets for each."""
    place = source_place()
    source = ObjectStore(place)
    marks = Objects(ObjectStore(connect(gw_coordinator_connection, (), gw_coordinator_path, place)))
    batches, groups = find_groups(source, find_paths(source, marks))
    return marks, batches, lambda batch: [batch, *groups(batch)]


begin()

if __name__ == '__main__':
    sys.exit(main(load, prepare))
