"""Names a package with a character that nobody sees."""

# pip install num​py
