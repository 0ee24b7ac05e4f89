"""How outputs arrive where the engine wants them."""

import json
import os
import re
import subprocess
import sys
import textwrap

import pytest

from conftest import HOSTILE, NOT_GIVEN, an_input, an_output, succeeded


@pytest.fixture
def deliver(operator):
    """Run a script with the output `out`: `deliver(script, type=…, target=…)` gives the run and the target."""

    def run(script, type='String', read=False, target='target', name='out', id=None, **options):
        """Deliver to a path in the working directory."""
        subject = operator('import os\n' + textwrap.dedent(script), outputs=[an_output(name, type, read, id)])
        done = subject.run('--' + name, target, **options)
        return done, subject.home / target

    return run


@pytest.mark.parametrize('text', [text for text in HOSTILE.values() if text])
def test_text_is_delivered(deliver, text):
    done, target = deliver('os.environ["out"] = %r' % text)
    assert succeeded(done)
    assert target.read_bytes() == text.encode('utf-8', 'surrogateescape')


def test_empty_text_is_delivered(deliver):
    done, target = deliver('os.environ["out"] = ""')
    assert succeeded(done) and target.read_bytes() == b''


@pytest.mark.parametrize(
    'script',
    [
        'open("f", "w").write("content"); os.environ["out"] = "f"',
        'open("f", "w").write("content"); os.environ["out"] = "./f"',
        'open("f", "w").write("content"); os.environ["out"] = os.path.abspath("f")',
        'open("f", "w").write("content"); os.mkdir("d"); os.chdir("d"); os.environ["out"] = "f"',
        'os.mkdir("d"); os.chdir("d"); open("f", "w").write("content"); os.environ["out"] = "f"',
        'open("g", "w").write("content"); os.symlink("g", "f"); os.environ["out"] = "f"',
        'f = open("f", "w"); f.write("content"); os.environ["out"] = "f"',
        'f = open("f", "wb"); f.write(b"content"); os.environ["out"] = "f"',
        'f = open("f", "w+b"); f.write(b"content"); os.environ["out"] = "f"',
        'import atexit\n@atexit.register\ndef _():\n    open("f", "w").write("content"); os.environ["out"] = "f"',
        '''
        import threading, time
        def work():
            time.sleep(.3); open("f", "w").write("content"); os.environ["out"] = "f"
        threading.Thread(target=work).start()
        ''',
        'import sys; open("f", "w").write("content"); os.environ["out"] = "f"; sys.exit(0)',
        'open("f", "w").write("content"); os.putenv("a", "b"); os.environ = {"out": "f"}',
        'open("f", "w").write("content"); os.environb[b"out"] = b"f"; import sys; sys.stdout = sys.stderr = None',
    ],
    ids=range(14),
)
@pytest.mark.parametrize('type', ['String', 'File', 'Dataset', 'Directory'])
def test_file_is_delivered(deliver, script, type):
    done, target = deliver(script, type)
    assert succeeded(done)
    assert target.read_text() == 'content'
    assert not target.is_symlink()


@pytest.mark.parametrize(
    'module, script',
    [
        ('gzip', 'f = gzip.open("f", "wt"); f.write("content")'),
        ('bz2', 'f = bz2.open("f", "wb"); f.write(b"content")'),
        ('lzma', 'f = lzma.open("f", "wt"); f.write("content")'),
        ('zipfile', 'f = zipfile.ZipFile("f", "w"); f.writestr("a", "content")'),
    ],
)
def test_archive_left_open_is_complete(deliver, module, script):
    done, target = deliver('import %s\n%s; os.environ["out"] = "f"' % (module, script), 'File')
    assert succeeded(done)
    library = __import__(module)
    if module == 'zipfile':
        assert library.ZipFile(str(target)).read('a') == b'content'
    else:
        assert library.open(str(target)).read() == b'content'


def test_open_pipes_do_not_block(deliver):
    done, target = deliver(
        '''
        import threading
        pipe = open(os.pipe()[1], 'wb')
        threading.Thread(target=pipe.write, args=[bytes(1 << 20)], daemon=True).start()
        os.environ['out'] = 'text'
    ''',
        timeout=60,
    )
    assert target.read_text() == 'text'


