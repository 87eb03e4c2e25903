"""Files made to do harm, each after an attack that was published against a loader of models, or after a way to waste a
machine's time or memory.

`python -m hostile FOLDER`, in this folder's parent, writes them all. Each entry of `FILES` is (name, maker, pattern of
the error's text); a maker gets the path to write to and a path where code, if any ran, would leave a mark.
"""

from __future__ import annotations

from . import checkpoints, foreign_code, other_files, sizes, structure
from .foreign_code import code_for_the_output_shape
from .parts import Maker, archive, dense, sequential

FILES = [*foreign_code.FILES, *other_files.FILES, *sizes.FILES, *structure.FILES, *checkpoints.FILES]

__all__ = ["FILES", "Maker", "archive", "code_for_the_output_shape", "dense", "sequential"]
