"""Batch files and patterns in an object store, for workers that meet elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .connection import parse_connection
from .s3 import ObjectStore
from .s3_files import content_of, find_objects

if TYPE_CHECKING:
    from .kinds import Batches


def read_remote(name: str) -> bytes | None:
    """Read the object that a connection names."""
    connection = parse_connection(name)
    return content_of(ObjectStore(connection), connection.path)


def find_remote(pattern: str) -> Batches:
    """Find objects by the pattern in a connection."""
    connection = parse_connection(pattern)
    return find_objects(ObjectStore(connection), connection.path)
