"""How `import keras` and `import tensorflow` come to mean nnstack: a finder at the head of `sys.meta_path`.

It answers for the packages in `keras_paths` and for `tensorflow`, and for nothing else. The modules it gives are
nnstack's own, entered in `sys.modules` under a second name, so that a class has one identity however it is imported.
"""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from nnstack.backend.numbers import fall_back_on_numbers
from nnstack.compat import keras_paths

_HEADS = ("keras", "tf_keras", "tensorflow", "tensorflow_core", *keras_paths.PARTS)


class Alias(ModuleType):
    """Several modules under one name: a name is looked for in one after another."""

    def __init__(self, name: str, modules: Sequence[ModuleType]) -> None:
        super().__init__(name, modules[0].__doc__)
        self.__path__: list[str] = []
        self._modules = list(modules)

    def __getattr__(self, name: str) -> Any:
        for module in self.__dict__.get("_modules", ()):
            if hasattr(module, name):
                return getattr(module, name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


def alias(name: str, targets: Sequence[str]) -> ModuleType:
    """The module, or the modules together, that `targets` name."""
    modules = [importlib.import_module(target) for target in targets]
    if len(modules) > 1:
        return Alias(name, modules)
    if not hasattr(modules[0], "__path__"):  # a file here, a folder there: `keras.mixed_precision.experimental`
        modules[0].__path__ = []
    return modules[0]


def _exists(module: str) -> bool:
    try:
        return module in sys.modules or importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _below(name: str) -> str | None:
    """The part of a name after the package that is Keras, '' for the package itself, None where it is none."""
    for root in sorted(keras_paths.ROOTS, key=len, reverse=True):
        if name == root or name.startswith(root + "."):
            return name[len(root) + 1 :]
    return None


def _keras(name: str) -> Callable[[], ModuleType] | None:
    head, _, rest = name.partition(".")
    if head in keras_paths.PARTS:
        found = [keras_paths.PARTS[head] + ("." + rest if rest else "")]
        return (lambda: alias(name, found)) if _exists(found[0]) else None
    path = _below(name)
    if path is None:
        return None
    from nnstack.compat import tensors

    if not path and head.startswith("tensorflow"):
        tensors.as_tf_keras()
    elif not path and head == "keras":
        tensors.as_plain_keras()
    if path.partition(".")[0] in keras_paths.UP_TO_2_3 or path in keras_paths.UP_TO_2_3:
        tensors.as_tensorflow_1()
    for targets in (keras_paths.targets(path), keras_paths.fallback(path)):
        if targets and all(_exists(target) for target in targets):
            return functools.partial(alias, name, targets)
    return None


def _tensorflow(name: str) -> Callable[[], ModuleType] | None:
    from nnstack.compat import tensorflow_module

    return tensorflow_module.module_for(name)


class _Loader(importlib.abc.Loader):
    def __init__(self, make: Callable[[], ModuleType]) -> None:
        self._make = make

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Puts the module that is meant in the place of the empty one: its own `__spec__` stays."""
        sys.modules[module.__name__] = self._make()


class Finder(importlib.abc.MetaPathFinder):
    """Answers for Keras and TensorFlow."""

    def find_spec(
        self, fullname: str, path: Any = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        head = fullname.partition(".")[0]
        if head not in _HEADS:
            return None
        make = _keras(fullname) or (_tensorflow(fullname) if head.startswith("tensorflow") else None)
        if make is None:
            raise ImportError(_missing(fullname), name=fullname)  # a ModuleNotFoundError would be swallowed by `from`
        return importlib.machinery.ModuleSpec(fullname, _Loader(make), is_package=True)


def _missing(fullname: str) -> str:
    from nnstack.compat import tensorflow_module

    if fullname.startswith("tensorflow") and _below(fullname) is None:
        return tensorflow_module.explain(fullname.partition(".")[2])
    return (
        f"nnstack stands for Keras 2 here and has no module for {fullname!r}. Names of layers, losses, ... are found "
        "in keras.layers, keras.losses, ...; the paths that lead somewhere stand in docs/unchanged-scripts.md"
    )


_finder = Finder()


def is_installed() -> bool:
    """Whether imports of Keras and TensorFlow lead to nnstack now."""
    return _finder in sys.meta_path


def install() -> None:
    """Puts the finder first. RuntimeError if the real TensorFlow or Keras has been imported before."""
    if is_installed():
        return
    loaded = [name for name in _HEADS if name in sys.modules]
    if loaded:
        raise RuntimeError(
            f"install_as_keras: {', '.join(loaded)} has been imported already in this process. "
            "Call it before, at the head of the program"
        )
    sys.meta_path.insert(0, _finder)
    fall_back_on_numbers(True)


def uninstall() -> None:
    """Takes the finder away, and the names it entered in `sys.modules`."""
    if is_installed():
        sys.meta_path.remove(_finder)
        fall_back_on_numbers(False)
    for name in list(sys.modules):
        if name.partition(".")[0] in _HEADS:
            del sys.modules[name]
