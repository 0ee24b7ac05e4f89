# /// script
# requires-python = "<3.9"
# ///
"""It wants a Python that the base image doesn't have."""
