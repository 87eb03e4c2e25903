"""fit, evaluate and predict, also by their names for generators: arguments are read here, the work is in loop.py."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Container, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nnstack.callbacks.callback_list import CallbackList
from nnstack.data import arguments
from nnstack.data.adapt import checked_batch, make_feed, split
from nnstack.data.arrays import Arrays, prepare
from nnstack.data.feeds import is_stream
from nnstack.data.lazy import has_lazy
from nnstack.data.structure import unpack
from nnstack.training.batch_methods import BatchMethods, as_results
from nnstack.training.loop import Collector, run_evaluate, run_fit, run_predict
from nnstack.training.run import ResumePoint, Run, metric_values
from nnstack.training.steps import CompiledStep


class TrainingMethods(BatchMethods):
    """The part of `Model` that users call to train and to predict."""

    if TYPE_CHECKING:
        stop_training: bool
        history: Any
        optimizer: Any
        _run: Any

        @property
        def metrics(self) -> list[Any]: ...
        @property
        def _graph(self) -> Any: ...

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
        resume: bool = False,
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

        `resume=True`: goes on where the run was in which the model was saved (or which was interrupted), to the bit:
        epoch and batch, the order of the samples, random numbers, `History`, and what callbacks such as
        `EarlyStopping`, `ReduceLROnPlateau` and `ModelCheckpoint` remember, which are matched by position and class.
        Give the same data, batch size and callbacks; a generator is made anew, and drawn and discarded up to the
        place. A model that was never trained begins at `initial_epoch`. Without `resume` callbacks start fresh.

        >>> load_model("half.h5").fit(x, y, epochs=4, callbacks=[EarlyStopping(patience=3)], resume=True)

        Raises `RuntimeError` before compile, `ValueError` for data or arguments that do not fit.
        Source: https://keras.io/2.16/api/models/model_training_apis/
        """
        self._require_compiled("fit")
        title = f'fit (model "{self.name}")'
        epochs = arguments.whole_number(kwargs.pop("nb_epoch", epochs), "epochs", title, least=0)
        initial_epoch = arguments.whole_number(initial_epoch, "initial_epoch", title, least=0)
        arguments.no_more(kwargs, title)
        verbose = arguments.verbosity(verbose, title)
        shuffle = arguments.shuffling(shuffle, title)
        class_weight = arguments.class_weights(class_weight, title)
        validation_split = arguments.split_fraction(validation_split, title)
        validated = arguments.validation_epochs(validation_freq, title)
        batch_size = arguments.whole_number_or_none(batch_size, "batch_size", title)
        validation_batch_size = arguments.whole_number_or_none(validation_batch_size, "validation_batch_size", title)
        if validation_split and validation_data is None:
            if is_stream(x):
                raise ValueError(
                    f"{title}: validation_split needs arrays, got a {type(x).__name__}. Pass validation_data"
                )
            (x, y, sample_weight), validation_data = split((x, y, sample_weight), validation_split, title)
            validation_data = tuple(part for part in validation_data if part is not None)
        reading = arguments.reading(workers, use_multiprocessing, max_queue_size, title)
        self._build_for_data(x)
        self._warn_of_changes("fit")
        passes = max(1, epochs - initial_epoch)
        current = Latest(self, "train")
        feed = make_feed(
            self, x, y, sample_weight, batch_size, steps_per_epoch, current.step_for,
            what="fit", shuffle=shuffle, class_weight=class_weight, passes=passes, reading=reading,
        )  # fmt: skip
        validation = None
        if validation_data is not None:
            vx, vy, vw = (validation_data, None, None) if is_stream(validation_data) else unpack(validation_data)
            size = validation_batch_size or (None if is_stream(vx) else batch_size)
            validator = Latest(self, "test")
            validation = make_feed(
                self,
                vx,
                vy,
                vw,
                size,
                validation_steps,
                validator.step_for,
                what="fit: validation_data",
                reading=reading,
            )
            validation_callbacks = validator
        point = self._resume_point(title) if resume else None
        watchers = CallbackList.of(
            callbacks, self, verbose=verbose, epochs=epochs, steps=feed.steps,
            samples=feed.samples, batch_size=feed.batch_size,
            do_validation=validation is not None, history=True,
        )  # fmt: skip
        if validation is not None and not is_stream(validation_data):
            watchers.show_validation_data(vx, vy, vw)

        def validate(epoch: int) -> dict[str, Any] | None:
            if validation is None or epoch + 1 not in validated:
                return None
            self._run.metrics = metric_values(self)
            with contextlib.closing(validation):
                logs = run_evaluate(self, validation, watchers.silent(), validation_callbacks.latest)
            return {f"val_{name}": value for name, value in logs.items()}

        with contextlib.closing(feed):
            run_fit(self, feed, watchers, current.latest, epochs, initial_epoch, validate, point)
        self.history = watchers.history
        return watchers.history

    def _resume_point(self, title: str) -> ResumePoint | None:
        """Where the last run was, in this process or in the one that saved the model."""
        state = self._run.state(self) if isinstance(self._run, Run) else self._run
        if state is None and int(getattr(self.optimizer, "iterations", 0)) > 0:
            warnings.warn(
                f"{title}: the model was trained, but its file does not say where the run was; resume=True begins at "
                "initial_epoch. Files of Keras do not hold it",
                stacklevel=3,
            )
        return None if state is None else ResumePoint(state, title)

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
        title = f'evaluate (model "{self.name}")'
        arguments.no_more(kwargs, title)
        verbose = arguments.verbosity(verbose, title)
        self._build_for_data(x)
        current = Latest(self, "test")
        reading = arguments.reading(workers, use_multiprocessing, max_queue_size, title)
        feed = make_feed(
            self, x, y, sample_weight, batch_size, steps, current.step_for, what="evaluate", reading=reading
        )
        watchers = CallbackList.of(
            callbacks,
            self,
            verbose=verbose,
            epochs=1,
            steps=feed.steps,
            samples=feed.samples,
            batch_size=feed.batch_size,
        )
        with contextlib.closing(feed):
            return as_results(run_evaluate(self, feed, watchers, current.latest), return_dict)

    def predict(
        self,
        x: Any = None,
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
        title = f'predict (model "{self.name}")'
        arguments.no_more(kwargs, title)
        verbose = arguments.verbosity(verbose, title)
        self._build_for_data(x)
        current = Latest(self, "predict")
        reading = arguments.reading(workers, use_multiprocessing, max_queue_size, title)
        if not is_stream(x) and steps is None and not callbacks and not verbose and x is not None and not has_lazy(x):
            arrays = prepare(self, x, what="predict")
            return self._predict_arrays(arrays, checked_batch(self, batch_size, title))
        feed = make_feed(self, x, None, None, batch_size, steps, current.step_for, what="predict", reading=reading)
        watchers = CallbackList.of(
            callbacks,
            self,
            verbose=verbose,
            epochs=1,
            steps=feed.steps,
            samples=feed.samples,
            batch_size=feed.batch_size,
        )
        with contextlib.closing(feed):
            return run_predict(feed, watchers, Collector(current.step_for))

    def _predict_arrays(self, arrays: Arrays, batch_size: int) -> Any:
        """All rows with one native call where outputs have known sizes and a row a sample, else batch by batch."""
        step = self._step("predict", arrays)
        if isinstance(step, CompiledStep) and step.row_shapes is not None:
            results = [np.empty((len(arrays), *shape), dtype) for shape, dtype in step.row_shapes]
            if step.program.run_batches(arrays.flat(), batch_size, results):
                return step.pack(results)
        collector = Collector(lambda batch: step)
        for begin in range(0, len(arrays), batch_size):
            collector.run(arrays.rows(begin, begin + batch_size))
        return collector.whole()

    # -- names of Keras 2.0 -------------------------------------------------------------------------------------------
    def fit_generator(
        self,
        generator: Any,
        steps_per_epoch: int | None = None,
        epochs: int = 1,
        verbose: Any = 1,
        callbacks: Any = None,
        validation_data: Any = None,
        validation_steps: int | None = None,
        validation_freq: int | Container[int] = 1,
        class_weight: Mapping[int, float] | None = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        shuffle: bool = True,
        initial_epoch: int = 0,
        **kwargs: Any,
    ) -> Any:
        """Old name of `fit` for generators and Sequences; arguments as there, or by Keras 1's names."""
        named: dict[str, Any] = {
            "steps_per_epoch": steps_per_epoch, "epochs": epochs, "verbose": verbose, "callbacks": callbacks,
            "validation_data": validation_data, "validation_steps": validation_steps, "validation_freq":
            validation_freq, "class_weight": class_weight, "max_queue_size": max_queue_size, "workers": workers,
            "use_multiprocessing": use_multiprocessing, "shuffle": shuffle, "initial_epoch": initial_epoch,
        }  # fmt: skip
        return self.fit(generator, **named | arguments.from_keras_1(generator, kwargs))

    def evaluate_generator(
        self,
        generator: Any,
        steps: int | None = None,
        callbacks: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        verbose: Any = 0,
        **kwargs: Any,
    ) -> Any:
        """Old name of `evaluate` for generators and Sequences."""
        named: dict[str, Any] = {
            "steps": steps, "callbacks": callbacks, "max_queue_size": max_queue_size, "workers": workers,
            "use_multiprocessing": use_multiprocessing, "verbose": verbose,
        }  # fmt: skip
        return self.evaluate(generator, **named | arguments.from_keras_1(generator, kwargs))

    def predict_generator(
        self,
        generator: Any,
        steps: int | None = None,
        callbacks: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        verbose: Any = 0,
        **kwargs: Any,
    ) -> Any:
        """Old name of `predict` for generators and Sequences."""
        named: dict[str, Any] = {
            "steps": steps, "callbacks": callbacks, "max_queue_size": max_queue_size, "workers": workers,
            "use_multiprocessing": use_multiprocessing, "verbose": verbose,
        }  # fmt: skip
        return self.predict(generator, **named | arguments.from_keras_1(generator, kwargs))


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
