"""Names and arguments of Keras 2 that the package lacks: python tools/inventory.py INVENTORY.md [--tf-keras] [--all].

INVENTORY.md lists modules (`### keras.layers`, `engine/saving.py:`) with lines "- `Name` class (argument=default)".
With --tf-keras the public names and signatures of the installed tf_keras are walked as well; their defaults count.
What is left out on purpose stands in `inventory_exceptions.py`, with the reason; --all prints it too. Exit status 1 if
anything else is missing.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inventory_exceptions import reason

_LINE = re.compile(r"^- `(?P<name>\w+)`(?: class)?(?: = (?P<alias>\w+)| \((?P<arguments>.*?)\)(?:  <-.*)?)?$")


def find(module: str, name: str) -> Any:
    """The object here that a name of `keras.<module>` means, None if there is none."""
    from nnstack.compat.keras_paths import targets

    places = [module, *(f"{module}.{inner}" for inner in _INNER.get(module, ()))]
    for place in [*(f"nnstack.{one}" if one else "nnstack" for one in places), *targets(module)]:
        try:
            return getattr(importlib.import_module(place), name)
        except (ImportError, AttributeError):
            continue
    return None


_INNER = {
    "preprocessing": ("image", "sequence", "text"),
    "engine": ("base_layer", "topology"),
    "applications": ("imagenet_utils",),
    "datasets": ("mnist", "imdb"),
}


def parameters(value: Any) -> dict[str, Any] | None:
    """Argument -> default, None where there is no signature. Of a class that hands `**kwargs` on to its base also the
    arguments of the base.
    """
    found: dict[str, Any] = {}
    for one in _signatures(value):
        try:
            signature = inspect.signature(one)
        except (TypeError, ValueError):
            return found or None
        for name, parameter in signature.parameters.items():
            if name not in ("self", "args"):
                found.setdefault(name, parameter.default)
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values()):
            break
    return found


def _signatures(value: Any) -> list[Any]:
    if not isinstance(value, type):
        return [value]
    return [value, *(vars(base)["__init__"] for base in value.__mro__ if "__init__" in vars(base))]


def has_attribute(cls: type, name: str) -> bool:
    """Whether the class has the attribute, or one of its methods sets it."""
    return hasattr(cls, name) or any(name in _set_in(base) for base in cls.__mro__[:-1])


@functools.cache
def _set_in(cls: type) -> frozenset[str]:
    """Attributes that methods of the class set, and texts in it, which `setattr` may take."""
    try:
        source = inspect.getsource(cls)
    except (OSError, TypeError):
        return frozenset()
    return frozenset(re.findall(r"self\.(\w+)\b[^=\n(]*=", source)) | frozenset(re.findall(r"[\"'](\w+)[\"']", source))


def listed(path: Path) -> Iterator[tuple[str, str, list[str] | None]]:
    """(module, name, arguments) of every line of the inventory."""
    module = package = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("##"):
            heading = re.match(r"^### keras(?:\.([\w.]+?))?(?:\.\*)?$", line)
            module = package = (heading[1] or "") if heading else "-"
        elif package != "-" and (file := re.match(r"^([\w/]+)\.py:$", line)):
            module = file[1].replace("/", ".").removesuffix(".__init__")
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
    if isinstance(theirs, tuple) and isinstance(mine, int):
        return set(theirs) == {mine}  # one size for every axis
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
            if inspect.isclass(member) and inspect.isclass(value):
                yield from _methods(what, value, member)


def _methods(what: str, value: Any, member: Any) -> Iterator[str]:
    for method in sorted(dir(member)):
        if method.startswith(("_", "with_name_scope", "name_scope")):
            continue
        if not has_attribute(value, method):
            yield f"{what}.{method}: missing"
        elif inspect.isfunction(getattr(member, method)) and method in vars(member):
            mine = getattr(value, method, None)
            if mine is not None:
                yield from compare(f"{what}.{method}", mine, parameters(getattr(member, method)) or {}, True)


def main(arguments: list[str]) -> int:
    found = [line for path in arguments if not path.startswith("-") for line in walk_inventory(Path(path))]
    if "--tf-keras" in arguments:
        found += walk_tf_keras()
    found = list(dict.fromkeys(found))
    missing = [line for line in found if reason(line) is None]
    for line in missing:
        print(line)
    if "--all" in arguments:
        for line in found:
            if reason(line) is not None:
                print(f"{line} ({reason(line)})")
    print(f"{len(missing)} unexplained, {len(found) - len(missing)} left out with a reason", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
