"""Words that may be packages or prose."""
# pip install whatever fits
print("done")
