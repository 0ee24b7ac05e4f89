"""Uses what another package may bring."""
# pip install some-company-toolkit

import numpy as np
import toolkit
import torch

print(np, toolkit, torch)
