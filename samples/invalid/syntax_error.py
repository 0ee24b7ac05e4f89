import os

x = os.getenv('x'
y = 1
