"""Makes a table of squares and a title for it."""

import os

# How many rows the table has.
rows = int(os.getenv('rows', 3))
# What stands between two columns.
separator = os.getenv('separator', ';')
# Where the table goes.
table = os.getenv('table', 'table.csv')  # c3: output=Dataset

with open(table, 'w', encoding='utf-8') as file:
    file.writelines(f'{row}{separator}{row * row}\n' for row in range(1, rows + 1))

# What the table is about.
os.environ['title'] = f'Squares of 1 to {rows}, “as they are”: $(rows) "{separator}"'
