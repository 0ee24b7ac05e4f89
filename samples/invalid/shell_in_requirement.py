"""Installing needs no shell."""
# pip install numpy | tee log
