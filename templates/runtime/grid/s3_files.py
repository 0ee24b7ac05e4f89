"""Batch files and patterns in object stores."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .batches import is_connection, read_local
from .connection import parse_connection
from .s3 import ObjectStore

if TYPE_CHECKING:
    from .kinds import Read


def object_reader(store: ObjectStore) -> Read:
    """Give a function that reads a batch file: a connection's, a local one or one of the coordinator's bucket."""

    def read(name: str) -> bytes | None:
        if is_connection(name):
            other = other_store(name, store)
            return content_of(other, other.connection.path)
        content = read_local(name)
        if content is not None:
            return content
        bucket, path = store.connection.bucket + '/', store.connection.path
        places = [name, f'{path}/{name}' if path else name, name[len(bucket) :] if name.startswith(bucket) else name]
        contents = (content_of(store, place) for place in dict.fromkeys(places))
        return next((content for content in contents if content is not None), None)

    return read


def find_objects(store: ObjectStore, pattern: str) -> list[str]:
    """Give the paths, bucket and all, of the objects that match."""
    expression = re.compile(glob_expression(pattern), re.DOTALL)
    keys = sorted(key for key, _ in store.objects(re.split(r'[*?[]', pattern)[0]))
    return [f'{store.connection.bucket}/{key}' for key in keys if expression.fullmatch(key)]


def glob_expression(pattern: str) -> str:
    """Turn a pattern of paths into a regular expression; two stars match folders too."""
    meanings = {'**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]'}
    parts = re.split(r'(\*\*/|\*\*|\*|\?|\[[^]]+])', pattern)
    return ''.join(meanings.get(part) or character_class(part) for part in parts)


def character_class(part: str) -> str:
    """Turn `[abc]` or `[!abc]` into its regular expression, and anything else into one that matches just that."""
    if not re.fullmatch(r'\[[^]]+]', part):
        return re.escape(part)
    inside = part[1:-1].replace('\\', '\\\\')
    return f'[^{inside[1:]}]' if inside.startswith('!') else f'[{inside}]'


def other_store(name: str, store: ObjectStore) -> ObjectStore:
    """Give the store of a connection, which needs no credentials of its own where they are the coordinator's."""
    connection = parse_connection(name)
    if connection.key is None and connection.endpoint == store.connection.endpoint:
        connection.key, connection.secret = store.connection.key, store.connection.secret
    return ObjectStore(connection)


def content_of(store: ObjectStore, key: str) -> bytes | None:
    """Give the content of an object, or nothing if there is none."""
    found = store.get(key.lstrip('/'))
    return found and found[0]
