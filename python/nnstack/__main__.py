"""`python -m nnstack --cmake-dir`: where find_package(nnstack) finds the C++ package of this installation."""

from __future__ import annotations

import argparse
from pathlib import Path


def cmake_dir() -> str:
    """The folder of nnstackConfig.cmake, beside the native library (in an editable install that is not this folder)."""
    from nnstack import _core

    return str(Path(_core.__file__).parent / "cmake")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m nnstack", description=__doc__)
    parser.add_argument("--cmake-dir", action="store_true", required=True, help="print the folder for nnstack_DIR")
    parser.parse_args()
    print(cmake_dir())


if __name__ == "__main__":
    main()
