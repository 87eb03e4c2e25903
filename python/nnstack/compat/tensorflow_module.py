"""The module `tensorflow` and its namespaces, made from the table in `tensorflow_names`."""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from nnstack.compat import rows
from nnstack.compat.keras_paths import ROOTS
from nnstack.compat.tensorflow_names import ELSEWHERE, INNER_MODULES, OLD_NAMES, TABLES, VERSION


class Namespace(ModuleType):
    """`tf`, `tf.math`, ...: names are looked up in the table when they are first used."""

    def __init__(self, path: str) -> None:
        super().__init__(f"tensorflow.{path}" if path else "tensorflow", "TensorFlow's names, computed by nnstack.")
        self.__path__: list[str] = []
        self.__dict__["_place"] = path
        if not path:
            self.__version__ = VERSION

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        value = lookup(self.__dict__["_place"], name)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*_table(self._place), *_inner(self._place)})


def _table(path: str) -> dict[str, str]:
    """The rows of a namespace: 'compat.v1' and 'compat.v2' also have all that `tf` has."""
    if path in INNER_MODULES:
        return {name: row for place in INNER_MODULES[path] for name, row in TABLES[place].items()}
    own = TABLES.get(path, {})
    if path == "":
        return {**OLD_NAMES, **own}
    if path in ("compat.v1", "compat.v2"):
        return {**OLD_NAMES, **TABLES[""], **own}
    return own


def _inner(path: str) -> list[str]:
    """Namespaces within a namespace."""
    head = f"{path}." if path else ""
    found = {
        one[len(head) :].partition(".")[0]
        for one in (*TABLES, *INNER_MODULES, "compat.v2", "compat")
        if one.startswith(head)
    }
    return sorted(found - {""}) + (["keras"] if path in ("", "compat.v1", "compat.v2") else [])


def _canonical(path: str) -> str:
    """'compat.v1.nn' is 'nn'."""
    for head in ("compat.v1.", "compat.v2."):
        if path.startswith(head) and path not in TABLES:
            return path[len(head) :]
    return path


def lookup(path: str, name: str) -> Any:
    """`tf.<path>.<name>`; AttributeError that names it and what is nearest here."""
    table = _table(path)
    if name in table:
        if path == "" and name not in TABLES[""]:
            rows.as_tensorflow_1()
        return rows.resolve(table[name])
    full = f"{path}.{name}" if path else name
    if name in _inner(path) or _canonical(full) in TABLES:
        return importlib.import_module(f"tensorflow.{full}")
    if path == "" and f"compat.v1.{name}" in TABLES:  # tf.logging
        rows.as_tensorflow_1()
        return importlib.import_module(f"tensorflow.compat.v1.{name}")
    raise AttributeError(explain(full))


def module_for(fullname: str) -> Callable[[], ModuleType] | None:
    """How to make the module `tensorflow...`, None if there is no such namespace."""
    path = _canonical(fullname.partition(".")[2])
    if any(root.startswith(fullname + ".") for root in ROOTS) and fullname != "tensorflow":
        return lambda: _module(path)  # on the way to `tensorflow.python.keras` and its kind
    known = {*TABLES, *INNER_MODULES}
    if path in ("", "compat", "compat.v2") or path in known or any(one.startswith(path + ".") for one in known):
        return lambda: _module(path)
    row = _table(path.rpartition(".")[0]).get(path.rpartition(".")[2])
    if row is not None and ":" not in row:
        return lambda: importlib.import_module(row)  # tf.losses and its kind are modules
    return None


def _module(path: str) -> ModuleType:
    from nnstack.compat import tensors

    tensors.as_tensorflow()
    return Namespace(path)


def explain(full: str) -> str:
    """The message for a name that nothing stands for."""
    place, _, name = full.rpartition(".")
    text = f"tf.{full} is not there: nnstack stands for the part of TensorFlow that Keras programs use."
    for known in (full, full.split(".")[0], name):
        if known in ELSEWHERE:
            return f"{text} Instead: {ELSEWHERE[known]}"
    everywhere = [f"{one}.{key}" if one else key for one in TABLES for key in TABLES[one]]
    same = [one for one in everywhere if one.rpartition(".")[2] == name]
    near = difflib.get_close_matches(full, everywhere, 3, 0.6) or difflib.get_close_matches(
        name, list(_table(place)), 3, 0.6
    )
    found = same or near
    return (
        f"{text} Nearest: {', '.join('tf.' + one for one in found)}"
        if found
        else f"{text} See docs/unchanged-scripts.md"
    )


def is_loaded() -> bool:
    """Whether a program has imported it."""
    return isinstance(sys.modules.get("tensorflow"), Namespace)
