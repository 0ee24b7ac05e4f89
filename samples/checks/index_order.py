# /// script
# dependencies = ["six"]
# [[tool.uv.index]]
# url = "https://packages.example.org/simple"
# ///
"""An index beside the default one."""
import six

print(six.__version__)
