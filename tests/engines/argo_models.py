"""Reads workflow templates by the models that are made of Argo's own API: `argo_models.py FILE...`.

Prints a line of JSON for each: what the models refuse, or leave out because they don't know it.
"""

import json
import sys
from pathlib import Path

import yaml
from hera.workflows.models import WorkflowTemplate


def unknown(given, known, path=''):
    """Give the paths of what a model has dropped or changed."""
    if isinstance(given, dict) and isinstance(known, dict):
        return [found for name in given for found in unknown(given[name], known.get(name), f'{path}.{name}')]
    if isinstance(given, list) and isinstance(known, list) and len(given) == len(known):
        pairs = enumerate(zip(given, known, strict=True))
        return [found for number, (one, other) in pairs for found in unknown(one, other, f'{path}[{number}]')]
    return [] if str(given) == str(known) else [f'{path}: {given!r} became {known!r}']


def complaints(path):
    """Tell what is wrong with a template."""
    given = yaml.safe_load(Path(path).read_text(encoding='utf-8'))
    try:
        model = WorkflowTemplate.model_validate(given)
    except ValueError as error:
        return [str(error)]
    return unknown(given, json.loads(model.model_dump_json(by_alias=True, exclude_none=True)))


for path in sys.argv[1:]:
    print(json.dumps(complaints(path)))
