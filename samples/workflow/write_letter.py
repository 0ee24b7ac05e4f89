"""Writes a letter about a report."""

import os

# The report.
report = os.environ['report']  # c3: input=File
# The sum.
total = os.environ['total']
# Whom the letter is for; nobody in particular unless given.
reader = os.getenv('reader', None)
# Key to sign with; the letter is not signed unless given.
signing_token = os.getenv('signing_token', '')

with open(report, encoding='utf-8') as file:
    content = file.read()
greeting = f'Dear {reader},' if reader else 'Hello,'
signature = f'signed with {len(signing_token)} characters' if signing_token else 'not signed'

# The letter.
os.environ['letter'] = f'{greeting}\n\n{content}\ntotal {total}\n{signature}\n'
