"""Batch ids, lists of batches, and how they are grouped."""

import importlib.util
import json

import pytest
from conftest import BACKENDS, BUCKET, CEPH, PLAIN, reported, said, wrapper_of


@pytest.fixture(scope='module')
def wrapper(tmp_path_factory):
    """Import a wrapper for the sake of its functions."""
    path = tmp_path_factory.mktemp('wrapper') / 'gw_job.py'
    path.write_text(wrapper_of('cos', PLAIN))
    spec = importlib.util.spec_from_file_location('gw_job', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOSTILE = [
    'plain',
    'Plain',
    'a/b',
    'a%2Fb',
    'a\\b',
    '/absolute',
    '.',
    '..',
    '../up',
    '.hidden',
    'a b',
    ' a b',
    'tab\there',
    'two\nlines',
    'Größe',
    'Gro\u0308ße',
    '漢字🎉',
    'quo"te\'s',
    '$(touch x)',
    'a*?[b]',
    'con:1',
    'x.lock',
    'x.lock.1',
    'x',
    'x.processed',
    'x.err',
    'cos_x.csv',
    's3.txt',
    'l' * 10_000,
    'l' * 9_999 + 'm',
    '%~',
    '~' * 199,
    'null\0',
    '-o',
    '7',
    '7.0',
]

# Takes note of the whole id, whatever is in it.
NOTE = """
    import json
    import os

    log = os.getenv('log')


    def grid_process(batch_id, log, **_):
        with open(log, 'a') as stream:
            stream.write('end ' + json.dumps(batch_id) + '\\n')
"""


def ids(job):
    """Give the ids of the batches that were processed."""
    lines = job.log.read_text().splitlines()
    return sorted(json.loads(line.partition(' ')[2]) for line in lines)


@pytest.mark.parametrize('backend', ['local', 'cos'])
def test_any_id(grid, backend):
    job = grid(backend, script=NOTE)
    job.give_file('b.json', json.dumps(HOSTILE + HOSTILE + ['', ' ']))
    for worker in job.run(2):
        assert worker.returncode == 0, said(worker)
        assert reported(worker)[4] == len(HOSTILE)
    assert ids(job) == sorted(HOSTILE)
    assert len(job.names()) == len(HOSTILE)
    assert {'plain.processed', 'a b.processed', 'cos_x.csv.processed'} <= job.names()
    assert sorted(path.name for path in job.home.parent.iterdir()) == ['grid-0']


def test_keys(wrapper):
    assert len({wrapper.key_of(batch) for batch in HOSTILE}) == len(HOSTILE)
    assert all(len(wrapper.key_of(batch)) <= 200 and '/' not in wrapper.key_of(batch) for batch in HOSTILE)
    assert list(wrapper.keys_of(['b', 'a', 'b', ''])) == ['b', 'a']


FILES = {
    'b.txt': ('one,two', ['one', 'two']),
    'c.txt': ('one, two ,\nthree\r\n\n,four,', ['four', 'one', 'three', 'two']),
    'd.TXT': ('\ufeffone\n', ['one']),
    'e.json': ('{"one": {"x": 1}, "two": null}', ['one', 'two']),
    'f.json': ('["one", 2, 3.10]', ['2', '3.10', 'one']),
    'g.csv': ('filename,x\n007,1\n1.50,2\n"a,b",3\n,4\n', ['007', '1.50', 'a,b']),
    'cos_h.csv': ('\ufefffilename\none\n', ['one']),
    's3.txt': ('one', ['one']),
}


@pytest.mark.parametrize('name', FILES)
def test_forms_of_batch_files(grid, name):
    content, batches = FILES[name]
    job = grid('local', script=NOTE).give_file(name, content)
    (worker,) = job.run()
    assert worker.returncode == 0, said(worker)
    assert ids(job) == batches


def test_column_of_a_csv_file(grid):
    job = grid('local', script=NOTE).give_file('b.csv', 'a,b\n1,x\n2,y\n')
    job.env['gw_batch_file_col_name'] = 'b'
    assert job.run()[0].returncode == 0
    assert ids(job) == ['x', 'y']


BROKEN = {
    'a.csv': ('a,b\n1,2\n', 'gw_batch_file_col_name must be one of `a`, `b`'),
    'b.json': ('{', 'cannot be read'),
    'c.json': ('3', 'neither a dictionary nor a list'),
    'd.json': ('[["x"]]', 'neither a dictionary nor a list'),
    'e.txt': (' ,\n', 'gives no batches'),
    'f.xlsx': ('x', 'a .txt, .json or .csv file is needed'),
    'g.txt': (b'\xff\xfe', 'cannot be read'),
}


@pytest.mark.parametrize('name', BROKEN)
def test_broken_batch_files(grid, name):
    content, message = BROKEN[name]
    (worker,) = grid('local').give_file(name, content).run()
    assert worker.returncode == 1
    assert message in said(worker) and 'Traceback' not in said(worker)


def test_missing_batch_file(grid):
    job = grid('local')
    job.env['gw_batch_file'] = 'nowhere.txt'
    assert 'there is no batch file `nowhere.txt`' in said(job.run()[0])
    del job.env['gw_batch_file']
    (worker,) = job.run()
    assert worker.returncode == 1 and 'set gw_batch_file' in said(worker)


@pytest.mark.parametrize(
    'form',
    [
        '{prefix}/b.csv',
        'b.csv',
        '{bucket}/{prefix}/b.csv',
        'cos://{store}/{bucket}/{prefix}/b.csv',
        's3://hardkey:p@ss:w/rd+%2F=?#@{store}/{bucket}/{prefix}/b.csv',
    ],
)
def test_batch_file_in_a_bucket(grid, form):
    job = grid('cos', script=NOTE)
    job.put('b.csv', b'filename\none\n')
    job.env['gw_batch_file'] = form.format(prefix=job.prefix, bucket=BUCKET, store=CEPH)
    (worker,) = job.run()
    assert worker.returncode == 0, said(worker)
    assert ids(job) == ['one']


@pytest.mark.parametrize('backend', [*BACKENDS, 'index'])
def test_a_dry_run_lists_the_batches(grid, backend):
    job = grid(backend).give(['one', 'two', 'three'])
    (worker,) = job.run(gw_dry_run='True', gw_part='0', gw_parts='1')
    assert worker.returncode == 0, said(worker)
    assert {'one', 'two', 'three'} <= set(said(worker).splitlines())
    assert '3 batches; none is processed' in said(worker)
    assert not job.lines('begin') and (backend == 'index' or not job.all_names())


@pytest.mark.parametrize('backend', ['local', 'index'])
def test_batch_file_in_a_bucket_with_another_coordinator(grid, backend):
    job, stored = grid(backend, script=NOTE), grid('cos')
    for name in ('in/red.tif', 'in/sky.tif'):
        stored.put(name, b'')
    stored.put('b.csv', b'filename\none\n')
    (job.image / 'boto3.py').write_text('raise SystemError("that of the script")')
    place = stored.env['gw_coordinator_connection']
    job.env.update(gw_batch_file=f'{place}/b.csv', gw_part='0', gw_parts='1')
    (worker,) = job.run()
    assert worker.returncode == 0, said(worker)
    assert ids(job) == ['one']
    del job.env['gw_batch_file']
    job.log.write_text('')
    job.env.update(gw_file_path_pattern=f'{place}/in/*.tif', gw_group_by='[-7:-4]')
    (worker,) = job.run()
    assert worker.returncode == 0, said(worker)
    assert ids(job) == ['red', 'sky']
    assert 'testsecret' not in said(worker)


def test_patterns(grid):
    job = grid('local', script=NOTE)
    for name in ('x/tile_1_a.tif', 'x/tile_1_b.tif', 'x/y/tile_2_a.tif', 'x/other.txt', 'z.tif'):
        path = job.home / 'data' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    job.env.update(
        gw_file_path_pattern=f'{job.home}/data/x/**/*.tif, {job.home}/data/z.*', gw_group_by=".split('/')[-1]"
    )
    assert job.run()[0].returncode == 0
    assert ids(job) == ['tile_1_a.tif', 'tile_1_b.tif', 'tile_2_a.tif', 'z.tif']
    job.log.write_text('')
    job.env.update(gw_file_path_pattern=f'{job.home}/data/x/**/*.tif', gw_group_by='[-12:-6]')
    assert job.run()[0].returncode == 0
    assert ids(job) == ['tile_1', 'tile_2']


def test_patterns_in_a_bucket(grid):
    job = grid('cos', script=NOTE)
    for name in ('in/a_1.tif', 'in/a_2.tif', 'in/deep/b_1.tif', 'in/c.txt'):
        job.put(name, b'')
    connection = job.env['gw_coordinator_connection']
    job.env.update(gw_file_path_pattern=f'{connection}/in/**/*.tif', gw_group_by=".split('/')[-1].split('_')[0]")
    (worker,) = job.run()
    assert worker.returncode == 0, said(worker)
    assert ids(job) == ['a', 'b']


@pytest.mark.parametrize('below', ['', '/marks'])
def test_marks_among_the_data_are_not_batches(grid, below):
    job = grid('local', script=NOTE)
    (job.home / 'data').mkdir()
    for name in ('a', 'b'):
        (job.home / 'data' / name).touch()
    job.env.update(
        gw_file_path_pattern=f'{job.home}/data/*',
        gw_group_by=".split('/')[-1]",
        gw_coordinator_path=f'{job.home}/data{below}',
    )
    for worker in (*job.run(), *job.run()):
        assert worker.returncode == 0, said(worker)
        assert reported(worker)[4] == 2
    assert ids(job) == ['a', 'b']


def test_marks_among_the_objects_are_not_batches(grid):
    job = grid('cos', script=NOTE)
    for name in ('a', 'b'):
        job.put(name, b'')
    job.env['gw_file_path_pattern'] = job.env['gw_coordinator_connection'] + '/*'
    for worker in (*job.run(), *job.run()):
        assert worker.returncode == 0, said(worker)
        assert reported(worker)[4] == 2


PATH = 'data/in/S2_20200101_T32.tif'


@pytest.mark.parametrize(
    ('how', 'batch'),
    [
        ('', PATH),
        ('[-10:-4]', PATH[-10:-4]),
        ('[0]', 'd'),
        ('[::-1]', PATH[::-1]),
        (".split('/')[-1]", 'S2_20200101_T32.tif'),
        (".split('/')[-1].split('_')[0]", 'S2'),
        ("  .rsplit('_', 1)[0]", 'data/in/S2_20200101'),
        (".split('_', maxsplit=1)[1]", '20200101_T32.tif'),
        (".replace('/', '-').upper().strip('F')", 'DATA-IN-S2_20200101_T32.TI'),
    ],
)
def test_grouping(wrapper, how, batch):
    assert wrapper.group(PATH, how) == batch


@pytest.mark.parametrize(
    'how',
    [
        '.__class__',
        '.__class__()',
        '.format(1)',
        '[0].x',
        ' + "x"',
        '; import os',
        '.split',
        ".split('/')",
        '[99]',
        '.nope()',
        '.split(__import__("os"))',
        '[(lambda: 1)()]',
        '.split(path)',
        '.split(*[1])',
        '*2',
        '[',
        '.split(1)',
        '[-1:-1]',
        '[0:1:0]',
        '.replace(**{})',
        '(' * 500,
        'ological',
    ],
)
def test_invalid_grouping_is_rejected(wrapper, how):
    with pytest.raises(wrapper.Refusal):
        wrapper.group(PATH, how)


def test_equivalent_backends_share_a_wrapper():
    assert wrapper_of('cos') == wrapper_of('s3kv')
