"""
Every kind of output: text, a file, a folder, an artifact of Kubeflow, and a path that the engine chooses.
"""

import json
import os

rows = int(os.environ.get('rows', '3'))

# Where the model goes: the engine chooses the path, and without an engine it is model.json.
model_path = os.getenv('model_path', 'model.json')  # c3: output=Model


def write(path, text):
    os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


if __name__ == '__main__':
    # The text itself is the result.
    os.environ['message'] = f'{rows} rows, naïve “quotes” and $(nothing) happens'

    # A text file; its content is the result.
    write('table.csv', '\n'.join(f'{row},{row * row}' for row in range(rows)))
    os.environ['table'] = 'table.csv'

    # Any file.
    with open('image.bin', 'wb') as file:
        file.write(bytes(range(256)))
    os.environ['image'] = 'image.bin'  # c3: output=File

    # A folder with all that was made.
    write('report/index.html', '<p>done</p>')
    write('report/data/rows.json', json.dumps(list(range(rows))))
    os.environ['report'] = 'report'  # c3: output=Directory

    # A data set for the next step.
    os.environ['dataset'] = 'table.csv'  # c3: output=Dataset

    write(model_path, json.dumps({'rows': rows}))

    if rows < 0:
        # Never set for good input.
        os.environ['complaint'] = 'rows is negative'
