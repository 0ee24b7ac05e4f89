# /// script
# requires-python = ">=3.10"
# dependencies = [
#     "humanize>=4",
#     "tomli; python_version < '3.11'",
# ]
# ///
"""Dependencies as PEP 723 writes them: this operator tells a number of bytes in words."""

import os

import humanize

# Size in bytes.
size = int(os.getenv('size', 5 * 1024**2))

print(humanize.naturalsize(size, binary=bool(os.getenv('binary', 'False'))))
