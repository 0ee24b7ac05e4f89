"""Packages of conda's beside those of pip; the image needs a base that has conda."""
# conda install -c conda-forge "gdal>=3.8" pandas=2.2
# conda install -y xarray
# pip install six

import os

# Folder of the tiles.
tiles_path = os.environ['tiles_path']
resolution = float(os.getenv('resolution', 0.5))

print(tiles_path, resolution)
