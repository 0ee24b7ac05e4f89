"""Judges application packages by OGC's best practice and by the rules of platforms: `eoap_judges.py FILE#PROCESS...`.

Prints a line of JSON for each: what the one says beside hints, its hints, and what the other says.
"""

import contextlib
import io
import json
import logging
import sys

from ap_validator.app_package import AppPackage
from eoap_validator import validate
from loguru import logger


def judged(package):
    """Give what both validators find in a package."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        issues = AppPackage.from_url(package.partition('#')[0]).check_all(['error', 'hint'])['issues']
        findings = validate(package, profiles=('eoap-package',)).findings
    return {
        'errors': [issue['message'] for issue in issues if issue['type'] != 'hint'],
        'hints': [issue['message'] for issue in issues if issue['type'] == 'hint'],
        'findings': [f'{finding.rule_id}: {finding.message}' for finding in findings if finding.status not in ('passed', 'not-applicable')],
        'passed': sum(finding.status == 'passed' for finding in findings),
    }


# cwltool judges the packages elsewhere, and strictly.
AppPackage.validate_cwl = lambda _: (0, '', '')
logging.disable()
logger.remove()
for package in sys.argv[1:]:
    print(json.dumps(judged(package)))
