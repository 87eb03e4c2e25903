"""One framework in one process. Reads a JSON request per line, answers with a JSON line.

Requests: {"do": "setup", "workload": name, "smoke": bool}   builds the model, runs one epoch untimed
          {"do": "epoch", "workload": name}                  one timed epoch of fit (or the plain loop)
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from workloads import WORKLOADS, Workload

Epoch = Callable[[], float]


def keras_epoch(workload: Workload, smoke: bool, package: str) -> Epoch:
    """An epoch through the public fit of nnstack, Keras 3 or tf_keras."""
    keras = __import__(package)
    if hasattr(keras, "utils") and hasattr(keras.utils, "set_random_seed"):
        keras.utils.set_random_seed(1)
    model = workload.keras_model(keras)
    x, y = workload.data(smoke)

    def epoch() -> float:
        history = model.fit(x, y, batch_size=workload.batch, epochs=1, verbose=0)
        return float(history.history["loss"][-1])

    return epoch


def torch_epoch(workload: Workload, smoke: bool, compiled: bool) -> Epoch:
    """An epoch of the loop that people write for torch: shuffled indices, forward, backward, step."""
    import torch

    torch.manual_seed(1)
    widths = workload.widths
    layers: list[Any] = []
    for i in range(len(widths) - 2):
        layers += [torch.nn.Linear(widths[i], widths[i + 1]), torch.nn.ReLU()]
        if workload.dropout:
            layers.append(torch.nn.Dropout(workload.dropout))
    layers.append(torch.nn.Linear(widths[-2], widths[-1]))
    model = torch.nn.Sequential(*layers)
    loss_function = torch.nn.MSELoss() if workload.loss == "mse" else torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3, alpha=0.9, eps=1e-7)
    x, y = (torch.from_numpy(a) for a in workload.data(smoke))

    def forward(inputs: Any, targets: Any) -> Any:
        return loss_function(model(inputs), targets)

    update = optimizer.step
    if compiled:
        forward = torch.compile(forward)
        update = torch.compile(optimizer.step)

    def epoch() -> float:
        order = torch.randperm(len(x))
        total = torch.zeros(())
        for start in range(0, len(x), workload.batch):
            rows = order[start : start + workload.batch]
            optimizer.zero_grad()
            loss = forward(x[rows], y[rows])
            loss.backward()
            update()
            total += loss.detach() * len(rows)
        return float(total) / len(x)

    return epoch


FRAMEWORKS: dict[str, Callable[[Workload, bool], Epoch]] = {
    "nnstack": lambda w, smoke: keras_epoch(w, smoke, "nnstack"),
    "keras3-jax": lambda w, smoke: keras_epoch(w, smoke, "keras"),
    "tf_keras": lambda w, smoke: keras_epoch(w, smoke, "tf_keras"),
    "torch-eager": lambda w, smoke: torch_epoch(w, smoke, compiled=False),
    "torch-compile": lambda w, smoke: torch_epoch(w, smoke, compiled=True),
}
PACKAGES = {"keras3-jax": ("keras", "jax"), "torch-eager": ("torch",), "torch-compile": ("torch",)}


def versions(framework: str) -> str:
    """The installed versions behind a framework's name."""
    from importlib.metadata import version

    return ", ".join(f"{package} {version(package)}" for package in PACKAGES.get(framework, (framework,)))


def main() -> None:
    framework = sys.argv[1]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the framework prints must not mix with the answers
    os.environ.setdefault("KERAS_BACKEND", "jax")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    epochs: dict[str, Epoch] = {}
    for line in sys.stdin:
        request = json.loads(line)
        name = request["workload"]
        if request["do"] == "setup":
            epochs[name] = FRAMEWORKS[framework](WORKLOADS[name], request["smoke"])
            answer: dict[str, Any] = {"loss": epochs[name](), "version": versions(framework)}
        else:
            start = time.perf_counter()
            loss = epochs[name]()
            answer = {"seconds": time.perf_counter() - start, "loss": loss}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
