"""Installs while it runs."""

import os
import subprocess
import sys

subprocess.check_call([sys.executable, '-m', 'pip', 'install', 'numpy'])
subprocess.run('cd /tmp && pip install numpy', shell=True)
os.system('apt-get install -y git')
print('pip install numpy')