@pytest.mark.parametrize('type', ['File', 'Model'])
def test_binary_is_delivered(deliver, type):
    done, target = deliver('open("f", "wb").write(bytes(range(256)) * 20000); os.environ["out"] = "f"', type)
    assert succeeded(done) and target.read_bytes() == bytes(range(256)) * 20000


TREE = '''
    os.makedirs('d/sub/deep'); os.makedirs('d/empty')
    open('d/a', 'w').write('A'); open('d/sub/deep/b', 'wb').write(b'\\xff')
    os.symlink('a', 'd/link'); os.symlink('sub', 'd/folder link'); os.symlink('..', 'd/sub/loop')
    os.environ['out'] = 'd'
'''


@pytest.mark.parametrize('type', ['Directory', 'Dataset'])
def test_folder_is_delivered(deliver, type):
    done, target = deliver(TREE, type)
    assert succeeded(done)
    assert sorted(str(path.relative_to(target)) for path in target.rglob('*')) == [
        'a',
        'empty',
        'folder link',
        'folder link/deep',
        'folder link/deep/b',
        'link',
        'sub',
        'sub/deep',
        'sub/deep/b',
    ]
    assert (target / 'link').read_text() == 'A' and not (target / 'link').is_symlink()


def test_folder_into_an_existing_one(deliver):
    done, target = deliver(
        TREE
        + '''
    os.makedirs('target/sub'); open('target/kept', 'w').write('K'); open('target/a', 'w').write('old')
    ''',
        'Directory',
    )
    assert succeeded(done)
    assert [(target / name).read_text() for name in ('kept', 'a')] == ['K', 'A']
    assert (target / 'sub/deep/b').exists()


@pytest.mark.parametrize('before', ['', 'os.mkdir("target")'])
def test_working_directory_is_delivered(deliver, before):
    done, target = deliver(before + '\nopen("a", "w").write("A"); os.environ["out"] = "."', 'Directory')
    assert succeeded(done) and sorted(os.listdir(target)) == ['a']


def test_special_files_in_a_folder(deliver):
    done, target = deliver(
        '''
        os.mkdir('d'); os.mkfifo('d/pipe'); os.symlink('nowhere', 'd/dangling'); open('d/a', 'w').close()
        os.environ['out'] = 'd'
    ''',
        'Directory',
    )
    assert done.returncode == 0 and sorted(os.listdir(target)) == ['a']
    assert done.stderr.splitlines() == [
        'warning: `%s/d/%s` is no file or folder, it is left out' % (target.parent, name)
        for name in ('dangling', 'pipe')
    ]


@pytest.mark.parametrize(
    'target, script, path',
    [
        ('folder/', 'open("f.csv", "w").write("c"); os.environ["out"] = "f.csv"', 'folder/f.csv'),
        (
            'folder/',
            'open("f.csv", "w").write("c"); os.symlink("f.csv", "g.csv"); os.environ["out"] = "g.csv"',
            'folder/g.csv',
        ),
        ('folder/', 'os.makedirs("d/e"); open("d/e/f", "w").write("c"); os.environ["out"] = "d/e/"', 'folder/e/f'),
        ('folder/', 'open("f", "w").write("c"); os.environ["out"] = "."', 'folder/work/f'),
        ('a/b/c', 'open("f", "w").write("c"); os.environ["out"] = "f"', 'a/b/c'),
        ('./a/../b', 'open("f", "w").write("c"); os.environ["out"] = "f"', 'b'),
    ],
)
def test_targets(deliver, target, script, path):
    done, place = deliver(script, 'Dataset', target=target)
    home = place.parents[len(place.parts) - 1 - place.parts.index('work') - 1]
    assert succeeded(done) and (home / path).read_text() == 'c'


def test_text_into_a_folder(deliver):
    done, target = deliver('os.environ["out"] = "text"', id='out_id', target='folder/')
    assert succeeded(done) and (target / 'out_id').read_text() == 'text'


def test_target_is_resolved_before_the_script_changes_directory(deliver):
    done, target = deliver('os.mkdir("d"); os.chdir("d"); os.environ["out"] = "text"')
    assert succeeded(done) and target.read_text() == 'text'


