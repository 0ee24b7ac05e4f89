"""Compiles components as kfp does, each alone and with the settings of its snippet: `kfp_ir.py COMPONENT SNIPPET ...`.

Prints a line of JSON for each: the documents of both.
"""

import json
import runpy
import sys
import tempfile
import warnings
from pathlib import Path

import yaml
from kfp import compiler, components, dsl
from kfp.dsl.utils import sanitize_input_name

VALUES = {'String': 'text', 'Integer': 7, 'Float': 0.25, 'Boolean': True, 'List': [1], 'Dict': {'a': 1}}


def documents(pipeline):
    """Give the documents of a compiled pipeline."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'pipeline.yaml'
        compiler.Compiler().compile(pipeline, str(path))
        return list(yaml.safe_load_all(path.read_text(encoding='utf-8')))


def with_snippet(component, path, snippet):
    """Give a pipeline of a component that has the settings of its snippet."""
    declared = yaml.safe_load(Path(path).read_text(encoding='utf-8')).get('inputs') or []
    [configured] = [
        value for name, value in runpy.run_path(snippet).items() if callable(value) and getattr(value, '__module__', None) == '<run_path>'
    ]

    def value(port):
        if port['type'] in VALUES:
            return VALUES[port['type']]
        return dsl.importer(artifact_uri='gs://bucket/object', artifact_class=dsl.Artifact).output

    @dsl.pipeline(name='check')
    def pipeline():
        wanted = [port for port in declared if not port.get('optional')]
        configured(component(**{sanitize_input_name(port['name']): value(port) for port in wanted}))

    return pipeline


def main():
    """Compile all components that are named."""
    warnings.simplefilter('ignore', FutureWarning)
    words = sys.argv[1:]
    for path, snippet in zip(words[::2], words[1::2], strict=True):
        component = components.load_component_from_file(path)
        print(json.dumps({'alone': documents(component), 'configured': documents(with_snippet(component, path, snippet))}))


main()
