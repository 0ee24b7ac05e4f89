"""
This is the operator description.
The file name becomes the operator name.
"""

# Add dependencies by comments starting with "pip install".
# You can add multiple comments if the packages require a specific order.
# pip install numpy

import os
import logging
import numpy as np

# A comment one line above os.getenv is the description of this variable.
input_path = os.getenv('input_path')

# You can cast a specific type with int(), float(), or bool().
num_values = int(os.getenv('num_values', 5))

# Output paths are starting with "output_".
output_path = os.getenv('output_path', None)


def my_function(n_random):
    """
    The compiler only includes the first doc string. This text is not included.
    """
    random_values = np.random.randn(n_random)
    # You can use logging in operators.
    # C3 adds a logger and a parameter log_level (default: 'INFO') to the operator.
    logging.info(f'Random values: {random_values}')


if __name__ == '__main__':
    my_function(num_values)
