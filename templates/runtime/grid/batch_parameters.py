"""Parameters that say what the batches are."""

from __future__ import annotations

import os

# File with the batch ids: a txt file with commas or lines, the keys or items of a json file, or a column of a csv file
gw_batch_file = os.getenv('gw_batch_file', None)
# Column of a csv file that holds the batch ids
gw_batch_file_col_name = os.getenv('gw_batch_file_col_name', 'filename')
# Pattern of file paths such as data/**/*.tif, or several with commas between, in place of gw_batch_file
gw_file_path_pattern = os.getenv('gw_file_path_pattern', None)
# How batch ids are made of file paths, such as [-10:-4] or .split('/')[-1] (default: the whole path)
gw_group_by = os.getenv('gw_group_by', None)
