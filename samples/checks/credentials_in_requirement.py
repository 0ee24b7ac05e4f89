"""
Names a private index with its password, see https://bob:hunter2pw@packages.example/.
"""

# pip install --extra-index-url https://bob:hunter2pw@packages.example/simple six
# pip install git+https://tok3n@git.example/team/tools.git@v1 git+ssh://git@git.example/team/more.git
# dnf install -y https://bob:hunter2pw@rpm.example/tools.rpm

import os

import six

# As in amqp://guest:guest@localhost.
queue = os.environ['queue']
