"""Interactive images of CHAIMELEON: built on a bare Debian, run as the platform runs them, and used over VNC and SSH."""

import json
import re

import paramiko
import pytest
from guacamole import guacamole
from images import docker, image_config
from operators import run_image
from rfb import VNC_AUTHENTICATION, greeted, logged_in, picture
from support import BOOKWORM, ROOT, c3, host_address, run, snapshot, succeeded, venv, wait_until, write

HOME = '/home/chaimeleon'
VNC_PASSWORD = 'sesame12'
PASSWORD = 'open-Sesame_1'
DEBIAN = 'c3-test/debian:12'
INTERFACES = ['desktop', 'browser', 'jupyter']
USER = ['--user', '1000:1000']

SQUARES = json.dumps(
    {
        'cells': [
            {
                'cell_type': 'code',
                'execution_count': None,
                'metadata': {},
                'outputs': [],
                'source': '# Squares.\n'
                'import os\n'
                "count = int(os.getenv('count', 3))\n"
                "with open(os.path.expanduser('~/persistent-home/squares'), 'w') as file:\n"
                '    print(*[n * n for n in range(count)], file=file)\n'
                "print('COUNT', count, 'PASSWORD' in os.environ)\n",
            }
        ],
        'metadata': {'kernelspec': {'language': 'python', 'name': 'python3', 'display_name': 'Python 3'}},
        'nbformat': 4,
        'nbformat_minor': 4,
    }
)


@pytest.fixture(scope='session')
def sources(session_folder):
    """Give a folder with a notebook and a dataset, on a base that is a bare Debian."""
    folder = session_folder / 'interactive'
    write(folder / 'squares.ipynb', SQUARES)
    write(folder / 'datasets/abc/index.json', '[]')
    docker('tag', BOOKWORM, DEBIAN)
    yield folder
    run('docker', 'rmi', DEBIAN)


def build(sources, interface):
    """Build the image of an interface under a name of its own: all have the same lines up to their differences."""
    options = ['--target', 'chaimeleon', '--set', f'chaimeleon.interface={interface}', '--base-image', DEBIAN]
    options += ['-v', '0.1', '--overwrite', '--format', 'json']
    done = succeeded(c3('create-operator', 'squares.ipynb', *options, cwd=sources, timeout=900))
    image = f'c3-test/{interface}:1'
    docker('tag', json.loads(done.stdout)['image'], image)
    docker('rmi', json.loads(done.stdout)['image'])
    return image


@pytest.fixture(scope='session')
def jupyter(sources):
    """Build the image that has everything."""
    image = build(sources, 'jupyter')
    yield image
    run('docker', 'rmi', '--force', image)


def start(sources, image, name, *options):
    """Start a container as the platform does: its user, a dataset that is read-only."""
    mount = ['--volume', f'{sources}/datasets:{HOME}/datasets:ro']
    docker('run', '--detach', '--name', name, *USER, *mount, *options, image)
    wait_until(lambda: all_run(name), 300)
    return name


def all_run(name):
    """Tell whether the supervisor has all services running."""
    listed = inside(name, 'supervisorctl', '-c', f'{HOME}/.init/supervisord.conf', 'status').stdout.splitlines()
    return len(listed) > 6 and all(line.split()[1] == 'RUNNING' for line in listed)


def inside(name, *command, options=()):
    """Run a command in a container, as its user."""
    return run('docker', 'exec', *options, name, *command)


def ended(name):
    """Remove a container."""
    run('docker', 'rm', '--force', '--volumes', name)


def address(name, port):
    """Give where a port of a container is."""
    host, _, number = docker('port', name, str(port)).splitlines()[0].rpartition(':')
    return host, int(number)


