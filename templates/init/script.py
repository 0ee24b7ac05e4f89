"""Counts the words of a text."""

# The docstring above is the description of the operator.
# List the packages it needs in comments, one line each, such as: # pip install NAME

import os

# Text to count the words of (the comment above describes the input)
text = os.getenv('text', 'one two three')

# Length of the shortest word that counts (`int` makes it a whole number, the second argument is the default)
shortest = int(os.getenv('shortest', '1'))

words = [word for word in text.split() if len(word) >= shortest]
print(f'{len(words)} words')

# Number of words (a file that the operator hands on)
os.environ['report'] = 'report.txt'  # c3: output=File
with open('report.txt', 'w', encoding='utf-8') as report:
    report.write(f'{len(words)}\n')
