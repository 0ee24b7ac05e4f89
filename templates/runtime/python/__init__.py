"""The entry point of an operator: takes the parameters, runs the script, delivers its outputs.

c3 bundles these modules into one file, `claimed_<stem>.py`, which stands beside the unchanged script. What is imported
at the top of a module is part of the file; what is imported within a function is kept as text in it and compiled where
it is needed, so that the start of an operator costs little. Annotations are for the type checker alone.
"""
