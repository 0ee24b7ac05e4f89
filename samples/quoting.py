r"""
Strings that break naive generators: "double" 'single' `back` ${HOME} $(date) {{ jinja }} {% raw %} # hash
- a list? key: value, [a], {b}, *c, &d, !e, |, >, %, @ and a \backslash
"""

import os

# What YAML takes for something else: yes, 1e3, null, "quoted" # hash: colon {{ x }} ${y} \
yes = os.getenv('yes', 'no')
number = os.getenv('number', '1e3')
octal = os.getenv('octal', '0o12')
null_text = os.getenv('null_text', '~')
date = os.getenv('date', '2026-11-21')
empty = os.getenv('empty', '')
quotes = os.getenv('quotes', """it's "both" and `more`""")
dollar = os.getenv('dollar', '$(rm -rf /) ${HOME} $$ $HOME')
braces = os.getenv('braces', '{{ inputs }} {% if %} {# no #}')
lines = os.getenv('lines', 'one\ntwo\r\n\tthree\\')
unicode = os.getenv('unicode', 'Grüße, 世界, 🚀, \u200bzero\u202eright')
control = os.getenv('control', '\x07\x1b[31m\x85\u2028\ufeff')
colon = os.getenv('colon', 'a: b #c')
dash = os.getenv('dash', '- x')
long = os.getenv('long', 'x' * 5000)

for name in ('yes', 'number', 'octal', 'null_text', 'quotes', 'dollar', 'braces', 'lines', 'unicode', 'control'):
    print(name, ascii(globals()[name]))
