"""What kfp 2 is told of the outputs: artifacts with their metrics, and typed values.

Its local runner hands on what is listed here only; a back end reads the numbers of metrics from here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .copying import write_file
from .interface import standard
from .kubeflow import folded
from .messages import say

if TYPE_CHECKING:
    from .delivery import Delivery

json, re = standard('json'), standard('re')

# A line of metrics that aren't JSON.
LINE = r'\s*(?:([^\s:=][^:=]*?)\s*[:=\s]\s*)?([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*'


def report(task: dict[str, Any], deliveries: list[Delivery]) -> None:
    """Write the report where the executor input says."""
    try:
        outputs = task['outputs']
        for delivery in deliveries:
            add_metadata(outputs.get('artifacts') or {}, delivery)
        content: dict[str, Any] = {'artifacts': outputs.get('artifacts') or {}}
        values = {folded(delivery.id): json.loads(delivery.text) for delivery in deliveries if delivery.text}
        if values:
            content['parameterValues'] = values
        write_file(outputs['outputFile'], [json.dumps(content).encode()])
    except Exception as error:
        say(f'warning: cannot report the outputs to Kubeflow: {error!r}')


def add_metadata(artifacts: dict[str, Any], delivery: Delivery) -> None:
    """Give an artifact of metrics its numbers."""
    if not delivery.type.endswith('Metrics') or not os.path.isfile(delivery.place):
        return
    with open(delivery.place, encoding='utf-8') as stream:
        text = stream.read()
    found = read_metrics(delivery.id, text) if delivery.type == 'Metrics' else json.loads(text or '{}')
    if not found:
        say(f'warning: output `{delivery.name}` holds no numbers that Kubeflow could show')
    for name, artifact in artifacts.items():
        if folded(name) == folded(delivery.id):
            for entry in artifact.get('artifacts', []):
                entry['metadata'] = {**entry.get('metadata', {}), **found}


def read_metrics(name: str, text: str) -> dict[str, float]:
    """Read numbers from JSON, or from lines such as `accuracy=0.93` and `accuracy: 0.93`."""
    try:
        values = json.loads(text)
    except ValueError:
        lines = [re.fullmatch(LINE, line) for line in text.splitlines()]
        return {line[1] or name: float(line[2]) for line in lines if line}
    values = values if isinstance(values, dict) else {name: values}
    return {key: value for key, value in values.items() if type(value) in (int, float)}
