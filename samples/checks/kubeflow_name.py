"""Has two parameters that Kubeflow can't tell apart."""

import os

print(os.getenv('Rate'), os.getenv('rate'))
