"""A default that Kubeflow, whose numbers are doubles, can't hold."""
import os

# Where to begin.
seed = int(os.getenv("seed", "9007199254740993"))
print(seed)
