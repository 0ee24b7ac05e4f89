"""What the tests have shown of each sample on each target, printed when they have ended.

A test says with `@pytest.mark.matrix(TARGET, SHOWN, SUBJECT...)` what it shows if it passes: `accepted` by the target's own
checker, `run`, or `equal`, that is, run with the outputs that are to be. Without subjects these are the parameter `sample` or
`name` of the test, or else all samples.
"""

import collections
from pathlib import Path

from support import SAMPLES

LETTERS = {'accepted': 'A', 'run': 'R', 'equal': 'RE'}


def pytest_configure(config):
    """Make the mark known."""
    config.addinivalue_line('markers', 'matrix(target, shown, *subjects): what the test shows of subjects on a target')


def pytest_runtest_setup(item):
    """Hand what a test shows to its report, which also comes from other processes."""
    for mark in item.iter_markers('matrix'):
        target, shown, *subjects = mark.args
        given = getattr(item, 'callspec', None)
        named = [str(given.params[name]) for name in ('sample', 'name') if name in given.params] if given else []
        for subject in subjects or named or map(str, SAMPLES):
            item.user_properties.append(('matrix', [target, shown, Path(subject).stem]))


def pytest_terminal_summary(terminalreporter):
    """Print the matrix."""
    cells = collections.defaultdict(set)
    reports = [report for report in terminalreporter.getreports('passed') if report.when == 'call']
    for target, shown, subject in (value for report in reports for name, value in report.user_properties if name == 'matrix'):
        cells[subject, target].update(LETTERS[shown])
    if not cells:
        return
    subjects, targets = (sorted({key[part] for key in cells}) for part in (0, 1))
    title = 'A accepted, R run, E outputs equal'
    width = max(map(len, [title, *subjects])) + 2
    terminalreporter.write_line(f'\n{title:<{width}}{"  ".join(targets)}')
    for subject in subjects:
        marks = (''.join(sorted(cells[subject, target], key='ARE'.index)) or '.' for target in targets)
        row = '  '.join(f'{mark:<{len(target)}}' for mark, target in zip(marks, targets, strict=True))
        terminalreporter.write_line(f'{subject:<{width}}{row}'.rstrip())
