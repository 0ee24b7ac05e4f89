"""Installs more than it needs."""
# pip install polars seaborn matplotlib openpyxl gunicorn
# pip install s3fs 'tomli; python_version < "3.11"'

import pandas as pd
import seaborn as sns

sns.lineplot(pd.read_excel('table.xlsx'))
