"""The probe of a store, before its first use."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .core import Refusal

if TYPE_CHECKING:
    from .kinds import Store


def probe(store: Store, keys: Mapping[str, str]) -> None:
    """Refuse a store on which two workers could win the same batch, or two batches would share their marks."""
    if len({key.lower() for key in keys}) < len(keys) and store.folds_case():
        raise Refusal(f'to {store} upper and lower case are one, but some batches differ in nothing else')
    for _ in range(2):  # the second time with connections that are there
        name = f'.probe-{uuid.uuid4().hex}'
        winners = race(store, name)
        store.delete(name)
        if winners != 1:
            raise Refusal(
                f'{store} does not create exclusively: {winners} of 8 writers won one lock; use another store'
            )


def race(store: Store, name: str) -> int:
    """Let eight writers create one name at the same moment, and count those that are told they did."""
    barrier = threading.Barrier(8)
    won: list[bool] = []
    errors: list[Exception] = []

    def create(number: int) -> None:
        barrier.wait()
        try:
            won.append(store.create(name, f'{number} {name}'.encode()) is not None)
        except Exception as error:
            errors.append(error)

    writers = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    if errors:
        raise errors[0]
    return sum(won)