@pytest.mark.parametrize(
    'type, script, message',
    [
        ('File', 'os.mkdir("d"); os.environ["out"] = "d"', 'is a folder; write `# c3: output=Directory`'),
    ],
)
def test_refused(deliver, type, script, message):
    done, target = deliver(script, type)
    assert done.returncode == 1
    assert done.stderr == 'error: output `out` %s at the end of the line that sets it\n' % message
    assert not target.exists()


@pytest.mark.parametrize('type', ['File', 'Directory', 'Dataset'])
@pytest.mark.parametrize('value', ['missing/file', '/dev/null'])
def test_value_must_name_something(deliver, type, value):
    done, target = deliver('os.environ["out"] = %r' % value, type)
    assert done.returncode == 1 and not target.exists()
    assert done.stderr == 'error: output `out` names no file or folder: `%s`\n' % value


def test_rejected_output_flushes_printed_text(deliver):
    done, _ = deliver('print("printed", end=""); os.environ["out"] = "."', 'File')
    assert (done.returncode, done.stdout) == (1, 'printed')


def test_one_rejected_output_does_not_block_the_others(operator):
    subject = operator(
        'import os; os.environ["a"] = "."; os.environ["b"] = "text"', outputs=[an_output('a', 'File'), an_output('b')]
    )
    assert subject.run('a=A', 'b=B').returncode == 1
    assert (subject.home / 'B').read_text() == 'text'


@pytest.mark.parametrize('type', ['String', 'File', 'Directory'])
@pytest.mark.parametrize(
    'script', ['pass', 'os.environ["out"] = "x"; del os.environ["out"]', 'os.environ.clear()', 'del os.environ']
)
def test_never_set(deliver, type, script):
    done, target = deliver(script, type)
    assert done.returncode == 0 and target.read_bytes() == b''
    assert done.stderr == 'warning: output `out` was never set, it is delivered empty\n'


def test_never_set_may_be_skipped(deliver):
    done, target = deliver('pass', env={'C3_UNSET_OUTPUTS': 'skip'})
    assert succeeded(done) and not target.exists()


@pytest.mark.parametrize(
    'end', ['sys.exit(3)', 'sys.exit("reason")', '1 / 0', 'raise KeyboardInterrupt', 'os._exit(0)', 'os.abort()']
)
def test_nothing_is_delivered_after_failure(deliver, end):
    _, target = deliver('import sys; os.environ["out"] = "text"\n' + end)
    assert not target.exists()


@pytest.mark.parametrize(
    'end', ['pass', 'sys.exit()', 'sys.exit(0)', 'sys.exit(False)', 'sys.exit(256)', 'raise SystemExit']
)
def test_delivered_after_success(deliver, end):
    done, target = deliver('import sys; os.environ["out"] = "text"\n' + end)
    assert succeeded(done) and target.read_text() == 'text'


def test_forked_children_deliver_nothing(deliver):
    done, target = deliver('''
        import sys
        if os.fork() == 0:
            os.environ['out'] = 'child'
            sys.exit(0)
        os.wait()
        assert not os.path.exists('target')
        os.environ['out'] = 'parent'
    ''')
    assert succeeded(done) and target.read_text() == 'parent'


def test_read_output(deliver):
    done, target = deliver(
        '''
        print(os.environ['out'])
        open(os.environ['out'], 'w').write('content')
    ''',
        read=True,
        target='a/b/c',
    )
    assert succeeded(done) and done.stdout == '%s\n' % target and target.read_text() == 'content'


@pytest.mark.parametrize(
    'script',
    [
        'open(os.environ.pop("out"), "w").write("content")',
        'os.chdir("/"); open(os.environ["out"], "w").write("content")',
        'open("f", "w").write("content"); os.environ["out"] = "f"',
        'os.environ["out"] = "content"',
    ],
)
def test_read_output_in_other_ways(deliver, script):
    done, target = deliver(script, read=True)
    assert succeeded(done) and target.read_text() == 'content'


