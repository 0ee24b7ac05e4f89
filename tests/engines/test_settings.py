"""The published schema of `c3.toml` and `c3` itself accept and refuse the same files, the samples first."""

import json
import re
import tomllib

import pytest
from images import remove_image
from jsonschema import Draft202012Validator
from support import ROOT, c3, refused, run, succeeded, write

SCHEMA = json.loads((ROOT / 'docs/c3.schema.json').read_text(encoding='utf-8'))

GOOD = [
    '',
    (ROOT / 'samples/settings/c3.toml').read_text(encoding='utf-8'),
    'repository = "quay.io/me"\nversion = "1.0"\nbase-image = "python:3.12-slim"\nskip-logging = false',
    'targets = ["cwl"]\nadditional-files = ["data/*.csv"]\nimage-version = "R4.4.0"',
    '[job]\ngenerate-name = true\nparallelism = 3\nfs-group = 0\nservice-account = "runner"\ngpu = 1',
    '[job.requests]\ncpu = 0.5\nmemory = "500Mi"\nephemeral-storage = "1.5Gi"\n[job.limits]\n"amd.com/gpu" = "2"',
    '[job]\nvolumes = ["a:/a", "a.b/c/d:e:ro"]\n[job.node-selector]\n"example.org/zone" = ""',
    '[job.secrets]\nx = "a/b.c_D"\n"api key" = "a"',
    '[operators.x]\nversion = "2"\n[operators.x.job.limits]\ncpu = 1',
]
BAD = [
    'repositry = "quay.io/me"',
    'version = 1',
    'targets = ["mainframe"]',
    'skip-logging = "yes"',
    '[job]\nparallelism = 0',
    '[job]\nbackoff-limit = 2147483648',
    '[job]\nrestart-policy = "Always"',
    '[job]\npull-secrets = "one"',
    '[job]\npull-secrets = ["My_Secret"]',
    '[job]\nvolumes = ["/home:/data"]',
    '[job.limits]\ngpu = 1',
    '[job.limits]\ncpu = "1gb"',
    '[job.limits]\ncpu = -1',
    '[job.secrets]\nx = "A"',
    '[operators.x]\nimage = "y"',
]


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize('text', GOOD)
def test_valid_settings_are_accepted_by_c3_and_the_schema(tmp_path, text):
    Draft202012Validator(SCHEMA).validate(tomllib.loads(text))
    succeeded(config(tmp_path, text))


@pytest.mark.parametrize('text', BAD)
def test_invalid_settings_are_rejected_by_c3_and_the_schema(tmp_path, text):
    assert not Draft202012Validator(SCHEMA).is_valid(tomllib.loads(text))
    refused(config(tmp_path, text), 1, 'c3.toml:[12]:')


def test_image_is_built_and_pushed_as_configured(tmp_path, repository):
    script = "import os\nprint(open('data/names.txt').read(), os.environ['word'])\n"
    write(tmp_path / 'ops/tell.py', script)
    write(tmp_path / 'ops/data/names.txt', 'Ada')
    text = f'repository = "{repository}"\nversion = "7"\nadditional-files = ["data"]\njob.secrets.word = "words"\n'
    write(tmp_path / 'ops/c3.toml', text)
    done = succeeded(c3('create-operator', 'tell.py', '--format', 'json', cwd=tmp_path / 'ops'))
    summary = json.loads(done.stdout)
    assert summary['image'] == f'{repository}/claimed-tell:7' and summary['digest']
    # It is pulled again, so it was pushed; and what is a secret for the settings is none for the log.
    remove_image(summary['image'])
    told = succeeded(run('docker', 'run', '--rm', summary['image'], '--word', 'abracadabra'))
    assert told.stdout.strip() == 'Ada abracadabra'
    assert 'abracadabra' not in told.stderr


def config(folder, text):
    """Have `c3` read a file of settings."""
    for name in ['x', *re.findall(r'^\[operators\.(\w+)', text, re.MULTILINE)]:
        write(folder / f'{name}.py', '"""Does nothing."""\n')
    write(folder / 'c3.toml', text)
    return c3('config', 'x.py', cwd=folder)
