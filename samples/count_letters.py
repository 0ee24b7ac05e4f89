"""
Counts the letters of texts, one file after the other or, as a grid, each file as a batch of its own.

`c3 create-operator` makes an operator that counts all files, `c3 create-gridwrapper` one that many workers share.
"""

import json
import os
from pathlib import Path

# Folder with the texts
source_path = os.getenv('source_path', 'data')

# Folder for the results
target_path = os.getenv('target_path', 'counts')

# Whether `A` and `a` are one letter
ignore_case = bool(os.getenv('ignore_case', 'True'))


def count(source, target, ignore_case):
    """Count the letters of one text."""
    text = Path(source).read_text(encoding='utf-8')
    letters = [letter for letter in (text.lower() if ignore_case else text) if letter.isalpha()]
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    Path(target).write_text(json.dumps({letter: letters.count(letter) for letter in sorted(set(letters))}))


def grid_process(batch_id, source_path, target_path, ignore_case, **_):
    """Count the letters of one batch; its id is the name of a file."""
    count(f'{source_path}/{batch_id}', f'{target_path}/{batch_id}.json', ignore_case)


if __name__ == '__main__':
    for name in sorted(os.listdir(source_path)):
        grid_process(name, source_path, target_path, ignore_case)