def test_read_output_as_a_folder(deliver):
    done, target = deliver(
        'os.mkdir(os.environ["out"]); open(os.environ["out"] + "/f", "w").write("c")', 'Directory', read=True
    )
    assert succeeded(done) and (target / 'f').read_text() == 'c'


def test_read_output_in_a_folder(deliver):
    done, target = deliver('open(os.environ["out"], "w").write("c")', read=True, target='a/b/', id='out_id')
    assert succeeded(done) and (target / 'out_id').read_text() == 'c'


def test_read_output_never_written(deliver):
    done, target = deliver('os.environ["out"]', read=True)
    assert done.returncode == 0 and target.read_bytes() == b''
    assert 'warning: output `out` was never set' in done.stderr


def test_read_output_without_a_target_is_left_to_the_script(show):
    assert show([], outputs=[an_output('out', read=True)]) == ({}, [])


@pytest.mark.parametrize('read', [False, True])
def test_target_from_the_environment(operator, read):
    subject = operator(
        'import os; print(os.getenv("out")); os.environ["out"] = "text"', outputs=[an_output('out', read=read)]
    )
    done = subject.run(env={'out': 'target'})
    assert succeeded(done) and (subject.home / 'target').read_text() == 'text'
    assert done.stdout == '%s\n' % (subject.home / 'target' if read else None)


@pytest.mark.parametrize('value', [*NOT_GIVEN, ''])
@pytest.mark.parametrize('style', ['argument', 'environment'])
def test_target_not_given(operator, value, style):
    subject = operator(
        'import os; print(os.getenv("out")); os.environ["out"] = "text"', outputs=[an_output('out', read=True)]
    )
    done = subject.run(
        *(['--out', value] if style == 'argument' else []), env={'out': value} if style == 'environment' else {}
    )
    assert succeeded(done) and done.stdout == 'None\n' and os.listdir(subject.home) == []


def test_variable_is_not_set_by_the_target(operator):
    subject = operator('import os; print(os.getenv("out"))', outputs=[an_output('out')])
    assert subject.run('--out', 'target').stdout == 'None\n'
    assert subject.run('--out', 'target', env={'out': 'as it was'}).stdout == 'as it was\n'


@pytest.mark.parametrize(
    'arguments, env', [(['--a', 'in', '--a_out', 'target'], {}), (['--a_out=target'], {'a': 'in'})]
)
def test_input_and_output_of_one_name(operator, arguments, env):
    subject = operator(
        'import os; print(os.environ["a"]); os.environ["a"] = "out"',
        inputs=[an_input('a')],
        outputs=[an_output('a', id='a_out')],
    )
    done = subject.run(*arguments, env=env)
    assert succeeded(done) and done.stdout == 'in\n' and (subject.home / 'target').read_text() == 'out'


def test_undeliverable(deliver):
    done, _ = deliver('open("file", "w").close(); os.environ["out"] = "text"', target='file/target')
    assert done.returncode == 1
    assert re.fullmatch(
        r'error: cannot deliver output `out` to `.*/file/target`: .*(File exists|Not a directory).*\n', done.stderr
    )


def test_file_to_where_a_folder_is(deliver):
    done, target = deliver('os.mkdir("target"); os.environ["out"] = "text"')
    assert done.returncode == 1 and 'Is a directory' in done.stderr and os.listdir(target) == []


def test_folder_to_where_a_file_is(deliver):
    done, target = deliver('os.mkdir("d"); open("target", "w").close(); os.environ["out"] = "d"', 'Directory')
    assert done.returncode == 1 and 'Not a directory' in done.stderr
    assert sorted(os.listdir(target.parent)) == ['d', 'target']


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can mount a file system that is soon full')
def test_full_disk(deliver, tmp_path):
    full = tmp_path / 'full'
    full.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'c3', str(full)], check=True)
    try:
        done, target = deliver(
            'open("f", "wb").write(bytes(1 << 20)); os.environ["out"] = "f"', 'File', target=str(full / 'out')
        )
        assert done.returncode == 1 and 'No space left on device' in done.stderr
        assert os.listdir(full) == []
    finally:
        subprocess.run(['umount', str(full)], check=True)


