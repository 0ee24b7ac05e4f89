"""Object stores, and marks in them."""

from __future__ import annotations

import contextlib
import email.utils
import itertools
import json
import random
import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import boto3.exceptions
import botocore.config
import botocore.credentials
import botocore.exceptions
import botocore.parsers

from .batches import is_mark
from .connection import Connection, addressing_style
from .core import LOG, Claim, Marks, Refusal, Unreachable, now
from .imports import away_from_script
from .short_way import ShortWay, way_after

if TYPE_CHECKING:
    from .kinds import Names

# What passes by itself; 409 is the answer of some stores to writers that come at once.
PASSING = {408, 409, 429, 500, 502, 503, 504}
PASSING_CODES = {
    'SlowDown',
    'RequestTimeout',
    'Throttling',
    'ThrottlingException',
    'TooManyRequests',
    'InternalError',
    'ServiceUnavailable',
    'RequestLimitExceeded',
    'OperationAborted',
    'ConditionalRequestConflict',
}

# What a store says of credentials that it knew before: they have expired, or others have taken their place.
OUTDATED_CODES = {
    'ExpiredToken',
    'ExpiredTokenException',
    'InvalidAccessKeyId',
    'InvalidToken',
    'SignatureDoesNotMatch',
    'TokenRefreshRequired',
}

WRITES = {'put_object', 'upload_file'}

# How TLS fails where the other side speaks plain HTTP; the words differ between versions of OpenSSL.
PLAIN_HTTP = re.compile('WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|UNKNOWN_PROTOCOL|HTTP_REQUEST')


class Missing(Exception):
    """There is no such object."""


class Exists(Exception):
    """There is such an object already."""


class ObjectStore:
    """A bucket, with patience: asks again as long as what went wrong may pass by itself."""

    def __init__(self, connection: Connection) -> None:
        """Make the client; it asks nothing of the store yet."""
        self.connection = connection
        self.patience = 60
        self.has_answered = False
        self.sent = '', ''
        self.client = self.connect()

    def connect(self) -> Any:
        """Make a client, with the credentials as they are now."""
        options: dict[str, Any] = {
            'connect_timeout': 5,
            'read_timeout': 10,
            'max_pool_connections': 16,
            'retries': {'total_max_attempts': 1},
            's3': {'addressing_style': addressing_style(self.connection)},
        }
        # Newer clients add checksums that other stores than Amazon's may not know.
        quiet = {'request_checksum_calculation': 'when_required', 'response_checksum_validation': 'when_required'}
        session = boto3.session.Session()  # a fresh one reads mounted files again
        client = away_from_script(
            session.client,
            's3',
            endpoint_url=self.connection.endpoint,
            region_name=session.region_name or 'us-east-1',
            aws_access_key_id=self.connection.key,
            aws_secret_access_key=self.connection.secret,
            config=botocore.config.Config(**options, **quiet),
        )
        client.meta.events.register('before-send.s3.PutObject', self.note_sent)
        own = self.connection.key and botocore.credentials.Credentials(self.connection.key, self.connection.secret)
        self.credentials = own or session.get_credentials()
        self.short_way: ShortWay | None = None
        return client

    def note_sent(self, request: Any, **_: Any) -> None:
        """Note where a request goes, and how it is signed."""
        signature = request.headers.get('Authorization', '')
        self.sent = request.url, signature if isinstance(signature, str) else signature.decode()

    def __str__(self) -> str:
        """Name the store in a message."""
        return str(self.connection)

    def ask(self, operation: str, until: float | None = None, **arguments: Any) -> Any:
        """Do a request, again and again if need be."""
        end = until or now() + self.patience
        wanted = None if operation in WRITES else arguments.get('Key')
        for attempt in itertools.count():
            try:
                answer = getattr(self.client, operation)(Bucket=self.connection.bucket, **arguments)
                if operation == 'get_object':
                    answer['Body'] = answer['Body'].read()
                    if 'ETag' not in answer:
                        raise botocore.exceptions.HTTPClientError(error='what answered is no object store')
                self.patience, self.has_answered = 300, True
                return answer
            except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
                failure = error
            except boto3.exceptions.Boto3Error as error:  # that of a whole upload or download
                failure = error.__context__ or error
            except RecursionError:
                raise Refusal(f'{self} redirects to itself or elsewhere for ever') from None
            explain(failure, self, wanted, attempt)
            if now() >= end:
                raise Unreachable(f'{self} gives no answer: {failure}')
            if attempt > 1:
                LOG.warning('%s: %s; trying again', self, failure)
            time.sleep(min(10, 0.1 * 2 ** min(attempt, 10)) * random.uniform(0.5, 1.5))
            if code_of(failure) in OUTDATED_CODES:
                self.connection = self.connection.again()
                self.client = self.connect()

    def get(self, key: str, until: float | None = None) -> tuple[bytes, str] | None:
        """Give the content and the stamp of an object, or nothing if there is none."""
        try:
            answer = self.ask('get_object', until, Key=key)
            return answer['Body'], answer['ETag']
        except Missing:
            return None

    def put_new(self, key: str, content: bytes) -> object:
        """Create an object unless there is one; gives its stamp if it is ours."""
        way = self.short_way
        if way:
            status, stamp = way.put_new(key, content)
            if status == 412 or status == 200 and stamp:
                return stamp if status == 200 else None
        try:
            answer = self.ask('put_object', Key=key, Body=content, IfNoneMatch='*')
            self.short_way = way_after(self.client, self.credentials, self.sent, key)
            return answer['ETag']
        except Exists as found:
            # An attempt that seemed to have failed may have come through; the content is nobody else's.
            present = self.get(key) if found.args[0] or way else None
            return present[1] if present and present[0] == content else None

    def objects(self, prefix: str, delimiter: str = '') -> Iterator[tuple[str, str]]:
        """Give the keys and stamps of all objects that begin so, a thousand with each request."""
        token: dict[str, str] = {}
        while True:
            answer = self.ask('list_objects_v2', None, Prefix=prefix, Delimiter=delimiter, **token)
            for entry in answer.get('Contents', ()):
                yield entry['Key'], entry['ETag']
            if not answer.get('IsTruncated'):
                return
            token = {'ContinuationToken': answer['NextContinuationToken']}


