"""Validates steps with cwltool, in one process: `cwl_validate.py STEP...`. Prints a line of JSON for each."""

import io
import json
import logging
import sys

from cwltool.main import main


def validate(path):
    """Run `cwltool --validate --strict` and give its exit code and what it says."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    code = main(['--validate', '--strict', '--disable-color', path], stdout=io.StringIO(), logger_handler=handler)
    return {'step': path, 'code': code, 'log': log.getvalue()}


for step in sys.argv[1:]:
    print(json.dumps(validate(step)))
