"""A name longer than a label may be."""
