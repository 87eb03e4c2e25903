"""The layers of a model as a table, as `model.summary()` prints it.

examples:
  nnstack summary model.h5
  nnstack summary model.keras --width 120 --nested
"""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", help="a model: .h5, .keras, .json, .yaml, .onnx, folder of a SavedModel"
    )
    parser.add_argument("--width", type=int, default=None, help="characters in a line")
    parser.add_argument("--nested", action="store_true", help="show the layers inside models too")


def run(arguments: argparse.Namespace) -> int:
    from nnstack.cli.files import load

    load(arguments.file).summary(line_length=arguments.width, expand_nested=arguments.nested)
    return 0
