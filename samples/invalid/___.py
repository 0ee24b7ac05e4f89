"""No letter in the name."""
