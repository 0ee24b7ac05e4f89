"""Loads components and compiles each into pipelines, with kfp 1.8 or 2: `kfp_compile.py FOLDER COMPONENT...`.

Two pipelines for each: one gives only what is required, one gives everything. Prints a line of JSON for each.
"""

import json
import sys
import traceback
import warnings
from pathlib import Path

import kfp
import yaml

IS_1 = kfp.__version__.startswith('1.')
VALUES = {'String': 'some $(text)', 'Integer': 7, 'Float': 0.25, 'Boolean': True}


def compile_component(path, target, gives_all):
    """Load a component and compile a pipeline of it."""
    declared = yaml.safe_load(path.read_text(encoding='utf-8')).get('inputs') or []
    wanted = [port for port in declared if gives_all or not port.get('optional')]
    component = kfp.components.load_component_from_file(str(path))
    compile_pipeline = compile_with_1 if IS_1 else compile_with_2
    compile_pipeline(component, wanted, str(target))


def compile_with_1(component, wanted, target):
    """Compile with kfp 1.8, where an artifact may be given as text."""
    from kfp.components import _naming

    names = [port.name for port in component.component_spec.inputs or []]
    pythonic = _naming.generate_unique_name_conversion_table(names, _naming._sanitize_python_function_name)

    def pipeline():
        component(**{pythonic[port['name']]: VALUES.get(port['type'], 'content') for port in wanted})

    kfp.dsl.pipeline(name='check')(pipeline)
    kfp.compiler.Compiler().compile(pipeline, target)


def compile_with_2(component, wanted, target):
    """Compile with kfp 2, where an artifact comes from an importer."""
    from kfp import dsl
    from kfp.dsl.utils import sanitize_input_name

    def value(port):
        if port['type'] in VALUES:
            return VALUES[port['type']]
        kind = getattr(dsl, port['type'], dsl.Artifact)
        return dsl.importer(artifact_uri='gs://bucket/object', artifact_class=kind).output

    @dsl.pipeline(name='check')
    def pipeline():
        component(**{sanitize_input_name(port['name']): value(port) for port in wanted})

    kfp.compiler.Compiler().compile(pipeline, target)


def result(path, folder, gives_all):
    """Tell what became of one component."""
    target = folder / f'{path.stem}.{"all" if gives_all else "required"}.yaml'
    try:
        compile_component(path, target, gives_all)
        error = None
    except Exception:
        error = traceback.format_exc()
    return {'component': str(path), 'gives_all': gives_all, 'pipeline': str(target), 'error': error}


def main():
    """Compile all components that are named."""
    warnings.simplefilter('ignore', FutureWarning)
    folder = Path(sys.argv[1])
    for path in map(Path, sys.argv[2:]):
        for gives_all in (False, True):
            print(json.dumps(result(path, folder, gives_all)))


main()