def test_partially_written_outputs_are_never_visible(deliver):
    """A reader that looks all the time sees nothing or everything."""
    done, target = deliver(
        '''
        import subprocess, sys
        open('f', 'wb').write(bytes(50_000_000))
        watcher = "import os" + chr(10) + "while os.path.exists('watch'):" + chr(10) + (
            " if os.path.exists('target') and os.path.getsize('target') != 50_000_000: open('torn', 'w').close()")
        open('watch', 'w').close()
        subprocess.Popen([sys.executable, '-c', watcher], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.environ['out'] = 'f'
    ''',
        'File',
    )
    (target.parent / 'watch').unlink()
    assert succeeded(done) and target.stat().st_size == 50_000_000
    assert sorted(os.listdir(target.parent)) == ['f', 'target']


@pytest.mark.parametrize(
    'script', ['os.umask(0o077)', 'os.umask(0o077); os.mkdir("d", 0o700); os.environ["out"] = "d"']
)
def test_others_may_read(deliver, script):
    done, target = deliver('os.environ["out"] = "text"\n' + script, 'Directory' if 'mkdir' in script else 'String')
    assert succeeded(done) and target.stat().st_mode & 0o777 == (0o755 if target.is_dir() else 0o644)


def test_device_is_written_not_replaced(deliver):
    done, _ = deliver('os.environ["out"] = "text"', target='/dev/stdout')
    assert succeeded(done) and done.stdout == 'text'
    done, _ = deliver('os.environ["out"] = "text"', target='/dev/null')
    assert succeeded(done) and not os.path.isfile('/dev/null')


def test_read_device(deliver):
    done, _ = deliver('open(os.environ["out"], "w").write("text")', read=True, target='/dev/stdout')
    assert succeeded(done) and done.stdout == 'text'


def test_target_that_is_a_link(deliver):
    done, target = deliver('os.symlink("real", "target"); os.environ["out"] = "text"')
    assert succeeded(done) and target.is_symlink() and (target.parent / 'real').read_text() == 'text'


def test_same_file_by_another_name(deliver):
    done, target = deliver('open("f", "w").write("text"); os.link("f", "target"); os.environ["out"] = "f"')
    assert succeeded(done) and target.read_text() == 'text'


def test_script_itself_is_delivered(deliver):
    done, target = deliver('os.environ["out"] = __file__')
    assert succeeded(done) and target.read_text().startswith('import os')


def test_value_with_nul_is_the_scripts_error(deliver):
    done, target = deliver('os.environ["out"] = "a\\0b"')
    assert done.returncode == 1 and 'ValueError' in done.stderr and not target.exists()


def test_deleted_working_directory(deliver):
    done, target = deliver('os.mkdir("d"); os.chdir("d"); os.rmdir("../d"); os.environ["out"] = "text"')
    assert succeeded(done) and target.read_text() == 'text'


def test_start_in_a_deleted_working_directory(operator, tmp_path):
    subject = operator('import os; os.environ["out"] = "text"', outputs=[an_output('out')], files=['x.py'])
    command = 'mkdir gone; cd gone; rmdir ../gone; exec "$0" "$@"'
    done = subprocess.run(
        ['sh', '-c', command, sys.executable, str(subject.prelude), '--out', str(tmp_path / 'target')],
        cwd=str(tmp_path),
        stderr=subprocess.PIPE,
        encoding='utf-8',
    )
    (tmp_path / 'target').read_text()
    assert (done.returncode, done.stderr) == (0, '')


@pytest.mark.parametrize(
    'script',
    [
        'import sys; sys.stdout.close(); sys.stderr.close()',
        'os.close(1); os.close(2)',
        'import sys; sys.stderr = sys.stdout = object()',
        'import sys; sys.modules.clear()',
        'import threading, time; threading.Thread(target=time.sleep, args=[60], daemon=True).start()',
        'import builtins; del builtins.print',
        'import json, io; json.loads = io.open = None',
        'import sys; sys.path[:] = []; sys.meta_path[:] = []',
        'import __main__; __main__.__dict__.clear(); import os',
        'len = str = type = os = None; import os',
    ],
)
def test_destructive_scripts_still_deliver(deliver, script):
    done, target = deliver('os.environ["out"] = "text"\n' + script)
    assert target.read_text() == 'text'


