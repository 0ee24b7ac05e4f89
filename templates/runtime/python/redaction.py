"""Texts as they may be shown."""

from __future__ import annotations

from re import Match

from .interface import standard

re = standard('re')

# Most characters of a text that are shown, and that are looked at for it.
LONGEST_SHOWN, LONGEST_READ = 2000, 10000

# Characters that do something to a terminal, or that nobody sees.
HIDDEN = (
    r'[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e'
    r'\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]'
)
ESCAPES = {'\n': r'\n', '\r': r'\r', '\t': r'\t'}

# Passwords and tokens in URLs, which `SPACE` ends: in connections to object stores, whose secrets may hold any
# characters; before a host; where there is no port behind a colon, so that slashes are the password's; in the place
# of a user.
URL = r'(?:(?<![a-z0-9+.-])[a-z0-9+.-]*:|(?<![^\s"\'`=(\[{<>,;|@]))//'
NAME, HOST, REST = '[^SPACE/?#:@]', '(?=[^SPACE/?#])', '(?:(?![a-z][a-z0-9+.-]*://)[^SPACE])*@'
GAP = r'(?:\*+|<[^<>{}$:@]*>|[{]{1,2}[^<>{}$:@]*[}]{1,2}|\$[{][^<>{}$:@]*[}])'  # where a secret is to be put
SECRETS = (
    f'((?<![a-z0-9+.-])(?:cos|s3)://){NAME}*:{REST}',
    f'({URL}){NAME}*:(?!{GAP}@)[^SPACE/?#]+@{HOST}(?!sha(?:256|384|512):)',
    rf'({URL})(?!\[)(?![^SPACE/?#]*@{HOST}){NAME}*:(?![0-9]+(?:[/?#\s]|$)){REST}',
    f'(https?://)(?!git@|{GAP}:?@){NAME}+:?@{HOST}',
)


def redacted(text: str) -> str:
    """Give a text on one line, nothing hidden, no password in a URL, not without end."""
    text, length = text[:LONGEST_READ], len(text)
    if '@' in text:
        text = without_secrets(text)
    text = re.sub(HIDDEN, escaped, text)
    if len(text) <= LONGEST_SHOWN and length <= LONGEST_READ:
        return text
    return f'{text[:LONGEST_SHOWN]}... ({length} characters)'


def without_secrets(text: str) -> str:
    """Hide passwords and tokens in URLs."""
    is_url = re.match(r'\s*[a-z][a-z0-9+.-]*://[^\n]*\s*$', text, re.IGNORECASE)
    for pattern in SECRETS:
        pattern = pattern.replace('SPACE', r'\n' if is_url else r'\s"`<>')
        text = re.sub(pattern, r'\1***@', text, flags=re.IGNORECASE)
    return text


def escaped(match: Match[str]) -> str:
    """Give a character that nobody sees, or that does something to a terminal, as an escape."""
    character = match[0]
    return ESCAPES.get(character) or '\\u{' + format(ord(character), 'x') + '}'
