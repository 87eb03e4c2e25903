"""The answer of a model to the arrays of an .npy or .npz file.

examples:
  nnstack predict model.h5 x.npy                    prints shapes and the first rows
  nnstack predict model.h5 x.npy -o y.npy           writes the answer
  nnstack predict two_inputs.keras both.npz -o y.npz

A model of several inputs takes an .npz file whose arrays have the inputs' names (`nnstack inspect` shows them), or
come in their order. Several outputs go to an .npz file under the outputs' names.
"""

from __future__ import annotations

import argparse
import json
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the model: .h5, .keras, .onnx, folder of a SavedModel, .json")
    parser.add_argument("input", metavar="INPUT", help="the inputs, .npy or .npz, rows first")
    parser.add_argument("-o", "--output", metavar="OUT", help="file for the answer, .npy or .npz; default: print")
    parser.add_argument("--weights", metavar="W", help="weights for an architecture without them")
    parser.add_argument("--batch-size", type=int, default=32, help="rows at a time, default 32")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")


def run(arguments: argparse.Namespace) -> int:
    import numpy as np

    from nnstack.cli.files import load, require_weights

    if arguments.output and not arguments.output.endswith((".npy", ".npz")):
        raise ValueError(f"-o: expected a name that ends in .npy or .npz, got {arguments.output}")
    if arguments.batch_size < 1:
        raise ValueError(f"--batch-size: expected at least 1, got {arguments.batch_size}")
    stored = _read(arguments.input)
    require_weights(arguments.file, arguments.weights)
    model = load(arguments.file, arguments.weights)
    answer = model.predict(_inputs(stored, model, arguments.input), batch_size=arguments.batch_size, verbose=0)
    results = _named(answer, model)
    if arguments.output is None:
        _show(results, arguments.json)
    elif arguments.output.endswith(".npz"):
        np.savez(arguments.output, **results)
    elif len(results) > 1:
        raise ValueError(f"the model has {len(results)} outputs ({', '.join(results)}); name an .npz file with -o")
    else:
        np.save(arguments.output, next(iter(results.values())))
    return 0


def _read(path: str) -> dict[str, Any]:
    """The arrays of the file by name; the one of an .npy file under ''."""
    import numpy as np

    if not path.endswith((".npy", ".npz")):
        raise ValueError(f"INPUT: expected a file that ends in .npy or .npz, got {path}")
    try:
        stored = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise FileNotFoundError(f"INPUT: no file at {path}") from None
    except (ValueError, EOFError) as error:
        raise ValueError(f"INPUT: {path} is broken or holds objects: {error}") from None
    if isinstance(stored, np.ndarray):
        return {"": stored}
    with stored:
        return {name: stored[name] for name in stored.files}


def _inputs(stored: dict[str, Any], model: Any, path: str) -> Any:
    names = list(getattr(model, "input_names", None) or [])
    if names and all(name in stored for name in names):
        found = [stored[name] for name in names]
    else:
        found = list(stored.values())
    if names and len(found) != len(names):
        raise ValueError(
            f"INPUT: the model has {len(names)} inputs ({', '.join(names)}), {path} has {len(found)} arrays"
            f" ({', '.join(stored) if '' not in stored else 'one .npy'})"
        )
    return found[0] if len(found) == 1 else found


def _named(answer: Any, model: Any) -> dict[str, Any]:
    if isinstance(answer, dict):
        return answer
    if not isinstance(answer, list | tuple):
        answer = [answer]
    names = list(getattr(model, "output_names", None) or [])
    if len(names) != len(answer) or len(set(names)) != len(names):
        names = [f"output_{i}" for i in range(len(answer))]
    return dict(zip(names, answer, strict=True))


def _show(results: dict[str, Any], as_json: bool) -> None:
    import numpy as np

    if as_json:
        print(json.dumps({name: array.tolist() for name, array in results.items()}))
        return
    for name, array in results.items():
        print(f"{name}: {array.dtype} {array.shape}")
        print(np.array2string(array, threshold=60, edgeitems=3, precision=6))