@pytest.fixture(scope='session')
def desktop(sources, jupyter):
    """Start the image with its ports open, and wait for the notebook in the browser."""
    variables = {'VNC_PASSWORD': VNC_PASSWORD, 'PASSWORD': PASSWORD, 'SSH_ENABLE_PASSWORD_AUTH': 'true'}
    options = [word for name, value in variables.items() for word in ('--env', f'{name}={value}')]
    options += ['--publish', '127.0.0.1::5900', '--publish', '127.0.0.1::2222']
    begin = write(sources / 'init.sh', 'env >~/environment\n')
    options += ['--volume', f'{begin}:{HOME}/persistent-home/init.sh:ro']
    name = 'c3-test-interactive'
    ended(name)
    yield start(sources, jupyter, name, *options)
    ended(name)


# VNC


def test_vnc_accepts_only_its_password(desktop):
    place = address(desktop, 5900)
    connection, ways = greeted(*place)
    connection.close()
    assert ways == [VNC_AUTHENTICATION]
    assert logged_in(*place, 'sesame11') is None
    assert logged_in(*place, VNC_PASSWORD) is not None


def test_screen_is_not_blank(desktop):
    width, height, pixels = seen(desktop)
    assert (width, height) == (1280, 800)
    wait_until(lambda: len(colours(seen(desktop)[2])) > 500, 300)  # the browser has drawn the notebook
    assert len(pixels) == 4 * width * height


def seen(name):
    """Take a picture of the desktop."""
    connection = logged_in(*address(name, 5900), VNC_PASSWORD)
    with connection:
        return picture(connection)


def colours(pixels):
    """Give the colours of a picture."""
    return {pixels[at : at + 3] for at in range(0, len(pixels), 4)}


# SSH


def ssh(name, password):
    """Log in by SSH, with a password only."""
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    host, port = address(name, 2222)
    client.connect(host, port, 'chaimeleon', password, allow_agent=False, look_for_keys=False, timeout=30)
    return client


@pytest.mark.parametrize('password', ['chaimeleon', 'guessed', VNC_PASSWORD])
def test_ssh_refuses_other_passwords(desktop, password):
    with pytest.raises(paramiko.AuthenticationException):
        ssh(desktop, password)


def test_files_are_uploaded_by_ssh(desktop):
    with ssh(desktop, PASSWORD) as client, client.open_sftp() as sftp:
        with sftp.open('uploaded.txt', 'w') as file:
            file.write('1 2 3')
        with pytest.raises(OSError):
            sftp.open('datasets/uploaded.txt', 'w')
    told = succeeded(inside(desktop, 'sh', '-c', 'stat -c %U ~/uploaded.txt && cat ~/uploaded.txt')).stdout
    assert told == 'chaimeleon\n1 2 3'


def test_ssh_forwarding_is_off_by_default(desktop):
    with ssh(desktop, PASSWORD) as client, pytest.raises(paramiko.ChannelException):
        client.get_transport().open_channel('direct-tcpip', ('127.0.0.1', 8888), ('127.0.0.1', 1))


# What runs

ASK = 'import urllib.request, sys; print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())'


def asked(name, url):
    """Ask a server from within a container."""
    return inside(name, 'python', '-c', ASK, url)


def test_jupyter_shows_the_notebook_to_this_container_only(desktop):
    wait_until(lambda: asked(desktop, 'http://127.0.0.1:8888/api').returncode == 0)
    listed = json.loads(succeeded(asked(desktop, 'http://127.0.0.1:8888/api/contents/squares.ipynb')).stdout)
    assert 'count' in listed['content']['cells'][0]['source']
    own = docker('inspect', '--format', '{{.NetworkSettings.IPAddress}}', desktop).strip()
    assert 'Connection refused' in asked(desktop, f'http://{own}:8888/api').stderr


def test_the_browser_runs(desktop):
    assert 'firefox-esr' in inside(desktop, 'sh', '-c', 'cat /proc/[0-9]*/comm').stdout.split()


def test_the_application_is_a_program_that_takes_arguments(desktop):
    done = succeeded(inside(desktop, 'squares', '--count', '5', options=['--tty', '--env', 'PASSWORD=']))
    assert 'COUNT 5' in done.stdout
    assert inside(desktop, 'cat', f'{HOME}/persistent-home/squares').stdout == '0 1 4 9 16\n'
    assert 'Exec=/home/chaimeleon/.local/bin/squares' in inside(desktop, 'cat', f'{HOME}/Desktop/squares.desktop').stdout


