"""Sums up the last column of a table."""

import os

# The table.
table = os.environ['table']  # c3: input=Dataset
# What the table is about.
title = os.getenv('title', 'No title')
# What stands between two columns.
separator = os.getenv('separator', ';')
# Where the report goes.
report = os.getenv('report', 'report.txt')  # c3: output=File

with open(table, encoding='utf-8') as file:
    lines = file.read().splitlines()
total = sum(int(line.split(separator)[-1]) for line in lines)

with open(report, 'w', encoding='utf-8') as file:
    file.write(f'{title}\n' + ''.join(f'{line}\n' for line in lines))

# The sum.
os.environ['total'] = str(total)
