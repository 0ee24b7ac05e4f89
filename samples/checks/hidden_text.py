"""Hides ‮ and ​ in a text."""

import os

a = os.getenv(os.path.join('‮a', 'b'))