def test_no_process_shows_a_password(desktop, jupyter):
    assert showing(desktop, jupyter, 'XDG_RUNTIME_DIR'), 'the search finds what is there'
    assert showing(desktop, jupyter, f'{PASSWORD}\n{VNC_PASSWORD}') == []


def showing(name, image, texts):
    """Give the processes of a container in whose arguments or variables a text is, seen from beside it."""
    search = 'exec grep -lasFf - /proc/[0-9]*/environ /proc/[0-9]*/cmdline'
    options = ['--pid', f'container:{name}', '--user', '0', '--cap-add', 'SYS_PTRACE', '--entrypoint', 'sh']
    done = run('docker', 'run', '--rm', '--interactive', *options, image, '-c', search, input=texts)
    return done.stdout.split()


def test_user_script_runs_first_and_without_passwords(desktop):
    told = inside(desktop, 'cat', f'{HOME}/environment').stdout.splitlines()
    assert 'SSH_ENABLE_PASSWORD_AUTH=true' in told
    assert [line for line in told if PASSWORD in line or VNC_PASSWORD in line] == []


def test_a_container_may_be_started_again(desktop):
    docker('restart', desktop)
    wait_until(lambda: all_run(desktop), 300)
    wait_until(lambda: logged_in(*address(desktop, 5900), VNC_PASSWORD) is not None)
    with ssh(desktop, PASSWORD) as client:
        assert client.exec_command('ls')[1].read().decode().split().count('uploaded.txt') == 1


# Guacamole


def registering(sources, image, url):
    """Start a container that registers with Guacamole, and give what it has complained of."""
    name = 'c3-test-guacamole'
    ended(name)
    variables = {
        'VNC_PASSWORD': VNC_PASSWORD,
        'PASSWORD': PASSWORD,
        'GUACAMOLE_URL': url,
        'GUACAMOLE_USER': 'ann',
        'GUACAMOLE_PASSWORD': '-secret',
        'GUACAMOLE_CONNECTION_NAME': 'my desktop',
        'GUACD_HOST': 'guacd',
    }
    options = [word for variable, value in variables.items() for word in ('--env', f'{variable}={value}')]
    try:
        start(sources, image, name, *options)
        return run('docker', 'logs', name).stderr
    finally:
        ended(name)


def test_the_desktop_is_registered_with_guacamole(sources, jupyter):
    host = host_address()
    with guacamole(host) as server:
        said = registering(sources, jupyter, f'http://{host}:{server.server_port}/guacamole')
        requests = server.requests
    assert 'warning' not in said
    assert requests['/guacamole/api/tokens'] == 'username=ann&password=-secret'
    connection = json.loads(requests['/guacamole/api/session/data/postgresql/connections?token=token'])
    assert (connection['name'], connection['parentIdentifier']) == ('my desktop', '7')
    assert connection['attributes']['guacd-hostname'] == 'guacd'
    wanted = {
        'port': '5900',
        'password': VNC_PASSWORD,
        'sftp-port': '2222',
        'sftp-username': 'chaimeleon',
        'sftp-password': PASSWORD,
        'sftp-disable-download': 'true',
        'disable-copy': 'true',
    }
    assert wanted.items() <= connection['parameters'].items()


def test_unregistered_desktop_warns_and_runs(sources, jupyter):
    said = registering(sources, jupyter, 'http://127.0.0.1:1/guacamole')
    assert 'warning: the desktop is not registered with Guacamole' in said
    assert PASSWORD not in said and VNC_PASSWORD not in said and '-secret' not in said


# Passwords


def test_passwords_are_random_and_shown_once(sources, jupyter):
    name = 'c3-test-random'
    ended(name)
    try:
        start(sources, jupyter, name, '--network', 'none')
        docker('restart', name)
        wait_until(lambda: all_run(name), 300)
        told = docker('logs', name)
        passwords = re.findall(r'made at random: ([-_A-Za-z0-9]{16})$', told, re.MULTILINE)
        assert len(set(passwords)) == len(passwords) == 2
        assert succeeded(inside(name, 'sh', '-c', 'wc -c <~/.session/vnc-password')).stdout == '8\n'
    finally:
        ended(name)


