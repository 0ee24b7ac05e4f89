"""Running what was emitted: Kubeflow components in kfp's local runner, CWL documents with cwltool."""

import itertools
import json
import os

from support import ROOT, as_stranger, environment, run, strangers_folder, succeeded, venv, write

NUMBERS = itertools.count()


def run_components(runs, folder):
    """Run lists of Kubeflow components in kfp's local runner, as a user who is nobody in the image."""
    folder = strangers_folder(folder)
    command = [*as_stranger(), venv('kfp2', 'python'), ROOT / 'tests/engines/kfp_run.py', folder]
    options = {'input': json.dumps(list(runs.values())), 'cwd': folder, 'env': environment({'HOME': folder})}
    done = succeeded(run(*command, **options))
    return dict(zip(runs, map(json.loads, done.stdout.splitlines()), strict=True))


def run_pipeline(program, arguments, folder, variables=None):
    """Run a program's pipeline in kfp's local runner, as `run_components` does; gives the log and the files by name."""
    folder = strangers_folder(folder)
    command = [*as_stranger(), venv('kfp2', 'python'), ROOT / 'tests/engines/kfp_pipeline.py', program, folder / 'root']
    given = json.dumps({'arguments': arguments, 'environment': variables or {}})
    done = succeeded(run(*command, input=given, cwd=folder, env=environment({'HOME': folder})))
    log, _, files = done.stdout.rstrip().rpartition('\n')
    return log + done.stderr, json.loads(files)


def run_with_toil(document, inputs, folder):
    """Run a CWL document with Toil, as oneself: it asks the system for rights that capabilities don't count for."""
    folder = folder / f'toil-{next(NUMBERS)}'
    folder.mkdir()
    order = write(folder / 'inputs.json', json.dumps(inputs, ensure_ascii=False))
    program = venv('toil', 'toil-cwl-runner')
    places = [f'--jobStore={folder}/jobs', f'--outdir={folder}/out', f'--workDir={folder}', '--retryCount=0']
    changes = {'HOME': folder, 'TMPDIR': folder, 'PATH': f'{program.parent}:{os.environ["PATH"]}'}
    command = [program, *places, document, order]
    return run(*command, cwd=folder, env=environment(changes))


def run_step(document, inputs, folder, *arguments):
    """Run a CWL document with cwltool, as a user who is nobody in the image."""
    folder = strangers_folder(folder / f'cwl-{next(NUMBERS)}')
    order = write(folder / 'inputs.json', json.dumps(inputs, ensure_ascii=False))  # read as YAML
    places = [f'--outdir={folder}/out', f'--tmpdir-prefix={folder}/tmp-', f'--tmp-outdir-prefix={folder}/made-']
    command = [*as_stranger(), venv('tools', 'cwltool'), '--disable-color', *places, *arguments, document, order]
    return run(*command, cwd=folder, env=environment({'HOME': folder, 'TMPDIR': folder}))


def collected(done):
    """Give the content of the outputs that cwltool has collected."""
    return {name: content(thing) for name, thing in json.loads(done.stdout).items()}


def content(thing):
    """Give the text of a file, the files of a folder, or None."""
    if thing is None:
        return None
    if thing['class'] == 'File':
        with open(thing['path'], encoding='utf-8', newline='') as file:
            return file.read()
    return {entry['basename']: content(entry) for entry in thing['listing']}
