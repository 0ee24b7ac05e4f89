"""Runs printed code in a pipeline of one component, with kfp 1.8 or 2: `kfp_snippet.py CODE COMPONENT TARGET`."""

import sys
import warnings
from pathlib import Path

import kfp


def main():
    """Compile the pipeline."""
    warnings.simplefilter('ignore', FutureWarning)
    code, component, target = sys.argv[1:]
    names = {}
    exec(compile(Path(code).read_text(encoding='utf-8'), code, 'exec'), names)
    [set_up] = [value for name, value in names.items() if name.startswith('set_up_')]
    operator = kfp.components.load_component_from_file(component)

    def pipeline():
        set_up(operator())

    decorated = kfp.dsl.pipeline(name='check')(pipeline)
    is_1 = kfp.__version__.startswith('1.')
    kfp.compiler.Compiler().compile(pipeline if is_1 else decorated, target)


main()
