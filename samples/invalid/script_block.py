# /// script
# dependencies = ["numpy",
# ///
"""A PEP 723 block that is no TOML."""
