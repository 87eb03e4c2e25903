"""Changes to JSON by its structure: a reader's checks lie behind the parser, where changed bytes seldom come."""

from __future__ import annotations

import json
import random
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
        tree = [draw.choice(_VALUES)]
    for _ in range(draw.randint(1, 4)):
        places = _places(tree)
        if places:
            _change(*draw.choice(places), places, draw)
    found = json.dumps(tree[0] if tree else None)
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
        container[key] = json.loads(json.dumps(draw.choice(_VALUES)))
