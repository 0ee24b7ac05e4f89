CONNECTION = re.compile(r'(?:cos|s3)://(.*)', re.DOTALL)
PLACE = re.compile(
    r'(?P<endpoint>(?:https?://)?(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])(?P<port>:\d+)?)'
    r'/(?P<bucket>[A-Za-z0-9._-]+)(?:/(?P<path>.*))?',
    re.DOTALL,
)

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


class Connection:
    """Where a folder of an object store is, and how to get in."""

    def __init__(self, endpoint, bucket, path='', key=None, secret=None):
        """Note the parts; without a key, the client looks into the environment and for mounted files itself."""
        self.endpoint, self.bucket, self.path, self.key, self.secret = endpoint, bucket, path.strip('/'), key, secret

    def __str__(self):
        """Name the place in a message, and nothing else."""
        return f'{self.endpoint or "s3:/"}/{self.bucket}/{self.path}'


def parse_connection(text):
    """Read `cos://KEY:SECRET@ENDPOINT/BUCKET/PATH`, or a file that holds it.

    The secret may hold any characters: it ends at the first `@` with an endpoint behind it. The endpoint may begin with
    `http://` or `https://`. Without `KEY:SECRET@` the credentials come from `AWS_ACCESS_KEY_ID` and so on, and
    `s3://BUCKET/PATH` names an endpoint no more than Amazon's tools do.
    """
    if text and not is_connection(text) and os.path.isfile(text):
        text = (read_local(text) or b'').decode().strip()
    match = CONNECTION.fullmatch(text or '')
    if not match:
        raise Refusal(
            'a connection must have the form cos://<access_key_id>:<access_key_secret>@<endpoint>/<bucket>/<path>'
        )
    credentials, place = split_credentials(match[1])
    if credentials is None and not looks_like_endpoint(match[1]):
        bucket, _, path = match[1].partition('/')
        return Connection(None, bucket, path)
    if not place or credentials is not None and ':' not in credentials:
        raise Refusal('the connection names no endpoint and bucket, or holds no `:` between key and secret')
    key, secret = credentials.split(':', 1) if credentials is not None else (None, None)
    endpoint = place['endpoint'] if '://' in place['endpoint'] else 'https://' + place['endpoint']
    return Connection(endpoint, place['bucket'], place['path'] or '', key or None, secret or None)


def split_credentials(text):
    """Part the credentials, if there are any, from the place; endpoints that look like one go first."""
    ends = [position for position, character in enumerate(text) if character == '@']
    for end in ends:
        if looks_like_endpoint(text[end + 1 :]):
            return text[:end], PLACE.fullmatch(text[end + 1 :])
    for end in ends:
        if PLACE.fullmatch(text[end + 1 :]):
            return text[:end], PLACE.fullmatch(text[end + 1 :])
    return None, PLACE.fullmatch(text)


def looks_like_endpoint(text):
    """Tell an endpoint and a bucket from what may stand in a secret."""
    place = PLACE.fullmatch(text)
    if not place:
        return False
    host = place['host']
    return '.' in host or host == 'localhost' or bool(place['port']) or '://' in place['endpoint']


class Missing(Exception):
    """There is no such object."""


class Exists(Exception):
    """There is such an object already."""


