"""Parameters of a store in a bucket, where the data of the batches is too."""

from __future__ import annotations

import os

# Place of the data: cos://<access_key_id>:<access_key_secret>@<endpoint>/<bucket>/<path>, or a file with it
gw_source_connection = os.getenv('gw_source_connection', None)
# Access key of the data, in place of gw_source_connection
gw_source_access_key_id = os.getenv('gw_source_access_key_id', None)
# Secret of the access key
gw_source_secret_access_key = os.getenv('gw_source_secret_access_key', None)
# Endpoint of the data
gw_source_endpoint = os.getenv('gw_source_endpoint', None)
# Bucket of the data
gw_source_bucket = os.getenv('gw_source_bucket', None)
# Place of the results (default: gw_target_path in the bucket of the data)
gw_target_connection = os.getenv('gw_target_connection', None)
# Path of the results in the bucket (default: that of the data)
gw_target_path = os.getenv('gw_target_path', None)
# Shared place of all workers, where they mark what they do (default: gw_coordinator_path in the bucket of the data)
gw_coordinator_connection = os.getenv('gw_coordinator_connection', None)
# Path of the marks in the bucket (default: that of the data)
gw_coordinator_path = os.getenv('gw_coordinator_path', None)
# Files that every batch needs, with commas between
gw_additional_source_files = os.getenv('gw_additional_source_files', '')
# Local folder into which the files of a batch are downloaded
gw_local_input_path = os.getenv('gw_local_input_path', 'input')
# Local folder whose files are uploaded after a batch
gw_local_target_path = os.getenv('gw_local_target_path', 'target')
