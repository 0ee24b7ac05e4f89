"""A short way to create objects: what a client does for hundreds of operations is done once."""

from __future__ import annotations

import re
import urllib.parse
from typing import Any

import botocore.auth
import botocore.awsrequest
import botocore.exceptions

# Most of a request's time is the client's: it looks for the endpoint's rules, goes through the model of the operation
# and asks its handlers. What comes of all that differs between two requests only in the key, the content and the
# signature. So the first request goes the long way, and those after it as it did. So does every request to which the
# answer is anything but yes or no: the client knows what it means and what can be done about it.

SCOPE = re.compile(r'AWS4-HMAC-SHA256 Credential=[^,]*/([^/,]+)/s3/aws4_request,')


class ShortWay:
    """Creates objects as a client has created one before."""

    def __init__(self, place: str, region: str, credentials: Any, session: Any) -> None:
        """Note where to, signed for which region and by whom, and by which connections."""
        self.place, self.region, self.credentials, self.session = place, region, credentials, session

    def put_new(self, key: str, content: bytes) -> tuple[int, str | None]:
        """Create an object unless there is one; gives the status and the stamp of what answers, 0 if nothing does."""
        try:
            request = botocore.awsrequest.AWSRequest(
                'PUT', self.place + quoted(key), headers={'If-None-Match': '*'}, data=content
            )
            frozen = self.credentials.get_frozen_credentials()
            botocore.auth.S3SigV4Auth(frozen, 's3', self.region).add_auth(request)
            answer = self.session.send(request.prepare())
        except (botocore.exceptions.BotoCoreError, AttributeError, TypeError):
            return 0, None
        return answer.status_code, answer.headers.get('ETag')


def quoted(key: str) -> str:
    """Give a key as it stands in an address."""
    return urllib.parse.quote(key, safe='/~')


def way_after(client: Any, credentials: Any, sent: tuple[str, str], key: str) -> ShortWay | None:
    """Give the way of a request that has been answered, if it is one that others can go."""
    (url, signature), end = sent, '/' + quoted(key)
    scope = SCOPE.match(signature)
    session = getattr(getattr(client, '_endpoint', None), 'http_session', None)
    if not (url.endswith(end) and scope and session and credentials):
        return None
    return ShortWay(url[: 1 - len(end)], scope[1], credentials, session)
