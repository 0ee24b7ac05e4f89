"""Latin-1."""
name = "grüße"
