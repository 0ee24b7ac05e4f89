"""Hides ‮ and ​ in a text."""

import os

# pip install num​py

a = os.getenv(os.path.join('‮a', 'b'))