def explain(error: BaseException, store: ObjectStore, wanted: str | None, attempt: int) -> None:
    """Raise what an error means, unless it may pass by itself."""
    status, code = status_of(error), code_of(error)
    if status == 404 and code != 'NoSuchBucket' and wanted:
        raise Missing(f'{store} has no object `{wanted}`') from None
    if status == 412:
        raise Exists(attempt) from None
    if isinstance(error, botocore.exceptions.SSLError) and PLAIN_HTTP.search(str(error)):
        raise Refusal(f'{store} speaks no TLS; write its endpoint with `http://`') from None
    if status in PASSING or code in PASSING_CODES or is_broken_off(error):
        return
    if store.has_answered and (code in OUTDATED_CODES or isinstance(error, botocore.parsers.ResponseParserError)):
        return  # it knew better before, and may again
    raise Refusal(f'{store} refuses: {error}') from None


def status_of(error: BaseException) -> int | None:
    """Give the HTTP status of an error, if there was an answer."""
    status: int | None = response_of(error).get('ResponseMetadata', {}).get('HTTPStatusCode')
    return status


def code_of(error: BaseException) -> str:
    """Give the store's own word for an error, if it had one."""
    code: str = response_of(error).get('Error', {}).get('Code', '')
    return code


def response_of(error: BaseException) -> dict[str, Any]:
    """Give the answer that an error is about; those of a broken connection have none."""
    return getattr(error, 'response', None) or {}


def is_broken_off(error: BaseException) -> bool:
    """Tell a request that has got no answer, or a part of one, from one that never will."""
    if isinstance(error, botocore.exceptions.SSLError):
        return 'CERTIFICATE' not in str(error)
    return isinstance(error, BROKEN_OFF)


BROKEN_OFF = (
    botocore.exceptions.ConnectionError,
    botocore.exceptions.HTTPClientError,
    botocore.exceptions.IncompleteReadError,
    botocore.exceptions.ResponseStreamingError,
)


CUT_READS = 8  # with the pauses, some seconds


def is_whole(content: bytes) -> bool:
    """Tell a mark from a part of one, as a broken proxy passes on for all of it: those that are read are JSON."""
    try:
        return not content.startswith(b'{') or json.loads(content) is not None
    except ValueError:
        return False


class Objects(Marks):
    """Marks as objects below a path in a bucket."""

    def __init__(self, store: ObjectStore) -> None:
        """Keep them where the connection says."""
        self.store = store
        self.folder = store.connection.path + '/' if store.connection.path else ''

    def __str__(self) -> str:
        """Name the store in a message."""
        return str(self.store)

    def is_own(self, path: str) -> bool:
        """Tell a mark from an object of the user's that may stand beside it; the path begins with the bucket."""
        folder, _, name = path.rpartition('/')
        return f'{folder}/' == f'{self.store.connection.bucket}/{self.folder}' and is_mark(name)

    def list(self) -> Names:
        """Give all marks with their stamps."""
        return self.marks('', '/')

    def look(self, key: str, _: int) -> Names:
        """Give the marks of one batch with their stamps."""
        return self.marks(key + '.')

    def marks(self, prefix: str, delimiter: str = '') -> Names:
        """Give the marks that begin so, with their stamps."""
        start = len(self.folder)
        return {key[start:]: stamp for key, stamp in self.store.objects(self.folder + prefix, delimiter)}

    def read(self, name: str) -> bytes | None:
        """Give the content of a mark, or nothing if it isn't there; one that was cut on its way is read again."""
        for attempt in range(CUT_READS):
            found = self.store.get(self.folder + name)
            if not found or is_whole(found[0]):
                break
            time.sleep(0.05 * 2**attempt)
        return found and found[0]

    def create(self, name: str, content: bytes) -> object:
        """Create a mark unless it is there; gives its stamp if it is ours."""
        return self.store.put_new(self.folder + name, content)

    def rewrite(self, claim: Claim, until: float) -> object:
        """Let the heartbeat be seen; gives nothing if the batch is another's."""
        answer = self.store.ask('put_object', until, Key=self.folder + claim.name, Body=claim.content())
        return None if self.store.get(self.folder + claim.next, until) else answer['ETag']

    def put(self, name: str, content: bytes) -> object:
        """Make or replace a mark; gives its stamp."""
        return self.store.ask('put_object', Key=self.folder + name, Body=content)['ETag']

    def delete(self, name: str) -> None:
        """Remove a mark that may have gone already."""
        with contextlib.suppress(Missing):
            self.store.ask('delete_object', Key=self.folder + name)

    def folds_case(self) -> bool:
        """Tell whether the store takes upper and lower case for one: none does."""
        return False

    def age(self, name: str) -> float:
        """Give the seconds since a mark was changed, by the store's own clock."""
        try:
            answer = self.store.ask('head_object', Key=self.folder + name)
        except Missing:
            return 0
        date = email.utils.parsedate_to_datetime(answer['ResponseMetadata']['HTTPHeaders']['date'])
        return float((date - answer['LastModified']).total_seconds())