def test_rejected_output_sets_the_exit_code_without_stderr(deliver):
    assert deliver('os.environ["out"] = "."; os.close(2)', 'File')[0].returncode == 1


# What a text output can't hold everywhere

FOLDER = 'os.mkdir("d"); open("d/f", "w").write("c"); os.environ["out"] = "d"'
BINARY = 'open("f", "wb").write(b"x" * 2**20 + b"\\xff"); os.environ["out"] = "f"'


@pytest.mark.parametrize('script', [FOLDER, BINARY])
def test_a_text_output_may_be_a_folder_or_binary(deliver, script):
    done, target = deliver(script)
    assert succeeded(done)
    assert (target / 'f').read_text() == 'c' if script == FOLDER else target.read_bytes()[-1:] == b'\xff'


@pytest.mark.parametrize(
    'script, what, path', [(FOLDER, 'a folder', 'd'), (BINARY, 'a binary file', 'f')], ids=['folder', 'binary']
)
def test_kubeflow_gets_the_path_of_non_text_outputs(operator, script, what, path):
    subject = operator('import os\n' + script, outputs=[an_output('out')])
    done = subject.run('--out', 'target', '--executor_input', '{{$}}')
    kind = 'Directory' if path == 'd' else 'File'
    told = f'warning: output `out` is {what}, its path is delivered; write `# c3: output={kind}` at the end of the line'
    assert done.returncode == 0 and done.stderr.startswith(told)
    assert (subject.home / 'target').read_text() == path


def test_cwl_gets_the_path_of_folders_and_binary_files(deliver):
    done, target = deliver(FOLDER, env={'C3_TEXT_OUTPUTS': 'file'})
    assert done.returncode == 0 and 'output=Directory' in done.stderr and target.read_text() == 'd'


@pytest.mark.parametrize(
    ('script', 'expected'),
    [
        ('os.environ["out"] = "a\\n"', 'a\n\n'),
        ('os.environ["out"] = ""', '\n'),
        ('open("f", "w").write("in a file"); os.environ["out"] = "f"', 'in a file\n'),
        (FOLDER, 'd\n'),
        (BINARY, 'f\n'),
    ],
)
def test_argo_gets_the_newline_that_it_strips(deliver, script, expected):
    done, target = deliver(script, env={'C3_TEXT_OUTPUTS': 'line'})
    assert done.returncode == 0 and target.read_text() == expected


def test_argo_gets_nothing_for_unset_outputs(deliver):
    done, target = deliver('pass', env={'C3_TEXT_OUTPUTS': 'line', 'C3_UNSET_OUTPUTS': 'skip'})
    assert succeeded(done) and not target.exists()


def test_a_binary_file_is_one_for_cwl(deliver):
    done, target = deliver(BINARY, env={'C3_UNSET_OUTPUTS': 'skip'})
    assert succeeded(done) and target.read_bytes()[-1:] == b'\xff'


# Numbers


@pytest.mark.parametrize(
    'type, text, delivered',
    [
        ('Integer', ' 7 ', '7'),
        ('Integer', '7.0', '7'),
        ('Integer', '1_000', '1000'),
        ('Float', '1e-3', '1e-3'),
        ('Boolean', 'True', 'true'),
        ('Boolean', 'no', 'false'),
    ],
)
def test_numbers(deliver, type, text, delivered):
    done, target = deliver(f'open({text!r}, "w").close(); os.environ["out"] = {text!r}', type)
    assert succeeded(done) and target.read_text() == delivered


@pytest.mark.parametrize('type', ['Integer', 'Float', 'Boolean'])
def test_invalid_numbers_are_rejected(deliver, type):
    done, target = deliver('os.environ["out"] = "some"', type)
    assert (done.returncode, done.stderr) == (1, f'error: output `out` is no {type}: `some`\n') and not target.exists()


