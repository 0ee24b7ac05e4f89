"""What stands in for the platforms of the tests: base images, Miniconda's server, conda, Techila's SDK."""

import io
import tarfile

from support import BASE, BOOKWORM, run, succeeded

# The base already has a user with the number 1000, as Ubuntu's images do.
TAKEN = f"""\
FROM {BASE}
USER root
RUN groupadd -g 1000 ubuntu && useradd -m -u 1000 -g 1000 -G staff ubuntu
"""

# In the place of Miniconda's server, which is out of reach: its installer makes an environment of Python 3.11.
WGET = """\
#!/bin/bash
[[ $2 == https://repo.anaconda.com/miniconda/Miniconda3-*-Linux-x86_64.sh && $3 == -O ]] || exit 4
cat > "$4" <<'INSTALLER'
[ "$1 $2" = '-b -p' ] || exit 2
python3 -m venv "$3"
mkdir -p "$3/etc/profile.d"
touch "$3/etc/profile.d/conda.sh"
printf '#!/bin/sh\\n[ "$1" = clean ]\\n' > "$3/bin/conda"
chmod +x "$3/bin/conda"
INSTALLER
"""
ONEDATA = f"""\
FROM {BOOKWORM}
COPY --chown=0:0 program /usr/local/bin/wget
RUN chmod +x /usr/local/bin/wget && useradd --create-home app
"""

# In the place of conda, which no package registry has: environments are Python's own.
CONDA = """\
#!/bin/bash
case "$1" in
  create) /usr/bin/python3 -m venv "/opt/conda/envs/$4" && printf '%s\\n' "$@" > "/opt/conda/envs/$4/created" ;;
  info) echo /opt/conda ;;
  clean) ;;
  *) exit 9 ;;
esac
"""
SUBMARINE = f"""\
FROM {BASE}
USER root
COPY program /opt/conda/bin/conda
RUN chmod +x /opt/conda/bin/conda && mkdir -p /opt/conda/etc/profile.d && printf '%s\\n' \\
    'conda() {{ [ "$1" = activate ] || {{ command conda "$@"; return; }}' \\
    '  export CONDA_DEFAULT_ENV=$2 PATH=/opt/conda/envs/$2/bin:$PATH; }}' > /opt/conda/etc/profile.d/conda.sh
ENV PATH=/opt/conda/bin:/usr/bin:/bin:/usr/sbin:/sbin
"""

# The functions of Techila's SDK that the guide shows; a job runs in a container of the Bundle's file, where the worker
# has nothing of this machine but the function and its parameters.
TECHILA = '''\
import inspect
import json
import os
import shutil
import subprocess
import tempfile
import textwrap

BUNDLES = os.environ['BUNDLES']


class TechilaException(Exception):
    def __init__(self, msg, msg2):
        self.msg, self.msg2 = msg, msg2


def create_signed_bundle(name, files, resource, extras):
    assert resource == name and extras == {'ExternalResources': name + ';resource=' + name}
    place = os.path.join(BUNDLES, 'user.' + name)
    if os.path.exists(place):
        raise TechilaException('the bundle exists', 'user.' + name)
    os.makedirs(place)
    for inside, path in files.items():
        os.link(path, os.path.join(place, inside))
    return 'user.' + name


def peach(funcname, imports, realexecutable, run_as_python, project_parameters, params, jobs=None, peachvector=None,
          packages=(), databundles=()):
    bundle = project_parameters['techila_docker_resource']
    assert imports == [bundle] and run_as_python is True
    json.dumps(params)  # no file's bytes travel with them
    image = 'c3-test/' + project_parameters['techila_docker_image'] + ':on-worker'
    tar = os.path.join(BUNDLES, bundle, project_parameters['techila_docker_tar'])
    subprocess.run(['docker', 'import', tar, image], check=True, stdout=subprocess.DEVNULL)
    try:
        elements = peachvector or range(jobs)
        return [job(image, realexecutable, funcname, params, element, databundles) for element in elements]
    finally:
        subprocess.run(['docker', 'rmi', image], check=True, stdout=subprocess.DEVNULL)


def job(image, executable, function, params, element, databundles):
    folder = tempfile.mkdtemp()
    os.chmod(folder, 0o755)
    for bundle in databundles:
        for name in bundle['datafiles']:
            shutil.copy(os.path.join(bundle['datadir'], name), folder)
    values = [element if value == '<param>' else value for value in params]
    source = textwrap.dedent(inspect.getsource(function))
    call = f'print("\\\\0" + repr({function.__name__}(*{values!r})))'
    mount = ['-v', folder + ':/job:ro', '-w', '/job', '--network', 'none']
    command = ['docker', 'run', '--rm', *mount, image, executable, '-c', source + chr(10) + call]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding='utf-8')
    return eval(done.stdout.rpartition(chr(0))[2])
'''


def build(tag, dockerfile, program=''):
    """Build an image from a Dockerfile and one file beside it."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode='w') as archive:
        for name, text in (('Dockerfile', dockerfile), ('program', program)):
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    done = run('docker', 'build', '--tag', tag, '-', input=context.getvalue().decode(), timeout=600)
    return succeeded(done) and tag