class ObjectStore:
    """A bucket, with patience: asks again as long as what went wrong may pass by itself."""

    def __init__(self, connection):
        """Make the client; it asks nothing of the store yet."""
        self.connection = connection
        self.patience = 60  # until it has answered once
        options = {
            'connect_timeout': 5,
            'read_timeout': 10,
            'max_pool_connections': 16,
            'retries': {'total_max_attempts': 1},
            's3': {'addressing_style': addressing_style(connection)},
        }
        # Newer clients add checksums that other stores than Amazon's may not know.
        quiet = {'request_checksum_calculation': 'when_required', 'response_checksum_validation': 'when_required'}
        region = boto3.session.Session().region_name or 'us-east-1'
        self.client = away_from_script(
            boto3.client,
            's3',
            endpoint_url=connection.endpoint,
            region_name=region,
            aws_access_key_id=connection.key,
            aws_secret_access_key=connection.secret,
            config=botocore.config.Config(**options, **quiet),
        )

    def __str__(self):
        """Name the store in a message."""
        return str(self.connection)

    def ask(self, operation, until=None, **arguments):
        """Do a request, again and again if need be."""
        end = until or now() + self.patience
        for attempt in itertools.count():
            try:
                answer = getattr(self.client, operation)(Bucket=self.connection.bucket, **arguments)
                if operation == 'get_object':
                    answer['Body'] = answer['Body'].read()
                self.patience = 300
                return answer
            except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
                failure = error
            except boto3.exceptions.Boto3Error as error:  # that of a whole upload or download
                failure = error.__context__ or error
            explain(failure, self, attempt)
            if now() >= end:
                raise Unreachable(f'{self} gives no answer: {failure}')
            if attempt > 1:
                LOG.warning('%s: %s; trying again', self, failure)
            time.sleep(min(10, 0.1 * 2 ** min(attempt, 10)) * random.uniform(0.5, 1.5))

    def get(self, key):
        """Give the content and the stamp of an object, or nothing if there is none."""
        try:
            answer = self.ask('get_object', Key=key)
            return answer['Body'], answer['ETag']
        except Missing:
            return None

    def put_new(self, key, content):
        """Create an object unless there is one; gives its stamp if it is ours."""
        try:
            answer = self.ask('put_object', Key=key, Body=content, IfNoneMatch='*')
            return answer['ETag']
        except Exists as found:
            # An attempt that seemed to have failed may have come through; the content is nobody else's.
            present = self.get(key) if found.args[0] else None
            return present[1] if present and present[0] == content else None

    def objects(self, prefix, delimiter='', until=None):
        """Give the keys and stamps of all objects that begin so, a thousand with each request."""
        token = {}
        while True:
            answer = self.ask('list_objects_v2', until, Prefix=prefix, Delimiter=delimiter, **token)
            for entry in answer.get('Contents', ()):
                yield entry['Key'], entry['ETag']
            if not answer.get('IsTruncated'):
                return
            token = {'ContinuationToken': answer['NextContinuationToken']}


def addressing_style(connection):
    """Name buckets in the path, but for Amazon, who no longer wants that everywhere."""
    return 'auto' if (connection.endpoint or '').endswith('amazonaws.com') or not connection.endpoint else 'path'


def explain(error, store, attempt):
    """Raise what an error means, unless it may pass by itself."""
    response = getattr(error, 'response', {})
    status = response.get('ResponseMetadata', {}).get('HTTPStatusCode')
    code = response.get('Error', {}).get('Code', '')
    if status == 404 and code != 'NoSuchBucket':
        raise Missing from None
    if status == 412:
        raise Exists(attempt) from None
    if status not in PASSING and code not in PASSING_CODES and not is_broken_off(error):
        raise Refusal(f'{store} refuses: {error}') from None


def is_broken_off(error):
    """Tell a request that has got no answer from one that never will."""
    if isinstance(error, botocore.exceptions.SSLError):
        return 'CERTIFICATE' not in str(error)
    return isinstance(error, (botocore.exceptions.HTTPClientError, botocore.exceptions.ResponseStreamingError))


