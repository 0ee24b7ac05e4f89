# /// script
# requires-python = "three"
# ///
"""A version that is none."""
