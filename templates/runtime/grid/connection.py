"""Connections to folders of object stores."""

from __future__ import annotations

import os
import re

from .batches import is_connection, read_local
from .core import Refusal

CONNECTION = re.compile(r'(?:cos|s3)://(.*)', re.DOTALL)
BUCKET = re.compile(r'[A-Za-z0-9._-]+')
PLACE = re.compile(
    r'(?P<endpoint>(?:https?://)?(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])(?P<port>:\d+)?)'
    r'/(?P<bucket>[A-Za-z0-9._-]+)(?:/(?P<path>.*))?',
    re.DOTALL,
)


class Connection:
    """Where a folder of an object store is, and how to get in."""

    def __init__(
        self, endpoint: str | None, bucket: str, path: str = '', key: str | None = None, secret: str | None = None
    ) -> None:
        """Note the parts; without a key, the client looks into the environment and for mounted files itself."""
        self.endpoint, self.bucket, self.path, self.key, self.secret = endpoint, bucket, path.strip('/'), key, secret
        self.file: str | None = None  # that it has been read from

    def again(self) -> Connection:
        """Give the connection as its file has it now, if that can be read."""
        try:
            return parse_connection(self.file) if self.file else self
        except (Refusal, OSError, ValueError):
            return self  # it is just being written

    def __str__(self) -> str:
        """Name the place in a message, and nothing else."""
        return f'{self.endpoint or "s3:/"}/{self.bucket}/{self.path}'


def parse_connection(text: str | None) -> Connection:
    """Read a connection, or a file that holds it."""
    if not text or is_connection(text) or not os.path.isfile(text):
        return parse_url(text or '')
    connection = parse_url((read_local(text) or b'').decode().strip())
    connection.file = text
    return connection


def parse_url(text: str) -> Connection:
    """Read `cos://KEY:SECRET@ENDPOINT/BUCKET/PATH`.

    The secret may hold any characters: it ends at the first `@` with an endpoint behind it. The endpoint may begin with
    `http://` or `https://`. Without `KEY:SECRET@` the credentials come from `AWS_ACCESS_KEY_ID` and so on, and
    `s3://BUCKET/PATH` names an endpoint no more than Amazon's tools do.
    """
    match = CONNECTION.fullmatch(text)
    if not match:
        raise Refusal(
            'a connection must have the form cos://<access_key_id>:<access_key_secret>@<endpoint>/<bucket>/<path>'
        )
    credentials, place = split_credentials(match[1])
    if credentials is None and not looks_like_endpoint(match[1]):
        bucket, _, path = match[1].partition('/')
        if not BUCKET.fullmatch(bucket):
            raise Refusal('the connection names no bucket, or no endpoint behind an `@`')
        return Connection(None, bucket, path)
    if not place or credentials is not None and ':' not in credentials:
        raise Refusal('the connection names no endpoint and bucket, or holds no `:` between key and secret')
    key, secret = credentials.split(':', 1) if credentials is not None else (None, None)
    endpoint = place['endpoint'] if '://' in place['endpoint'] else 'https://' + place['endpoint']
    return Connection(endpoint, place['bucket'], place['path'] or '', key or None, secret or None)


def split_credentials(text: str) -> tuple[str | None, re.Match[str] | None]:
    """Part the credentials, if there are any, from the place; endpoints that look like one go first."""
    ends = [position for position, character in enumerate(text) if character == '@']
    for end in ends:
        if looks_like_endpoint(text[end + 1 :]):
            return text[:end], PLACE.fullmatch(text[end + 1 :])
    for end in ends:
        if PLACE.fullmatch(text[end + 1 :]):
            return text[:end], PLACE.fullmatch(text[end + 1 :])
    return None, PLACE.fullmatch(text)


def looks_like_endpoint(text: str) -> bool:
    """Tell an endpoint and a bucket from what may stand in a secret."""
    place = PLACE.fullmatch(text)
    if not place:
        return False
    host = place['host']
    return '.' in host or host == 'localhost' or bool(place['port']) or '://' in place['endpoint']


def addressing_style(connection: Connection) -> str:
    """Name buckets in the path, but for Amazon, who no longer wants that everywhere."""
    return 'auto' if (connection.endpoint or '').endswith('amazonaws.com') or not connection.endpoint else 'path'
