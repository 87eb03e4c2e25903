"""Runs a Keras or TensorFlow script on nnstack, unchanged.

`import keras`, `from tensorflow import keras`, `import tensorflow as tf` and the modules in them mean nnstack in the
script. What of TensorFlow is there stands in docs/unchanged-scripts.md.

examples:
  nnstack run train.py --epochs 3
  nnstack run -m package.train
"""

from __future__ import annotations

import argparse

ERRORS_PASS = True  # they are the script's own


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-m", dest="is_module", action="store_true", help="SCRIPT is the name of a module")
    parser.add_argument("script", metavar="SCRIPT", help="the script, or with -m the module")
    parser.add_argument("script_arguments", metavar="ARGUMENT", nargs=argparse.REMAINDER, help="for the script")


def run(arguments: argparse.Namespace) -> int:
    import os
    import runpy
    import sys

    from nnstack.compat import install_as_keras

    if not arguments.is_module and not os.path.exists(arguments.script):
        print(f"nnstack run: there is no file {arguments.script}", file=sys.stderr)
        return 1
    install_as_keras()
    sys.argv = [arguments.script, *arguments.script_arguments]
    if arguments.is_module:
        sys.path.insert(0, os.getcwd())
        runpy.run_module(arguments.script, run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, os.path.dirname(os.path.abspath(arguments.script)))
        runpy.run_path(arguments.script, run_name="__main__")
    return 0
