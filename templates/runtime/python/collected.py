"""One file of JSON with what the outputs say that are texts and numbers, for an engine that takes no other: Airflow."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .copying import is_text, write_file
from .interface import standard
from .messages import say
from .state import Run

if TYPE_CHECKING:
    from .delivery import Delivery

json = standard('json')


def collect(deliveries: list[Delivery], place: str) -> None:
    """Write what has been delivered; an output that was never set isn't there."""
    try:
        values = {delivery.id: said(delivery) for delivery in deliveries if has_text(delivery)}
        write_file(os.path.join(Run.start, place), [json.dumps(values).encode()])
    except Exception as error:
        say(f'warning: cannot write the outputs to `{place}`: {error}')


def has_text(delivery: Delivery) -> bool:
    """Check whether an output is a text, a number or a truth value that the engine can hold."""
    if delivery.text is not None:
        return True
    if delivery.type != 'String' or not os.path.isfile(delivery.place):
        return False
    if not is_text(delivery.place):
        say(f'warning: output `{delivery.name}` is no text, which the engine could hold')
        return False
    return True


def said(delivery: Delivery) -> Any:
    """Give the value of an output as JSON holds it; a number that JSON doesn't know stays a text."""
    if delivery.text is None:
        with open(delivery.place, encoding='utf-8', newline='') as stream:
            return stream.read()
    try:
        return json.loads(delivery.text, parse_constant=str)
    except ValueError:
        return delivery.text
