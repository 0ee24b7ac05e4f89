"""A comment that only looks like a call of pip."""
# pip install is not needed here
print(1)
