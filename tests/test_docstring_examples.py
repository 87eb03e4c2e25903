"""The examples in docstrings say what happens.

Those of the backend run in tests/backend/test_examples.py; those of the applications build large models, as
tests/applications does.
"""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import numpy as np
import pytest

import nnstack
from nnstack import backend, callbacks, layers, models

# Examples that need what only their reader has: downloaded files, folders of data, a training process beside.
NEED_MORE = {
    "nnstack.cli.main",
    "nnstack.preprocessing.audio.audio_dataset_from_directory",
    "nnstack.preprocessing.image_generator.ImageDataGenerator",
    "nnstack.preprocessing.directories.image_dataset_from_directory",
    "nnstack.saving.methods.Savable.export",
    "nnstack.utils.file_utils.get_file",
    "nnstack.utils.sidecar_evaluator.SidecarEvaluator",
}
NUMBER = re.compile(r"-?\d+\.\d*(?:e[+-]?\d+)?")


class Checker(doctest.OutputChecker):
    """Numbers may differ in their last places; an example that shows no output may print."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        if not want or super().check_output(want, got, optionflags):
            return True
        if not super().check_output(NUMBER.sub("#", want), NUMBER.sub("#", got), optionflags):
            return False
        pairs = zip(NUMBER.findall(want), NUMBER.findall(got), strict=True)
        return all(float(a) == pytest.approx(float(b), rel=1e-4, abs=1e-6) for a, b in pairs)


def modules() -> Iterator[ModuleType]:
    for one in pkgutil.walk_packages(nnstack.__path__, "nnstack."):
        room = one.name.split(".")[1]
        if room in ("applications", "backend", "compat", "onnx") or room.startswith(("_", "lib")):
            continue
        module = importlib.import_module(one.name)
        if ">>>" in Path(str(module.__file__)).read_text(encoding="utf-8"):
            yield module


def surroundings(folder: Path) -> dict[str, Any]:
    """What examples take for granted: short names, a compiled model with data, files."""
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(16, 3)), generator.integers(0, 2, (16, 1)).astype(float)
    model = models.Sequential([layers.Dense(1, activation="sigmoid", input_shape=(3,))])
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0)
    for name in ("model.h5", "half.h5"):
        model.save(folder / name)
    with h5py.File(folder / "data.h5", "w") as file:
        file["features"] = x

    class MyLayer(layers.Layer):
        pass

    def make_model() -> Any:
        made = models.Sequential([layers.Dense(1, activation="sigmoid", input_shape=(3,))])
        made.compile("sgd", "binary_crossentropy")
        return made

    class Batches(nnstack.utils.Sequence):
        def __len__(self) -> int:
            return 2

        def __getitem__(self, index: int) -> Any:
            return x[index * 8 : index * 8 + 8], y[index * 8 : index * 8 + 8]

    return {
        **{name: getattr(layers, name) for name in layers.__all__},
        **{name: getattr(callbacks, name) for name in callbacks.__all__},
        "np": np,
        "nnstack": nnstack,
        "K": backend,
        "backend": backend,
        "layers": layers,
        "models": models,
        "Model": models.Model,
        "Sequential": models.Sequential,
        "load_model": models.load_model,
        "model": model,
        "x": x,
        "y": y,
        "targets": y,
        "labels": y[:, 0],
        "data": Batches(),
        "MyLayer": MyLayer,
        "variable": backend.variable([1.0]),
        "make_model": make_model,
        "sequence": Batches(),
        "ages": np.arange(16),
        "towns": np.array(["a", "b"] * 8),
    }


def test_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    around = surroundings(tmp_path)
    count, told = 0, []
    for module in modules():
        for example in doctest.DocTestFinder(exclude_empty=True).find(module, module.__name__):
            if not example.examples or example.name in NEED_MORE:
                continue
            example.globs = {**around, **example.globs, "model": around["model"]}
            flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                doctest.DocTestRunner(Checker(), verbose=False, optionflags=flags).run(example, out=told.append)
            count += 1
    assert not told, "".join(told)
    assert count > 80


def test_public_names_have_docstrings() -> None:
    """Every public class and function of the modules that users import, and their public methods."""
    missing = []
    for room in str.split(
        "activations applications backend callbacks constraints initializers layers losses metrics mixed_precision "
        "models optimizers preprocessing.image preprocessing.sequence preprocessing.text regularizers utils wrappers"
    ):
        module = importlib.import_module(f"nnstack.{room}")
        for name in getattr(module, "__all__", dir(module)):
            value = getattr(module, name)
            ours = getattr(value, "__module__", "").startswith("nnstack") and callable(value)
            if name.startswith("_") or name == "Tensor" or not ours:  # Tensor: the core's class, for annotations
                continue
            if not (value.__doc__ or "").strip():
                missing.append(f"{room}.{name}")
    assert missing == []
