"""Counts, as the original's imports let it."""
count = int(os.getenv("count", "5"))
print(count)
