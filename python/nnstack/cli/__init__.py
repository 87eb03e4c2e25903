"""The command line, `nnstack` or `python -m nnstack`: one module of this folder per subcommand.

A module has a docstring (its first line is the one in `nnstack --help`, the whole is `nnstack NAME --help`),
`add_arguments(parser)` and `run(arguments) -> int`, the exit status. It imports what is heavy in `run`, so that help
and usage errors are quick. An exception of `run` becomes one line on the error stream, unless the module says
`ERRORS_PASS = True` (they are those of the user's script).

Exit status: 0 done, 1 it could not be done (the message says why), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SUBCOMMANDS = {
    "inspect": "nnstack.cli.inspect",
    "summary": "nnstack.cli.summary",
    "predict": "nnstack.cli.predict",
    "convert": "nnstack.cli.convert",
    "run": "nnstack.cli.run",
    "doctor": "nnstack.cli.doctor",
}

DONE, FAILED, USAGE = 0, 1, 2

_EPILOG = """examples:
  nnstack inspect model.h5               what is in a file, without building it
  nnstack convert model.h5 model.onnx    another format, by the ending
  nnstack predict model.h5 x.npy -o y.npy
  nnstack run train.py                   a script written for Keras or TensorFlow, unchanged
  nnstack doctor                         what this installation can do, and why not more

`nnstack COMMAND --help` shows the options of a command.
exit status: 0 done, 1 it could not be done (the message says why), 2 wrong usage"""


class _PrintCmakeDir(argparse.Action):
    """`--cmake-dir` prints and ends, as `--version` does."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        print(cmake_dir())
        parser.exit()


def cmake_dir() -> str:
    """The folder of nnstackConfig.cmake, beside the native library (in an editable install that is not this folder)."""
    from nnstack import _core

    return str(Path(_core.__file__).parent / "cmake")


def make_parser() -> argparse.ArgumentParser:
    """The parser of all subcommands; `arguments.module` is the chosen one's."""
    from nnstack import __version__

    parser = argparse.ArgumentParser(
        prog="nnstack",
        description="Look into, convert and run model files; say what this installation can do.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"nnstack {__version__}")
    parser.add_argument("--cmake-dir", action=_PrintCmakeDir, nargs=0, help="print the folder for nnstack_DIR and end")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, path in SUBCOMMANDS.items():
        module = importlib.import_module(path)
        text = (module.__doc__ or name).strip()
        command = commands.add_parser(
            name,
            help=text.splitlines()[0].rstrip("."),
            description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.add_arguments(command)
        command.set_defaults(module=module)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line (default: `sys.argv[1:]`) and returns its exit status.

    >>> main(["summary", "model.h5"])
    0
    """
    try:
        arguments = make_parser().parse_args(argv)
    except SystemExit as end:  # argparse has printed
        return end.code if isinstance(end.code, int) else USAGE
    if getattr(arguments.module, "ERRORS_PASS", False):
        return int(arguments.module.run(arguments))
    return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: print(f"nnstack: note: {message}", file=sys.stderr)
        try:
            status = int(arguments.module.run(arguments))
            sys.stdout.flush()
            return status
        except BrokenPipeError:  # the reader, as `head`, has enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            return DONE
        except KeyboardInterrupt:
            print("nnstack: interrupted", file=sys.stderr)
            return 130
        except (OSError, ValueError, TypeError, RuntimeError, ImportError, MemoryError) as error:
            text = str(error) or type(error).__name__
            print(f"nnstack {arguments.command}: {text}", file=sys.stderr)
            return FAILED
