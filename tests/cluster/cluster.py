"""How the cluster of `tests/engines.sh up kubernetes` is asked, and the namespaces, volumes and jobs of the tests."""

import json
import os
import time

import yaml
from support import STATE, c3, run, succeeded, wait_until

HOME = STATE / 'kubernetes'
KUBECTL = [HOME / 'kubectl', '--kubeconfig', HOME / 'admin.conf', '--cache-dir', HOME / 'cache']
PATIENCE = 120


def kubectl(*arguments, **options):
    """Call kubectl, which may fail."""
    return run(*KUBECTL, *arguments, **options)


def job_of(path):
    """Read the only document of a job."""
    return yaml.safe_load(path.read_text(encoding='utf-8'))


def container_of(job):
    """Give the only container of a job's pods."""
    [container] = job['spec']['template']['spec']['containers']
    return container


def pod_of(job):
    """Give the pod that a job would start, by itself."""
    return {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': 'alone'}, 'spec': job['spec']['template']['spec']}


def compiled(folder, source, *options):
    """Compile a source and give the path of its job."""
    succeeded(c3('compile', source, '-o', folder, *options, cwd=folder))
    return next(folder.glob('*.job.yaml'))


class Namespace:
    """A namespace that enforces the profile *restricted*, and a folder of this machine that its claim `shared` stands for."""

    def __init__(self, name, folder):
        """Make it, and wait until pods can start."""
        self.name, self.folder = name, folder
        folder.mkdir(parents=True)
        folder.chmod(0o777)
        self.create({'apiVersion': 'v1', 'kind': 'Namespace', 'metadata': {'name': name, 'labels': enforced()}})
        wait_until(lambda: self.call('get', 'serviceaccount', 'default').returncode == 0, PATIENCE)
        # A claim to a volume that isn't known yet is looked at again after a quarter of a minute only; and a pod whose
        # claim the scheduler doesn't know as bound is put off for minutes.
        for what, thing, phase in zip(('pv', 'pvc'), shared(name, folder), ('Available', 'Bound')):
            self.create(thing)
            self.reaches(phase, what, thing['metadata']['name'])

    def call(self, *arguments, **options):
        """Call kubectl for this namespace."""
        return kubectl('--namespace', self.name, *arguments, **options)

    def create(self, *objects, verb='create', more=()):
        """Create objects; JSON leaves no text to be read as a number."""
        listed = {'apiVersion': 'v1', 'kind': 'List', 'items': list(objects)}
        return succeeded(self.call(verb, '-f', '-', *more, input=json.dumps(listed)))

    def secret(self, name, **texts):
        """Create a secret."""
        self.create({'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'name': name}, 'stringData': texts})

    def found(self, *what):
        """Give one object."""
        return json.loads(succeeded(self.call('get', *what, '-o', 'json')).stdout)

    def reaches(self, phase, *what):
        """Wait until an object is in a phase."""
        wait_until(lambda: self.found(*what).get('status', {}).get('phase') == phase, PATIENCE)

    def pods(self, job):
        """Give the pods of a job, the oldest first."""
        pods = self.found('pods', '-l', f'batch.kubernetes.io/job-name={job}')['items']
        return sorted(pods, key=lambda pod: (pod['metadata']['creationTimestamp'], pod['metadata']['name']))

    def pod(self, job):
        """Wait for the first pod of a job and give it."""
        wait_until(lambda: self.pods(job), PATIENCE)
        return self.pods(job)[0]

    def running(self, job):
        """Wait until the first pod of a job says something, and give its name."""
        name = self.pod(job)['metadata']['name']
        wait_until(lambda: self.call('logs', name).stdout.strip(), PATIENCE)
        return name

    def ended(self, job, seconds=PATIENCE):
        """Wait until a job has ended, and give how, why, and its state."""
        end = time.monotonic() + seconds
        while True:
            status = self.found('job', job).get('status', {})
            for condition in status.get('conditions', []):
                if condition['type'] in ('Complete', 'Failed') and condition['status'] == 'True':
                    return condition['type'], condition.get('reason'), status
            assert time.monotonic() < end, self.report(job)
            time.sleep(0.3)

    def completed(self, job, **options):
        """Insist on a job that completes, and give the log of its last pod."""
        how, why, _ = self.ended(job, **options)
        assert how == 'Complete', f'{why}\n{self.report(job)}'
        return self.log(self.pods(job)[-1])

    def log(self, pod):
        """Give what a pod has said."""
        return succeeded(self.call('logs', pod['metadata']['name'])).stdout

    def report(self, job):
        """Tell what is known of a job that didn't do as it should."""
        described = self.call('describe', f'job/{job}', 'pods').stdout
        return described[-6000:] + self.call('logs', f'job/{job}', '--tail=40').stdout

    def remove(self):
        """Remove everything; pods that still run get no time."""
        self.call('delete', 'jobs', '--all', '--wait=false')
        self.call('delete', 'pods', '--all', '--grace-period=0', '--force', '--wait=false')
        kubectl('delete', 'namespace', self.name, '--wait=false')
        kubectl('delete', 'persistentvolume', self.name, '--wait=false')


def enforced():
    """Give the labels of a namespace that admits only pods of the profile *restricted*."""
    return {'pod-security.kubernetes.io/enforce': 'restricted'}


def shared(name, folder):
    """Give a volume that lies in a folder of this machine, and the claim `shared` to it."""
    size = {'storage': '1Gi'}
    common = {'storageClassName': '', 'accessModes': ['ReadWriteMany']}
    claim = {**common, 'volumeName': name, 'resources': {'requests': size}}
    volume = {
        **common,
        'capacity': size,
        'hostPath': {'path': str(folder)},
        'claimRef': {'namespace': name, 'name': 'shared'},
    }
    return (
        {'apiVersion': 'v1', 'kind': 'PersistentVolume', 'metadata': {'name': name}, 'spec': volume},
        {'apiVersion': 'v1', 'kind': 'PersistentVolumeClaim', 'metadata': {'name': 'shared'}, 'spec': claim},
    )


def ends(pod):
    """Tell how the container of a pod ended: exit code and reason."""
    [status] = pod['status']['containerStatuses']
    ended = status['state']['terminated']
    return ended['exitCode'], ended['reason']


def waits_for(pod):
    """Tell why the container of a pod doesn't start, or nothing."""
    [status] = pod['status'].get('containerStatuses') or [{}]
    return status.get('state', {}).get('waiting', {}).get('reason')


def reach(kubeconfig=HOME / 'admin.conf'):
    """Give the environment that leads to the cluster."""
    return {'KUBECONFIG': kubeconfig, 'PATH': f'{HOME}:{os.environ["PATH"]}'}


def kubeconfig_of(user, folder, namespace, rules):
    """Give a kubeconfig of a user who may do only this much."""
    role = {'apiVersion': 'rbac.authorization.k8s.io/v1', 'kind': 'Role', 'metadata': {'name': user}, 'rules': rules}
    subject = {'kind': 'ServiceAccount', 'name': user, 'namespace': namespace.name}
    reference = {'apiGroup': 'rbac.authorization.k8s.io', 'kind': 'Role', 'name': user}
    binding = {**role, 'kind': 'RoleBinding', 'subjects': [subject], 'roleRef': reference}
    del binding['rules']
    namespace.create({'apiVersion': 'v1', 'kind': 'ServiceAccount', 'metadata': {'name': user}}, role, binding)
    token = succeeded(namespace.call('create', 'token', user)).stdout.strip()
    config = yaml.safe_load((HOME / 'admin.conf').read_text(encoding='utf-8'))
    for entry in config['users']:
        entry['user'] = {'token': token}
    path = folder / 'kubeconfig'
    path.write_text(yaml.safe_dump(config), encoding='utf-8')
    return path
