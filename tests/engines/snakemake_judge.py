"""Lint rules of Snakemake and plan their jobs: a folder of rules in, what it says of each out, as a line of JSON."""

import contextlib
import io
import json
import os
import sys
from pathlib import Path

from snakemake.cli import main

for rule in sorted(Path(sys.argv[1]).glob('*.smk')):
    # The names that the rule asks for stand in its text as a list of JSON.
    lines = rule.read_text(encoding='utf-8').splitlines()
    asked = [line for line in lines if line.startswith('missing = ')]
    needed = json.loads(asked[0][asked[0].index('[', 11) : asked[0].index(']') + 1]) if asked else []
    values = rule.with_suffix('.values.json')
    values.write_text(json.dumps(dict.fromkeys(needed, os.devnull)), encoding='utf-8')
    given = ['--nocolor', '--snakefile', str(rule), '--configfile', str(values)]
    said, codes = io.StringIO(), []
    for way in (['--lint'], ['--dry-run']):
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                main([*given, *way])
                codes.append(0)
            except SystemExit as end:
                codes.append(end.code)
    print(json.dumps([rule.name, codes, said.getvalue()]))
