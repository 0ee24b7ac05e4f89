"""Tries the imports of Functions and of an operator, and lists the packages that are installed."""
import ast
import importlib
import os
import sys

import flask
import requests
import waitress


def imported(path):
    """Give the modules that a script imports at its top level."""
    with open(path, 'rb') as script:
        tree = ast.parse(script.read())
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def installed():
    """Give the packages, as the guide of ONE DATA does where setuptools still has that module."""
    try:
        import pkg_resources
    except ImportError:
        from importlib.metadata import distributions
        return [(found.metadata['Name'].lower(), found.version) for found in distributions()]
    return [(found.key, found.version) for found in pkg_resources.working_set]


script = sys.argv[1]
sys.path.insert(0, os.path.dirname(script))
for module in sorted(set(imported(script))):
    importlib.import_module(module)
print('\n'.join(sorted({'%s==%s' % package for package in installed()})))
