"""A model's file in another format.

The endings say what SOURCE and TARGET are; --to decides where TARGET has another ending.

examples:
  nnstack convert model.h5 model.onnx                        for ONNX Runtime
  nnstack convert model.h5 model.nnstack                     for the C++ library
  nnstack convert model.h5 model.keras                       for Keras 3 (--dialect tf_keras: its legacy readers)
  nnstack convert saved_model_folder model.h5
  nnstack convert model.h5 folder --to tf                    a folder with a TensorFlow checkpoint
  nnstack convert model.h5 model.json                        the architecture alone
  nnstack convert model.h5 model.safetensors                 the weights alone; likewise .ckpt and .weights.h5
  nnstack convert model.json model.h5 --weights weights.h5   architecture and weights from two files

A file of weights alone has no architecture to convert: give the model's file as SOURCE and it as --weights.
Compile arguments and the optimizer's state go along from .h5, .keras and folders to .h5, .keras and folders, the
state to checkpoints, too.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

_WEIGHTS = ("checkpoint", "safetensors", "weights.h5")
_TARGETS = ("hdf5", "keras", "tf", "json", "yaml", "onnx", "nnstack", *_WEIGHTS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help="a model: .h5, .keras, SavedModel folder, .json, .yaml, .onnx")
    parser.add_argument("target", metavar="TARGET", help="the file to write")
    parser.add_argument("--weights", metavar="W", help="weights to load into SOURCE's architecture first")
    parser.add_argument("--to", choices=_TARGETS, help="the format of TARGET, where its ending does not say")
    parser.add_argument(
        "--dialect",
        choices=["tf_keras", "keras2.3", "keras3"],
        help="for whom an .h5 or .keras file is written; default tf_keras for .h5, keras3 for .keras",
    )
    parser.add_argument("--opset", type=int, default=18, help="version of ONNX's operators, default 18")
    parser.add_argument("--overwrite", action="store_true", help="replace TARGET if it is there")


def run(arguments: argparse.Namespace) -> int:
    from nnstack.cli.files import ARCHITECTURES, load, require_weights

    kind = arguments.to or _target_kind(arguments.target)
    there = arguments.target if kind != "checkpoint" else f"{arguments.target.removesuffix('.index')}.index"
    if os.path.exists(there) and not arguments.overwrite:
        raise FileExistsError(f"{there} is there already; --overwrite replaces it")
    if kind not in ARCHITECTURES:
        require_weights(arguments.source, arguments.weights)
    model = load(arguments.source, arguments.weights, compiled=kind in ("hdf5", "keras", "tf", "checkpoint"))
    _WRITERS[kind](model, arguments)
    return 0


def _target_kind(path: str) -> str:
    from nnstack.cli.files import kind_by_ending

    if path.endswith(".weights.h5"):
        return "weights.h5"
    kind = kind_by_ending(path)
    if kind not in _TARGETS:
        raise ValueError(
            f"the ending of {path} says no format; use .h5, .keras, .json, .yaml, .onnx, .nnstack, .safetensors, .ckpt "
            f"or .weights.h5, or name one with --to"
        )
    return kind


def _save(default: str, save_format: str) -> Callable[[Any, argparse.Namespace], None]:
    def write(model: Any, arguments: argparse.Namespace) -> None:
        dialect = arguments.dialect or default
        model.save(arguments.target, dialect=dialect, save_format=save_format)

    return write


def _save_weights(save_format: str | None) -> Callable[[Any, argparse.Namespace], None]:
    def write(model: Any, arguments: argparse.Namespace) -> None:
        model.save_weights(arguments.target.removesuffix(".index"), save_format=save_format)

    return write


def _text(method: str) -> Callable[[Any, argparse.Namespace], None]:
    def write(model: Any, arguments: argparse.Namespace) -> None:
        options = {"indent": 2} if method == "to_json" else {}
        text = getattr(model, method)(**options)
        with open(arguments.target, "w", encoding="utf-8") as file:
            file.write(text if text.endswith("\n") else text + "\n")

    return write


def _onnx(model: Any, arguments: argparse.Namespace) -> None:
    from nnstack.onnx import export_model

    export_model(model, arguments.target, arguments.opset)


def _exported(model: Any, arguments: argparse.Namespace) -> None:
    from nnstack.saving.export import export_model

    export_model(model, arguments.target)


_WRITERS: dict[str, Callable[[Any, argparse.Namespace], None]] = {
    "hdf5": _save("tf_keras", "h5"),
    "keras": _save("keras3", "keras"),
    "tf": _save("tf_keras", "tf"),
    "json": _text("to_json"),
    "yaml": _text("to_yaml"),
    "onnx": _onnx,
    "nnstack": _exported,
    "checkpoint": _save_weights("tf"),
    "safetensors": _save_weights("safetensors"),
    "weights.h5": _save_weights("keras"),
}
