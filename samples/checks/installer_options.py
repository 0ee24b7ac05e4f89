"""Options for a terminal, and a requirement file elsewhere."""
# pip install --user -q -r https://example.org/requirements.txt
print("done")
