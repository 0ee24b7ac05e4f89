# /// script
# dependencies = [
#   "six",

#   "toolz",
# ]
# ///
"""An empty line ends the block before its last line."""
