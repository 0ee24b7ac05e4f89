"""Lists of batches."""

from __future__ import annotations

import ast
import csv
import glob
import io
import json
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .core import Refusal, mark_of

if TYPE_CHECKING:
    from .kinds import Find, Read


def is_connection(text: str) -> bool:
    """Tell a URL of an object store from a file whose name begins alike."""
    return text.startswith(('cos://', 's3://'))


def read_batches(name: str, content: bytes, column: str) -> list[str]:
    """Read the batch ids from the content of a file, by the ending of its name."""
    kinds: dict[str, Callable[[str, str, str], list[str]]]
    kinds = {'.txt': txt_batches, '.json': json_batches, '.csv': csv_batches}
    kind = os.path.splitext(name)[1].lower()
    if kind not in kinds:
        raise Refusal(f'`{name}` is no batch file: a .txt, .json or .csv file is needed')
    try:
        return kinds[kind](content.decode('utf-8-sig'), column, name)
    except (ValueError, csv.Error) as error:
        raise Refusal(f'`{name}` cannot be read: {error}') from None


def txt_batches(text: str, *_: str) -> list[str]:
    """Give what stands between commas and ends of lines."""
    return [part.strip() for part in re.split(r'[,\r\n]', text)]


def json_batches(text: str, _: str, name: str) -> list[str]:
    """Give the keys of a dictionary or the items of a list, numbers as they stand."""
    value: Any = json.loads(text, parse_int=str, parse_float=str)
    batches: list[Any] = list(value) if isinstance(value, (dict, list)) else [None]
    if not all(isinstance(batch, str) for batch in batches):
        raise Refusal(f'`{name}` holds neither a dictionary nor a list of strings or numbers')
    return batches


def csv_batches(text: str, column: str, name: str) -> list[str]:
    """Give the values of a column, as they stand."""
    rows = csv.DictReader(io.StringIO(text, newline=''))
    if column not in (rows.fieldnames or ()):
        names = ', '.join(f'`{field}`' for field in rows.fieldnames or ())
        raise Refusal(f'`{name}` has no column `{column}`; gw_batch_file_col_name must be one of {names}')
    return [row[column] or '' for row in rows]


def read_local(path: str) -> bytes | None:
    """Read a file that may not be there."""
    if not os.path.isfile(path):
        return None
    with open(path, 'rb') as stream:
        return stream.read()


def find_local(pattern: str) -> list[str]:
    """Find files by a pattern."""
    return sorted(glob.glob(pattern, recursive=True))


def is_mark(name: str) -> bool:
    """Tell whether a name is one that a mark may have."""
    return name.startswith('.') or mark_of(name) is not None


def load_batches(
    batch_file: str | None,
    column: str,
    patterns: str | None,
    group_by: str | None,
    read: Read = read_local,
    find: Find = find_local,
) -> list[str]:
    """Give all batch ids, from a file or from the names of files."""
    if batch_file:
        content = read(batch_file)
        if content is None:
            raise Refusal(f'there is no batch file `{hidden(batch_file)}`')
        batches = read_batches(hidden(batch_file), content, column)
    elif patterns:
        paths = [path for pattern in patterns.split(',') if pattern.strip() for path in find(pattern.strip())]
        batches = [group(path, group_by or '') for path in paths]
    else:
        raise Refusal('nothing says what the batches are; set gw_batch_file, or gw_file_path_pattern and gw_group_by')
    if not any(batch.strip() for batch in batches):
        raise Refusal(f'`{hidden(batch_file or str(patterns))}` gives no batches')
    return batches


def hidden(name: str) -> str:
    """Give a file's name without the credentials of a connection."""
    return name.rpartition('@')[2] if is_connection(name) else name


# How paths are grouped

METHODS = {
    'split',
    'rsplit',
    'strip',
    'lstrip',
    'rstrip',
    'replace',
    'lower',
    'upper',
    'partition',
    'rpartition',
    'removeprefix',
    'removesuffix',
}


def group(path: str, group_by: str) -> str:
    """Apply slices and methods such as `[-10:-4]` or `.split('/')[-1]` to a path."""
    try:
        batch = apply(ast.parse('path' + group_by.strip(), mode='eval').body, path)
    except (SyntaxError, ValueError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise Refusal(f'gw_group_by `{group_by}` cannot be applied to `{path}`: {error}') from None
    if not isinstance(batch, str) or not batch:
        raise Refusal(f'gw_group_by `{group_by}` makes no batch id of `{path}`, but {batch!r}')
    return batch


def apply(node: ast.AST, path: str) -> Any:
    """Apply one step of the grouping to the result of those before it; nothing else is understood."""
    if isinstance(node, ast.Name) and node.id == 'path':
        return path
    if isinstance(node, ast.Subscript):
        return apply(node.value, path)[index(node.slice)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
        options = {option.arg: ast.literal_eval(option.value) for option in node.keywords if option.arg}
        return getattr(apply(node.func.value, path), node.func.attr)(*map(ast.literal_eval, node.args), **options)
    raise ValueError("it may only hold indices, slices and methods such as `.split('_')`")


def index(node: ast.AST) -> Any:
    """Give the number or the slice between brackets."""
    if isinstance(node, ast.Slice):
        return slice(*[part and ast.literal_eval(part) for part in (node.lower, node.upper, node.step)])
    return ast.literal_eval(getattr(node, 'value', node) if type(node).__name__ == 'Index' else node)
