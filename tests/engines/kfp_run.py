"""Runs components in kfp's local Docker runner: `kfp_run.py FOLDER`, with a list of runs as JSON on standard input.

A run is a list of steps, each a component and its arguments; the first may hold the environment and the mounts of all.
An argument is a value, `{"step": 0, "output": "x"}` or `{"artifact": {"name": "text"}}`, a folder with these files. Prints for each run a line of JSON: the outputs kfp has collected, the files it has been
given, and the log.
"""

import contextlib
import io
import json
import os
import sys
from pathlib import Path

import kfp_images  # noqa: F401
from docker.types import Mount
from kfp import components, dsl, local


def run_task(step):
    """Run one component by itself and give the values kfp has collected; artifacts are told by their files."""
    task = components.load_component_from_file(step['component'])(**step['arguments'])
    return {name: value for name, value in task.outputs.items() if not isinstance(value, dsl.Artifact)}


def run_pipeline(steps, folder):
    """Run components one after the other."""
    loaded = [components.load_component_from_file(step['component']) for step in steps]

    @dsl.pipeline(name='steps')
    def pipeline():
        tasks = []
        for component, step in zip(loaded, steps, strict=True):
            arguments = {name: resolved(value, tasks, folder) for name, value in step['arguments'].items()}
            tasks.append(component(**arguments))

    pipeline()
    return {}


def resolved(value, tasks, folder):
    """Give what an argument stands for in a pipeline; artifacts have to be in the folder that is mounted."""
    if not isinstance(value, dict):
        return value
    if 'artifact' in value:
        given = folder / 'given'
        given.mkdir(exist_ok=True)
        for name, text in value['artifact'].items():
            (given / name).write_text(text)
        return dsl.importer(artifact_uri=str(given), artifact_class=dsl.Dataset).output
    return tasks[value['step']].outputs[value['output']]


def files(folder):
    """Give the text of all files that were delivered into a folder."""
    found = sorted(path for path in folder.rglob('*') if path.is_file())
    return {str(path.relative_to(folder)).partition('/')[2]: path.read_bytes().decode('utf-8') for path in found}


def answer(steps, folder):
    """Run steps as the user who owns the folder, and tell how it went."""
    folder.mkdir()
    mounts = [Mount(target, source, type='bind') for target, source in steps[0].get('mounts', {}).items()]
    runner = local.DockerRunner(user=str(os.getuid()), environment=steps[0].get('environment', {}), mounts=mounts)
    local.init(runner=runner, pipeline_root=str(folder))
    is_single = len(steps) == 1 and not any(isinstance(value, dict) for value in steps[0]['arguments'].values())
    outputs = run_task(steps[0]) if is_single else run_pipeline(steps, folder)
    return {'outputs': outputs, 'files': files(folder)}


def main():
    """Run everything."""
    root = Path(sys.argv[1])
    for number, steps in enumerate(json.load(sys.stdin)):
        log = io.StringIO()
        with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            try:
                result = answer(steps, root / str(number))
            except Exception as error:
                result = {'error': f'{type(error).__name__}: {error}'}
        print(json.dumps({**result, 'log': log.getvalue()}), flush=True)


main()
