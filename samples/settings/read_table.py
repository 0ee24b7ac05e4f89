# /// script
# dependencies = ["boto3>=1.36"]
#
# [tool.c3.job]
# parallelism = 4
# limits = { memory = "8Gi" }
# ///
"""Reads a table from an object store and counts its rows.

What this script alone needs stands in its own block; c3.toml in this folder has the rest.
"""

import os

import boto3

# The key of the object store.
access_key_id = os.environ['access_key_id']

# The secret that belongs to the key.
secret_access_key = os.environ['secret_access_key']

# Where the object store is.
endpoint = os.getenv('endpoint', 'https://s3.example.org')

# Bucket and path of the table.
table = os.getenv('table', 'bucket/table.csv')

# A folder for what has been read, on the volume.
folder = os.getenv('folder', 'data')

store = boto3.client(
    's3', aws_access_key_id=access_key_id, aws_secret_access_key=secret_access_key, endpoint_url=endpoint
)
bucket, _, key = table.partition('/')
path = os.path.join(folder, os.path.basename(key))
store.download_file(bucket, key, path)

with open(path, encoding='utf-8') as lines:
    rows = sum(1 for _ in lines) - 1

# How many rows the table has.
os.environ['rows'] = str(rows)
