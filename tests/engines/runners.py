"""Running what was emitted: Kubeflow components in kfp's local runner, CWL documents with cwltool."""

import itertools
import json

from support import ROOT, as_stranger, environment, run, strangers_folder, succeeded, venv, write

NUMBERS = itertools.count()


def run_components(runs, folder):
    """Run lists of Kubeflow components in kfp's local runner, as a user who is nobody in the image."""
    folder = strangers_folder(folder)
    command = [*as_stranger(), venv('kfp2', 'python'), ROOT / 'tests/engines/kfp_run.py', folder]
    options = {'input': json.dumps(list(runs.values())), 'cwd': folder, 'env': environment({'HOME': folder})}
    done = succeeded(run(*command, **options))
    return dict(zip(runs, map(json.loads, done.stdout.splitlines()), strict=True))


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
