"""One operator in every language and container that `c3` reads: each reads and delivers the same."""

import json

SEEN = "print('SEEN ' + json.dumps([text, count, ratio, flag, steps]))"


def cell(text, kind='code', tags=()):
    """Give a cell of a notebook."""
    code = {'execution_count': None, 'outputs': []} if kind == 'code' else {}
    return {'cell_type': kind, 'metadata': {'tags': list(tags)}, 'source': text.splitlines(keepends=True), **code}


def notebook(cells, kernel='python3', language='python'):
    """Give a notebook as Jupyter writes it."""
    kernelspec = {'name': kernel, 'language': language, 'display_name': kernel}
    return json.dumps({'nbformat': 4, 'nbformat_minor': 4, 'metadata': {'kernelspec': kernelspec}, 'cells': cells})


def notebook_of(*sources):
    """Give a notebook of cells of code, the first of which declares the parameters."""
    return notebook(
        [
            {'cell_type': 'code', 'metadata': {'tags': tags}, 'source': source, 'outputs': [], 'execution_count': None}
            for source, tags in zip(sources, [['parameters'], *[[]] * len(sources)], strict=False)
        ]
    )


PYTHON_READS = '''\
import json
import os

text = os.getenv('text', 'nothing')
count = int(os.getenv('count', 3))
ratio = float(os.getenv('ratio', '0.5'))
flag = bool(os.getenv('flag', 'False'))
'''

PYTHON_WRITES = '''\
os.environ['echo'] = text
with open('/tmp/table.csv', 'w') as file:
    file.write('a,b\\n1,2\\n')
os.environ['table'] = '/tmp/table.csv'
'''

PLAIN = notebook([
    cell('# A notebook without magics', 'markdown'),
    cell(PYTHON_READS),
    cell('steps = 4', tags=['parameters']),
    cell(f'assert "get_ipython" not in globals()\n{SEEN}'),
    cell(PYTHON_WRITES),
])

MAGICS = notebook([
    cell('# A notebook with magics', 'markdown'),
    cell('!pip install -q six\n%matplotlib inline\nimport six'),
    cell(PYTHON_READS),
    cell('# How many.\nsteps = 4', tags=['parameters']),
    cell('%%bash\necho from bash > /tmp/bash.txt'),
    cell('%%capture captured\nprint("hidden")\n!echo {count} > /tmp/shell.txt'),
    cell(f'%%time\nwords = !cat /tmp/bash.txt /tmp/shell.txt\nassert list(words) == ["from bash", str(count)], words\n{SEEN}'),
    cell(PYTHON_WRITES),
])

R_READS = '''\
text <- Sys.getenv("text", "nothing")
count <- as.integer(Sys.getenv("count", 3))
ratio <- as.numeric(Sys.getenv("ratio", "0.5"))
flag <- as.logical(Sys.getenv("flag", "FALSE"))
'''

R_SEEN = '''\
quoted <- function(text) paste0('"', gsub('(["\\\\\\\\])', '\\\\\\\\\\\\1', text), '"')
cat("SEEN [", quoted(text), ",", count, ",", ratio, ",", tolower(flag), ",", steps, "]\\n", sep = "")
'''

R_WRITES = '''\
Sys.setenv(echo = text)
writeLines(c("a,b", "1,2"), "/tmp/table.csv")
Sys.setenv(table = "/tmp/table.csv")
'''

R_SCRIPT = f'# An R script.\nsteps <- as.integer(Sys.getenv("steps", "4"))\n{R_READS}{R_SEEN}{R_WRITES}'

R_NOTEBOOK = notebook(
    [
        cell('# An R notebook', 'markdown'),
        cell(R_READS),
        cell('steps <- 4L', tags=['parameters']),
        cell(R_SEEN),
        cell(R_WRITES),
    ],
    'ir',
    'R',
)

SOURCES = {
    'plain.ipynb': PLAIN,
    'magics.ipynb': MAGICS,
    'rscript.R': R_SCRIPT,
    'rnotebook.ipynb': R_NOTEBOOK,
}
GIVEN = {'text': 'a "b" \\ ü $x', 'count': 2_000_000, 'ratio': 0.25, 'flag': True, 'steps': 9}
DEFAULTS = {'text': 'nothing', 'count': 3, 'ratio': 0.5, 'flag': False, 'steps': 4}
TABLE = 'a,b\n1,2\n'


def seen(text):
    """Give what an operator has printed, by name."""
    [line] = [line for line in text.splitlines() if 'SEEN ' in line]
    return dict(zip(GIVEN, json.loads(line.partition('SEEN ')[2]), strict=True))
