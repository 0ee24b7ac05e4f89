"""Runs the pipeline of a program in kfp's local Docker runner: `kfp_pipeline.py PROGRAM FOLDER`.

On standard input, as JSON: the pipeline's arguments and the environment of all containers. Prints the log, and as the last line the files that were delivered, as JSON.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path

from kfp import local


def load(program):
    """Give the module of a program, which compiles nothing when it is imported."""
    spec = importlib.util.spec_from_file_location('program', program)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    """Run the pipeline."""
    program, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir()
    given = json.load(sys.stdin)
    runner = local.DockerRunner(user=str(os.getuid()), environment=given['environment'])
    local.init(runner=runner, pipeline_root=str(folder))
    load(program).pipeline(**given['arguments'])
    files = {path.name: path.read_text(encoding='utf-8') for path in sorted(folder.rglob('*')) if path.is_file()}
    print(json.dumps(files))


main()
