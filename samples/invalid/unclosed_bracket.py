"""Opens what it doesn't close."""
import os

count = int(os.getenv("count", "5")
print(count)
