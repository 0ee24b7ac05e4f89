"""Uses what nothing installs."""
# pip install pandas

import os
from typing import TYPE_CHECKING

import cv2
import numpy as np
import something_of_nobody
import yaml
from google.cloud import storage
from sklearn.linear_model import Ridge

try:
    import ujson as json
except ImportError:
    import json

if TYPE_CHECKING:
    import pyarrow


def draw(table):
    import matplotlib.pyplot as plt
    return plt.plot(table)


print(os.getenv('path'), np, storage, Ridge, yaml, cv2, something_of_nobody, json)
