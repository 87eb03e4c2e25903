"""What an installation promises: a lazy import, a CMake package, a bundled OpenBLAS that nobody else sees."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import nnstack
from nnstack import _core

PACKAGE = Path(_core.__file__).parent


def run_python(*arguments: str) -> str:
    command = [sys.executable, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def test_version_is_the_installed_one():
    assert nnstack.__version__ == importlib.metadata.version("nnstack")


def test_import_leaves_heavy_libraries_alone():
    heavy = ("h5py", "yaml", "matplotlib", "sklearn")
    assert run_python("-c", f"import sys, nnstack; print([name for name in {heavy} if name in sys.modules])") == "[]"


def test_import_starts_no_threads_and_opens_no_blas():
    code = "import numpy, os; n = len(os.listdir('/proc/self/task')); import nnstack; "
    code += "print(len(os.listdir('/proc/self/task')) - n, 'nnstack_openblas' in open('/proc/self/maps').read())"
    assert run_python("-c", code) == "0 False"


def test_cmake_dir_holds_the_package():
    folder = Path(run_python("-m", "nnstack", "--cmake-dir"))
    assert (folder / "nnstackConfig.cmake").is_file()
    assert (folder / "nnstackTargets.cmake").is_file()


def test_wheel_carries_libraries_headers_and_licences():
    for name in ("libnnstack.so", "libnnstack.a", "licenses/openblas.txt"):
        assert (PACKAGE / name).is_file(), name
    assert list((PACKAGE / "include" / "nnstack").glob("*.h"))
    package_files = {str(file) for file in importlib.metadata.files("nnstack") or []}
    assert any(file.endswith("licenses/LICENSE") for file in package_files)
    assert any(file.endswith("licenses/NOTICE") for file in package_files)


def test_bundled_openblas_has_a_name_of_its_own():
    library = (PACKAGE / "libnnstack_openblas.so").read_bytes()
    assert b"\0libnnstack_openblas.so\0" in library


def test_unknown_command_line_is_refused():
    result = subprocess.run([sys.executable, "-m", "nnstack"], stderr=subprocess.PIPE, text=True)
    assert result.returncode == 2
    assert "--cmake-dir" in result.stderr
