"""What is in a model's file, without building the model.

examples:
  nnstack inspect model.h5                 versions, layers, weights, optimizer, what it was compiled with
  nnstack inspect weights.ckpt --weights   every weight with shape, type and size
  nnstack inspect model.keras --json | jq '.weights[].name'

FILE may be of any kind that is known: .h5, .keras, the folder of a SavedModel, a TensorFlow checkpoint,
.safetensors, .json, .yaml, .onnx (with the extra [onnx]), or .nnstack. No code in it is run.
"""

from __future__ import annotations

import argparse
import json
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the file, folder or checkpoint prefix")
    parser.add_argument("--weights", action="store_true", help="list every weight, however many there are")
    parser.add_argument("--json", action="store_true", help="print all of it as JSON")


def run(arguments: argparse.Namespace) -> int:
    from nnstack.cli.contents import contents
    from nnstack.cli.files import kind_of

    found = contents(arguments.file, kind_of(arguments.file))
    weights = found.get("weights", [])
    found["totals"] = {"weights": len(weights), "bytes": sum(row["bytes"] for row in weights)}
    found["totals"]["parameters"] = sum(_product(row["shape"]) for row in weights)
    print(json.dumps(found, indent=2, default=str) if arguments.json else _text(found, arguments.weights))
    return 0


def _product(shape: list[int | None]) -> int:
    result = 1
    for size in shape:
        result *= size or 0
    return result


def _text(found: dict[str, Any], all_weights: bool) -> str:
    from nnstack.cli.files import KINDS

    lines = [f"{found['file']}: {KINDS[found['kind']].split(':')[0]}, {size(found['bytes'])}"]
    versions = found.get("versions") or {}
    lines += [f"  {key.replace('_', ' ')}: {value}" for key, value in versions.items() if value not in ("", None)]
    lines += [f"  note: {note}" for note in found.get("notes", [])]
    for what in ("inputs", "outputs"):
        rows = found.get(what, [])
        lines += [f"  {what[:-1]} {row['name']}: {row['dtype']} {_shape(row['shape'])}" for row in rows]
    if "operators" in found:
        listed = ", ".join(f"{name} {count}" for name, count in found["operators"].items())
        lines.append(f"  operators: {listed}")
    lines += _model_lines(found.get("model"))
    lines += _weight_lines(found.get("weights", []), all_weights)
    totals = found["totals"]
    lines.append(f"  total: {totals['parameters']:,} numbers in {totals['weights']} weights, {size(totals['bytes'])}")
    training, optimizer = found.get("training"), found.get("optimizer")
    if training:
        lines += ["", "compiled with"] + [f"  {key}: {_inline(value)}" for key, value in training.items()]
    if optimizer:
        lines += ["", f"optimizer {optimizer.get('class') or ''}".rstrip()]
        lines += [f"  {key}: {_inline(value)}" for key, value in optimizer.get("config", {}).items()]
        if "arrays" in optimizer:
            lines.append(f"  state: {optimizer['arrays']} arrays, {size(optimizer.get('bytes', 0))}")
    return "\n".join(lines)


def _model_lines(model: dict[str, Any] | None) -> list[str]:
    if not model:
        return []
    lines = ["", f"{model['class']} {model['name'] or ''}, {len(model['layers'])} layers"]
    rows = [("  " * (1 + one["depth"]) + str(one["name"]), str(one["class"]), one) for one in model["layers"]]
    first = min(max([len(name) for name, _, _ in rows], default=0), 40)
    second = min(max([len(kind) for _, kind, _ in rows], default=0), 28)
    for name, kind, one in rows:
        arguments = ", ".join(f"{key}={_inline(value)}" for key, value in one["arguments"].items())
        frozen = "frozen " if one.get("frozen") else ""
        lines.append(f"{name:<{first}}  {kind:<{second}}  {frozen}{arguments}".rstrip())
    return lines


def _weight_lines(rows: list[dict[str, Any]], all_rows: bool) -> list[str]:
    if not rows:
        return [""]
    shown = rows if all_rows or len(rows) <= 60 else rows[:50]
    first = min(max(len(row["name"]) for row in shown), 70)
    second = max(len(_shape(row["shape"])) for row in shown)
    lines = ["", f"{len(rows)} weights"]
    lines += [
        f"  {row['name']:<{first}}  {_shape(row['shape']):<{second}}  {row['dtype']:<8} {size(row['bytes']):>10}"
        for row in shown
    ]
    return lines if shown is rows else [*lines, f"  ... and {len(rows) - len(shown)} more (--weights shows all)"]


def _shape(shape: Any) -> str:
    return "(" + ", ".join("?" if one is None else str(one) for one in shape) + ")"


def _inline(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 70 else text[:67] + "..."


def size(count: int) -> str:
    """Bytes as people read them."""
    number = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            return f"{count} bytes" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1000
    return ""