class Objects(Marks):
    """Marks as objects below a path in a bucket."""

    def __init__(self, store):
        """Keep them where the connection says."""
        self.store = store
        self.folder = store.connection.path + '/' if store.connection.path else ''

    def __str__(self):
        """Name the store in a message."""
        return str(self.store)

    def list(self):
        """Give all marks with their stamps."""
        return self.marks('', '/')

    def look(self, key, _):
        """Give the marks of one batch with their stamps."""
        return self.marks(key + '.')

    def marks(self, prefix, delimiter='', until=None):
        """Give the marks that begin so, with their stamps."""
        start = len(self.folder)
        return {key[start:]: stamp for key, stamp in self.store.objects(self.folder + prefix, delimiter, until)}

    def read(self, name):
        """Give the content of a mark, or nothing if it isn't there."""
        found = self.store.get(self.folder + name)
        return found and found[0]

    def create(self, name, content):
        """Create a mark unless it is there; gives its stamp if it is ours."""
        return self.store.put_new(self.folder + name, content)

    def rewrite(self, claim, until):
        """Let the heartbeat be seen; gives nothing if the lock is another's."""
        if not is_held(claim, self.marks(claim.key + '.', until=until), self.read):
            return None
        answer = self.store.ask('put_object', until, Key=self.folder + claim.name, Body=claim.content())
        return answer['ETag']

    def fail(self, key, content):
        """Mark a batch as failed."""
        self.store.ask('put_object', Key=f'{self.folder}{key}.err', Body=content)

    def delete(self, name):
        """Remove a mark that may have gone already."""
        with contextlib.suppress(Missing):
            self.store.ask('delete_object', Key=self.folder + name)

    def delete_own(self, claim):
        """Remove the lock of a claim; after a failure not without a look, as it may be another worker's by then."""
        end = now() + self.store.patience
        while True:
            try:
                self.store.ask('delete_object', now(), Key=self.folder + claim.name)
                return
            except Missing:
                return
            except Unreachable:
                if now() > end:
                    raise
            if claim.id.encode() not in (self.read(claim.name) or b''):
                return

    def folds_case(self):
        """Tell whether the store takes upper and lower case for one: none does."""
        return False

    def age(self, name):
        """Give the seconds since a mark was changed, by the store's own clock."""
        try:
            answer = self.store.ask('head_object', Key=self.folder + name)
        except Missing:
            return 0
        date = email.utils.parsedate_to_datetime(answer['ResponseMetadata']['HTTPHeaders']['date'])
        return (date - answer['LastModified']).total_seconds()


def object_reader(store):
    """Give a function that reads a batch file: a connection's, a local one or one of the coordinator's bucket."""

    def read(name):
        if is_connection(name):
            other = other_store(name, store)
            return content_of(other, other.connection.path)
        content = read_local(name)
        if content is not None:
            return content
        bucket, path = store.connection.bucket + '/', store.connection.path
        places = [name, f'{path}/{name}' if path else name, name[len(bucket) :] if name.startswith(bucket) else name]
        return next((found for found in (content_of(store, place) for place in dict.fromkeys(places)) if found), None)

    return read


def object_finder(store):
    """Give a function that finds files by a pattern, which may begin with a connection."""

    def find(pattern):
        if not is_connection(pattern):
            return find_local(pattern)
        other = other_store(pattern, store)
        return find_objects(other, other.connection.path)

    return find


def find_objects(store, pattern):
    """Give the paths, bucket and all, of the objects that match."""
    expression = re.compile(glob_expression(pattern), re.DOTALL)
    keys = sorted(key for key, _ in store.objects(re.split(r'[*?[]', pattern)[0]))
    return [f'{store.connection.bucket}/{key}' for key in keys if expression.fullmatch(key)]


def glob_expression(pattern):
    """Turn a pattern of paths into a regular expression; two stars match folders too."""
    meanings = {'**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]'}
    parts = re.split(r'(\*\*/|\*\*|\*|\?|\[[^]]+])', pattern)
    return ''.join(meanings.get(part) or character_class(part) for part in parts)


def character_class(part):
    """Turn `[abc]` or `[!abc]` into its regular expression, and anything else into one that matches just that."""
    if not re.fullmatch(r'\[[^]]+]', part):
        return re.escape(part)
    inside = part[1:-1].replace('\\', '\\\\')
    return f'[^{inside[1:]}]' if inside.startswith('!') else f'[{inside}]'


def other_store(name, store):
    """Give the store of a connection, which needs no credentials of its own where they are the coordinator's."""
    connection = parse_connection(name)
    if connection.key is None and connection.endpoint == store.connection.endpoint:
        connection.key, connection.secret = store.connection.key, store.connection.secret
    return ObjectStore(connection)


def content_of(store, key):
    """Give the content of an object, or nothing if there is none."""
    found = store.get(key.lstrip('/'))
    return found and found[0]
