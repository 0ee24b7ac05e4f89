"""Runs the pipeline of a program in kfp's local Docker runner: `kfp_pipeline.py PROGRAM FOLDER`.

On standard input, as JSON: the pipeline's arguments and the environment of all containers. Prints the log, and as the
last line the files that were delivered, as JSON.
"""

import json
import os
import runpy
import sys
from pathlib import Path

import kfp_images  # noqa: F401
from kfp import local


def main():
    """Run the pipeline."""
    program, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir()
    given = json.load(sys.stdin)
    runner = local.DockerRunner(user=str(os.getuid()), environment=given['environment'])
    local.init(runner=runner, pipeline_root=str(folder))
    runpy.run_path(program)['pipeline'](**given['arguments'])
    files = {path.name: path.read_text(encoding='utf-8') for path in sorted(folder.rglob('*')) if path.is_file()}
    print(json.dumps(files))


main()
