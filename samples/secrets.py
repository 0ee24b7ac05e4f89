"""
Secrets come from the cluster or as ordinary parameters; they are in no manifest, no default and no log.
"""

import logging
import os

# Where the data is: a password in it makes it a secret.
db_connection = os.getenv('db_connection')

# Needed to write.
access_key_id = os.getenv('access_key_id', '')

api_token = os.environ['api_token']

# How many tokens a model may use is none.
max_tokens = int(os.getenv('max_tokens', 256))

# A public name in spite of its name.
secret_santa = os.getenv('secret_santa', 'nobody')  # c3: not-secret

# Something that only its owner should see.
diagnosis = os.getenv('diagnosis', '')  # c3: secret

logging.info('connected: %s, authorized: %s', bool(db_connection), bool(api_token))
os.environ['session_token'] = 'a secret that is written is no output'
print(max_tokens, secret_santa)
