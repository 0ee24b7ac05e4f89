"""Reading what was emitted, with PyYAML and with the programs it is for."""

import json
import re

import yaml
from support import ROOT, run, succeeded, venv


def load(folder, sample, suffix):
    """Read an emitted file with PyYAML."""
    return yaml.safe_load((folder / f'{sample}.{suffix}').read_text(encoding='utf-8'))


def compile_pipelines(version, components, folder):
    """Give what became of each component, by its stem and whether all inputs were given."""
    target = folder / version
    target.mkdir()
    script = ROOT / 'tests/engines/kfp_compile.py'
    done = succeeded(run(venv(version, 'python'), script, target, *components))
    results = [json.loads(line) for line in done.stdout.splitlines()]
    return {
        (result['component'].rpartition('/')[2].removesuffix('.yaml'), result['gives_all']): result
        for result in results
    }


def folded(text):
    """Give a text on one line."""
    return ' '.join(re.split(r'[\s\x00-\x1f\x7f-\x9f]+', text)).strip()


# What Kubeflow alters in a default, or refuses a run for.
ALTERED = re.compile(r'[\n\r\x85\u2028\u2029]|\$\$|\$\([^)]+\)|\{\{\s*(pod|workflow|inputs|outputs|tasks|steps)\.|\{\{\s*(item|\$|=)')


def complaints(log):
    """Give the warnings and errors of cwltool, but for what it says of its own hint, which it follows nevertheless."""
    messages = re.split(r'(?m)^(?=(?:INFO|WARNING|ERROR) )', log)
    return [text for text in messages if re.match('WARN|ERROR', text) and 'cwltool#Secrets' not in text]


def validate_steps(steps):
    """Insist on steps in which cwltool finds nothing to complain about."""
    done = succeeded(run(venv('tools', 'python'), ROOT / 'tests/engines/cwl_validate.py', *steps))
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == len(steps)
    assert [result for result in results if result['code'] != 0 or complaints(result['log'])] == []


def variable_says(variable):
    """Give what a container sees of a variable of the job."""
    if variable is None:
        return None
    if 'valueFrom' in variable:
        return variable['valueFrom']['secretKeyRef']
    assert isinstance(variable['value'], str)
    return expanded(variable['value'])


def expanded(text):
    """Expand a text as Kubernetes does: `$$` is a dollar, `$(NAME)` would be a variable."""
    assert not re.search(r'(?<!\$)(\$\$)*\$\(', text), 'a reference to a variable'
    return text.replace('$$', '$')
