"""Casts a text to a truth value."""

import os

if bool(os.getenv('verbose', 'False')):
    print('verbose')
elif bool(os.getenv('quiet')):
    print('quiet')
