# /// script
# dependencies = ["numpy"]
# ///

# /// script
# dependencies = ["pandas"]
# ///
"""PEP 723 allows one block."""
