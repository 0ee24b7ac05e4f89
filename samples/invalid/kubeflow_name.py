"""Two names that Kubeflow folds to one."""
import os

upper = os.getenv('Rate', '1')
lower = os.getenv('rate', '2')
