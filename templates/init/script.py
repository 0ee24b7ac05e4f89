"""Counts the words of a text."""

# The docstring above describes the operator to everyone who uses it.
# Packages that it needs stand in comments, one line for each package: # pip install NAME

import os

# Text whose words are counted (the comment above a read describes the input)
text = os.getenv('text', 'one two three')

# Shortest word that counts (`int` makes it a whole number, the second argument is the default)
shortest = int(os.getenv('shortest', '1'))

words = [word for word in text.split() if len(word) >= shortest]
print(f'{len(words)} words')

# Report with the number (a file that the operator delivers)
os.environ['report'] = 'report.txt'  # c3: output=File
with open('report.txt', 'w', encoding='utf-8') as report:
    report.write(f'{len(words)}\n')
