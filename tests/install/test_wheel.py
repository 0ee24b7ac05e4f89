"""The wheel: its metadata, and each of its programs compiling a sample where nothing else is installed."""

import email
import json
import os
import re
import zipfile

import pytest
from processes import ROOT, run, succeeded, tool

EMITTED = ['Dockerfile', 'cwl', 'job.yaml', 'yaml']
PROGRAMS = ['c3', 'c3_create_containerless_operator', 'c3_create_gridwrapper', 'c3_create_operator', 'claimed']


def emitted(folder, stem):
    """Insist on the files of an operator."""
    for ending in EMITTED:
        assert (folder / f'{stem}.{ending}').stat().st_size > 0


def metadata(wheel):
    """Give the wheel's metadata."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith('.dist-info/METADATA')]
        return email.message_from_bytes(archive.read(name))


def test_metadata_describes_the_package(wheel):
    fields = metadata(wheel)
    version = re.search(r'^version = "(.*)"', (ROOT / 'Cargo.toml').read_text(), re.MULTILINE)[1]
    assert (fields['Name'], fields['Version']) == ('c3-compiler', version)
    assert fields['License-Expression'] == 'Apache-2.0'
    assert fields['Requires-Python']
    assert fields['Description-Content-Type'].startswith('text/markdown')
    assert not fields.get_all('Requires-Dist')
    succeeded(run(tool('twine'), 'check', '--strict', wheel))


def test_the_wheel_is_for_this_platform_and_any_python(wheel):
    assert re.fullmatch(r'c3_compiler-[\d.]+-py3-none-(manylinux|linux|macosx)\w+\.whl', wheel.name)


def test_wheel_contains_the_program_once(wheel):
    with zipfile.ZipFile(wheel) as archive:
        sizes = {info.filename.split('/')[-1]: info.file_size for info in archive.infolist() if '/scripts/' in info.filename}
    assert sorted(sizes) == PROGRAMS
    assert sum(sizes.values()) < 1.2 * sizes['c3']


def test_c3_compiles(programs, folder):
    done = succeeded(run(programs / 'c3', 'compile', 'example_script.py', '--format', 'json', cwd=folder))
    assert json.loads(done.stdout)['operators'][0]['image'] == 'claimed-example-script:0.1'
    emitted(folder, 'example_script')


def test_c3_create_operator_compiles(programs, folder):
    succeeded(run(programs / 'c3_create_operator', '--no-build', 'example_script.py', '--log_level', 'INFO', cwd=folder))
    emitted(folder, 'example_script')


def test_c3_create_gridwrapper_compiles(programs, folder):
    options = ['--no-build', '--component_process', 'grid_process', '--backend', 'grid_wrapper']
    succeeded(run(programs / 'c3_create_gridwrapper', *options, 'count_letters.py', cwd=folder))
    emitted(folder, 'gw_count_letters')


@pytest.mark.parametrize('program', PROGRAMS)
def test_programs_are_found_on_the_path(programs, program, folder):
    done = run('sh', '-c', f'{program} --help', cwd=folder, env={'PATH': f'{programs}:{os.environ["PATH"]}'})
    assert 'Usage' in succeeded(done).stdout


def test_a_link_to_a_program_is_enough(programs, tmp_path, folder):
    """As pipx and uv put programs on the path."""
    link = tmp_path / 'bin/c3_create_operator'
    link.parent.mkdir()
    link.symlink_to(programs / 'c3_create_operator')
    succeeded(run(link, '--no-build', 'example_script.py', cwd=folder))
    emitted(folder, 'example_script')


def test_published_package_contains_everything_to_build():
    """The crate and, with it, the source distribution."""
    tracked = run('git', 'ls-files', 'src', 'templates', 'grammars', cwd=ROOT).stdout.split()
    packaged = succeeded(run('cargo', 'package', '--list', '--allow-dirty', cwd=ROOT)).stdout.split()
    assert {*tracked, 'Cargo.lock', 'LICENSE', 'README.md', 'pyproject.toml'} <= set(packaged)
    for path in tracked:
        text = (ROOT / path).read_text()
        for included in re.findall(r'include_(?:str|bytes)!\("([^"]+)"\)', text):
            assert os.path.normpath(os.path.join(os.path.dirname(path), included)) in packaged
