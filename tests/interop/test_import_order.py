"""nnstack beside other libraries with their own threads and HDF5, imported in any order: no crash, the same numbers."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.interop

# torch is no part of the extra [interop]: it takes part where it is installed.
OTHERS = tuple(
    name
    for name in ("torch", "tensorflow", "onnxruntime", "h5py", "scipy.linalg", "sklearn.linear_model")
    if name != "torch" or importlib.util.find_spec("torch") is not None
)
PROGRAM = """
import importlib, json, os, sys, tempfile
import numpy as np
for name in sys.argv[1].split(","):
    importlib.import_module(name)
import nnstack
from nnstack.layers import Conv2D, Dense, Flatten
from nnstack.models import Sequential, load_model
def use_the_others():
    a = np.random.default_rng(0).normal(size=(200, 200)).astype(np.float32)
    if "torch" in sys.modules:
        import torch
        torch.nn.functional.conv2d(torch.ones(8, 3, 32, 32), torch.ones(8, 3, 3, 3)).sum().item()
        torch.mm(torch.tensor(a), torch.tensor(a)).sum().item()
    if "tensorflow" in sys.modules:
        import tensorflow
        tensorflow.linalg.matmul(a, a).numpy()
    if "scipy.linalg" in sys.modules:
        import scipy.linalg
        scipy.linalg.svd(a)
    if "sklearn.linear_model" in sys.modules:
        from sklearn.linear_model import LogisticRegression
        LogisticRegression().fit(a, a[:, 0] > 0)
    return float(abs(np.linalg.det(a[:5, :5])))
nnstack.utils.set_random_seed(1)
rng = np.random.default_rng(0)
x, y = rng.normal(size=(128, 12, 12, 3)).astype(np.float32), rng.integers(0, 4, 128)
layers = [Conv2D(16, 3, activation="relu", input_shape=(12, 12, 3)), Flatten(), Dense(64, "relu"), Dense(4, "softmax")]
model = Sequential(layers)
model.compile("adam", "sparse_categorical_crossentropy")
use_the_others()
history = model.fit(x, y, epochs=2, verbose=0).history["loss"]
use_the_others()
path = os.path.join(tempfile.mkdtemp(), "m.h5")
model.save(path)
loaded = load_model(path)
use_the_others()
p = loaded.predict(x)
def tasks():
    return len(os.listdir("/proc/self/task"))
added = []
for _ in range(10):  # pools of others may start threads meanwhile, but not in every round
    before = tasks()
    for _ in range(20):
        loaded.predict(x)
    added.append(tasks() - before)
print(json.dumps({"loss": history, "sum": p.astype(float).sum(0).tolist(), "same": bool((p == model.predict(x)).all()),
                  "threads": nnstack.get_num_threads(), "added": added}))
"""


def outcome(*names: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", PROGRAM, ",".join(names)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def alone() -> dict[str, Any]:
    return outcome("nnstack.models")


def present() -> list[str]:
    return [name for name in OTHERS if importlib.util.find_spec(name.split(".")[0]) is not None]


def orders() -> list[tuple[str, ...]]:
    """nnstack before and after each of the others alone; among all of them first, in the middle and last, both ways."""
    found = [pair for other in OTHERS for pair in ((other, "nnstack.models"), ("nnstack.models", other))]
    for together in (OTHERS, OTHERS[::-1]):
        found += [(*together[:at], "nnstack.models", *together[at:]) for at in (0, 3, len(together))]
    return found


@pytest.mark.parametrize("names", orders(), ids=lambda names: "-".join(name.split(".")[0] for name in names))
def test_each_order(names: tuple[str, ...], alone: dict[str, Any]) -> None:
    missing = [name for name in names if name not in ("nnstack.models", *present())]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    found = outcome(*names)
    assert found["loss"] == alone["loss"] and found["sum"] == alone["sum"] and found["same"]
    assert found["threads"] == alone["threads"] <= (os.cpu_count() or 1)
    assert min(found["added"]) <= 0  # no call leaves a thread behind
