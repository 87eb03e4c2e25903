"""Prints the shared library and the licence file of the installed scipy-openblas32, as a CMake list."""

import importlib.metadata

files = importlib.metadata.files("scipy-openblas32") or []
library = next(file for file in files if file.match("lib/libscipy_openblas*.so"))
licence = next(file for file in files if file.match("licenses/LICENSE.txt"))
print(library.locate(), licence.locate(), sep=";", end="")
