# /// script
# dependencies = ["inhouse-tools"]
# [tool.uv.sources]
# inhouse-tools = { git = "https://git.example.org/tools" }
# ///
"""A source of packages that an image can't follow."""
