"""TensorBoard: curves, histograms, images and the architecture, as event files."""

from __future__ import annotations

import os
import time
import warnings
from typing import Any

import numpy as np

from nnstack import backend
from nnstack.callbacks.callback import Callback
from nnstack.callbacks.event_file import EventFile


class TensorBoard(Callback):
    """Writes event files for TensorBoard to `log_dir`/train and `log_dir`/validation; needs no TensorFlow.

    histogram_freq: every so many epochs the weights' histograms (0: never), with `write_images` as images too.
    write_graph: the architecture of functional and Sequential models. update_freq: 'epoch', 'batch' or a number of
    batches, after which the running means are written. write_steps_per_second: speed of each epoch. profile_batch:
    a batch number, or a pair (first, last) counted from 1, whose times are written as text. embeddings_freq: every so
    many epochs the weights of all Embedding layers, for the projector; embeddings_metadata: a file of labels, or a dict
    layer name -> file. The arguments of Keras 2.3 that newer versions ignore are taken with a warning.
    Raises `ValueError` for other values and for metadata of unknown layers.

    >>> model.fit(x, y, callbacks=[TensorBoard("logs/first run")])

    Source: https://keras.io/2.16/api/callbacks/tensorboard/
    """

    def __init__(
        self,
        log_dir: Any = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: Any = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        for name in kwargs:
            if name not in ("write_grads", "batch_size", "embeddings_layer_names", "embeddings_data"):
                raise ValueError(f"TensorBoard: unknown argument {name!r}")
            if name != "batch_size" and kwargs[name] is not None and kwargs[name] is not False:
                warnings.warn(f"TensorBoard: {name} has no effect any more", stacklevel=2)
        if update_freq not in ("epoch", "batch") and (not isinstance(update_freq, int) or update_freq < 1):
            raise ValueError(f"TensorBoard: expected update_freq 'epoch', 'batch' or a number, got {update_freq!r}")
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq: Any = 1 if update_freq == "batch" else update_freq
        self.embeddings_freq = embeddings_freq
        self.embeddings_metadata = embeddings_metadata
        self._first_profiled, self._last_profiled = _batch_range(profile_batch)
        self._batches = 0  # of training, over all epochs
        self._seen_to = 0  # of these, batches of the current epoch
        self._times: list[float] = []
        self._train = EventFile(os.path.join(self.log_dir, "train"))
        self._validation = EventFile(os.path.join(self.log_dir, "validation"))

    _state_names = ("_batches", "_seen_to")

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        if self.write_graph and model._graph is not None:
            self._train.model("keras", model.to_json())
        if self.embeddings_freq:
            self._configure_projector()

    # -- batches ------------------------------------------------------------------------------------------------------
    def watches_batches(self, phase: str) -> bool:
        return phase == "train" and (self.update_freq != "epoch" or self._last_profiled > 0)

    def batches_until_needed(self, batch: int) -> int:
        number = self._batches + batch - self._seen_to + 1  # of this batch, counted from 1 over all epochs
        waits = []
        if self.update_freq != "epoch":
            waits.append(-number % self.update_freq)
        if number <= self._last_profiled:
            waits.append(max(self._first_profiled - number, 0))
        return min(waits, default=1 << 40)

    def on_progress(self, phase: str, done: int, logs: Any) -> None:
        if phase == "train":
            self._count(done)

    def _count(self, done: int) -> None:
        self._batches += done - self._seen_to
        self._seen_to = done

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._batch_start = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        spent = time.perf_counter() - self._batch_start
        self._count(batch + 1)
        if self.update_freq != "epoch" and self._batches % self.update_freq == 0:
            self._write_scalars(self._train, logs or {}, "batch_", self._batches)
            if self.write_steps_per_second and spent > 0:
                self._train.scalar("batch_steps_per_second", 1.0 / spent, self._batches)
        if self._first_profiled <= self._batches <= self._last_profiled:
            self._times.append(spent)
            if self._batches == self._last_profiled:
                self._write_profile()

    def _write_profile(self) -> None:
        milliseconds = np.array(self._times) * 1000
        rows = [f"| {self._first_profiled + i} | {value:.3f} |" for i, value in enumerate(milliseconds)]
        text = "\n".join(["| batch | ms |", "|---|---|", *rows, f"| mean | {milliseconds.mean():.3f} |"])
        self._train.text(f"batch_{self._last_profiled}", text, self._last_profiled)

    # -- epochs -------------------------------------------------------------------------------------------------------
    def on_train_begin(self, logs: Any = None) -> None:
        self._batches = self._seen_to = 0
        self._times = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._seen_to = 0
        self._epoch_start, self._epoch_first = time.perf_counter(), self._batches

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = dict(logs or {})
        training = {name: value for name, value in logs.items() if not name.startswith("val_")}
        rate = getattr(self.model.optimizer, "learning_rate", None)
        if callable(rate):  # a schedule
            training["learning_rate"] = float(backend.eval(rate(self.model.optimizer.iterations)))
        if self.write_steps_per_second:
            seconds = time.perf_counter() - self._epoch_start
            training["steps_per_second"] = (self._batches - self._epoch_first) / seconds
        self._write_scalars(self._train, training, "epoch_", epoch)
        validation = {name[4:]: value for name, value in logs.items() if name.startswith("val_")}
        self._write_scalars(self._validation, validation, "epoch_", epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            self._write_embeddings()
        self._train.flush()
        self._validation.flush()

    def on_test_end(self, logs: Any = None) -> None:
        optimizer = self.model.optimizer
        if optimizer is not None and hasattr(optimizer, "iterations"):
            steps = int(optimizer.iterations.numpy())
            for name, value in (logs or {}).items():
                if np.ndim(value) == 0:
                    self._validation.scalar(f"evaluation_{name}_vs_iterations", value, steps)

    def on_train_end(self, logs: Any = None) -> None:
        self._train.close()
        self._validation.close()

    def _write_scalars(self, file: EventFile, logs: Any, prefix: str, step: int) -> None:
        for name, value in logs.items():
            if np.ndim(value) == 0:
                file.scalar(prefix + name, value, step)

    def _write_weights(self, epoch: int) -> None:
        for layer in self.model.layers:
            for weight in layer.weights:
                name, numbers = weight.name.replace(":", "_"), weight.numpy()
                self._train.histogram(f"{name}/histogram", numbers, epoch)
                pictures = _as_images(numbers) if self.write_images else None
                if pictures is not None:
                    self._train.images(f"{name}/image", pictures, epoch)

    # -- the projector ------------------------------------------------------------------------------------------------
    def _embeddings(self) -> list[Any]:
        from nnstack.layers import Embedding

        return [layer for layer in self.model._flatten_layers() if isinstance(layer, Embedding)]

    def _configure_projector(self) -> None:
        names = [layer.name for layer in self._embeddings()]
        labels = self.embeddings_metadata
        unknown = [name for name in labels if name not in names] if isinstance(labels, dict) else []
        if unknown:
            raise ValueError(f"TensorBoard: embeddings_metadata names {unknown}; the Embedding layers are {names}")
        entries = []
        for name in names:
            label = labels.get(name) if isinstance(labels, dict) else labels
            metadata = f'  metadata_path: "{label}"\n' if label else ""
            entries.append(
                f'embeddings {{\n  tensor_name: "{name}"\n{metadata}  tensor_path: "{_table_name(name)}"\n}}\n'
            )
        os.makedirs(self.log_dir, exist_ok=True)
        with open(os.path.join(self.log_dir, "projector_config.pbtxt"), "w", encoding="utf-8") as file:
            file.write("".join(entries))

    def _write_embeddings(self) -> None:
        for layer in self._embeddings():
            if layer.built:
                path = os.path.join(self.log_dir, _table_name(layer.name))
                np.savetxt(path, layer.get_weights()[0], delimiter="\t", fmt="%.8g")


def _table_name(layer_name: str) -> str:
    return f"embedding_{layer_name.replace('/', '_')}.tsv"


def _batch_range(value: Any) -> tuple[int, int]:
    given = [int(part) for part in value.split(",")] if isinstance(value, str) else value
    pair = (given, given) if isinstance(given, int) else tuple(given)
    if len(pair) == 1:
        pair = pair * 2
    if len(pair) != 2 or not all(isinstance(one, int) for one in pair) or not 0 <= pair[0] <= pair[1]:
        raise ValueError(f"TensorBoard: expected profile_batch as a number or a pair (first, last), got {value!r}")
    return pair[0], pair[1]


def _as_images(weight: np.ndarray) -> np.ndarray | None:
    """A weight of up to four axes as images (count, rows, columns, channels), wider than high; None if it is none."""
    numbers = np.squeeze(weight)
    if numbers.ndim == 1:
        numbers = numbers.reshape(1, -1, 1, 1)
    elif numbers.ndim == 2:
        numbers = (numbers.T if numbers.shape[0] > numbers.shape[1] else numbers)[np.newaxis, ..., np.newaxis]
    elif numbers.ndim == 3:
        if backend.image_data_format() == "channels_last":
            numbers = numbers.transpose(2, 0, 1)
        numbers = numbers[..., np.newaxis]
    return numbers if numbers.ndim == 4 and numbers.shape[-1] in (1, 3, 4) else None
