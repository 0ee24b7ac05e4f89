"""Uses a module that Python has no more."""

import imp

print(imp)