@pytest.mark.parametrize('type', ['Integer', 'Float', 'Boolean'])
def test_a_number_that_was_never_set(operator, deliver, type):
    done, target = deliver('pass', type)
    assert done.returncode == 0 and 'never set' in done.stderr and not target.exists()
    subject = operator('', outputs=[an_output('out', type)])
    for task in ('{{$}}', '{"outputs": {"outputFile": "./report"}}'):
        done = subject.run('--out', 'target', '--executor_input', task)
        assert done.returncode == 1
        assert done.stderr == f'error: output `out` was never set, and Kubeflow takes no empty {type}\n'


def test_unwritable_target_folder(operator, tmp_path):
    """kfp's local runner gives folders of the host's user to another one."""
    (tmp_path / 'closed').mkdir(mode=0o555)
    subject = operator('import os; os.environ["out"] = "text"', outputs=[an_output('out')])
    before = ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] if os.getuid() == 0 else []
    process = subject.start(
        '--out', str(tmp_path / 'closed/out'), '--executor_input', '{{$}}', before=before, cwd='/'
    )
    error = process.communicate(timeout=60)[1]
    assert process.returncode == 1 and 'Permission denied' in error and "DockerRunner(user=str(os.getuid()))" in error


# Artifacts, which kfp 2 wants to be listed

DELIVERY = '''
import os, sys
open('f', 'w').write('content')
os.environ['made'] = 'f'
print(sys.argv[1:])
'''
MADE = [an_output('made', 'Dataset')]


def executor_input(folder):
    """Give what kfp 2 knows of a task, a secret among it."""
    artifacts = {'made': {'artifacts': [{'name': 'made', 'uri': 'minio://bucket/made', 'metadata': {}}]}}
    outputs = {'artifacts': artifacts, 'outputFile': str(folder / 'new/output.json')}
    return {'inputs': {'parameterValues': {'password': 'hunter2'}}, 'outputs': outputs}


@pytest.mark.parametrize('form', ['--executor_input', '--executor_input='])
def test_artifacts_are_listed_for_kubeflow(operator, tmp_path, form):
    told = executor_input(tmp_path)
    text = json.dumps(told)
    arguments = [form + text] if form.endswith('=') else [form, text]
    subject = operator(DELIVERY, inputs=[an_input('password', secret=True)], outputs=MADE, logging=True)
    done = subject.run('--made', str(tmp_path / 'made'), *arguments, 'own')
    assert (done.returncode, done.stdout) == (0, "['own']\n"), done.stderr
    assert (tmp_path / 'made').read_text() == 'content'
    assert json.loads((tmp_path / 'new/output.json').read_text()) == {'artifacts': told['outputs']['artifacts']}
    assert 'hunter2' not in done.stderr and 'executor_input' not in done.stderr


def test_nothing_is_listed_without_success(operator, tmp_path):
    subject = operator(DELIVERY + 'sys.exit(3)', outputs=MADE)
    done = subject.run('--made', str(tmp_path / 'made'), '--executor_input', json.dumps(executor_input(tmp_path)))
    assert done.returncode == 3
    assert not (tmp_path / 'new').exists()


@pytest.mark.parametrize('value', NOT_GIVEN)
def test_other_engines_leave_the_placeholder(operator, tmp_path, value):
    done = operator(DELIVERY, outputs=MADE).run('--executor_input', value, '--made', str(tmp_path / 'made'))
    assert succeeded(done) and done.stdout == '[]\n'


@pytest.mark.parametrize('value', ['{}', '{"outputs": {"artifacts": {}}}'])
def test_failure_to_report_outputs_is_not_fatal(operator, tmp_path, value):
    done = operator(DELIVERY, outputs=MADE).run('--made', str(tmp_path / 'made'), '--executor_input', value)
    assert done.returncode == 0
    assert done.stderr.startswith('warning: cannot report the outputs to Kubeflow: ')
    assert (tmp_path / 'made').read_text() == 'content'


def test_script_may_use_the_name_executor_input(operator, tmp_path):
    script = DELIVERY + "print(os.environ['executor_input'])"
    done = operator(script, outputs=MADE, inputs=[an_input('executor_input')]).run('--executor_input', 'mine')
    assert succeeded(done) and done.stdout == '[]\nmine\n'


