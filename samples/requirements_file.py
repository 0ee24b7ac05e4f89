"""Requirements in a file, system packages, and an additional file that is read by its relative path."""

# pip install -r requirements.txt
# pip3 install --upgrade \
#     'packaging>=24'
# dnf install -y which

import os

import packaging.version

# A file of the operator's own.
names_file = os.getenv('names_file', 'samples/data/names.txt')

with open(names_file, encoding='utf-8') as file:
    print(file.read().split(), packaging.version.Version('1.0'))
