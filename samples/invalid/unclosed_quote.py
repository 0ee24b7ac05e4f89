"""A quote is missing."""
# pip install 'numpy
