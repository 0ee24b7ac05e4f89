"""Types of what c3 tells the entry point: for the type checker, never in an image."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class Parameter(TypedDict):
    """What inputs and outputs have in common."""

    name: str  # of the environment variable
    id: str  # by which engines call it
    type: str
    description: str | None


class Argument(TypedDict):
    """How the script's own command line takes an input; without any option it is a positional."""

    option: str | None  # before the value, or what makes a flag true
    negative: str | None  # what makes a flag false
    flag: bool  # whether the options have no values
    takes: str  # 'value', 'word', 'row', 'each', 'count'


class Input(Parameter):
    """A parameter of the operator."""

    default: str | None  # as it would stand in the environment; none of a secret
    secret: bool
    required: str  # 'always', 'maybe' (in a branch or a function), 'no'
    via: str
    argument: NotRequired[Argument]  # where `via` is 'argument'
    word: NotRequired[bool]  # whether what is false has to be a word


class Output(Parameter):
    """A result of the operator."""

    read: bool  # whether the script reads the variable to learn where to write


class RecordFile(TypedDict):
    """A file of the record of a notebook's run."""

    output: str  # the name of the output that it is
    name: str


class Record(TypedDict):
    """How the run of a notebook is recorded."""

    template: str  # the file with the notebook, beside the script
    files: list[RecordFile]  # the notebook and the page


class Interface(TypedDict):
    """All that the entry point knows of its operator."""

    name: str
    description: str
    source: str  # the file's name, without folders
    script: str
    root: str  # the working directory, seen from the script's folder
    files: list[str]
    logging: bool
    notebook: bool
    ipython: bool
    skips_dashes: bool
    own_arguments: bool  # whether the script reads its command line itself
    cells: list[tuple[int, int]]  # of a notebook: the first line of each cell in the script, and its number
    raising: list[int]  # numbers of cells after whose failure a notebook goes on
    record: Record | None
    inputs: list[Input]
    outputs: list[Output]
