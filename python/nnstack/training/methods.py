"""fit, evaluate, predict and their batch and generator forms: arguments are read here, the work is done in loop.py."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nnstack.callbacks.callback_list import CallbackList
from nnstack.data.adapt import checked_batch, make_feed, split
from nnstack.data.arrays import Arrays, prepare
from nnstack.data.feeds import is_stream
from nnstack.data.structure import unpack
from nnstack.training.loop import Collector, run_evaluate, run_fit, run_predict
from nnstack.training.steps import CompiledStep

if TYPE_CHECKING:
    from nnstack.training.steps import Step


class TrainingMethods:
    """The part of `Model` that users call to train and to predict."""

    if TYPE_CHECKING:
        built: bool
        stop_training: bool
        history: Any
        _predict_program: Any

        @property
        def name(self) -> str: ...
        @property
        def metrics(self) -> list[Any]: ...
        @property
        def _graph(self) -> Any: ...

        def _require_compiled(self, what: str) -> None: ...
        def _step(self, kind: str, arrays: Arrays) -> Step: ...
        def _read_results(self, step: Any) -> dict[str, Any]: ...
        def reset_metrics(self) -> None: ...
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = 1,
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool | str = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Container[int] = 1,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Trains for epochs `initial_epoch` to `epochs` and returns a `History`.

        `x`, `y`: arrays (lists or dicts of them for several inputs or outputs), or x alone a generator, iterable or
        `Sequence` of batches. `batch_size` default 32; the last batch may be short. `verbose` 0 silent, 1 (or 'auto')
        a bar,
        2 one line per epoch. `validation_split`: the last part of the data, taken before shuffling, only evaluated.
        `validation_data`: (x, y), (x, y, weights) or a stream; wins over the split; used in epochs of
        `validation_freq` (every
        n-th, or a container of epochs counted from 1). `shuffle`: True, False or 'batch' (keeps rows of a batch
        together); no
        effect with `steps_per_epoch`. `class_weight`: class -> factor, training only. `sample_weight`: one per
        sample, or per step
        with sample_weight_mode 'temporal'.
        Raises `RuntimeError` before compile, `ValueError` for data or arguments that do not fit.
        Source: https://keras.io/2.16/api/models/model_training_apis/
        """
        self._require_compiled("fit")
        epochs = kwargs.pop("nb_epoch", epochs)
        _no_more("fit", self.name, kwargs)
        title = f'fit (model "{self.name}")'
        if validation_split and validation_data is None:
            if is_stream(x):
                raise ValueError(
                    f"{title}: validation_split needs arrays, got a {type(x).__name__}. Pass validation_data"
                )
            (x, y, sample_weight), validation_data = split((x, y, sample_weight), validation_split, title)
            validation_data = tuple(part for part in validation_data if part is not None)
        self._build_for_data(x)
        passes = max(1, epochs - initial_epoch)
        current = Latest(self, "train")
        feed = make_feed(
            self, x, y, sample_weight, batch_size, steps_per_epoch, current.step_for,
            what="fit", shuffle=shuffle, class_weight=class_weight, passes=passes,
        )  # fmt: skip
        validation = None
        if validation_data is not None:
            vx, vy, vw = (validation_data, None, None) if is_stream(validation_data) else unpack(validation_data)
            size = validation_batch_size or (None if is_stream(vx) else batch_size)
            validator = Latest(self, "test")
            validation = make_feed(
                self, vx, vy, vw, size, validation_steps, validator.step_for, what="fit: validation_data"
            )
            validation_callbacks = validator
        watchers = CallbackList.of(
            callbacks, self, verbose=_verbosity(verbose), epochs=epochs, steps=feed.steps,
            samples=feed.samples, batch_size=feed.batch_size,
            do_validation=validation is not None, history=True,
        )  # fmt: skip

        def validate(epoch: int) -> dict[str, Any] | None:
            if validation is None or not _validates(validation_freq, epoch):
                return None
            logs = run_evaluate(self, validation, watchers.silent(), validation_callbacks.latest)
            return {f"val_{name}": value for name, value in logs.items()}

        run_fit(self, feed, watchers, current.latest, epochs, initial_epoch, validate)
        self.history = watchers.history
        return watchers.history

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = 1,
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Loss and metrics on data: a number if there is only the loss, else a list named by `metrics_names`, or a
        dict.

        Arguments as in `fit`. Raises `RuntimeError` before compile, `ValueError` for data that do not fit.
        """
        self._require_compiled("evaluate")
        _no_more("evaluate", self.name, kwargs)
        self._build_for_data(x)
        current = Latest(self, "test")
        feed = make_feed(self, x, y, sample_weight, batch_size, steps, current.step_for, what="evaluate")
        watchers = CallbackList.of(
            callbacks,
            self,
            verbose=_verbosity(verbose),
            epochs=1,
            steps=feed.steps,
            samples=feed.samples,
            batch_size=feed.batch_size,
        )
        return _results(run_evaluate(self, feed, watchers, current.latest), return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = 0,
        steps: int | None = None,
        callbacks: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Outputs for all samples: an array, or the outputs' structure of arrays. Works without compile.

        `x` as in `fit`, `batch_size` default 32. Raises `ValueError` for data that do not fit.
        """
        _no_more("predict", self.name, kwargs)
        self._build_for_data(x)
        current = Latest(self, "predict")
        if not is_stream(x) and steps is None and not callbacks and not _verbosity(verbose):
            arrays = prepare(self, x, what="predict")
            return self._predict_arrays(arrays, checked_batch(self, batch_size, f'predict (model "{self.name}")'))
        feed = make_feed(self, x, None, None, batch_size, steps, current.step_for, what="predict")
        watchers = CallbackList.of(
            callbacks,
            self,
            verbose=_verbosity(verbose),
            epochs=1,
            steps=feed.steps,
            samples=feed.samples,
            batch_size=feed.batch_size,
        )
        return run_predict(feed, watchers, Collector(current.step_for))

    def _predict_arrays(self, arrays: Arrays, batch_size: int) -> Any:
        """All rows with one native call where the outputs' sizes are known, else batch by batch."""
        step = self._step("predict", arrays)
        if isinstance(step, CompiledStep) and step.row_shapes is not None:
            results = [np.empty((len(arrays), *shape), dtype) for shape, dtype in step.row_shapes]
            step.program.run_batches(arrays.flat(), batch_size, results)
            return step.pack(results)
        collector = Collector(lambda batch: step)
        for begin in range(0, len(arrays), batch_size):
            collector.run(arrays.rows(begin, begin + batch_size))
        return collector.whole()

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        reset_metrics: bool = True,
        return_dict: bool = False,
    ) -> Any:
        """One step of training on one batch. Returns its loss and metrics as `evaluate` does.

        `reset_metrics=False` lets the metrics run on over calls.
        """
        self._require_compiled("train_on_batch")
        return self._on_batch("train", x, y, sample_weight, class_weight, reset_metrics, return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, reset_metrics: bool = True, return_dict: bool = False
    ) -> Any:
        """Loss and metrics of one batch."""
        self._require_compiled("test_on_batch")
        return self._on_batch("test", x, y, sample_weight, None, reset_metrics, return_dict)

    def _on_batch(
        self, kind: str, x: Any, y: Any, weight: Any, class_weight: Any, reset: bool, return_dict: bool
    ) -> Any:
        self._build_for_data(x)
        arrays = prepare(self, x, y, weight, class_weight, f"{kind}_on_batch")
        step = self._step(kind, arrays)
        if reset:
            self.reset_metrics()
        step.run(arrays)
        return _results(self._read_results(step), return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Outputs for one batch, with as little work around the native call as possible."""
        program = self._predict_program
        if program is not None and type(x) is np.ndarray:
            try:
                return program(x)
            except ValueError:
                pass  # a shape the program cannot take: the careful road below says which
        return self._first_predict_on_batch(x)

    def _first_predict_on_batch(self, x: Any) -> Any:
        self._build_for_data(x)
        arrays = prepare(self, x, what="predict_on_batch")
        step = self._step("predict", arrays)
        results = step.run(arrays)
        if (
            isinstance(step, CompiledStep)
            and len(arrays.inputs) == 1
            and step.structure_is_single
            and arrays.inputs[0] is x
        ):
            self._predict_program = step.program
        return step.pack(results)

    def _build_for_data(self, x: Any) -> None:
        """Delayed build: a model without weights is called once on the shape of the first sample."""
        if self.built or is_stream(x):
            return
        arrays = prepare(self, x, what="build")
        self(arrays.pack([array[:1] for array in arrays.inputs]), training=False)

    # -- names of Keras 2.0 -------------------------------------------------------------------------------------------
    def fit_generator(self, generator: Any, steps_per_epoch: int | None = None, epochs: int = 1, **kwargs: Any) -> Any:
        """Old name of `fit` for generators; takes the same keywords."""
        kwargs.setdefault("shuffle", True)
        return self.fit(generator, steps_per_epoch=steps_per_epoch, epochs=epochs, **kwargs)

    def evaluate_generator(self, generator: Any, steps: int | None = None, verbose: Any = 0, **kwargs: Any) -> Any:
        """Old name of `evaluate` for generators."""
        return self.evaluate(generator, steps=steps, verbose=verbose, **kwargs)

    def predict_generator(self, generator: Any, steps: int | None = None, verbose: Any = 0, **kwargs: Any) -> Any:
        """Old name of `predict` for generators."""
        return self.predict(generator, steps=steps, verbose=verbose, **kwargs)


class Latest:
    """Finds the step for a batch and remembers it, so that logs are read from the step that ran."""

    def __init__(self, model: Any, kind: str) -> None:
        self._model = model
        self._kind = kind
        self._step: Any = None

    def step_for(self, arrays: Arrays) -> Any:
        self._step = self._model._step(self._kind, arrays)
        return self._step

    def latest(self) -> Any:
        return self._step


def _validates(frequency: Any, epoch: int) -> bool:
    if isinstance(frequency, int):
        if frequency < 1:
            raise ValueError(f"fit: expected validation_freq of at least 1, got {frequency}")
        return (epoch + 1) % frequency == 0
    return (epoch + 1) in frequency


def _verbosity(verbose: Any) -> int:
    return 1 if verbose == "auto" else int(verbose)


def _results(logs: dict[str, Any], return_dict: bool) -> Any:
    if return_dict:
        return logs
    values = list(logs.values())
    return values[0] if len(values) == 1 else values


def _no_more(method: str, name: str, kwargs: Mapping[str, Any]) -> None:
    if kwargs:
        raise TypeError(f'{method} (model "{name}"): unknown argument {sorted(kwargs)[0]!r}')
