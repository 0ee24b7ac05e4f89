"""Uses a module that lies beside it."""

import removed_module

print(removed_module)