@pytest.mark.parametrize(
    'type, script, metadata',
    [
        ('Metrics', 'os.environ["made"] = \'{"accuracy": 0.93, "n": 7, "name": "x"}\'', {'accuracy': 0.93, 'n': 7}),
        ('Metrics', 'open("m", "w").write("accuracy=0.93\\nloss: 1e-3\\n"); os.environ["made"] = "m"',
         {'accuracy': 0.93, 'loss': 1e-3}),
        ('Metrics', 'os.environ["made"] = "0.5"', {'made': 0.5}),
        ('ClassificationMetrics', 'os.environ["made"] = \'{"confusionMatrix": {"struct": {}}}\'',
         {'confusionMatrix': {'struct': {}}}),
    ],
)
def test_metrics_are_shown(operator, tmp_path, type, script, metadata):
    told = executor_input(tmp_path)
    told['inputs'] = {}
    subject = operator('import os; ' + script, outputs=[an_output('made', type)])
    done = subject.run('--made', str(tmp_path / 'made'), '--executor_input', json.dumps(told))
    assert succeeded(done)
    listed = json.loads((tmp_path / 'new/output.json').read_text())['artifacts']['made']['artifacts'][0]
    assert listed == {'name': 'made', 'uri': 'minio://bucket/made', 'metadata': metadata}


def test_metrics_without_numbers_are_reported(operator, tmp_path):
    told = {**executor_input(tmp_path), 'inputs': {}}
    subject = operator('import os; os.environ["made"] = "all is well"', outputs=[an_output('made', 'Metrics')])
    done = subject.run('--made', str(tmp_path / 'made'), '--executor_input', json.dumps(told))
    assert done.stderr == 'warning: output `made` holds no numbers that Kubeflow could show\n'


def test_typed_values_are_reported(operator, tmp_path):
    told = {'inputs': {}, 'outputs': {'outputFile': str(tmp_path / 'new/output.json')}}
    outputs = [an_output('Count', 'Integer'), an_output('ok', 'Boolean'), an_output('text')]
    subject = operator(
        'import os; os.environ["Count"] = "7"; os.environ["ok"] = "True"; os.environ["text"] = "t"', outputs=outputs
    )
    done = subject.run('--Count', 'c', '--ok', 'o', '--text', 't', '--executor_input', json.dumps(told))
    assert succeeded(done)
    report = json.loads((tmp_path / 'new/output.json').read_text())
    assert report == {'artifacts': {}, 'parameterValues': {'count': 7, 'ok': True}}


# Collected in one file


def test_texts_and_numbers_are_collected(operator):
    outputs = [an_output('text'), an_output('told'), an_output('unset'), an_output('binary')]
    outputs += [an_output('count', 'Integer'), an_output('share', 'Float'), an_output('done', 'Boolean'), an_output('file', 'File')]
    script = """
        import os
        from pathlib import Path
        os.environ.update(text='ü "{{ x }}"\\n', count=' 007 ', share='nan', done='yes', file='f', told='f', binary='b')
        Path('f').write_text('in a file')
        Path('b').write_bytes(b'\\xff')
        assert 'C3_COLLECTED_OUTPUTS' not in os.environ
    """
    subject = operator(textwrap.dedent(script), outputs=outputs)
    places = [word for output in outputs for word in ('--' + output['name'], 'out/' + output['name'])]
    done = subject.run(*places, env={'C3_COLLECTED_OUTPUTS': 'all.json', 'C3_UNSET_OUTPUTS': 'skip'})
    assert done.returncode == 0 and done.stderr == 'warning: output `binary` is no text, which the engine could hold\n'
    found = json.loads((subject.home / 'all.json').read_text())
    assert found == {'text': 'ü "{{ x }}"\n', 'told': 'in a file', 'count': 7, 'share': 'nan', 'done': True}


def test_outputs_that_cannot_be_collected_are_reported(deliver):
    done, target = deliver('os.environ["out"] = "x"', env={'C3_COLLECTED_OUTPUTS': '/dev/null/x'})
    assert (done.returncode, target.read_text()) == (0, 'x')
    assert done.stderr.startswith('warning: cannot write the outputs to `/dev/null/x`')
