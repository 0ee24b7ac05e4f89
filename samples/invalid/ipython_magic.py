"""An exported notebook."""
!pip install numpy