@pytest.mark.parametrize('password', ['weak', 'chaimeleon', 'two\nlines'])
def test_container_with_the_default_password_exits(jupyter, password):
    done = run_image(jupyter, options=USER, env={'PASSWORD': password})
    assert (done.returncode, done.stdout) == (1, '')
    assert re.fullmatch(r'error: .*PASSWORD.*\n', done.stderr), done.stderr


# The image


def test_interactive_image_follows_the_guide(jupyter):
    config = image_config(jupyter)['Config']
    assert (config['User'], config['WorkingDir']) == ('chaimeleon:chaimeleon', HOME)
    assert config['Entrypoint'] == [f'{HOME}/.init/run.sh']
    assert set(config['ExposedPorts']) == {'5900/tcp', '2222/tcp'}
    told = 'id -Gn; ls /etc/ssh/ssh_host_* /var/lib/apt/lists/* ~/.cache; stat -c %U ~/.init/run.sh ~/Desktop ~/squares.ipynb'
    done = run_image(jupyter, '-c', told, options=['--entrypoint', 'sh'])
    assert done.stdout.split() == ['chaimeleon', 'root', 'chaimeleon', 'chaimeleon']


@pytest.fixture(scope='session')
def plain(sources, jupyter):
    """Start an image without a browser, built on the other's layers, with everything set that may be."""
    image = build(sources, 'desktop')
    variables = ['count=4', 'RESOLUTION=800x600', 'X11VNC_ARGS=-noipv6', 'OPENBOX_ARGS=--sm-disable']
    variables += ['DISABLE_SFTP=true', 'TCP_FORWARDING=true', 'GATEWAY_PORTS=true']
    name = 'c3-test-desktop'
    ended(name)
    options = [word for variable in variables for word in ('--env', variable)]
    yield start(sources, image, name, '--network', 'none', *options)
    ended(name)
    run('docker', 'rmi', '--force', image)


def test_a_desktop_starts_the_application(plain):
    wait_until(lambda: inside(plain, 'cat', f'{HOME}/persistent-home/squares').stdout == '0 1 4 9\n', 300)
    assert 'xterm' in inside(plain, 'sh', '-c', 'cat /proc/[0-9]*/comm').stdout.split()


def test_variables_reach_the_services(plain):
    commands = inside(plain, 'sh', '-c', 'cat /proc/[0-9]*/cmdline').stdout.split('\0')
    assert {'800x600x24', '-noipv6', '--sm-disable'} <= set(commands)
    said = succeeded(inside(plain, '/usr/sbin/sshd', '-T', '-f', f'{HOME}/.session/sshd_config')).stdout.splitlines()
    assert {'allowtcpforwarding yes', 'gatewayports yes', 'passwordauthentication no'} <= set(said)
    assert not any(line.startswith('subsystem') for line in said)


@pytest.mark.parametrize('interface', INTERFACES)
def test_linters_accept_the_generated_files(tmp_path, interface):
    options = ['--no-build', '--keep-generated-files', '--target', 'chaimeleon', '-v', '0.1', '-o', tmp_path]
    options += ['--set', f'chaimeleon.interface={interface}']
    for sample in ('plain_notebook.ipynb', 'model_training.R', 'quoting.py'):
        succeeded(c3('create-operator', f'samples/{sample}', *options, cwd=ROOT))
    done = run(venv('tools', 'hadolint'), '-f', 'json', *sorted(tmp_path.glob('*.Dockerfile')))
    findings = [finding for finding in json.loads(done.stdout) if finding['level'] in ('error', 'warning')]
    assert [finding for finding in findings if finding['code'] not in {'DL3008', 'DL3013'}] == []
    scripts = [name for name, text in snapshot(tmp_path).items() if '/interactive/' in name and text.startswith(b'#!')]
    assert len(scripts) > 9
    succeeded(run('shellcheck', *scripts, cwd=tmp_path))
