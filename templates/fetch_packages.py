"""Fetch as wheels what a `pip install` would install.

It runs in a stage of its own, where the logins of package indexes are mounted and no package's code runs.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from pip import __version__ as pip_version

ASKED = '/run/c3-login'
FETCHED = '/tmp/c3-index'
INSTALL = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'install.txt')
CONFIGURED = ('PIP_INDEX_URL', 'PIP_EXTRA_INDEX_URL')
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in CONFIGURED}
WHEELS_ONLY = ['--only-binary', ':all:', '--no-input', '--disable-pip-version-check']
# What `pip download` doesn't know.
OF_INSTALL = {
    '-U',
    '--upgrade',
    '-I',
    '--ignore-installed',
    '--force-reinstall',
    '--compile',
    '--no-compile',
    '--no-warn-conflicts',
    '--no-warn-script-location',
    '--break-system-packages',
}


def main(options):
    """Fetch into `FETCHED`, or end as pip ends."""
    os.makedirs(FETCHED)
    shutil.copy(INSTALL, FETCHED)
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, 'log')
        common = [*WHEELS_ONLY, '--log', log, '--cache-dir', os.path.join(folder, 'cache')]
        code = fetch(folder, common, options)
        if code:
            tell_refusals(log)
    sys.exit(code)


def fetch(folder, common, options):
    """Fetch what isn't installed; a pip that can't tell what that is fetches all."""
    if tuple(int(part) for part in re.findall(r'\d+', pip_version)[:2]) < (22, 2):
        known = [option for option in options if option not in OF_INSTALL]
        return pip('download', *common, '--dest', FETCHED, *known, '-r', ASKED)
    report = os.path.join(folder, 'report.json')
    code = pip('install', '--dry-run', '--quiet', '--report', report, *common, *options, '-r', ASKED)
    if code:
        return code
    wanted = os.path.join(folder, 'wanted.txt')
    with open(report) as file, open(wanted, 'w') as out:
        out.write(wanted_lines(json.load(file)['install']))
    return pip('download', '--no-deps', '--dest', FETCHED, *common, '-r', wanted)


def wanted_lines(packages):
    """Give the lines of a requirement file for exactly these packages."""
    with open(ASKED) as file:
        asked = file.read()
    addresses = {without_login(url): url for url in re.findall(r'https?://\S+', asked)}
    lines = [line for line in asked.splitlines() if re.match(r'-i|-f|--(extra-)?index-url|--find-links', line)]
    for package in packages:
        origin = package['download_info']
        url = addresses.get(origin['url'], origin['url']).split('#')[0]
        digest = origin.get('archive_info', {}).get('hash', '')
        lines.append(package['metadata']['name'] + ' @ ' + url + ('#' + digest if digest else ''))
    return '\n'.join(lines) + '\n'


def without_login(url):
    """Give an address as pip tells it."""
    return re.sub('://[^/@]*@', '://', url)


def pip(*words):
    """Run pip and give its exit code."""
    return subprocess.call([sys.executable, '-m', 'pip', *words], env=ENVIRONMENT)


def tell_refusals(log):
    """Say which addresses want another login: pip passes over what is forbidden."""
    with open(log) as file:
        refusals = set(re.findall(r'(40[13]) Client Error: .*? for url: (\S+)', file.read()))
    for status, url in sorted(refusals):
        print('{} answers with the HTTP error {}'.format(without_login(url), status), flush=True)


main(sys.argv[1:])
