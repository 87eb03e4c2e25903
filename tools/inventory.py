"""Names and arguments of Keras 2 that the package lacks: python tools/inventory.py INVENTORY.md [--tf-keras].

INVENTORY.md lists modules (`### keras.layers`) with lines "- `Name` class (argument=default, ...)". With --tf-keras the
public names and signatures of the installed tf_keras are walked as well; their defaults count. Exit status 1 if
anything is missing.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_LINE = re.compile(r"^- `(?P<name>\w+)`(?: class)?(?: = (?P<alias>\w+)| \((?P<arguments>.*?)\)(?:  <-.*)?)?$")


def find(module: str, name: str) -> Any:
    """The object here that a name of `keras.<module>` means, None if there is none."""
    for place in (module, *(f"{module}.{inner}" for inner in _INNER.get(module, ()))):
        try:
            return getattr(importlib.import_module(f"nnstack.{place}" if place else "nnstack"), name)
        except (ImportError, AttributeError):
            continue
    return None


_INNER = {"preprocessing": ("image", "sequence", "text"), "engine": ("base_layer", "topology")}


def parameters(value: Any) -> dict[str, Any] | None:
    """Argument -> default; None where there is no signature. Arguments behind **kwargs are added as None."""
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return None
    found = {}
    for name, one in signature.parameters.items():
        if name not in ("self", "args"):
            found[name] = one.default
    return found


def listed(path: Path) -> Iterator[tuple[str, str, list[str] | None]]:
    """(module, name, arguments) of every line of the inventory."""
    module = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("##"):
            heading = re.match(r"^### keras(?:\.([\w.]+?))?(?:\.\*)?$", line)
            module = (heading[1] or "") if heading else "-"
        elif module != "-" and (match := _LINE.match(line)):
            yield module, match["name"], _names(match["arguments"])


def _names(text: str | None) -> list[str] | None:
    if text is None:
        return None
    try:
        call = ast.parse(f"def f({text}): pass").body[0]
    except SyntaxError:
        return None
    assert isinstance(call, ast.FunctionDef)
    return [one.arg for one in [*call.args.args, *call.args.kwonlyargs]]


def compare(what: str, value: Any, wanted: dict[str, Any], defaults: bool) -> Iterator[str]:
    """Arguments that are not taken, and defaults that differ."""
    have = parameters(value)
    if have is None or (not have and isinstance(value, type)):
        return
    open_ended = "kwargs" in have or any(name.startswith("kw") for name in have)
    for name, default in wanted.items():
        if name in ("self", "kwargs", "args", "cls"):
            continue
        if name not in have:
            yield f"{what}: argument {name} {'hidden in **kwargs' if open_ended else 'missing'}"
        elif defaults and default is not inspect.Parameter.empty and not _same(have[name], default):
            yield f"{what}: {name}={have[name]!r}, Keras has {default!r}"


def _same(mine: Any, theirs: Any) -> bool:
    if isinstance(theirs, list | tuple) and isinstance(mine, list | tuple):
        return list(mine) == list(theirs)
    if callable(theirs) or theirs is None or callable(mine):
        return theirs is not None or mine is None
    return bool(mine == theirs)


def walk_inventory(path: Path) -> Iterator[str]:
    for module, name, arguments in listed(path):
        value = find(module, name)
        what = f"keras.{module}.{name}".replace("..", ".")
        if value is None:
            yield f"{what}: missing"
        elif arguments:
            yield from compare(what, value, dict.fromkeys(arguments), defaults=False)


_MODULES = (
    "activations applications backend callbacks constraints datasets experimental initializers layers losses metrics "
    "mixed_precision models optimizers optimizers.legacy optimizers.schedules preprocessing preprocessing.image "
    "preprocessing.sequence preprocessing.text regularizers saving utils wrappers"
)


def walk_tf_keras() -> Iterator[str]:
    for module in ["", *_MODULES.split()]:
        try:
            theirs = importlib.import_module(f"tf_keras.{module}" if module else "tf_keras")
        except ImportError:
            continue
        for name in sorted(dir(theirs)):
            member = getattr(theirs, name)
            if name.startswith("_") or inspect.ismodule(member):
                continue
            value = find(module, name)
            what = f"tf_keras.{module}.{name}".replace("..", ".")
            if value is None:
                yield f"{what}: missing"
                continue
            yield from compare(what, value, parameters(member) or {}, defaults=True)
            if inspect.isclass(member):
                for method in sorted(dir(member)):
                    if method.startswith("_"):
                        continue
                    if not hasattr(value, method):
                        if not method.startswith(("with_name_scope", "name_scope")):
                            yield f"{what}.{method}: missing"
                    elif inspect.isfunction(getattr(member, method)) and method in vars(member):
                        mine = getattr(value, method)
                        yield from compare(f"{what}.{method}", mine, parameters(getattr(member, method)) or {}, True)


def main(arguments: list[str]) -> int:
    found = [line for path in arguments if not path.startswith("-") for line in walk_inventory(Path(path))]
    if "--tf-keras" in arguments:
        found += walk_tf_keras()
    for line in dict.fromkeys(found):
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
