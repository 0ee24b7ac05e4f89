"""The grid wrapper: calls a function of the user's script for each batch, with workers that share a store of marks.

c3 bundles the modules that a store needs into one file, `gw_<stem>.py`, which it reads as a source again: the comments
in the modules `*_parameters` describe the inputs, whose order is that of the modules in `src/backend/grid.rs`. Programs
are `local`, `cos`, `legacy_cos`, `simple` and `folder`.
"""
