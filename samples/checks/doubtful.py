import os

prefix = os.getenv('prefix', 'x')
value = os.getenv(prefix + '_value')
# A number.
count = int(os.getenv('count', 'many'))
