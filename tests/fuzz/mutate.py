"""Changes to JSON by its structure: a reader's checks lie behind the parser, where changed bytes seldom come.

`BY_STRUCTURE[target](data, seed, largest)` for what is fuzzed so: JSON, the header of a safetensors file, ONNX's
messages (which have a form in JSON).
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

_VALUES: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 2, 7, 1 << 40, -(1 << 70), 0.5, 1e308, "", "x", "same", "linear", "float32", "Dense",
    [], {}, [None], [[]], [0, 0], {"class_name": "Dense", "config": {}}, {"class_name": "__tuple__", "items": [1]},
    {"class_name": "Lambda", "config": {"function": "eval"}}, {"module": "os", "class_name": "system", "config": {}},
)  # fmt: skip


def changed(text: str, seed: int, largest: int = 1 << 16) -> str:
    """The text with one to four of its places changed; if it is no JSON, that JSON is something simple."""
    draw = random.Random(seed)
    try:
        tree = [json.loads(text)]
    except (ValueError, RecursionError):
        tree = [_simple(draw)]
    for _ in range(draw.randint(1, 4)):
        places = _places(tree)
        if places:
            _change(*draw.choice(places), places, draw)
    try:
        found = json.dumps(tree[0] if tree else None)
    except RecursionError:
        return text[:largest]
    return found if len(found) <= largest else text[:largest]


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """(container, key) of everything in a tree, up to 4000."""
    found: list[tuple[Any, Any]] = []
    queue = [tree]
    while queue and len(found) < 4000:
        container = queue.pop()
        keys = list(container) if isinstance(container, dict) else range(len(container))
        found += [(container, key) for key in keys]
        queue += [container[key] for key in keys if isinstance(container[key], dict | list)]
    return found


def _change(container: Any, key: Any, places: list[tuple[Any, Any]], draw: random.Random) -> None:
    other_container, other_key = draw.choice(places)
    try:
        other = json.loads(json.dumps(other_container[other_key]))
    except (KeyError, IndexError):  # it was removed
        other = None
    action = draw.randrange(6)
    if action == 0 and len(container) > 0:
        del container[key]
    elif action == 1 and isinstance(container, list):
        container.insert(key, other)
    elif action == 2 and isinstance(container, dict):
        container[draw.choice(["class_name", "config", "name", "inbound_nodes", "x"])] = other
    elif action == 3:
        container[key] = other
    else:
        container[key] = _simple(draw)


def _simple(draw: random.Random) -> Any:
    return copy.deepcopy(draw.choice(_VALUES))  # it may be changed later


def changed_text(data: bytes, seed: int, largest: int) -> bytes:
    """JSON itself; YAML too, which can be written as JSON."""
    return changed(data.decode("utf-8", "replace"), seed, largest).encode()[:largest]


def changed_safetensors(data: bytes, seed: int, largest: int) -> bytes:
    """The header between its length and the numbers; the length fits, but for one in eight."""
    length = min(int.from_bytes(data[:8], "little"), len(data) - 8)
    header = changed(data[8 : 8 + length].decode("utf-8", "replace"), seed, largest).encode()
    told = random.Random(seed).choice([1 << 40, 0, *[len(header)] * 14])
    return (told.to_bytes(8, "little") + header + data[8 + length :])[:largest]


def changed_onnx(data: bytes, seed: int, largest: int) -> bytes:
    """A message with places of its JSON changed; most changes are not of the place's type, so several are tried."""
    import onnx
    from google.protobuf import json_format

    message = onnx.ModelProto()
    try:
        message.ParseFromString(data)
    except Exception:  # the class depends on protobuf's implementation
        return data
    text = json.dumps(json_format.MessageToDict(message))
    for attempt in range(16):
        try:
            found = json_format.ParseDict(json.loads(changed(text, seed + attempt)), onnx.ModelProto(), True)
        except (json_format.ParseError, ValueError, TypeError, AttributeError):
            continue
        written: bytes = found.SerializeToString()
        if len(written) <= largest:
            return written
    return data


BY_STRUCTURE: dict[str, Callable[[bytes, int, int], bytes]] = {
    "json": changed_text,
    "yaml": changed_text,
    "config": changed_text,
    "safetensors": changed_safetensors,
    "onnx": changed_onnx,
}
